"""Log text between the two fences of a block: the finding is about that line, and not about its JSON."""

from __future__ import annotations

import json

import pytest

from planqk_protocol.diagnosis import diagnose
from planqk_protocol.diagnosis.foreign_lines import foreign_line

FENCE = "PlanQK:Job:MultilineResult"
LINES = json.dumps({"sum": 42, "items": [1, 2]}, indent=1).split("\n")
LOG_TEXT = [
    "2026-11-22 10:00:00,123 INFO qaoa: step 3",
    "[2026-11-22 10:00:00] saving",
    "[INFO] saving",
    "INFO: saving",
    "I1122 10:00:00 saving",
    "saving",
    "Done!",
    "step 3: cost = 4.5",
    "\x1b[32mINFO\x1b[0m saving",
    "\r 10%|██   | 1/10 [00:01]",
]


def block(*lines: str) -> bytes:
    return "\n".join([FENCE, *lines, FENCE, ""]).encode()


@pytest.mark.parametrize("at", range(len(LINES) + 1))
@pytest.mark.parametrize("text", LOG_TEXT)
def test_log_text_is_found_wherever_it_stands_in_the_block(text: str, at: int) -> None:
    first, _ = diagnose(block(*LINES[:at], text, *LINES[at:]))
    assert (first.rule, first.line, first.column) == ("json-extra-text", at + 2, 1)
    assert first.length == len(text.encode())
    assert first.message.endswith("stands inside the block, but is no part of the JSON")
    assert "one call" in first.advice


def test_of_several_lines_the_first_is_named() -> None:
    first, _ = diagnose(block("INFO a", LINES[0], "INFO b", *LINES[1:], "INFO c"))
    assert (first.rule, first.line) == ("json-extra-text", 2)


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (["{", "sum: 42", "}"], "json-unquoted-key"),
        (["{", "sum: 42,", '"a": 1', "}"], "json-unquoted-key"),
        (["[", "NaN", "]"], "json-nan"),
        (["[", "1,", "done", "]"], "invalid-json"),  # without the line, a comma is left
        (["{", ' "sum": done', "}"], "invalid-json"),
        (["done"], "invalid-json"),  # without the line, nothing is left
        (["{'sum': 42}"], "json-single-quotes"),
        (['{"sum": 42} done'], "json-extra-text"),
        (["{}", "PlanQK:Job:MultilineResul"], "json-extra-text"),  # a fence that is nearly one
        (["INFO a"] * 17 + ["{}"], "invalid-json"),  # more than are left out
    ],
)
def test_a_mistake_in_the_json_is_no_log_text(lines: list[str], rule: str) -> None:
    first, *_ = diagnose(block(*lines))
    assert first.rule == rule
    assert "inside the block" not in first.message


def test_a_marked_line_needs_no_such_advice() -> None:
    first, *_ = diagnose(b'PlanQK:Job:Result: {"sum": 42} done\n')
    assert first.message == "the JSON ends before 'done'"


def test_a_huge_payload_is_not_searched() -> None:
    text = b'INFO saving\n"' + b"x" * (8 * 1024 * 1024) + b'"'
    assert foreign_line(text) is None
    assert foreign_line(text[:-100] + b'"') == (0, 11)
