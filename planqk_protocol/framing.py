"""Framing: chunks of bytes to lines, and the kind of each line.

`Lines` cuts each chunk into *segments*, slices that the parser takes as one:

*   a stretch of log lines, of any length. All markers begin with the same prefix, so
    a search for an LF and this prefix finds where the stretch ends. The lines within
    it are not examined.
*   a whole marked line, or several in a row that begin with the same literal,
*   a piece of a line that began in an earlier chunk, or ends in a later one.

The end of a stretch is searched for in two ways:

*   ``bytes.find`` for the *needle*, the LF and the prefix. It stops at each LF, as each
    may begin the needle, and takes about 0.25 ns per byte of a usual log.
*   ``bytes.find`` for a single byte of the needle that is rare in logs, and a look
    whether the rest of the needle stands around it. A search for one byte is C's
    ``memchr``, which takes about 0.01 ns per byte. But a *miss*, a rare byte outside
    of a needle, takes as long as 1 KiB of the other search.

`Lines` begins with the rare byte. It counts the misses that are less than 1 KiB from
the one before. A chunk of 4 KiB or more may have one of them, and one more for each
16 KiB. After these, the rest of the chunk is searched for the needle. So a chunk of
16 KiB full of the rare byte costs at most 5 % more than a search for the needle alone. In
smaller chunks, what each call takes in any case counts for more than either search.

Interim results often come in a row. Lines in a row that begin with the same literal are one
segment, so that the parser makes their events together.

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

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from io import BytesIO
from itertools import islice, takewhile
from operator import methodcaller
from typing import TypeAlias

from planqk_protocol.buffer import LF
from planqk_protocol.grammar import Table

__all__ = ["Lines", "LinesCheckpoint", "Segment", "rarest"]

Segment: TypeAlias = tuple[str | None, int, int, bool, Sequence[bytes], int]
"""A slice of a chunk, as (kind, start, stop, complete, lines, payload_start).

``kind`` is the kind of the line, or ``None`` while it is open. ``start`` and
``stop`` are the bounds of the slice. ``complete`` is true if the slice ends at the
end of a line. If the slice is whole lines with payloads, ``lines`` holds these lines,
and ``payload_start`` says where the payload begins in each of them. Otherwise
``lines`` is empty; then a slice of several lines is always text, and complete.
This is a plain tuple because it is made on the hot path.
"""


_BY_FREQUENCY = b"etaoinsrhldcumfpgwybvkxjqz"  # letters of English: P. Norvig, norvig.com/mayzner.html
_MOST_LINES = 1000  # marked lines in a segment
_CLOSE = 1024  # bytes: a search for the needle takes as long for them as a miss of the rare byte
_LEAST = 4096  # bytes: in a smaller chunk even one miss would cost too much
_BYTES_PER_MISS = 16 * 1024  # what a miss costs is little beside what all this costs

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
        # The number is the size of the longest literal that begins with this one. If two lines are alike
        # up to there, they begin with the same literal.
        self._payload_literals = [
            (literal, kind, max(len(other) for other in table.literals if other.startswith(literal)))
            for literal, kind in table.literals.items()
            if kind in table.payload_kinds
        ]
        self._needle = LF + table.prefix
        self._rare_at = rarest(self._needle)  # the place of the rare byte in the needle
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

    def feed(self, data: bytes) -> Iterable[Segment]:
        """The segments of `data`, which together are `data`."""
        if self._kind and data.find(LF) < 0:  # as most chunks of a large payload; `in` is slower
            return ((self._kind, 0, len(data), False, (), 0),)
        return self._segments(data)

    def _segments(self, data: bytes) -> Iterator[Segment]:
        """The segments of a chunk that may complete a line, or begin one."""
        at = 0
        size = len(data)
        if self._kind or self._length:  # first, the rest of a line that began in an earlier chunk
            stop = data.find(LF) + 1
            yield self._piece_of_line(data, 0, stop or size, complete=stop > 0)
            at = stop or size
        prefix, text = self._table.prefix, self._table.text
        misses = size // _BYTES_PER_MISS + (size >= _LEAST)  # how many the chunk may still have
        payload_literals = self._payload_literals
        # From here on, `at` is at the beginning of a line.
        while at < size:
            if not data.startswith(prefix, at):
                start = at
                at, misses = self._end_of_text(data, at, misses)
                if at > start:
                    yield text, start, at, True, (), 0
                if at == size:
                    return
            stop = data.find(LF, at) + 1
            if not stop:
                yield self._piece_of_line(data, at, size, complete=False)
                return
            for literal, kind, size_alike in payload_literals:
                if data.startswith(literal, at):
                    alike = data[at : at + size_alike]
                    if data.startswith(alike, stop):
                        lines = _lines_alike(data, at, alike)
                        stop = at + sum(map(len, lines))
                    else:
                        lines = [data[at:stop]]
                    yield kind, at, stop, True, lines, len(literal)
                    break
            else:  # a fence, or text that begins with the prefix
                yield self._classify_line(data, at, stop), at, stop, True, (), 0
            at = stop

    def close(self) -> Segment | None:
        """End the stream: an empty, complete segment if the last line lacks its LF, else ``None``."""
        if not (self._kind or self._length):
            return None
        kind = self._kind or self._table.classify(self._head, 0, len(self._head))
        self._begin_line()
        return kind, 0, 0, True, (), 0

    def _end_of_text(self, data: bytes, at: int, misses: int) -> tuple[int, int]:
        """Find the end of a stretch of log lines.

        Args:
            data: The chunk.
            at: Where the stretch begins. The line there does not begin with the prefix.
            misses: How often the rare byte may still be found close to where it was
                found before, but outside of a needle.

        Returns:
            Where the first line begins that begins with the prefix, or the unfinished line if there is none;
            and the misses that are left.
        """
        needle, rare_at = self._needle, self._rare_at
        rare = needle[rare_at]
        before = at + rare_at - 1  # no needle has its rare byte here or before
        while misses:
            found = data.find(rare, before + 1)
            if found < 0:
                return data.rfind(LF, at) + 1 or at, misses
            if data.startswith(needle, found - rare_at):
                return found - rare_at + 1, misses
            misses -= found - before < _CLOSE
            before = found
        return data.find(needle, before - rare_at + 1) + 1 or data.rfind(LF, at) + 1 or at, misses

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
        return kind, start, stop, complete, (), 0

    def _classify_piece(self, data: bytes, start: int, stop: int, *, complete: bool) -> str | None:
        """The kind of a line after another piece of it; ``None`` while it is still open."""
        table = self._table
        if not self._length and not data.startswith(table.prefix[: stop - start], start):
            self._kind = table.text  # as nearly all lines that are cut
            return table.text
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


def _lines_alike(data: bytes, at: int, beginning: bytes) -> list[bytes]:
    """The whole lines in a row, from `at` on, that begin alike: at most `_MOST_LINES`."""
    rest = BytesIO(data)  # shares the bytes
    rest.seek(at)
    lines = list(takewhile(methodcaller("startswith", beginning), islice(rest, _MOST_LINES)))
    if not lines[-1].endswith(LF):
        lines.pop()
    return lines


@cache
def rarest(text: bytes) -> int:
    """Place of the byte of `text` that is likely to be the rarest one in logs.

    Letters are rarer than all else, capital letters rarer than small ones, and among
    them the order is that of their frequency in English.
    """
    rarity = [
        (text[i : i + 1].isupper(), _BY_FREQUENCY.find(text[i : i + 1].lower())) for i in range(len(text))
    ]
    return rarity.index(max(rarity))
