"""The specification is complete, and every rule of it is tested."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec
import pytest

import planqk_protocol
from planqk_protocol import (
    Event,
    JobStatus,
    Limits,
    Marker,
    Violation,
    ViolationCode,
    parse,
    record_schema,
    to_json_line,
)
from planqk_protocol.grammar import grammar_text, load_table
from tests.docs.pages import DOCS, ROOT, blocks, rule_headings

TEXT = (DOCS / "specification.md").read_text(encoding="utf-8")
RULES = set(rule_headings())


def rules_named_by_tests() -> dict[str, set[str]]:
    """Rule id → names of the test modules with a test marked by it."""
    named: dict[str, set[str]] = {}
    for module in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(module.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                for argument in node.args:
                    named.setdefault(ast.literal_eval(argument), set()).add(module.name)
    return named


def test_every_rule_has_one_section() -> None:
    headings = rule_headings()
    assert len(headings) > 1
    assert sorted(headings) == sorted(set(headings))


def test_the_grammar_names_only_rules_of_the_specification() -> None:
    comments = re.findall(r"^//.*", grammar_text(), re.MULTILINE)
    named = re.findall(r"\[([a-z, -]+)\]", "\n".join(comments))
    assert len(named) > 1
    assert {rule for group in named for rule in group.split(", ")} <= RULES


def test_docstrings_name_only_rules_of_the_specification() -> None:
    named = set()
    for module in Path(planqk_protocol.__file__).parent.rglob("*.py"):
        for group in re.findall(r"\([Rr]ules? (``[^)]+)\)", module.read_text(encoding="utf-8")):
            named |= set(re.findall(r"``([a-z-]+)``", group))
    assert len(named) > 1
    assert named <= RULES


def test_every_rule_is_shown_by_a_test_and_tests_name_no_other() -> None:
    assert set(rules_named_by_tests()) == RULES


@pytest.mark.parametrize("word", [*ViolationCode, *Marker, *JobStatus, *Limits.__struct_fields__])
def test_every_word_of_the_protocol_is_there(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_the_codes_stand_in_their_order_of_precedence() -> None:
    section = TEXT.split("## Violations")[1].split("## Records")[0]
    assert re.findall(r"^\| \[`([a-z-]+)`\]\(rules/\1\.md\) \|", section, re.MULTILINE) == list(ViolationCode)


def test_every_field_of_the_records_is_there() -> None:
    section = TEXT.split("## Records")[1].split("## Outcome")[0]
    kinds = record_schema()["$defs"].values()
    fields = {field for kind in kinds for field in kind.get("properties", ())}
    assert {"type", "value"} <= fields
    for field in fields:
        assert f"`{field}`" in section, field


def test_every_event_and_every_kind_of_line_is_there() -> None:
    for name in [event.__name__ for event in Event.__args__] + list(load_table().transitions["start"]):
        assert f"`{name}`" in TEXT, name


def test_the_defaults_of_the_limits_are_right() -> None:
    for name in Limits.__struct_fields__:
        [row] = re.findall(rf"^\| `{name}` \|.*", TEXT, re.MULTILINE)
        default = re.findall(r"\d+", row.split("|")[-2])[-1]
        assert int(default) == getattr(Limits(), name)
        least = int(row.split("|")[-3])
        Limits(**{name: least})
        with pytest.raises(ValueError, match=name):
            Limits(**{name: least - 1})


def test_the_records_are_those_of_the_stream() -> None:
    section = TEXT.split("## Records")[1]
    shown = [block.text for block in blocks(DOCS / "specification.md") if block.text in section]
    stream, records = shown[:2]
    events = [
        msgspec.structs.replace(event, message="…") if isinstance(event, Violation) else event
        for event in parse(stream.encode())
    ]
    assert b"".join(map(to_json_line, events)).decode() == records


@pytest.mark.rule("json")
@pytest.mark.parametrize(
    ("payload", "at"),
    [
        (b'{"a" 1}', 5),  # where no JSON text can go on
        (b"[1", 2),  # the end of the bytes
        (b"", 0),
        (b"[1, \t\r", 5),  # the terminator
        (b"[1, \t}", 2),  # the comma, although ] would be right
        (b"{x \xff", 3),  # invalid UTF-8, whatever else is wrong
        (b'["ab', 1),  # the opening quote
        (b'["a\tb', 3),  # the control character
        (rb'["a\x"]', 3),  # the backslash
        (rb'["a\xb', 3),  # even if the string does not end
        (b'["a\\\tb"]', 3),  # a control character makes no escape either
        (rb'["a\u12g4"]', 4),  # the u
        (b'["a\\u12\t34"]', 4),
        (rb'["a\u12', 1),  # the opening quote: no other character follows
        (b'["a\\', 1),
        (b"[nul]", 1),  # the first byte of the word
        (b"[NaN]", 1),
        (b"[1.]", 2),  # after the longest part that is a number
        (b"[01]", 2),
        (b"[-]", 1),  # the first byte
    ],
)
def test_a_fault_is_at_the_place_that_the_specification_gives(payload: bytes, at: int) -> None:
    marker = b"PlanQK:Job:Result:"
    [violation] = parse(marker + payload + b"\n")
    assert isinstance(violation, Violation)
    assert (violation.code, violation.offset) == (ViolationCode.INVALID_JSON, len(marker) + at)
