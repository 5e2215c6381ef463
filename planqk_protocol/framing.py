"""Bytes to lines: where each line ends and of what kind it is.

A line is looked at once, in the chunk that brings it. Runs of unmarked lines
are found by one search for the prefix that all markers share, and passed on as
one segment; only the head of an unfinished line is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from planqk_protocol.grammar import Table

__all__ = ["Lines", "LinesMark", "Segment"]

_LF = b"\n"


Segment: TypeAlias = tuple[str | None, int, int, int, bool]
"""A slice of a chunk, whole lines or a piece of one: kind, start, stop, payload, complete.

``kind`` is the line kind, ``None`` while the bytes of the line so far leave it
open. ``start`` and ``stop`` bound the slice. ``payload`` is where the payload
of a whole marked line begins that begins in this chunk; else 0. ``complete``
tells whether the slice ends its line; a slice of several lines is always
complete, and of unmarked lines alone. A plain tuple, as this is the hot path.
"""


LinesMark: TypeAlias = tuple[bytes, int, str | None]
"""A state of `Lines` to go back to."""


class Lines:
    """Cuts chunks into segments, and remembers the line that a chunk leaves unfinished.

    Args:
        table: The protocol.
        limit: A line whose kind its whole text decides (a fence) is judged by
            its first ``limit + 1`` bytes; ``None`` for no limit.
    """

    def __init__(self, table: Table, limit: int | None) -> None:
        self._table = table
        self._payload_heads = [item for item in table.heads.items() if item[1] in table.payload_kinds]
        self._needle = _LF + table.prefix
        self._judged = None if limit is None else max(limit + 1, table.window)
        self._begin()

    def _begin(self) -> None:
        self._head = b""  # enough of an unfinished line to settle its kind, while that is open
        self._length = 0  # bytes seen of the unfinished line, while its kind is open
        self._kind: str | None = None  # its kind, once settled

    def mark(self) -> LinesMark:
        """The state, for `reset`."""
        return self._head, self._length, self._kind

    def reset(self, mark: LinesMark) -> None:
        """Go back to a state."""
        self._head, self._length, self._kind = mark

    @property
    def is_within_line(self) -> bool:
        """Whether the last line fed is unfinished."""
        return bool(self._kind or self._length)

    def feed(self, data: bytes) -> Iterator[Segment]:
        """Yield the segments of `data`, which together are `data`."""
        at = 0
        size = len(data)
        if self._kind or self._length:
            stop = data.find(_LF) + 1
            yield self._piece(data, 0, stop or size, complete=stop > 0)
            at = stop or size
        prefix, needle, text = self._table.prefix, self._needle, self._table.text
        payload_heads = self._payload_heads
        while at < size:
            marked = at if data.startswith(prefix, at) else data.find(needle, at) + 1 or size
            if marked == size:
                stop = data.rfind(_LF, at) + 1
                if stop:
                    yield text, at, stop, 0, True
                if size > (stop or at):
                    yield self._piece(data, stop or at, size, complete=False)
                return
            if marked > at:
                yield text, at, marked, 0, True
            at = data.find(_LF, marked) + 1
            if not at:
                yield self._piece(data, marked, size, complete=False)
                return
            for head, kind in payload_heads:
                if data.startswith(head, marked):
                    yield kind, marked, at, marked + len(head), True
                    break
            else:
                yield self._judge(data, marked, at), marked, at, 0, True

    def close(self) -> Segment | None:
        """The end of an unfinished last line, an empty and complete segment, if there is one."""
        if not (self._kind or self._length):
            return None
        kind = self._kind or self._table.classify(self._head, 0, len(self._head))
        self._begin()
        return kind, 0, 0, 0, True

    def _judge(self, data: bytes, start: int, stop: int) -> str:
        """The kind of a whole line that its head does not settle."""
        judged = stop if self._judged is None else min(stop, start + self._judged)
        return self._table.classify(data, start, judged)

    def _is_open(self, kind: str) -> bool:
        """Whether further bytes may turn a line of this kind into text."""
        return kind != self._table.text and kind not in self._table.payload_kinds

    def _piece(self, data: bytes, start: int, stop: int, *, complete: bool) -> Segment:
        """A segment of an unfinished line, with as much of its kind as can be known."""
        kind = self._kind or self._grow(data, start, stop, complete=complete)
        if complete:
            self._begin()
        return kind, start, stop, 0, complete

    def _grow(self, data: bytes, start: int, stop: int, *, complete: bool) -> str | None:
        """The kind of an unfinished line with another piece of it, if that settles it."""
        table = self._table
        judged = stop if self._judged is None else min(stop, start + self._judged - self._length)
        self._length += stop - start
        head = self._head + data[start : min(judged, start + table.window)]
        kind = table.classify(head, 0, len(head))
        if self._is_open(kind):
            head = self._head + data[start:judged]
            kind = table.classify(head, 0, len(head))
        if complete or self._is_settled(kind, head):
            self._kind = kind
            return kind
        if self._is_open(kind):  # what follows the literal head is blank, and says no more
            head = next(literal for literal in table.heads if head.startswith(literal))
        self._head = head
        return None

    def _is_settled(self, kind: str, head: bytes) -> bool:
        """Whether a line of which `head` is seen is of `kind`, whatever follows."""
        if kind == self._table.text:
            return not any(literal.startswith(head) for literal in self._table.heads)
        if self._is_open(kind):
            return self._judged is not None and self._length >= self._judged
        return True
