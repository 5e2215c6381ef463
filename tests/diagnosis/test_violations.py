"""Findings about violations: the rule, the place, and what is said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import Limits, Marker, Violation, ViolationCode, parse
from planqk_protocol.diagnosis import RULES, event_places
from planqk_protocol.diagnosis.candidates import advice_for
from planqk_protocol.diagnosis.line import MOST_SHOWN, Line
from planqk_protocol.diagnosis.violations import violation_finding, waits_for_next_line
from planqk_protocol.payload.causes import ADVICE, Cause

if TYPE_CHECKING:
    from planqk_protocol.diagnosis.finding import Finding

RESULT = "PlanQK:Job:Result:"
INTERIM = "PlanQK:Job:InterimResult"
FENCE = "PlanQK:Job:MultilineResult"
DEFAULT = Limits()


def violations(data: bytes, limits: Limits = DEFAULT) -> list[tuple[Violation, int]]:
    """The violations of a stream, each with its offset."""
    offset, found = 0, []
    for event in parse(data, limits=limits):
        if isinstance(event, Violation):
            found.append((event, offset))
        offset += len(event.raw)
    return found


def diagnosed(data: bytes, limits: Limits = DEFAULT) -> Finding:
    """The finding of the first violation of a stream."""
    violation, offset = violations(data, limits)[0]
    next_line = None
    if waits_for_next_line(violation):
        at = offset + len(violation.raw)
        next_line = Line(data[at:].partition(b"\n")[0], violation.line + 1, at)
    return violation_finding(violation, offset, next_line=next_line)


def rule_and_place(data: str | bytes, limits: Limits = DEFAULT) -> tuple[str, int | None, int | None]:
    finding = diagnosed(data.encode() if isinstance(data, str) else data, limits)
    return finding.rule, finding.line, finding.column


@pytest.mark.parametrize(
    ("stream", "rule", "line", "column"),
    [
        (f"{RESULT} {{'sum': 42}}\n", "json-single-quotes", 1, 21),
        (f"hello\n{RESULT} [1, None]\n", "json-python-repr", 2, 24),
        (f'{RESULT} ["ä", NaN]\n', "json-nan", 1, 26),
        (f'{FENCE}\n{{\n  "sum": NaN\n}}\n{FENCE}\n', "json-nan", 3, 10),
        # right behind the marker
        (f"{RESULT}\n", "json-empty", 1, 19),
        (f"{RESULT} \t \n", "json-empty", 1, 19),
        (f"{RESULT}\r\n", "json-empty", 1, 19),
        (f"{RESULT}", "json-empty", 1, 19),
        (f"{INTERIM}\n", "json-empty", 1, 25),
        (f"{INTERIM}:  \n", "json-empty", 1, 26),
        # at a fence
        (f"{FENCE}\n{FENCE}\n", "json-empty", 2, 1),
        (f"{FENCE}\r\n  \r\n\n{FENCE}", "json-empty", 4, 1),
        # one past the last character, or at the quote
        (f'{RESULT} {{"sum": 42\n', "json-truncated", 1, 30),
        (f'{RESULT} {{"sum": 42 \r\n', "json-truncated", 1, 30),
        (f'{RESULT} {{"sum": "abc\n', "json-truncated", 1, 28),
        (f'{FENCE}\n{{\n  "sum": 42\n{FENCE}\n', "json-truncated", 3, 12),
        (f'{FENCE}\n["ä", "\n{FENCE}\n', "json-truncated", 2, 7),
        (f"{RESULT} {{", "json-truncated", 1, 21),
        (f'{RESULT} "C:\\data"\n', "json-bad-escape", 1, 23),
        (f"{RESULT} {{}} \n", None, None, None),
        (f"{RESULT} 1\n{RESULT} 2\n", "duplicate-result", 2, 1),
        (f"{RESULT} 1\n{FENCE}\n2\n{FENCE}\n", "duplicate-result", 2, 1),
        (f"ä\n{FENCE}\n1\n", "unterminated-block", 2, 1),
        (f"{RESULT} {'[' * 129}{']' * 129}\n", "payload-too-deep", 1, 148),
        (f"{RESULT} -{'1' * 4301}\n", "number-too-long", 1, 21),
    ],
)
def test_the_rule_and_the_place(stream: str, rule: str | None, line: int | None, column: int | None) -> None:
    if rule is None:
        assert not violations(stream.encode())
    else:
        assert rule_and_place(stream) == (rule, line, column)


@pytest.mark.parametrize(
    ("stream", "max_payload", "line", "column"),
    [
        (f"{RESULT} 12345\n", 22, 1, 23),
        (f"{RESULT} 12345\n", 24, 1, 25),
        (f"x\n{FENCE}\n[1,\n2]\n{FENCE}\n", 31, 4, 1),
    ],
)
def test_a_payload_that_is_too_large(stream: str, max_payload: int, line: int, column: int) -> None:
    limits = Limits(max_payload=max_payload)
    assert rule_and_place(stream, limits) == ("payload-too-large", line, column)
    assert diagnosed(stream.encode(), limits).length == 0


@pytest.mark.parametrize(
    ("stream", "length"),
    [
        (f"{RESULT} 1\n{RESULT} 2\n", len(RESULT)),
        (f"{RESULT} 1\n{FENCE}\n2\n{FENCE}\n", len(FENCE)),
        (f"{FENCE}\t \n1\n", len(FENCE)),
        (f"{RESULT} {'[' * 200}\n", 1),
        (f"{RESULT} [{'1' * 4302}]\n", 4302),
        (f'{RESULT} {{"sum": 42}} (took 3s) \n', 9),
        (f"{FENCE}\n{{}}\ntook 3s\nbye\n{FENCE}\n", 7),  # up to the end of the line
        (f'{FENCE}\n"a\nb"\n{FENCE}\n', 1),
        (f"{RESULT} {{“sum”: 42}}\n", 3),
    ],
)
def test_the_length_counts_the_bytes_that_are_wrong(stream: str, length: int) -> None:
    assert diagnosed(stream.encode()).length == length


def test_a_second_result_points_at_the_first() -> None:
    data = f"{RESULT} 1\n{RESULT} 2\n".encode()
    [(violation, offset)] = violations(data)
    slot = Line(data[:20], 1, 0).place(0, len(RESULT))
    [related] = violation_finding(violation, offset, slot=slot).related
    assert related.place == slot
    assert violation_finding(violation, offset).related == ()


class TestMarkers:
    @pytest.mark.parametrize(
        ("after", "column", "length"),
        [
            ('s: {"sum": 42}', 25, 1),
            ("s", 25, 1),
            ('s {"sum": 42}', 25, 1),
            ("ing: 1", 25, 3),
            ("_1: 1", 25, 2),
            ("2: 1", 25, 1),
            (" : 1", 25, 1),
            ('= {"sum": 42}', 25, 1),
            ('; {"sum": 42}', 25, 1),
            ('- {"sum": 42}', 25, 1),
            ('->{"sum": 42}', 25, 2),
            (":: 1", 26, 1),
        ],
    )
    def test_a_misspelt_marker_that_the_grammar_takes(self, after: str, column: int, length: int) -> None:
        stream = f"{INTERIM}{after}\n"
        assert rule_and_place(stream) == ("marker-spelling", 1, column)
        assert diagnosed(stream.encode()).length == length

    def test_the_advice_shows_the_marker_that_is_misspelt(self) -> None:
        for after in ("s: 1", "\uff1a 1"):
            advice = diagnosed(f"{INTERIM}{after}\n".encode()).advice
            assert f"print('{INTERIM}:', json.dumps(value), flush=True)" in advice
            assert RESULT not in advice

    def test_a_second_colon_after_the_marker_of_a_result(self) -> None:
        assert rule_and_place(f"{RESULT}: 1\n") == ("marker-spelling", 1, 19)

    @pytest.mark.parametrize("after", ['\uff1a {"sum": 42}', "\u2236 1", "\u00a01", "\u200b: 1", "\u0455: 1"])
    def test_a_character_that_resembles_a_colon(self, after: str) -> None:
        stream = f"{INTERIM}{after}\n"
        assert rule_and_place(stream) == ("marker-look-alike", 1, 25)
        finding = diagnosed(stream.encode())
        assert finding.length == len(after[0].encode())
        assert f"U+{ord(after[0]):04X}" in finding.message

    @pytest.mark.parametrize(
        ("after", "rule"),
        [
            ("{'a': 1}", "json-single-quotes"),
            (" {'a': 1}", "json-single-quotes"),
            (": s: 1", "invalid-json"),
            (" done", "invalid-json"),
            ("[1,]", "json-trailing-comma"),
            ("-01", "json-number-form"),
            ("“x”", "json-smart-quotes"),
            (":\u00a01", "json-nbsp"),
        ],
    )
    def test_a_marker_that_is_spelt_right(self, after: str, rule: str) -> None:
        assert diagnosed(f"{INTERIM}{after}\n".encode()).rule == rule

    @pytest.mark.parametrize(
        ("body", "line"),
        [
            (f'{{"a":\n{INTERIM}: 1\n1}}', 3),
            (f"{RESULT} 1", 2),
            (f"1\n{INTERIM} 2", 3),
            (f'{{"a": 1,\n{RESULT} 2\n}}', 3),
        ],
    )
    def test_a_marker_inside_a_block(self, body: str, line: int) -> None:
        assert rule_and_place(f"{FENCE}\n{body}\n{FENCE}\n") == ("marker-in-block", line, 1)

    def test_a_mistake_before_the_marker_comes_first(self) -> None:
        stream = f"{FENCE}\n[1,]\n{INTERIM}: 1\n{FENCE}\n"
        assert rule_and_place(stream) == ("json-trailing-comma", 2, 3)
        assert rule_and_place(f"{RESULT} {RESULT} 1\n") == ("invalid-json", 1, 20)

    def test_a_damaged_fence_is_none_of_these(self) -> None:
        stream = f"{FENCE}\n{{}}\n{FENCE}:\n{FENCE}\n"
        assert rule_and_place(stream) == ("json-extra-text", 3, 1)


class TestNextLine:
    @pytest.mark.parametrize(
        "after",
        [
            *('{"sum": 42}', "{", "[", "[1,", "42", "null", '"text"', '  {"a": [1', '{"a": 1,'),
            *("{'a': 1}", "[" * 200),
            '{"a": "' + "x" * 10_000,
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("marker", [RESULT, INTERIM, f"{INTERIM}: \t", f"{RESULT}\r"])
    def test_json_on_the_next_line(self, marker: str, after: str) -> None:
        stream = f"{marker}\n{after}\n".encode()
        finding = diagnosed(stream)
        assert finding.rule == "json-on-next-line"
        assert (finding.line, finding.column) == (1, len(marker.rstrip("\r\t ")) + 1)
        [related] = finding.related
        assert (related.place.line, related.place.column) == (2, len(after) - len(after.lstrip()) + 1)

    @pytest.mark.parametrize(
        "after", ["", " ", "done", "[INFO] done", "[2026-01-01] x", f"{RESULT} 1", "nan", "(1, 2)", "12:30 x"]
    )
    def test_other_text_on_the_next_line(self, after: str) -> None:
        assert rule_and_place(f"{RESULT}\n{after}\n") == ("json-empty", 1, 19)

    def test_no_next_line(self) -> None:
        [(violation, offset)] = violations(f"{RESULT}\n".encode())
        assert waits_for_next_line(violation)
        assert violation_finding(violation, offset).rule == "json-empty"

    @pytest.mark.parametrize(
        ("stream", "column"),
        [
            (f"{RESULT}    sum  product\n0   42      441\n", 23),
            (f"{RESULT} 0    1\n1    2\n", 25),
            (f"{RESULT} Empty DataFrame\nColumns: []\n", 20),
        ],
    )
    def test_a_table(self, stream: str, column: int) -> None:
        assert rule_and_place(stream) == ("json-dataframe", 1, column)

    @pytest.mark.parametrize("after", ["done\n", "", f"{RESULT} 1\n", "step one of two\n"])
    def test_a_line_that_only_resembles_a_table(self, after: str) -> None:
        assert rule_and_place(f"{INTERIM}:    sum  product\n{after}")[0] == "invalid-json"

    def test_a_table_in_a_block(self) -> None:
        assert rule_and_place(f"{FENCE}\n   sum  n\n0   42  1\n{FENCE}\n") == ("json-dataframe", 2, 4)

    @pytest.mark.parametrize(
        "stream",
        [
            *(f"{RESULT} {{'a': 1}}\n{{", f"{RESULT}", f"{FENCE}\n{FENCE}\n{{", f"{RESULT} nan\n"),
            f"{FENCE}\n",
            f"{RESULT} 1\n{RESULT}\n{{",
        ],
    )  # fmt: skip
    def test_what_need_not_wait(self, stream: str) -> None:
        assert not waits_for_next_line(violations(stream.encode())[0][0])


class TestLongLines:
    @pytest.mark.parametrize("before", ["x", "ä", "😀", "\U0010ffff€"])
    @pytest.mark.parametrize("after", [0, 5_000_000])
    def test_the_column_and_the_excerpt_of_a_long_line(self, before: str, after: int) -> None:
        payload = f'{{"text": "{before * 100_000}", "sum": NaN, "rest": "{"y" * after}"}}'
        finding = diagnosed(f"{RESULT} {payload}\n".encode())
        column = len(f"{RESULT} ") + payload.index("NaN") + 1
        assert (finding.rule, finding.column) == ("json-nan", column)
        assert finding.excerpt is not None
        assert len(finding.excerpt.text) <= MOST_SHOWN
        at = column - finding.excerpt.column
        assert finding.excerpt.text[at : at + 3] == "NaN"
        assert finding.excerpt.is_end is (not after)

    @given(
        st.lists(st.sampled_from([b"a", b"\xc3", b"\xa4", b"\xf0\x9f", b"\x98\x80", b"\xe2\x82\xac", b"\r"])),
        st.integers(1, 12),
        st.sampled_from([b"", b"\xff", b"NaN", b"'"]),
    )
    @example([b"\xc3"] + [b"\xa4"] * 9, 4, b"")
    def test_the_place_is_that_of_the_whole_line(self, parts: list[bytes], before: int, fault: bytes) -> None:
        data = f"x\n{RESULT} ".encode() + b'["' + b"".join(parts) + b'", ' + fault + b"\n"
        whole = diagnosed(data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(event_places, "_BEFORE", before)
            patch.setattr(event_places, "_AFTER", before)
            assert diagnosed(data).place == whole.place


payloads = st.binary(max_size=30).map(lambda payload: payload.replace(b"\n", b"")) | st.text(
    "[]{}\"'\\,:.0123456789eE+-TrueNonafls \t(b#/*“”ä😀", max_size=30
).map(str.encode)


class TestProperties:
    @given(
        payloads,
        st.sampled_from([f"{RESULT} ", INTERIM, f"{INTERIM}:", f"{FENCE}\n"]),
        st.sampled_from(["", "log\n", "\xe4\n\n"]),
    )
    @example(b"(1, None)", f"{RESULT} ", "")
    def test_the_place_is_where_its_offset_says(self, payload: bytes, marker: str, before: str) -> None:
        data = before.encode("latin-1") + marker.encode() + payload + b"\n"
        if marker.startswith(FENCE):
            data += f"{FENCE}\n".encode()
        for violation, offset in violations(data):
            finding = violation_finding(violation, offset)
            assert finding.rule in RULES
            place = finding.place
            assert place is not None
            assert offset <= place.offset <= place.offset + place.length <= offset + len(violation.raw)
            start = data.rfind(b"\n", 0, place.offset) + 1
            assert place.line == data.count(b"\n", 0, place.offset) + 1
            assert place.column == len(data[start : place.offset].decode(errors="replace")) + 1
            self.check_texts(finding, violation)

    @staticmethod
    def check_texts(finding: Finding, violation: Violation) -> None:
        assert finding.message.isprintable()
        assert not finding.message.endswith(".")
        assert len(finding.message) < 500
        if finding.rule in set(Cause):
            is_of_value = finding.rule == Cause.PYTHON_REPR  # its advice is about the very value
            advice = "this is how Python writes " if is_of_value else ADVICE[Cause(finding.rule)]
            assert violation.message.startswith(f"not JSON: {finding.message}; {advice}")
            assert finding.advice[1:-1] in violation.message
            assert finding.advice.endswith(".")
        else:
            assert finding.advice == advice_for(RULES[finding.rule], violation.marker)

    @given(payloads)
    def test_the_violation_has_the_same_place_with_a_few_exceptions(self, payload: bytes) -> None:
        others = {
            *(Cause.EMPTY, Cause.TRUNCATED, Cause.BAD_ESCAPE, Cause.SMART_QUOTES),
            *("marker-spelling", "marker-look-alike"),
            Cause.OBJECT_REPR,  # the bracket of [object Object] is valid, but part of what is wrong
        }
        for violation, offset in violations(f"{RESULT} ".encode() + payload + b"\n"):
            finding = violation_finding(violation, offset)
            if finding.rule not in others:
                assert (finding.line, finding.column) == (violation.error_line, violation.column)
                assert finding.offset == violation.offset


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"text\n", *(f"{RESULT} {payload}\n".encode() for payload in ("1", "{", "[" * 200))]
)
@pytest.mark.parametrize("code", list(ViolationCode))
@pytest.mark.parametrize(("marker", "fault"), list(zip(Marker, [None, 3, 99], strict=True)))
def test_a_violation_that_is_built_by_hand(raw: bytes, code: str, marker: str, fault: int | None) -> None:
    violation = Violation(
        4, raw, ViolationCode(code), Marker(marker), "wrong", offset=None if fault is None else 10 + fault
    )
    finding = violation_finding(violation, 10)
    assert finding.rule in {code, *Cause}
    place = finding.place
    assert place is not None
    assert 10 <= place.offset <= place.offset + place.length <= 10 + len(raw)
    assert place.line >= 4
    waits_for_next_line(violation)


@pytest.mark.parametrize("unit", ["s", ":", " ", "\u00a0", "'", "s: ", "0    1 ", "1", "[", "\n"])
def test_the_time_is_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        marker, end = (f"{FENCE}\n", f"\n{FENCE}\n") if unit == "\n" else (INTERIM, "\n")
        found = violations(f"{marker}{unit * (size // len(unit))} {end}".encode(), Limits(max_digits=9))
        times = []
        for _ in range(3):
            start = time.process_time()
            for violation, offset in found:
                waits_for_next_line(violation)
                violation_finding(violation, offset, next_line=Line(b"x" * 100, 2, 0))
            times.append(time.process_time() - start)
        return min(times)

    assert any(seconds(400_000) < 16 * seconds(50_000) + 0.01 for _ in range(5))


def test_advice_is_written_once() -> None:
    for cause in (Cause.EMPTY, Cause.ON_NEXT_LINE, Cause.TRUNCATED):
        assert f"between two lines {FENCE}" in ADVICE[cause]
    for cause, advice in ADVICE.items():
        assert RULES[cause].advice[1:] == f"{advice[1:]}."


def test_the_excerpt_of_a_payload_that_is_cut_goes_on() -> None:
    finding = diagnosed(f"{RESULT} 12345\n".encode(), Limits(max_payload=22))
    assert finding.excerpt is not None
    assert (finding.excerpt.text, finding.excerpt.is_end) == (f"{RESULT} 123", False)
