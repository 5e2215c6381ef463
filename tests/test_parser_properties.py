"""Properties of the parser that hold for every stream, every limit and every chunking."""

from __future__ import annotations

import copy
import pickle
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import Event, Limits, Log, MultilineResult, Parser, Result, Violation, parse, to_record
from tests.reference import expected_events
from tests.strategies import (
    FENCE,
    INTERIM,
    RESULT,
    all_limits,
    bytewise,
    cut,
    cuts,
    feed_all,
    streams,
    tiny_limits,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NO_LIMITS = Limits(max_line=None, max_payload=None, max_digits=None)


@pytest.mark.rule("chunking", "limit-line", "limit-payload")
@given(streams, all_limits, cuts, st.booleans())
@example(FENCE + b" " * 50 + b"x\n", Limits(max_payload=60), [7, 27, 40], True)
@example(FENCE + b"\n1\n", Limits(max_payload=5), [], True)
@example(RESULT + b" 1\nlog\n", Limits(max_payload=5), [], True)
@example(FENCE + b" " * 70 + b"x\n" + RESULT + b"1\n", Limits(max_payload=60), [27], True)
def test_events_do_not_depend_on_chunks(data: bytes, limits: Limits, places: list[int], logs: bool) -> None:
    whole = feed_all([data], limits, logs=logs)
    assert feed_all(cut(data, places), limits, logs=logs) == whole
    assert feed_all(bytewise(data), limits, logs=logs) == whole


@pytest.mark.rule("lossless", "total", "limit-line", "limit-payload")
@given(streams, all_limits)
def test_every_byte_belongs_to_one_event(data: bytes, limits: Limits) -> None:
    assert b"".join(event.raw for event in parse(data, limits=limits)) == data


@pytest.mark.rule(
    "line-lf", "line-crlf", "marker-column", "result-line", "interim-line", "fence-line", "block", "log",
    "json", "first-wins", "interim-anywhere", "eof-line", "eof-block",
)  # fmt: skip
@given(streams)
def test_events_are_those_of_the_plain_reference(data: bytes) -> None:
    def seen(event: Event) -> tuple[object, ...]:
        record = to_record(event)
        assert record.get("terminated", True) is event.terminated
        return record.get("code", record["type"]), event.line, event.raw, event.terminated

    events = parse(data, limits=NO_LIMITS)
    assert [seen(event) for event in events] == expected_events(data)


@pytest.mark.rule("block", "eof-line", "eof-block")
@given(streams)
@example(FENCE + b"\n" + RESULT + b" 1")
def test_a_message_names_the_line_in_a_block_that_begins_with_a_marker(data: bytes) -> None:
    lines = data.split(b"\n")
    for event in parse(data):
        if isinstance(event, Violation) and (found := re.search(r"line (\d+) begins with a", event.message)):
            assert lines[int(found[1]) - 1].startswith((RESULT, INTERIM[:-1]))


@pytest.mark.rule("latency")
@given(streams)
@example(FENCE + b"\n1\n" + FENCE)
def test_an_event_comes_with_its_last_byte(data: bytes) -> None:
    parser = Parser()
    reported = 0
    for fed, byte in enumerate(bytewise(data), start=1):
        for event in parser.feed(byte):
            reported += len(event.raw)
            assert reported == fed
    assert b"\n" not in data[reported:] or data.startswith(FENCE, reported)  # a block that is open


@pytest.mark.rule("latency", "limit-line")
@given(st.lists(st.sampled_from([b"a", b"\xff", b"\r", b"\n", b"-" * 30])).map(b"".join), st.integers(1, 40))
def test_a_piece_of_a_long_line_comes_as_soon_as_it_is_full(data: bytes, max_line: int) -> None:
    parser = Parser(limits=Limits(max_line=max_line))
    waiting = 0
    for byte in bytewise(data):
        waiting += 1 - sum(len(event.raw) for event in parser.feed(byte))
        assert waiting < max_line
        assert waiting == 0 or byte != b"\n"


@pytest.mark.rule("chunking")
@given(streams, all_limits, st.integers(0, 400))
def test_events_of_a_prefix_are_a_prefix_of_the_events(data: bytes, limits: Limits, size: int) -> None:
    before = Parser(limits=limits).feed(data[:size])
    assert parse(data, limits=limits)[: len(before)] == before


@pytest.mark.rule("first-wins")
@given(streams, all_limits)
def test_at_most_one_result_and_it_is_the_first(data: bytes, limits: Limits) -> None:
    parser = Parser(limits=limits)
    events = parser.feed(data) + parser.close()
    final = [event for event in events if isinstance(event, Result | MultilineResult)]
    assert final == ([parser.result] if parser.result else [])
    takers = [e for e in events if e in final or (isinstance(e, Violation) and e.marker != "interim_result")]
    assert takers[: len(final)] == final
    too_late = ("duplicate-result", "payload-too-large", "unterminated-block")
    assert all(isinstance(e, Violation) and e.code in too_late for e in takers[1:])


@pytest.mark.rule("limit-line")
@given(streams, st.integers(1, 40))
def test_pieces_of_a_long_line_are_full_but_for_the_last(data: bytes, max_line: int) -> None:
    whole = {e.line: e.raw for e in parse(data) if isinstance(e, Log)}
    pieces: dict[int, list[bytes]] = {}
    for event in parse(data, limits=Limits(max_line=max_line)):
        if isinstance(event, Log):
            pieces.setdefault(event.line, []).append(event.raw)
    for line, raw in whole.items():
        assert pieces[line] == [raw[i : i + max_line] for i in range(0, len(raw), max_line)]


@pytest.mark.rule("limit-payload")
@given(streams, st.integers(1, 80))
def test_an_oversized_payload_is_cut_at_the_limit(data: bytes, max_payload: int) -> None:
    limits = Limits(max_payload=max_payload)
    offset = 0
    for event in parse(data, limits=limits):
        if isinstance(event, Violation) and event.code == "payload-too-large":
            assert len(event.raw) == max_payload
            assert event.offset == offset + max_payload
        elif not isinstance(event, Log):
            assert len(event.raw) <= max_payload
        offset += len(event.raw)


@pytest.mark.rule("limit-line", "limit-payload")
@given(streams, tiny_limits)
def test_memory_is_bounded_by_the_limits(data: bytes, limits: Limits) -> None:
    parser = Parser(limits=limits)
    empty = len(pickle.dumps(parser))
    longest_head = 52
    for byte in bytewise(data):
        parser.feed(byte)
        held = len(pickle.dumps(_without_result(parser))) - empty
        assert held <= max(limits.max_line or 0, limits.max_payload or 0, longest_head) + longest_head + 100


def pickled(parser: Parser) -> Parser:
    other: Parser = pickle.loads(pickle.dumps(parser))  # noqa: S301  # our own bytes
    return other


def _without_result(parser: Parser) -> Parser:
    other = copy.copy(parser)
    other._result = None  # noqa: SLF001  # the result is the caller's as much as the parser's
    return other


@given(
    streams,
    all_limits,
    cuts,
    st.sampled_from([copy.copy, copy.deepcopy, pickled]),
)
def test_a_copy_goes_on_where_the_original_was(
    data: bytes, limits: Limits, places: list[int], clone: Callable[[Parser], Parser]
) -> None:
    parser = Parser(limits=limits)
    events = []
    for chunk in cut(data, places):
        events += parser.feed(chunk)
        original, parser = parser, clone(parser)
        original.feed(b"other\n" + FENCE + b"\nwise")
    assert events + parser.close() == parse(data, limits=limits)


@given(streams, all_limits, cuts)
def test_without_logs_all_else_is_the_same(data: bytes, limits: Limits, places: list[int]) -> None:
    marked = [event for event in parse(data, limits=limits) if not isinstance(event, Log)]
    assert feed_all(cut(data, places), limits, logs=False) == marked


@given(streams, all_limits)
def test_line_is_that_of_the_next_byte(data: bytes, limits: Limits) -> None:
    for logs in (True, False):
        parser = Parser(limits=limits, logs=logs)
        parser.feed(data)
        parser.close()
        assert parser.line == data.count(b"\n") + 1


@given(streams, all_limits)
def test_places_of_faults_are_where_they_say(data: bytes, limits: Limits) -> None:
    for event in parse(data, limits=limits):
        if isinstance(event, Violation):
            assert event.offset is not None
            line_start = data.rfind(b"\n", 0, event.offset) + 1
            assert event.error_line == data.count(b"\n", 0, event.offset) + 1
            assert event.column == len(data[line_start : event.offset].decode(errors="replace")) + 1


in_a_row = st.lists(
    st.sampled_from(
        [
            *(INTERIM + b" 1\n", INTERIM + b' {"a": 1}\r\n', INTERIM + b"\n", INTERIM + b" nonsense\n"),
            *(INTERIM[:-1] + b" 1\n", INTERIM[:-1] + b"2\n", INTERIM + b"[" * 9 + b"]" * 9 + b"\n"),
            *(RESULT + b" 3\n", RESULT + b" 4\r\n", FENCE + b"\n", INTERIM + b" " * 40 + b"5\n", b"log\n"),
        ]
    ).flatmap(lambda line: st.integers(1, 4).map(lambda times: line * times)),
    max_size=12,
).map(b"".join)


@pytest.mark.rule("interim-line", "chunking", "limit-payload", "first-wins")
@given(in_a_row, st.sampled_from([Limits(), Limits(max_payload=50), Limits(max_depth=2)]), cuts)
def test_marked_lines_in_a_row_are_those_that_come_one_by_one(
    data: bytes, limits: Limits, places: list[int]
) -> None:
    one_by_one = feed_all(data.splitlines(keepends=True), limits)
    assert feed_all([data], limits) == one_by_one
    assert feed_all(cut(data, places), limits) == one_by_one


def test_many_interim_results_in_a_row_have_their_lines_and_places() -> None:
    parser = Parser()
    events = parser.feed((INTERIM + b" 1\n") * 2500 + INTERIM + b" x\n" + INTERIM + b" 2\n")
    assert [event.line for event in events] == list(range(1, 2503))
    violation = events[2500]
    assert isinstance(violation, Violation)
    assert violation.offset == 2500 * (len(INTERIM) + 3) + len(INTERIM) + 1
    assert parser.line == 2503
