"""Framing by itself: the segments of a chunk, and how their ends are searched for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol.framing import Lines, rarest
from planqk_protocol.grammar import load_table
from tests.strategies import FENCE, INTERIM, RESULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

TABLE = load_table()
RARE = b"Q"

# Heavy in the rare byte, in pieces of the needle and in lengths that decide between the two searches.
texts = st.lists(
    st.sampled_from(
        [
            *(
                b"Q",
                b"P",
                b"\n",
                b"\n",
                b"QQQQ",
                b"Plan",
                b"QK:Job:",
                b"PlanQK:Job:",
                b"\nPlanQK:Job:",
                b"\r\n",
            ),
            *(INTERIM + b" 1\n", INTERIM[:-1] + b" 1\n", RESULT + b"2\n", FENCE + b"\n", b"\n" + INTERIM),
            *(b"x" * 300, b"x" * 1023 + b"Q", b"x" * 1024 + b"Q", b"x" * 4500, b"log\n" * 300),
        ]
    ),
    max_size=40,
).map(b"".join)


def kinds_of_lines(data: bytes) -> list[tuple[str, bytes]]:
    """What each line of a chunk is, line by line."""
    lines = data.split(b"\n")
    whole = [line + b"\n" for line in lines[:-1]]
    return [(TABLE.classify(line, 0, len(line)), line) for line in whole]


@given(texts)
@example(b"\n" * 5000 + b"PlanQK:Job:Result: 1\n")
@example(b"\nPlanQK:Job:Result: 1\n" + b"x" * 5000)
@example(b"Q" * 5000 + b"\nPlanQK:Job:Result: 1\n")
@example(b"anQK:Job:\n" + b"x" * 5000 + b"\nPl")
@example((INTERIM + b"1\n") * 2500 + INTERIM)
@example((INTERIM[:-1] + b" 1\n") * 3 + (INTERIM + b" 1\n") * 3)
@example(INTERIM[:-1] + b"\n" + INTERIM[:-1] + b"\n" + INTERIM[:-1] + b"\n")
def test_segments_are_the_lines_of_a_chunk(data: bytes) -> None:
    found: list[tuple[str | None, bytes]] = []
    at = 0
    for kind, start, stop, complete, lines, payload_start in Lines(TABLE, None).feed(data):
        assert start == at, "segments are in a row"
        assert stop > start
        at = stop
        if not complete:
            assert b"\n" not in data[start:stop]
            assert stop == len(data)
        elif lines:
            assert b"".join(lines) == data[start:stop]
            assert {TABLE.payload_start(line) for line in lines} == {payload_start}
            found += [(kind, line) for line in lines]
        else:
            found += [(kind, line + b"\n") for line in data[start : stop - 1].split(b"\n")]
    assert at == len(data)
    assert found == kinds_of_lines(data)


@pytest.mark.rule("chunking")
@given(texts, st.lists(st.integers(0, 3000), max_size=4))
def test_a_chunk_that_begins_within_a_line_has_the_same_kinds(data: bytes, places: list[int]) -> None:
    lines, kinds = Lines(TABLE, None), []
    at = 0
    for place in [*sorted(places), len(data)]:
        for kind, start, stop, complete, _, _ in lines.feed(data[at:place]):
            piece = data[at + start : at + stop]
            kinds += [kind] * (piece.count(b"\n") if complete else 0)
        at = max(at, place)
    assert kinds == [kind for kind, _ in kinds_of_lines(data)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\nPlanQK:Job:", b"Q"),
        (b"\n", b"\n"),
        (b"\n::", b"\n"),
        (b"\nabc", b"b"),
        (b"\naz", b"z"),
        (b"\nzE", b"E"),
        (b"\n9E", b"E"),
        (b"\nJQ", b"Q"),
        (b"\nQQ", b"Q"),
    ],
)
def test_the_rarest_byte_is_the_capital_that_english_has_least(text: bytes, expected: bytes) -> None:
    place = rarest(text)
    assert text[place : place + 1] == expected
    assert place == text.index(expected)


def searches(data: bytes) -> int:
    """How many calls of ``bytes.find`` the framing of a chunk takes."""
    count = 0

    def profile(_: FrameType, event: str, function: Any) -> None:
        nonlocal count
        count += event == "c_call" and function.__name__ == "find" and function.__self__ is data

    before: Callable[..., object] | None = sys.getprofile()
    sys.setprofile(profile)
    try:
        list(Lines(TABLE, None).feed(data))
    finally:
        sys.setprofile(before)
    return count


SIZE = 256 * 1024


def test_a_log_without_the_rare_byte_takes_one_search() -> None:
    assert searches(b"log line\n" * (SIZE // 9)) <= 2


@pytest.mark.parametrize(
    "line", [b"Q\n", b"PlanQK\n", b"a line with a Q in it, as each of the others has one\n"]
)
def test_a_log_full_of_the_rare_byte_is_searched_for_the_needle(line: bytes) -> None:
    """A miss takes as long as the other search takes for 1 KiB, and counting lines takes at least as long."""
    assert searches(line * (SIZE // len(line))) <= SIZE // 16384 + 3
    assert searches(line * (4000 // len(line))) <= 2, "a small chunk is not tried at all"


def test_misses_far_from_each_other_do_not_count() -> None:
    """Each of them saves more of the other search than it costs."""
    assert searches((b"x" * 2000 + b"Q\n") * 100) >= 100


def test_marked_lines_in_a_row_are_one_segment() -> None:
    segments = list(Lines(TABLE, None).feed((INTERIM + b"1\n") * 2500 + b"log\n" + INTERIM + b"1\n"))
    assert [len(lines) for _, _, _, _, lines, _ in segments] == [1000, 1000, 500, 0, 1]
