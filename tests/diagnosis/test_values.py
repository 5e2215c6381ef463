"""Findings about valid payloads: their places, and what has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from planqk_protocol.diagnosis.rules.values import RULES
from tests.diagnosis.findings_of_values import FENCE, INTERIM, MOST, RESULT, findings, texts
from tests.diagnosis.rule_examples import examples

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Example, Rule


@pytest.mark.parametrize(("rule", "wrong"), examples(RULES, "wrong"))
def test_a_wrong_example_has_its_finding_first(rule: Rule, wrong: Example) -> None:
    assert findings(wrong.stdout, wrong.capture)[0].rule == rule.id


@pytest.mark.parametrize(("rule", "right"), examples(RULES, "right"))
def test_a_right_example_has_no_finding_of_its_rule(rule: Rule, right: Example) -> None:
    assert rule.id not in {finding.rule for finding in findings(right.stdout, right.capture)}


@pytest.mark.parametrize(
    ("stream", "rule", "line", "column", "span"),
    [
        (b'{"sum": 41, "sum": 42}', "duplicate-key", 1, 31, b'"sum"'),
        ('["ä€😀", {"k": 1, "k": 2}]'.encode(), "duplicate-key", 1, 36, b'"k"'),
        (b'{"a\\"b": 1, "a\\u0022b": 2}', "duplicate-key", 1, 31, b'"a\\u0022b"'),
        (b'{"a": {"b": {"x": 1}, "a": 2, "b": 3}}', "duplicate-key", 1, 49, b'"b"'),
        (b'{"a" : "}", "a"\t: 2}', "duplicate-key", 1, 31, b'"a"'),
        (b'{"":1,"":2}', "duplicate-key", 1, 25, b'""'),
        (b'{"a":1,"a":"\\u003a"}', "duplicate-key", 1, 26, b'"a"'),
        (b"[1e400]", "number-overflow", 1, 20, b"1e400"),
        (b"-1.5E+0309", "number-overflow", 1, 19, b"-1.5E+0309"),
        (b"[0, 1" + b"0" * 310 + b".0]", "number-overflow", 1, 23, b"1" + b"0" * 310 + b".0"),
        (b"[1" + b"0" * 290 + b"e20]", "number-overflow", 1, 20, b"1" + b"0" * 290 + b"e20"),
        (b"9007199254740993", "big-integer", 1, 19, b"9007199254740993"),
        (b"[-9007199254740993]", "big-integer", 1, 20, b"-9007199254740993"),
        (b'{"a":12345678901234567890}', "big-integer", 1, 24, b"12345678901234567890"),
        (b"[" + b"7" * 4000 + b"]", "big-integer", 1, 20, b"7" * 4000),
        (b'["\\ud83d"]', "lone-surrogate", 1, 21, b"\\ud83d"),
        (b'["\\ud83d\\uD83D\\ude00"]', "lone-surrogate", 1, 21, b"\\ud83d"),
        (b'["\\ud83d\\uDE00\\udE01"]', "lone-surrogate", 1, 33, b"\\udE01"),
        (b'{"\\\\\\uDFFF": 1}', "lone-surrogate", 1, 23, b"\\uDFFF"),
        (b' "{\\"a\\": 1}"', "double-encoded", 1, 20, b'"{\\"a\\": 1}"'),
        (b'"\\n[]"', "double-encoded", 1, 19, b'"\\n[]"'),
    ],
)
def test_a_finding_spans_what_is_wrong(stream: bytes, rule: str, line: int, column: int, span: bytes) -> None:
    for ending in (b"\n", b"\r\n", b""):
        output = RESULT + stream + ending
        (found,) = findings(output)
        assert (found.rule, found.line, found.column) == (rule, line, column)
        assert texts([found], rule, output) == [span]
        # In a block, in which the place is on another line, and after other output.
        output = b"log\n" + FENCE + b"\n" + stream + ending.rstrip() + b"\n" + FENCE
        (found,) = findings(output)
        assert (found.rule, found.line, found.column) == (rule, 4, column - len(RESULT))
        assert texts([found], rule, output) == [span]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a": [{"a": {"a": 1}}, {"a": 1}]}',
        b'{"a": "\\"a\\": 1, \\"a\\": 2", "b": "{"}',
        b'{"a:b": "c:d", "\\u003a": "\\\\u003a"}',
        b"[9007199254740992, -9007199254740992, 0.12345678901234567890, 1.2345678901234567e-300]",
        b"[1e308, 1e-400, 1.7976931348623157e+308, 0e999, 0.0e1000]",
        b'["12345678901234567890", " 12345678901234567890, ", "x 1e999 ", ":1E999"]',
        b'{"0000000000000000": 1, "1111111111111111": 12}',
        b'["\\ud83d\\ude00", "\\\\ud83d", "\\\\\\\\ude00", "\\ud7ff\\ue000"]',
        b'"42"',
        b'"[1, 2"',
        b'"{}}"',
        b'"\\"{}\\""',
        b'""',
        b'"[1,"',
        b"[]",
        b"null",
        b'["{}"]',
    ],
)
def test_what_is_no_mistake_has_no_finding(payload: bytes) -> None:
    padded = b"[" + payload + b"," + b" " * 100_000 + b"0]"  # a long payload is searched part by part
    for text in (payload, padded):
        for stream in (RESULT + text + b"\n", INTERIM + text, FENCE + text + b"\r\n" + FENCE):
            assert findings(stream) == []


def test_the_first_key_is_related_to_the_second() -> None:
    stream = FENCE + b'{\n  "a": 1,\n  "b": 2,\n  "a": 3\n}\n' + FENCE
    (found,) = findings(stream)
    assert (found.line, found.column) == (5, 3)
    (related,) = found.related
    assert (related.place.line, related.place.column, related.place.length) == (3, 3, 3)
    assert stream[related.place.offset :].startswith(b'"a": 1')


def test_a_third_key_is_found_too_and_is_related_to_the_first() -> None:
    found = findings(RESULT + b'{"a": 1, "a": 2, "a": 3}\n')
    assert [finding.related[0].place.column for finding in found] == [20, 20]


def test_each_rule_has_a_few_findings_for_an_event() -> None:
    keys = b",".join(b'"a": 1' for _ in range(50))
    numbers = b",".join([b"12345678901234567890, 1e999"] * 50)
    strings = b",".join([b'"\\ud800"'] * 50)
    found = findings(RESULT + b"[{" + keys + b"}," + numbers + b"," + strings + b"]\n")
    rules = [finding.rule for finding in found]
    wanted = {"duplicate-key", "big-integer", "number-overflow", "lone-surrogate"}
    assert {rule: rules.count(rule) for rule in wanted} == dict.fromkeys(wanted, MOST)
    offsets = [finding.offset or 0 for finding in found]
    assert offsets == sorted(offsets)


@pytest.mark.parametrize("payload", [b'{"a": 1}', b" 42", b"42", b"\t[]"])
def test_an_interim_result_without_colon_names_the_place_of_the_colon(payload: bytes) -> None:
    (found,) = findings(b"x\n" + INTERIM.rstrip(b":") + payload + b"\n")
    assert (found.rule, found.line, found.column, found.length) == ("interim-without-colon", 2, 25, 0)
    assert found.fix
    assert (found.fix.place, found.fix.replacement) == (found.place, ":")
    assert findings(INTERIM + payload) == []


def test_a_long_number_right_after_the_marker_is_found() -> None:
    digits = b"1" * 4200
    found = findings(INTERIM.rstrip(b":") + digits)
    assert [finding.rule for finding in found] == ["interim-without-colon", "big-integer"]


@pytest.mark.parametrize("number", [b"9007199254740993", b"1e999", b"1" + b"0" * 309 + b".0"])
def test_a_number_is_found_wherever_it_stands(number: bytes) -> None:
    for start in range(64 * 1024 - 24, 64 * 1024 + 24):  # a payload is searched in parts of 64 KiB
        (found,) = findings(FENCE + b"[".ljust(start) + number + b"]\n" + FENCE)
        assert (found.line, found.column, found.length) == (2, start + 1, len(number))
