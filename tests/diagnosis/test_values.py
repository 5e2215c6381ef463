"""Findings about valid payloads: their places, what has none, and agreement with slow oracles."""

from __future__ import annotations

import json
import math
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import InterimResult, Limits, MultilineResult, Result, Violation, parse
from planqk_protocol.captures import Source, formats
from planqk_protocol.diagnosis.rules.values import RULES
from planqk_protocol.diagnosis.values import PIECE, SPLITTING, value_findings
from planqk_protocol.payload.decode import PayloadDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from planqk_protocol.diagnosis import Example, Finding, Rule

RESULT, INTERIM, FENCE = b"PlanQK:Job:Result:", b"PlanQK:Job:InterimResult:", b"PlanQK:Job:MultilineResult\n"
MOST = 10


def findings(stream: bytes, capture: str = "raw") -> list[Finding]:
    """All findings about the values of a stream, which are checked for what holds for each of them."""
    source = Source(capture, limits=Limits(max_line=None))
    events = source.feed(stream).events + source.close().events
    found = []
    offset = 0
    for event in events:
        assert not isinstance(event, Violation)
        if isinstance(event, InterimResult | Result | MultilineResult):
            found += value_findings(event, offset, capture=capture)
        offset += len(event.raw)
    output = b"".join(event.raw for event in events)
    for finding in found:
        check_place(finding, output)
    return found


def check_place(finding: Finding, output: bytes) -> None:
    place, excerpt = finding.place, finding.excerpt
    assert place
    assert excerpt
    start = output.rfind(b"\n", 0, place.offset) + 1
    assert place.line == output.count(b"\n", 0, place.offset) + 1
    assert place.column == len(output[start : place.offset].decode()) + 1
    assert place.offset + place.length <= len(output)
    line = output[start:].split(b"\n")[0].removesuffix(b"\r").decode(errors="replace")
    assert line[excerpt.column - 1 :].startswith(excerpt.text)
    assert excerpt.is_end == (excerpt.column - 1 + len(excerpt.text) == len(line))
    assert excerpt.column <= place.column <= excerpt.column + len(excerpt.text)


def texts(found: Iterable[Finding], rule: str, output: bytes) -> list[bytes]:
    """What the findings of a rule point at."""
    return [
        output[finding.place.offset : finding.place.offset + finding.place.length]
        for finding in found
        if finding.rule == rule and finding.place
    ]


def examples(kind: str) -> list[tuple[Rule, Example]]:
    return [(rule, example) for rule in RULES for example in getattr(rule, kind)]


@pytest.mark.parametrize(("rule", "wrong"), examples("wrong"))
def test_a_wrong_example_has_its_finding_first(rule: Rule, wrong: Example) -> None:
    assert findings(wrong.stdout, wrong.capture)[0].rule == rule.id


@pytest.mark.parametrize(("rule", "right"), examples("right"))
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


def line_of(size: int, character: bytes, at: int) -> bytes:
    """A result line of so many bytes without its LF, and with a character at an offset."""
    line = RESULT + b'"' + b"x" * (at - len(RESULT) - 1) + character
    return line + b"x" * (size - len(line) - 1) + b'"'


@pytest.mark.parametrize("character", ["é", "€", "😀"])
@pytest.mark.parametrize("cut", [PIECE, 3 * PIECE])
def test_a_character_at_a_cut_of_docker_is_found(character: str, cut: int) -> None:
    data = character.encode()
    for before in range(len(data) + 1):
        line = line_of(4 * PIECE, data, cut - before)
        for stream in (line, b"first\n" + line + b"\n", b"ends in CRLF\r\n" + line + b"\r\n"):
            found = findings(stream)
            if 0 < before < len(data):
                (only,) = found
                assert only.rule == "non-ascii-long-line"
                assert texts(found, only.rule, stream) == [data]
                assert only.column == cut - before + 1
            else:
                assert found == []


def test_a_line_has_one_such_finding_and_an_event_ten() -> None:
    text = "€".encode() * 20_000
    assert len(findings(RESULT + b'"' + text + b'"')) == 1
    stream = FENCE + b"[" + b",\n".join([b'"' + text + b'"'] * 12) + b"]\n" + FENCE
    found = findings(stream)
    assert [finding.line for finding in found] == list(range(2, 2 + MOST))


def test_lines_are_measured_by_themselves() -> None:
    lines = b",\n".join([b'"' + "é".encode() * 8000 + b'"'] * 20)
    assert findings(FENCE + b"[\n" + lines + b"]\n" + FENCE) == []


def in_cri(output: bytes) -> bytes:
    records = []
    for line in output.splitlines(keepends=True):
        for at in range(0, len(line), PIECE):
            piece = line[at : at + PIECE]
            tag = b"F" if piece.endswith(b"\n") else b"P"
            records.append(b"2024-05-01T10:00:00Z stdout " + tag + b" " + piece.rstrip(b"\n") + b"\n")
    return b"".join(records)


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 5 * PIECE])
def test_a_line_over_16_kib_is_found_in_captures_only(size: int) -> None:
    line = line_of(size, b"", 40) + b"\n"
    assert findings(line) == []
    found = findings(in_cri(b"log\n" + line), "cri")
    if size <= PIECE:
        assert found == []
    else:
        (only,) = found
        assert (only.rule, only.line, only.column) == ("line-over-16k", 2, PIECE + 1)
        assert (only.offset, only.length) == (4 + PIECE, size - PIECE)


def test_log_lines_over_16_kib_have_no_finding() -> None:
    assert findings(in_cri(b"x" * 3 * PIECE + b"\n" + RESULT + b"1\n"), "cri") == []


def test_a_line_over_16_kib_begins_to_be_too_long_with_a_whole_character() -> None:
    line = line_of(2 * PIECE, "€".encode(), PIECE - 1)
    found = findings(in_cri(line + b"\n"), "cri")
    assert [finding.rule for finding in found] == ["non-ascii-long-line", "line-over-16k"]
    assert [finding.offset for finding in found] == [PIECE - 1] * 2


def test_the_formats_that_split_lines_are_formats() -> None:
    assert set(formats()) - SPLITTING == {"raw", "docker-mux"}
    assert set(formats()) >= SPLITTING


# Agreement with slow oracles, which get each token from the standard library.

_SPACE = st.sampled_from(["", "", " ", "\n", "\r\n\t"])
_PARTS = st.sampled_from(
    [
        *("a", "b", ":", ",", "{", "}", "[", "ä", "😀", "\\\\", '\\"', "\\u0061", "\\u003a", "\\n", "1e999"),
        *("\\ud83d", "\\uDE00", "\\ud83d\\ude00", "\\\\ud83d", " 12345678901234567", "9007199254740993,"),
    ]
)
_STRINGS = st.lists(_PARTS, max_size=3).map(lambda parts: '"' + "".join(parts) + '"')
_NUMBERS = st.sampled_from(
    [
        *("0", "-1", "9007199254740992", "9007199254740993", "-9007199254740993", "12345678901234567890"),
        *("1e999", "-1E+999", "1e308", "1e309", "0e999", "1.5e0400", "0.1234567890123456789", "1e-999"),
        *("1" + "0" * 308, "1" + "0" * 309 + ".5", "1" + "0" * 250 + "e60", "1234567890123456.5"),
    ]
) | st.floats(allow_nan=False, allow_infinity=False).map(json.dumps)


def _array(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


def _object(items: list[tuple[str, str, str]]) -> str:
    return "{" + ",".join(f"{key}{space}:{value}" for key, space, value in items) + "}"


def _spaced(text: str, before: str, behind: str) -> str:
    return before + text + behind


_VALUES = st.recursive(
    st.builds(_spaced, _STRINGS | _NUMBERS | st.sampled_from(["null", "true"]), _SPACE, _SPACE),
    lambda children: (
        st.lists(children, max_size=4).map(_array)
        | st.lists(st.tuples(_STRINGS, _SPACE, children), max_size=4).map(_object)
    ),
    max_leaves=12,
)


def in_block(text: str, *, is_long: bool) -> bytes:
    return b"before\n" + FENCE + (b" " * 65_530 + b"\n" if is_long else b"") + text.encode() + b"\n" + FENCE


def hooked(text: str, **hooks: Callable[..., Any]) -> Any:
    return json.loads(text, **hooks)  # type: ignore[arg-type]


@given(_VALUES, st.booleans())
@example('{"a":1,"\\u0061":2}', True)
def test_repeated_keys_are_those_of_the_standard_library(text: str, is_long: bool) -> None:
    repeated: list[str] = []

    def count(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            repeated.extend([key] if key in seen else [])
            seen.add(key)

    hooked(text, object_pairs_hook=count)
    stream = in_block(text, is_long=is_long)
    found = [json.loads(key) for key in texts(findings(stream), "duplicate-key", stream)]
    assert len(found) == min(len(repeated), MOST)
    assert set(found) <= set(repeated)
    if len(repeated) <= MOST:
        assert sorted(found) == sorted(repeated)


@given(_VALUES, st.booleans())
def test_numbers_are_those_of_the_standard_library(text: str, is_long: bool) -> None:
    big: list[str] = []
    infinite: list[str] = []
    hooked(
        text,
        parse_int=lambda digits: big.extend([digits] if abs(int(digits)) > 2**53 else []),
        parse_float=lambda digits: infinite.extend([digits] if math.isinf(float(digits)) else []),
    )
    stream = in_block(text, is_long=is_long)
    found = findings(stream)
    assert texts(found, "big-integer", stream) == [digits.encode() for digits in big[:MOST]]
    assert texts(found, "number-overflow", stream) == [digits.encode() for digits in infinite[:MOST]]


@given(_VALUES, st.booleans())
def test_lone_surrogates_are_those_of_the_standard_library(text: str, is_long: bool) -> None:
    lone = re.findall("[\ud800-\udfff]", str_of(hooked(text, object_pairs_hook=list)))
    stream = in_block(text, is_long=is_long)
    found = texts(findings(stream), "lone-surrogate", stream)
    assert len(found) == min(len(lone), MOST)
    assert all(json.loads(b'"' + escape + b'"') in lone for escape in found)


def str_of(value: Any) -> str:
    """All strings in a value, one after the other, a blank between them."""
    if isinstance(value, list | tuple):
        return " ".join(map(str_of, value))
    return value if isinstance(value, str) else ""


@given(_VALUES)
def test_double_encoded_is_a_string_with_an_object_or_an_array(text: str) -> None:
    stream = in_block(json.dumps(text), is_long=False)
    found = texts(findings(stream), "double-encoded", stream)
    is_container = isinstance(json.loads(text), dict | list)
    assert found == ([json.dumps(text).encode()] if is_container else [])


def test_a_payload_without_anything_unusual_costs_little_beside_its_decoding() -> None:
    rows = [{"id": number, "name": f"item {number}", "value": number * 1.5} for number in range(60_000)]
    payload = json.dumps(rows).encode()
    (event,) = parse(RESULT + payload + b"\n", limits=Limits(max_line=None))
    assert isinstance(event, Result)
    decoder = PayloadDecoder(Limits())
    decoding = min(seconds(lambda: decoder.decode(payload)) for _ in range(5))
    judging = min(seconds(lambda: value_findings(event, 0, capture="raw")) for _ in range(5))
    assert judging < 3 * decoding


def seconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


@pytest.mark.parametrize(
    "text",
    [
        b'["' + b" 1234567890123456789" * 50_000 + b'"]',
        b"[" + b"1.5e+300," * 50_000 + b"0]",
        b'["' + b"\\\\ud83d" * 50_000 + b'\\ud83d"]',
        b'["' + b'\\"' * 200_000 + b'", 1e999]',
        b"{" + b",".join(b'"%d":0' % number for number in range(50_000)) + b',"0":1}',
        b'"' + b"[" * 400_000 + b'"',
    ],
)
def test_unusual_payloads_take_no_more_than_linear_time(text: bytes) -> None:
    assert seconds(lambda: findings(RESULT + text + b"\n")) < 5
