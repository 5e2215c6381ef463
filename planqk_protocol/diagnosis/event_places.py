"""Places and excerpts in the bytes of an event, which may have many lines, or long ones."""

from __future__ import annotations

from planqk_protocol.buffer import LF
from planqk_protocol.diagnosis.finding import Place
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.events import InterimResult, MultilineResult, Result, Violation

__all__ = ["EventPlaces"]

_BEFORE = 512  # bytes of a line before a place that its excerpt may need: 100 characters
_AFTER = 1024  # bytes from a place on: 200 characters
_CONTINUATION = range(0x80, 0xC0)  # bytes of UTF-8 that begin no character


class EventPlaces:
    """The places of bytes in an event.

    A line may be as long as a payload. So columns are counted on from the place
    that was asked for before. Ask for places in the order in which they stand.

    Args:
        event: The event.
        offset: Offset of its first byte in the stream.
    """

    def __init__(self, event: InterimResult | Result | MultilineResult | Violation, offset: int) -> None:
        self._raw = event.raw
        self._offset = offset
        self._first_line = event.line
        self._rewind()

    def _rewind(self) -> None:
        self._at, self._number, self._start, self._column = 0, self._first_line, 0, 1

    def place(self, at: int, length: int = 0) -> Place:
        """The place of `length` bytes from the byte `at` of the event on."""
        self._move_to(at)
        return Place(self._number, self._column, self._offset + at, length)

    def first_line(self) -> Place:
        """The place of the first line of the event."""
        return self.place(0, len(self._raw.partition(LF)[0].removesuffix(b"\r")))

    def line(self, at: int) -> Line:
        """The line with the byte `at` of the event: the part of it that an excerpt may show."""
        self._move_to(at)
        raw = self._raw
        start = max(self._start, at - _BEFORE)
        while start < at and raw[start] in _CONTINUATION:
            start += 1
        end = raw.find(LF, at)
        end = len(raw) if end < 0 else end - raw.endswith(b"\r", self._start, end)
        stop = min(end, at + _AFTER)
        column = self._column - _count_characters(raw[start:at])
        return Line(raw[start:stop], self._number, self._offset + start, column, is_end=stop == end)

    def _move_to(self, at: int) -> None:
        if at < self._at:
            self._rewind()
        raw = self._raw
        lines = raw.count(LF, self._at, at)
        if lines:
            self._number += lines
            self._at = self._start = raw.rfind(LF, 0, at) + 1
            self._column = 1
        self._column += _count_characters(raw[self._at : at])
        self._at = at


def _count_characters(data: bytes) -> int:
    return len(data) if data.isascii() else len(data.decode(errors="replace"))
