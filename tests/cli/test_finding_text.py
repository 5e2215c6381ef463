"""Findings as text for people."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from planqk_protocol.cli.finding_text import finding_text
from planqk_protocol.diagnosis import Excerpt, Finding, Place, Related
from tests.cli.findings import INDENTED, MISSING, RELATED, UNWISE, found


def shown(finding: Finding, width: int = 80) -> str:
    return finding_text(found(finding), width=width).plain


def test_a_finding_with_its_line() -> None:
    assert shown(INDENTED) == (
        "job.log:3:1: error[marker-indented]: two spaces stand before the marker\n"
        "  |\n"
        "3 |   PlanQK:Job:Result: 42\n"
        "  | ^^\n"
        "  = help: Print it at the beginning of the line.\n"
    )


def test_related_places_are_named() -> None:
    assert shown(RELATED).splitlines()[-2:] == [
        "   | ^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "   = note: job.log:14:2: this line was meant to close it",
    ]


def test_a_finding_without_a_line() -> None:
    assert shown(UNWISE) == (
        "job.log:5:20: info[big-integer]: the integer is beyond 2^53\n  = help: Print it as a string.\n"
    )
    assert shown(MISSING) == "job.log: warning[no-result]: there is no result\n = help: Print one.\n"


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\u202e"])
def test_no_part_of_it_acts_on_the_terminal(text: str) -> None:
    finding = msgspec.structs.replace(
        INDENTED,
        message=text,
        advice=text,
        excerpt=Excerpt(text),
        related=(Related(text, Place(1, 1, 0)),),
    )
    lines = shown(finding).splitlines()
    assert len(lines) == 6
    assert not any(character in "".join(lines) for character in "\x1b\u202e")


def test_limits_are_named_by_their_options() -> None:
    finding = msgspec.structs.replace(INDENTED, advice="Print less, or raise Limits.max_payload.")
    assert "or raise --max-payload." in shown(finding)


def test_the_line_is_as_wide_as_the_output() -> None:
    finding = msgspec.structs.replace(INDENTED, excerpt=Excerpt("x" * 200))
    assert max(map(len, shown(finding, 40).splitlines()[1:4])) <= 40


def test_severities_differ_in_colour() -> None:
    colours = set()
    for finding in (INDENTED, UNWISE, MISSING):
        out = io.StringIO()
        Console(file=out, force_terminal=True, color_system="standard").print(
            finding_text(found(finding), width=80)
        )
        colours.add(out.getvalue().split("\x1b[1;")[1][:2])
    assert len(colours) == 3
