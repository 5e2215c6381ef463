"""What the specification says beyond the rules: when events come, where cuts fall, how nesting is counted."""

from __future__ import annotations

import pytest

from planqk_protocol import Event, Limits, Log, Parser, Violation, ViolationCode, parse

FENCE = b"PlanQK:Job:MultilineResult"


def arrivals(stream: bytes, limits: Limits) -> list[tuple[int, Event]]:
    """The events of a stream fed byte by byte, each with the number of bytes it took; 0 for the end."""
    parser = Parser(limits=limits)
    found = [(at, event) for at in range(1, len(stream) + 1) for event in parser.feed(stream[at - 1 : at])]
    return found + [(0, event) for event in parser.close()]


def pieces(stream: bytes, limits: Limits) -> list[tuple[int, bytes]]:
    """The same, with the bytes of the events for the events."""
    return [(at, event.raw) for at, event in arrivals(stream, limits)]


@pytest.mark.rule("limit-payload", "latency")
def test_a_payload_is_too_large_at_the_first_byte_beyond_the_limit() -> None:
    line = b"PlanQK:Job:Result: 1234\n"
    assert pieces(line, Limits(max_payload=20)) == [(21, line[:20]), (24, line[20:])]


@pytest.mark.rule("limit-payload", "latency")
def test_a_limit_within_the_marker_waits_for_the_kind_of_the_line() -> None:
    line = b"PlanQK:Job:Result: 1\n"
    assert pieces(line, Limits(max_payload=5)) == [(18, line[:5]), (21, line[5:])]


@pytest.mark.rule("fence-line", "limit-payload")
@pytest.mark.parametrize(("limit", "judged"), [(1, 52), (51, 52), (52, 53), (70, 71)])
def test_a_fence_beyond_the_limit_is_judged_by_its_first_bytes(limit: int, judged: int) -> None:
    limits = Limits(max_payload=limit)
    rest = b"\n1\n" + FENCE + b"\nlast\n"
    fence = FENCE.ljust(judged)
    (at, violation), *after = arrivals(fence + b"x" + rest, limits)
    assert isinstance(violation, Violation)
    assert (at, violation.code, violation.raw) == (judged, ViolationCode.PAYLOAD_TOO_LARGE, fence[:limit])
    assert all(isinstance(event, Log) for _, event in after)
    assert after[-1][1] == Log(4, "last")

    text = FENCE.ljust(judged - 1) + b"x"
    assert parse(text + rest, limits=limits)[0] == Log(1, text.decode())


@pytest.mark.rule("limit-line", "latency")
def test_a_piece_comes_when_it_is_full_or_known_to_be_no_marker() -> None:
    limits = Limits(max_line=4)
    assert pieces(b"abcdefghi\n", limits) == [(4, b"abcd"), (8, b"efgh"), (10, b"i\n")]
    assert pieces(b"PlanQK!..\n", limits) == [(7, b"Plan"), (8, b"QK!."), (10, b".\n")]
    assert pieces(b"PlanQK", limits) == [(0, b"Plan"), (0, b"QK")]


@pytest.mark.rule("limit-line", "line-crlf")
def test_a_terminator_that_is_cut_in_two_leaves_its_cr_as_content() -> None:
    events = parse(b"abc\r\n", limits=Limits(max_line=4))
    assert events == [Log(1, "abc\r", b""), Log(1, "", b"\n")]
    assert parse(b"abcd\r\n", limits=Limits(max_line=4)) == [Log(1, "abcd", b""), Log(1, "", b"\r\n")]


@pytest.mark.rule("limit-line")
def test_a_character_that_is_cut_in_two_shows_in_both_pieces() -> None:
    events = parse("abcäd\n".encode(), limits=Limits(max_line=4))
    assert events == [
        Log(1, "abc\N{REPLACEMENT CHARACTER}", b"", b"abc\xc3"),
        Log(1, "\N{REPLACEMENT CHARACTER}d", b"\n", b"\xa4d"),
    ]


@pytest.mark.rule("limit-payload", "limit-line")
def test_what_follows_the_cut_is_log_text_cut_anew() -> None:
    limits = Limits(max_payload=40, max_line=20)
    inside = b'["' + b"x" * 40 + b"\nPlanQK:Job:Result: 1\n"
    block = FENCE + b"\n" + inside + FENCE + b"\n"
    (_, violation), *after = arrivals(block + b"PlanQK:Job:InterimResult: 1\n", limits)
    assert violation.raw == block[:40]
    assert [event.raw for _, event in after] == [
        block[40:60],
        block[60:70],
        b"PlanQK:Job:Result: 1",
        b"\n",
        b"PlanQK:Job:Multiline",
        b"Result\n",
        b"PlanQK:Job:InterimResult: 1\n",
    ]
    assert [event.line for _, event in after] == [2, 2, 3, 3, 4, 4, 5]
    assert [at for at, _ in after] == [60, 70, 90, 91, 111, 118, 146]  # no piece waits to be known


@pytest.mark.rule("limit-payload", "block")
def test_a_cut_through_the_closing_fence_still_closes_the_block() -> None:
    block = FENCE + b"\n[]\n" + FENCE + b"\n"
    violation, rest, last = parse(block + b"last\n", limits=Limits(max_payload=40))
    assert isinstance(violation, Violation)
    assert violation.raw + rest.raw == block
    assert last == Log(4, "last")


@pytest.mark.rule("limit-payload", "eof-block")
def test_a_block_that_is_too_large_is_not_unterminated_as_well() -> None:
    first, *after = parse(FENCE + b"\n[1,\n2,\n", limits=Limits(max_payload=30))
    assert isinstance(first, Violation)
    assert first.code is ViolationCode.PAYLOAD_TOO_LARGE
    assert all(isinstance(event, Log) for event in after)


@pytest.mark.rule("json-limits")
@pytest.mark.parametrize(
    ("payload", "at"),
    [
        (b"[[[ x", 2),  # before the JSON breaks
        (b"x [[[", 4),  # after it broke
        (b"\xff[{[", 3),  # also where it is not UTF-8
        (b"]]}[[[[[[", 8),  # below zero
        (b'["[[[" [ [', 9),  # not in strings
        (rb"\"[[[", 4),  # an escaped quote begins no string
        (rb'\\"[[["[[[', 9),  # an escaped backslash escapes nothing
    ],
)
def test_nesting_is_counted_on_brackets_outside_strings(payload: bytes, at: int) -> None:
    marker = b"PlanQK:Job:Result:"
    [violation] = parse(marker + payload + b"\n", limits=Limits(max_depth=2))
    assert isinstance(violation, Violation)
    assert (violation.code, violation.offset) == (ViolationCode.PAYLOAD_TOO_DEEP, len(marker) + at)


@pytest.mark.rule("json-limits")
@pytest.mark.parametrize("payload", [b'["[[[', rb'["[[\"[', b"]][[[["])
def test_brackets_that_do_not_nest_too_deep_leave_it_to_the_json(payload: bytes) -> None:
    [violation] = parse(b"PlanQK:Job:Result:" + payload + b"\n", limits=Limits(max_depth=2))
    assert isinstance(violation, Violation)
    assert violation.code is ViolationCode.INVALID_JSON


@pytest.mark.rule("json-limits")
def test_integers_are_measured_in_valid_json_only() -> None:
    limits = Limits(max_digits=3)
    faults = [
        parse(b"PlanQK:Job:Result:" + text, limits=limits)[0] for text in (b"[-1234]", b"[1234", b"[1234.5]")
    ]
    assert [getattr(fault, "code", None) for fault in faults] == ["number-too-long", "invalid-json", None]
    assert getattr(faults[0], "column", None) == 21


@pytest.mark.rule("first-wins")
def test_a_duplicate_is_not_decoded() -> None:
    stream = b"PlanQK:Job:Result: 1\nPlanQK:Job:Result: {nonsense\n" + FENCE + b"\n\xff\n" + FENCE + b"\n"
    _, line, block = parse(stream)
    for duplicate, start in ((line, 21), (block, 50)):
        assert isinstance(duplicate, Violation)
        assert (duplicate.code, duplicate.column, duplicate.offset) == ("duplicate-result", 1, start)
