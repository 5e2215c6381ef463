"""The parser at its limits, and the arguments of `Limits`."""

from __future__ import annotations

import pytest

from planqk_protocol import (
    InterimResult,
    Limits,
    Log,
    Parser,
    Result,
    Violation,
    parse,
)
from tests.strategies import FENCE, INTERIM, RESULT, bytewise, feed_all
from tests.test_parser import only, violation


class TestLimits:
    @pytest.mark.rule("limit-line")
    def test_a_line_of_the_limit_is_one_event(self) -> None:
        limits = Limits(max_line=5)
        assert [e.raw for e in parse(b"abcd\nefg\r\n", limits=limits)] == [b"abcd\n", b"efg\r\n"]
        assert [e.raw for e in parse(b"abcde", limits=limits)] == [b"abcde"]

    @pytest.mark.rule("limit-line")
    def test_a_longer_line_comes_in_pieces_of_its_number(self) -> None:
        events = parse(b"abcdefghijk\nl\n", limits=Limits(max_line=5))
        assert events == [Log(1, "abcde", b""), Log(1, "fghij", b""), Log(1, "k"), Log(2, "l")]
        assert parse(b"abcde\n", limits=Limits(max_line=5)) == [Log(1, "abcde", b""), Log(1, "")]

    @pytest.mark.rule("limit-line")
    def test_long_lines_at_the_default_limits(self) -> None:
        data = b"a" * 3_000_000 + b"\n" + b"b" * 400_000 + b"\nc\n"
        sizes = [(event.line, len(event.raw)) for event in parse(data)]
        assert sizes == [(1, 1 << 20), (1, 1 << 20), (1, 3_000_001 - (1 << 21)), (2, 400_001), (3, 2)]
        assert [len(e.raw) for e in parse(data, limits=Limits(max_line=None))] == [3_000_001, 400_001, 2]

    @pytest.mark.rule("limit-payload")
    def test_the_rest_of_an_oversized_line_is_log(self) -> None:
        data = RESULT + b"[1234567890]\nnext\n"
        head, rest, following = parse(data, limits=Limits(max_payload=20))
        assert isinstance(head, Violation)
        assert (head.code, head.marker, head.raw) == ("payload-too-large", "result", data[:20])
        assert (head.error_line, head.column, head.offset) == (1, 21, 20)
        assert (rest, following) == (Log(1, "234567890]"), Log(2, "next"))

    @pytest.mark.rule("limit-payload")
    def test_the_rest_of_an_oversized_block_is_log_up_to_its_fence(self) -> None:
        data = b"log\n" + FENCE + b"\n[1,\n2,\n" + INTERIM + b" 3\n" + FENCE + b" \n" + INTERIM + b" 4\n"
        _, head, *rest, last = parse(data, limits=Limits(max_payload=32))
        assert isinstance(head, Violation)
        assert (head.code, head.line, head.raw) == ("payload-too-large", 2, FENCE + b"\n[1,\n2")
        assert (head.error_line, head.column) == (4, 2)
        assert [(e.line, e.raw) for e in rest] == [(4, b",\n"), (5, INTERIM + b" 3\n"), (6, FENCE + b" \n")]
        assert all(isinstance(e, Log) for e in rest)
        assert isinstance(last, InterimResult)
        assert last.line == 7

    @pytest.mark.rule("limit-payload")
    def test_the_closing_fence_closes_also_where_the_cut_is_in_it(self) -> None:
        block = FENCE + b"\n1\n" + FENCE + b"\n"
        for size in range(len(FENCE) + 1, len(block)):
            events = parse(block + RESULT + b" 1\n", limits=Limits(max_payload=size))
            assert isinstance(events[0], Violation)
            assert events[0].raw == block[:size]
            assert isinstance(events[-1], Violation)
            assert events[-1].code == "duplicate-result"

    @pytest.mark.rule("limit-payload")
    def test_a_payload_of_the_limit_is_accepted(self) -> None:
        data = RESULT + b"[1234567890]\n"
        assert isinstance(only(data, Limits(max_payload=len(data))), Result)

    @pytest.mark.rule("limit-payload", "eof-line")
    @pytest.mark.parametrize(
        ("line", "kind"), [(RESULT + b" 1", Result), (INTERIM + b" 1", InterimResult), (FENCE, Violation)]
    )
    def test_a_last_line_without_lf_keeps_to_the_limit_to_the_byte(self, line: bytes, kind: type) -> None:
        for chunks in ([line], bytewise(line)):
            (event,) = feed_all(chunks, Limits(max_payload=len(line)))
            assert isinstance(event, kind)
            assert not isinstance(event, Violation) or event.code == "unterminated-block"
            event, rest = feed_all(chunks, Limits(max_payload=len(line) - 1))
            assert isinstance(event, Violation)
            assert event.code == "payload-too-large"
            assert rest == Log(1, line[-1:].decode(), b"")

    @pytest.mark.rule("json-limits")
    def test_the_order_of_the_codes(self) -> None:
        limits = Limits(max_payload=60, max_depth=3, max_digits=4)
        deep, bad, long = b"[[[[12345", b"[12345", b"[12345]"
        first = RESULT + b"0\n"
        cases = {
            RESULT + deep: "payload-too-deep",
            RESULT + bad: "invalid-json",
            RESULT + long: "number-too-long",
            first + RESULT + deep: "duplicate-result",
            first + FENCE + b"\n" + deep: "unterminated-block",
            first + FENCE + b"\n" + deep + b" " * 60: "payload-too-large",
        }
        assert {data: violation(data, limits).code for data in cases} == cases

    def test_advice_to_raise_a_limit_ends_the_message(self) -> None:
        limits = Limits(max_payload=100, max_depth=2, max_digits=3)
        for data, name in (
            (RESULT + b" " * 100, "max_payload"),
            (RESULT + b"[[[]]]", "max_depth"),
            (FENCE + b"\n[[[\n" + RESULT + b"1\n" + FENCE, "max_depth"),
            (RESULT + b"1234", "max_digits"),
        ):
            assert violation(data, limits).message.endswith(f", or raise Limits.{name}")


class TestArguments:
    def test_limits_are_limits(self) -> None:
        with pytest.raises(TypeError, match=r"limits is None: give Limits\(...\)"):
            Parser(limits=None)  # type: ignore[arg-type]

    def test_limits_are_checked(self) -> None:
        for name in ("max_line", "max_payload", "max_digits"):
            with pytest.raises(ValueError, match=f"{name} is 0: the least value is 1; None means no limit"):
                Limits(**{name: 0})
        for depth in (-1, 129):
            with pytest.raises(ValueError, match=f"max_depth is {depth}: it goes from 0 to 128"):
                Limits(max_depth=depth)
        assert (Limits(max_depth=0).max_depth, Limits().max_depth) == (0, 128)
        for none in (None, "5", True):
            with pytest.raises(TypeError, match=f"max_depth is {none!r}: give an int from 0 to 128"):
                Limits(max_depth=none)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="max_line is '5': give an int, or None"):
            Limits(max_line="5")  # type: ignore[arg-type]

    def test_a_limit_is_checked_also_after_one_that_is_lifted(self) -> None:
        with pytest.raises(ValueError, match="max_digits is 0"):
            Limits(max_line=None, max_payload=None, max_digits=0)
