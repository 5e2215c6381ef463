"""LineSearch: every line with an anchor is looked at, wherever the chunks are cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import parse
from planqk_protocol.diagnosis.anchors import Anchors
from planqk_protocol.diagnosis.line_search import (
    WINDOW,
    AnchoredLine,
    FirstLine,
    LineSearch,
    MarkedLine,
    NextLine,
)

AROUND = rb"[ :_.;\-\0\x80-\xff]"
ANCHOR = re.compile(
    rb"[Qq][Kk]%b|[nN][Qq][Kk]|[nN\0\x80-\xff]Q[Kk]|[nN\0\x80-\xff]Q%b|:Job:" % (AROUND, AROUND)
)
PIECES = st.one_of(
    st.sampled_from(
        [
            *(b"PlanQK:Job:Result: 42", b"PlanQK:Job:InterimResult:", b"PlanQK:Job:MultilineResult", b"\n"),
            *(b"planqk", b"Q", b"n", b"K", b"k", b"q", b"\0", b":Job:", b" ", b"\r\n", b"}", b"\xc3\xa4"),
            *(b"\xc3", b"\xe2\x82", b"x" * 5000, b"\xe2\x82\xac" * 1500, b"Q" * 100, b"\n", b"\n"),
        ]
    ),
    st.binary(max_size=5),
)
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)


def found(chunks: list[bytes]) -> list[FirstLine | AnchoredLine | MarkedLine | NextLine]:
    search = LineSearch()
    line = 1
    every: list[FirstLine | AnchoredLine | MarkedLine | NextLine] = []
    for chunk in chunks:
        every += search.feed(chunk, line)
        line += chunk.count(b"\n")
        assert search.line == line
    assert search.offset == sum(map(len, chunks))
    return every + list(search.close())


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[start:stop] for start, stop in pairwise(places)]


@given(data=STREAMS, cuts=st.lists(st.integers(0, 100_000), max_size=8))
@example(data=b"\x80" * 9000 + b"nQK" + b"\x80" * 9000, cuts=[8500, 9001]).via(
    "no whole character near an anchor"
)
@example(data=b"a" * 4096 + b"Q", cuts=[4097]).via("an anchor that the end of the chunk cuts")
def test_no_chunk_changes_what_is_found(data: bytes, cuts: list[int]) -> None:
    assert found(cut(data, cuts)) == found([data])


@given(data=STREAMS)
def test_what_is_found_does_not_change_byte_by_byte(data: bytes) -> None:
    data = data[:20_000]
    assert found([data[at : at + 1] for at in range(len(data))]) == found([data])


@given(data=STREAMS)
def test_each_anchor_is_found(data: bytes) -> None:
    anchors, at, places = Anchors(data, len(data)), 0, set()
    while (at := anchors.find(at)) < len(data):
        places.add(at)
        at += 1
    matches = [match for start in range(len(data)) if (match := ANCHOR.match(data, start))]
    letters = [match.start() + re.search(rb"[QqJ]", match[0]).start() for match in matches]  # type: ignore[union-attr]
    assert places == set(letters)


@given(data=STREAMS)
def test_every_line_with_an_anchor_is_looked_at(data: bytes) -> None:
    items = found([data])
    looked_at = {item.line.number for item in items if isinstance(item, AnchoredLine)}
    looked_at |= {item.number for item in items if isinstance(item, MarkedLine)}
    lines = [line.removesuffix(b"\r") for line in data.split(b"\n")]
    for number, line in enumerate(lines, 1):
        if len(line) <= WINDOW and ANCHOR.search(line):
            assert number in looked_at


@given(data=STREAMS)
@example(data="€".encode() * 1500 + b"QPlanQK:" + b"x" * 5000).via("the part begins in a character")
def test_places_are_those_of_the_stream(data: bytes) -> None:
    for item in found([data]):
        if isinstance(item, MarkedLine):
            assert data[item.offset :].startswith(item.beginning)
            assert data.count(b"\n", 0, item.offset) == item.number - 1
        else:
            line = item.line
            assert data[line.offset :].startswith(line.data)
            assert len(line.data) <= WINDOW
            start = data.rfind(b"\n", 0, line.offset) + 1
            assert line.number == data.count(b"\n", 0, start) + 1
            assert line.column == len(data[start : line.offset].decode(errors="replace")) + 1
            end = data.find(b"\n", line.offset)
            rest = data[line.offset : end if end >= 0 else len(data)]
            assert line.is_end == (rest.removesuffix(b"\r") == line.data.removesuffix(b"\r"))


@given(data=STREAMS)
def test_marked_lines_are_those_of_the_parser(data: bytes) -> None:
    events = [event for event in parse(data, logs=False) if event.raw]
    numbers = {item.number for item in found([data]) if isinstance(item, MarkedLine)}
    assert {event.line for event in events} <= numbers


@pytest.mark.parametrize(
    ("data", "next_lines"),
    [
        (b"PlanQK:Job:Result:\n{}\n", [(1, b"{}")]),
        (b"PlanQK:Job:Result:\r\n{}\r\n", [(1, b"{}")]),
        (b"PlanQK:Job:Result:  a b\n0 1", [(1, b"0 1")]),
        (b"PlanQK:Job:Result: {}\n0 1", []),
        (b"PlanQK:Job:Result:", []),
        (b"PlanQK:Job:Result:\n" + b"x" * 9000 + b"\n", [(1, b"x" * WINDOW)]),
        (b"PlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: 1\n", [(1, b"PlanQK:Job:Result: 1")]),
    ],
)
def test_the_line_after_an_incomplete_payload_is_given(
    data: bytes, next_lines: list[tuple[int, bytes]]
) -> None:
    given_lines = [(item.after, item.line.data) for item in found([data]) if isinstance(item, NextLine)]
    assert given_lines == next_lines


def test_markers_in_a_block_are_looked_at_and_its_end_is_marked() -> None:
    fence, marker = b"PlanQK:Job:MultilineResult\n", b"PlanQK:Job:Result: 1\n"
    items = found([fence + marker + fence + marker])
    assert [type(item) for item in items] == [MarkedLine, AnchoredLine, MarkedLine, MarkedLine]
    assert [item.is_opening for item in items if isinstance(item, MarkedLine)] == [True, False, False]
    assert [item.in_block for item in items if isinstance(item, AnchoredLine)] == [True]


def test_of_ordinary_log_text_only_the_first_line_is_looked_at() -> None:
    text = b"2026-11-21 10:00:00 INFO sequence of qubits: Job 7 is done; QUBO, SQL and BQM\n" * 1000
    (first,) = found([text])
    assert isinstance(first, FirstLine)
    assert first.line.number == 1
