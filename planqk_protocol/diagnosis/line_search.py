"""Lines worth a look: those with a marker that counts, and those that may be near misses.

A line is worth a look if it has an anchor (see `anchors`). It is looked at whole, up
to `WINDOW` bytes. Of a longer line, the parts around its anchors are looked at, half
as many bytes on either side. So the memory is bounded. What is looked at depends on
the line alone, never on the chunks.

The kinds of marked lines and the state of the protocol come from the table that the
parser uses. One difference is left: a line is classified by its first `WINDOW` bytes,
so a fence with more blanks than that counts as a fence whatever follows them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from planqk_protocol.buffer import LF, Buffer
from planqk_protocol.diagnosis.anchors import LONGEST, Anchors
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.grammar import load_table

__all__ = ["WINDOW", "AnchoredLine", "FirstLine", "Found", "LineSearch", "MarkedLine", "NextLine"]

WINDOW = 8192
"""The most bytes of a line that are looked at as one."""

_BESIDE = WINDOW // 2
_COMPLETE = (b"}", b"]", b'"')  # a payload that ends so needs no next line to be understood
_CONTINUATION = range(0x80, 0xC0)  # bytes of UTF-8 that do not begin a character


class FirstLine(msgspec.Struct, frozen=True):
    """The first line of the stream, or its first `WINDOW` bytes, if it is not marked.

    Attributes:
        line: The line.
    """

    line: Line


class AnchoredLine(msgspec.Struct, frozen=True):
    """A line of text with an anchor, which may be a near miss.

    Attributes:
        line: The line, or the part of a long one around an anchor.
        in_block: Whether it stands in a block.
    """

    line: Line
    in_block: bool


class MarkedLine(msgspec.Struct, frozen=True):
    """A line with a marker that counts: a result, an interim result or a fence.

    Attributes:
        number: Number of the line.
        offset: Offset of its first byte in the stream.
        beginning: Its first bytes, at most `WINDOW`.
        is_opening: Whether it opens a block.
        shows_next: Whether a `NextLine` follows, if there is a next line.
    """

    number: int
    offset: int
    beginning: bytes
    is_opening: bool
    shows_next: bool


class NextLine(msgspec.Struct, frozen=True):
    """The line after a marked line, if the payload there seems not to be complete.

    Attributes:
        after: Number of the marked line.
        line: The line after it, or its first `WINDOW` bytes.
    """

    after: int
    line: Line


Found: TypeAlias = FirstLine | AnchoredLine | MarkedLine | NextLine


class LineSearch:
    """Finds the lines of a stream that are worth a look.

    Attributes:
        offset: Number of the bytes of the stream so far.
    """

    def __init__(self) -> None:
        self._table = load_table()
        self._state = self._table.start
        self._held = Buffer()  # an unfinished line of at most `WINDOW` bytes
        self._long: _LongLine | None = None  # an unfinished line that is longer
        self._is_first = True  # the first line has not been given
        self._is_next = 0  # number of the marked line before the next line, if that is to be given
        self._last = (b"", 1)  # the last chunk, and the number of its first line
        self.offset = 0

    @property
    def in_block(self) -> bool:
        """Whether a block is open at the end of the last whole line."""
        return self._table.in_block(self._state)

    @property
    def line(self) -> int:
        """Number of the line that the next byte belongs to."""
        data, line = self._last
        return line + data.count(LF)

    @property
    def line_start(self) -> int:
        """Offset of the first byte of the unfinished line, or of the next one."""
        return self._long.offset if self._long else self.offset - len(self._held)

    def feed(self, data: bytes, line: int) -> list[Found]:
        """Search the next bytes of the stream.

        Args:
            data: The bytes, cut anywhere.
            line: Number of the line that the first of them belongs to.
        """
        self._last = data, line
        found: list[Found] = []
        at = 0
        if self._held or self._long:
            at = data.find(LF) + 1
            self._continue(found, data[:at] if at else data, line, is_end=at > 0)
            if not at:
                return found
            line += 1
        stop = max(data.rfind(LF, at) + 1, at)
        self._search_lines(found, data, at, stop, line)
        if stop < len(data):
            self._continue(found, data[stop:], 0, is_end=False)
        return found

    def close(self) -> list[Found]:
        """End the stream: what is held is the last line."""
        found: list[Found] = []
        if self._held or self._long:
            self._continue(found, b"", self.line, is_end=True)
        return found

    def _continue(self, found: list[Found], piece: bytes, number: int, *, is_end: bool) -> None:
        """Take a piece of an unfinished line. `number` is 0 if the line begins here."""
        self.offset += len(piece)
        if not self._long:
            self._held.append(piece, 0, len(piece))
            if not is_end and len(self._held) <= WINDOW:
                return
            piece = self._held.take()
            begin = self.offset - len(piece)
            if len(piece) <= WINDOW:
                self._look_at(found, piece, number, begin)
                return
            self._long = self._begin_long(found, piece[:WINDOW], number or self.line, begin)
        found += self._long.feed(piece, is_end=is_end)
        if is_end:
            self._long = None

    def _search_lines(self, found: list[Found], data: bytes, start: int, stop: int, number: int) -> None:
        """Search the whole lines ``data[start:stop]``, of which the first has the given number."""
        base = self.offset - start  # a place in `data` and this make an offset in the stream
        self.offset = base + stop
        at = counted = start
        anchors, prefix = Anchors(data, stop), self._table.prefix
        while at < stop:
            # Marked lines often follow each other, so this spares a search. Some lines need no anchor.
            is_sure = data.startswith(prefix, at) or self._is_next or self._is_first
            anchor = at if is_sure else anchors.find(at)
            if anchor == stop:
                return
            begin = at if is_sure else max(data.rfind(LF, at, anchor) + 1, at)
            at = data.find(LF, anchor, stop) + 1
            if begin > counted:
                number += data.count(LF, counted, begin)
                counted = begin
            if at - begin <= WINDOW:
                self._look_at(found, data[begin:at], number, base + begin)
            else:
                long = self._begin_long(found, data[begin : begin + WINDOW], number, base + begin)
                found += long.feed(data[begin:at], is_end=True)

    def _look_at(self, found: list[Found], raw: bytes, number: int, offset: int) -> None:
        """Look at a whole line of at most `WINDOW` bytes."""
        if self._is_next:
            found.append(NextLine(self._is_next, Line(_without_terminator(raw), number, offset)))
            self._is_next = 0
        if raw.startswith(self._table.prefix) and (marked := self._step(raw, number, offset, is_whole=True)):
            found.append(marked)
            self._is_first = False
            return
        line = Line(_without_terminator(raw), number, offset)
        if self._is_first:
            found.append(FirstLine(line))
            self._is_first = False
        if Anchors(raw, len(raw)).find(0) < len(raw):
            found.append(AnchoredLine(line, self.in_block))

    def _begin_long(self, found: list[Found], beginning: bytes, number: int, offset: int) -> _LongLine:
        """Begin a line that is longer than `WINDOW` with so many of its bytes."""
        line = Line(beginning, number, offset, is_end=False)
        if self._is_next:
            found.append(NextLine(self._is_next, line))
            self._is_next = 0
        is_marked = beginning.startswith(self._table.prefix)
        marked = self._step(beginning, number, offset, is_whole=False) if is_marked else None
        if marked:
            found.append(marked)
        elif self._is_first:
            found.append(FirstLine(line))
        self._is_first = False
        return _LongLine(number, offset, in_block=self.in_block, is_marked=marked is not None)

    def _step(self, raw: bytes, number: int, offset: int, *, is_whole: bool) -> MarkedLine | None:
        """Go to the next state of the protocol, if a line has a marker that counts there."""
        table, was_in_block = self._table, self.in_block
        kind = table.classify(raw, 0, len(raw))
        if kind == table.text or (was_in_block and kind in table.payload_kinds):
            return None
        self._state = table.transitions[self._state][kind].state
        shows_next = is_whole and kind in table.payload_kinds and not raw.rstrip().endswith(_COMPLETE)
        self._is_next = number if shows_next else 0
        return MarkedLine(number, offset, raw, not was_in_block and self.in_block, shows_next)


class _LongLine:
    """A line of log text that is longer than `WINDOW`, of which only parts are held.

    Args:
        number: Number of the line.
        offset: Offset of its first byte in the stream.
        in_block: Whether it stands in a block.
        is_marked: Whether it is marked, so that it is only skipped.
    """

    def __init__(self, number: int, offset: int, *, in_block: bool, is_marked: bool) -> None:
        self.offset = offset
        self._number = number
        self._in_block = in_block
        self._is_marked = is_marked
        self._held = b""
        self._dropped = 0  # bytes of the line before those held
        self._column = 1  # of the first byte held
        self._from = 0  # where in the line the search for anchors goes on

    def feed(self, piece: bytes, *, is_end: bool) -> list[Found]:
        """Search the next bytes of the line: each part of it that has an anchor."""
        found: list[Found] = []
        if self._is_marked:
            return found
        held = self._held + piece
        size = len(_without_terminator(held)) if is_end else len(held)
        anchors = Anchors(held, size)
        at = self._from - self._dropped
        # What follows an anchor is needed, too, before it is judged. A CR may belong to the terminator.
        last = size if is_end else size - _BESIDE - 1
        while (anchor := anchors.find(at)) < last:
            start = _character(held, max(anchor - _BESIDE, 0))
            stop = min(anchor + _BESIDE, start + WINDOW, size)
            column = self._column + len(held[:start].decode(errors="replace"))
            offset = self.offset + self._dropped + start
            is_whole = is_end and stop == size
            line = Line(held[start:stop], self._number, offset, column, is_whole)
            found.append(AnchoredLine(line, self._in_block))
            at = stop - LONGEST
            if is_whole:
                break
        self._from = self._dropped + max(at, min(anchor, size - LONGEST))
        keep = _character(held, max(self._from - self._dropped - _BESIDE, 0))
        self._column += len(held[:keep].decode(errors="replace"))
        self._dropped += keep
        self._held = held[keep:]
        return found


def _without_terminator(raw: bytes) -> bytes:
    return raw[:-2] if raw.endswith(b"\r\n") else raw.removesuffix(LF)


def _character(data: bytes, at: int) -> int:
    """The place at or before `at` where no character of UTF-8 is cut in two."""
    for place in range(at, max(at - 4, -1), -1):
        if place < len(data) and data[place] not in _CONTINUATION:
            return place
    return at
