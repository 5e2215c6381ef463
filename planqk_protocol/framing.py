"""Framing: chunks of bytes to lines, and the kind of each line.

`Lines` cuts each chunk into *segments*, slices that the parser takes as one:

*   a stretch of log lines, of any length. All markers begin with the same prefix, so
    a single search for an LF and this prefix finds where the stretch ends. The lines
    within it are not examined.
*   a whole marked line,
*   a piece of a line that began in an earlier chunk, or ends in a later one.

The kind of a line that comes in pieces is *open* until enough of the line has come,
and *settled* from then on:

*   The line is text as soon as its bytes differ from all literals.
*   It is a result or an interim result as soon as the literal is complete.
*   A fence is settled at the end of its line only, as any byte but a blank makes it
    text. If the line is longer than `limit`, its first ``limit + 1`` bytes decide.

While the kind is open, `Lines` remembers the first bytes of the line (`_head`), at
most as many as the longest literal has, and the number of bytes that have come (`_length`).
The blanks after a fence are not remembered, because they decide nothing: the next
piece is judged as if it came right after the literal. So the cost grows only with
the length of the line, even if the line comes byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from planqk_protocol.buffer import LF
from planqk_protocol.grammar import Table

__all__ = ["Lines", "LinesCheckpoint", "Segment"]

Segment: TypeAlias = tuple[str | None, int, int, int, bool]
"""A slice of a chunk, as (kind, start, stop, payload_start, complete).

``kind`` is the kind of the line, or ``None`` while it is open. ``start`` and
``stop`` are the bounds of the slice. ``payload_start`` is where the payload begins,
if the slice is a whole line with a payload; else 0. ``complete`` is true if the slice
ends at the end of a line. A slice of several lines is always complete, and all of
its lines are text. This is a plain tuple because it is made on the hot path.
"""


LinesCheckpoint: TypeAlias = tuple[bytes, int, str | None]
"""A state of `Lines` that `Lines.roll_back` goes back to."""


class Lines:
    """Cuts chunks into segments.

    Args:
        table: The protocol.
        limit: Limit of a marked line, in bytes; ``None`` for no limit. A fence is
            judged by its first ``limit + 1`` bytes.
    """

    def __init__(self, table: Table, limit: int | None) -> None:
        self._table = table
        self._payload_literals = [item for item in table.literals.items() if item[1] in table.payload_kinds]
        self._needle = LF + table.prefix
        # The kind of a line depends on this many of its bytes at most; `None` if on all of them.
        self._deciding_size = None if limit is None else max(limit + 1, table.window)
        self._begin_line()

    def _begin_line(self) -> None:
        self._head = b""  # the first bytes of an unfinished line whose kind is open
        self._length = 0  # number of bytes that have come of this line
        self._kind: str | None = None  # the kind of an unfinished line, once settled

    def checkpoint(self) -> LinesCheckpoint:
        """The state, for `roll_back`. Neither method copies bytes of the stream."""
        return self._head, self._length, self._kind

    def roll_back(self, checkpoint: LinesCheckpoint) -> None:
        """Go back to a state."""
        self._head, self._length, self._kind = checkpoint

    @property
    def is_within_line(self) -> bool:
        """Whether the last line fed is unfinished."""
        return bool(self._kind or self._length)

    def feed(self, data: bytes) -> Iterator[Segment]:
        """Yield the segments of `data`, which together are `data`."""
        at = 0
        size = len(data)
        if self._kind or self._length:  # first, the rest of a line that began in an earlier chunk
            stop = data.find(LF) + 1
            yield self._piece_of_line(data, 0, stop or size, complete=stop > 0)
            at = stop or size
        prefix, needle, text = self._table.prefix, self._needle, self._table.text
        payload_literals = self._payload_literals
        # From here on, `at` is at the beginning of a line.
        while at < size:
            marked = at if data.startswith(prefix, at) else data.find(needle, at) + 1 or size
            if marked == size:  # no marked line begins in this chunk any more
                stop = data.rfind(LF, at) + 1
                if stop:
                    yield text, at, stop, 0, True
                if size > (stop or at):
                    yield self._piece_of_line(data, stop or at, size, complete=False)
                return
            if marked > at:
                yield text, at, marked, 0, True
            at = data.find(LF, marked) + 1
            if not at:
                yield self._piece_of_line(data, marked, size, complete=False)
                return
            for literal, kind in payload_literals:
                if data.startswith(literal, marked):
                    yield kind, marked, at, marked + len(literal), True
                    break
            else:  # a fence, or text that begins with the prefix
                yield self._classify_line(data, marked, at), marked, at, 0, True

    def close(self) -> Segment | None:
        """End the stream: an empty, complete segment if the last line lacks its LF, else ``None``."""
        if not (self._kind or self._length):
            return None
        kind = self._kind or self._table.classify(self._head, 0, len(self._head))
        self._begin_line()
        return kind, 0, 0, 0, True

    def _classify_line(self, data: bytes, start: int, stop: int) -> str:
        """The kind of a whole line that begins with no literal of a payload kind."""
        deciding_stop = stop if self._deciding_size is None else min(stop, start + self._deciding_size)
        return self._table.classify(data, start, deciding_stop)

    def _may_turn_to_text(self, kind: str) -> bool:
        """Whether further bytes can still turn a line of this kind into text, as they can with a fence."""
        return kind != self._table.text and kind not in self._table.payload_kinds

    def _piece_of_line(self, data: bytes, start: int, stop: int, *, complete: bool) -> Segment:
        """The segment of a line that began in an earlier chunk, or ends in a later one."""
        kind = self._kind or self._classify_piece(data, start, stop, complete=complete)
        if complete:
            self._begin_line()
        return kind, start, stop, 0, complete

    def _classify_piece(self, data: bytes, start: int, stop: int, *, complete: bool) -> str | None:
        """The kind of a line after another piece of it; ``None`` while it is still open."""
        table = self._table
        size = self._deciding_size
        deciding_stop = stop if size is None else min(stop, start + size - self._length)
        self._length += stop - start
        # The window is enough for nearly every line, and avoids a copy of a long piece.
        head = self._head + data[start : min(deciding_stop, start + table.window)]
        kind = table.classify(head, 0, len(head))
        if self._may_turn_to_text(kind):
            head = self._head + data[start:deciding_stop]
            kind = table.classify(head, 0, len(head))
        if complete or self._is_settled(kind, head):
            self._kind = kind
            return kind
        if self._may_turn_to_text(kind):  # only blanks follow the literal so far: forget them
            head = next(literal for literal in table.literals if head.startswith(literal))
        self._head = head
        return None

    def _is_settled(self, kind: str, head: bytes) -> bool:
        """Whether a line that begins with `head`, and is of `kind` so far, can no longer change its kind."""
        if kind == self._table.text:
            return not any(literal.startswith(head) for literal in self._table.literals)
        if self._may_turn_to_text(kind):
            return self._deciding_size is not None and self._length >= self._deciding_size
        return True
