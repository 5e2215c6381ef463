"""Bounds on what a parser accepts, whatever a job prints."""

from __future__ import annotations

import msgspec

__all__ = ["MAX_DEPTH", "Limits"]

MAX_DEPTH = 128
"""The deepest nesting that can be allowed. JSON libraries in C take it on a thread's stack of 64 KiB."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on lines, payloads, nesting and integers.

    Each limit judges a logical line, block or payload by its own bytes, never
    by how the stream was cut into chunks. ``None`` lifts a limit; `max_depth` cannot be lifted.

    Attributes:
        max_line: Longest log line kept in one piece, in bytes, terminator
            included; at least 1. A longer one comes out as several `Log` events
            (rule ``limit-line``). Default 1 MiB.
        max_payload: Longest marker line or block, in bytes, marker and fences
            included; at least 1. A longer one is a violation
            ``payload-too-large`` (rule ``limit-payload``). Default 64 MiB.
        max_depth: Deepest nesting of arrays and objects in a payload, from 0 to
            128 (rule ``json-limits``). 0 allows scalars only. 128 is the most that
            JSON libraries written in C take on any thread's stack. Default 128.
        max_digits: Longest integer in a payload, in digits without the sign; at
            least 1 (rule ``json-limits``). Default 4300. The time that an
            integer takes grows faster than its length: raise the limit to what
            you need rather than lift it.

    Raises:
        TypeError: A limit is neither an ``int`` nor ``None``, or `max_depth` is
            ``None``.
        ValueError: A limit is smaller than its least value, or `max_depth` is
            greater than 128.

    >>> Limits(max_line=1000).max_payload
    67108864
    """

    max_line: int | None = 1024 * 1024
    max_payload: int | None = 64 * 1024 * 1024
    max_depth: int = MAX_DEPTH
    max_digits: int | None = 4300

    def __post_init__(self) -> None:
        if type(self.max_depth) is not int:
            raise TypeError(f"max_depth is {self.max_depth!r}: give an int from 0 to {MAX_DEPTH}")
        if not 0 <= self.max_depth <= MAX_DEPTH:
            raise ValueError(f"max_depth is {self.max_depth}: it goes from 0 to {MAX_DEPTH}")
        for name in ("max_line", "max_payload", "max_digits"):
            limit = getattr(self, name)
            if limit is None:
                continue
            if type(limit) is not int:
                raise TypeError(f"{name} is {limit!r}: give an int, or None for no limit")
            if limit < 1:
                raise ValueError(f"{name} is {limit}: the least value is 1; None means no limit")
