"""The job whose output is followed: each line is known by its number, so that nobody has to keep them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Check", "SoakError", "cuts", "line", "lines"]

_INTERIM = 7  # every so many lines, there is an interim result
_LONG = 211  # or a line that engines store in several pieces


class SoakError(Exception):
    """Something is lost, doubled, altered or not flat; the message says what."""


def line(number: int) -> bytes:
    """Line `number` of the job's output, counted from 1, LF included."""
    if number % _INTERIM == 0:
        return b"PlanQK:Job:InterimResult: " + json.dumps(_value(number)).encode() + b"\n"
    return _text(number).encode() + b"\n"


def lines(first: int, count: int) -> bytes:
    """A number of lines."""
    return b"".join(map(line, range(first, first + count)))


def _value(number: int) -> dict[str, Any]:
    return {"number": number, "cost": f"{number * 0.37:.3f}"}


def _text(number: int) -> str:
    length = 50_000 if number % _LONG == 0 else number * 7919 % 160
    return f"{number} ä€ " + "x" * length


class Check:
    """What is read of the job, event record by event record: every line, once, in order.

    Args:
        reader: Who reads, in messages.
    """

    def __init__(self, reader: str) -> None:
        self.reader = reader
        self.seen = 0
        self.fault = ""

    def take(self, record: Mapping[str, Any]) -> None:
        """Take the next record.

        Raises:
            SoakError: It is not that of the next line.
        """
        number = self.seen + 1
        if number % _INTERIM == 0:
            is_right = record["type"] == "interim_result" and record.get("value") == _value(number)
        else:
            is_right = record["type"] == "log" and record.get("text") == _text(number)
        if not is_right:
            self.fault = f"{self.reader}: line {number} was to come, not {json.dumps(record)[:200]}"
            raise SoakError(self.fault)
        self.seen = number


def cuts(data: bytes, draw: random.Random) -> Iterator[bytes]:
    """The bytes in pieces, cut anywhere."""
    at = 0
    while at < len(data):
        end = at + draw.randrange(1, max(2, min(len(data), 20_000)))
        yield data[at:end]
        at = end
