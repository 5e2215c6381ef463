"""The bounds a parser keeps, whatever a job prints."""

from __future__ import annotations

import msgspec

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a line, a payload, its nesting and its integers is accepted.

    Each limit judges a logical line, block or payload by its own bytes, never
    by how the stream was cut into chunks. ``None`` lifts a limit.

    Attributes:
        max_line: Longest log line kept in one piece, in bytes, terminator
            included; at least 1. A longer one comes out as several `Log` events
            (rule ``limit-line``). Default 1 MiB.
        max_payload: Longest marker line or block, in bytes, marker and fences
            included; at least 1. A longer one is a violation
            ``payload-too-large`` (rule ``limit-payload``). Default 64 MiB.
        max_depth: Deepest nesting of arrays and objects in a payload; 0 allows
            scalars only (rule ``json-limits``). Default 256.
        max_digits: Longest integer in a payload, in digits without the sign; at
            least 1 (rule ``json-limits``). Default 4300.

    Raises:
        TypeError: A limit is neither an ``int`` nor ``None``.
        ValueError: A limit is smaller than its least value.

    >>> Limits(max_line=1000).max_payload
    67108864
    """

    max_line: int | None = 1024 * 1024
    max_payload: int | None = 64 * 1024 * 1024
    max_depth: int | None = 256
    max_digits: int | None = 4300

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            limit = getattr(self, name)
            if limit is None:
                continue
            if type(limit) is not int:
                raise TypeError(f"{name} is {limit!r}: give an int, or None for no limit")
            least = 0 if name == "max_depth" else 1
            if limit < least:
                raise ValueError(f"{name} is {limit}: the least value is {least}; None means no limit")
