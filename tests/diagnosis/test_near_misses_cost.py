"""The time that it takes to judge a line grows no faster than the line."""

from __future__ import annotations

import functools
import time
import timeit

import pytest

from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.near_misses import near_miss

HARD = [
    *(
        "Q",
        "planq ",
        "PlanQK:Job:",
        ":Job:",
        "plan qk:job:",
        "pl",
        "p",
        ": ",
        ":\tjob",
        "a1 ",
        "[x",
        "a.b:",
        "a(",
        "1.",
    ),
    *(
        " ",
        "\u200b",
        "\r",
        "\r\x1b[K",
        "\x1b[1",
        "\x1b]0;",
        "+ ",
        "2026-01-01 ",
        '"msg":"',
        "msg=",
        "the ",
        '\\"',
        "INFO ",
    ),
]


@pytest.mark.parametrize("piece", HARD)
def test_the_time_grows_with_the_length_of_a_line(piece: str) -> None:
    def seconds(size: int) -> float:
        line = Line((piece * (size // len(piece)) + f"PlanQK:Job:Result: {piece * 9}").encode(), 1, 0)
        search = functools.partial(near_miss, line, in_block=False)
        return min(timeit.repeat(search, timer=time.thread_time, number=1, repeat=5))

    # 16 times as long; quadratic, it would take 256 times as much.
    assert seconds(1 << 16) < 100 * seconds(1 << 12)
