"""What a call of a `Source` gives: events, the time stamps of their records, and notices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures.chunks import CaptureNotice, Chunk, GradedRecords
from planqk_protocol.captures.timestamps import nanoseconds
from planqk_protocol.events import Event, Log

__all__ = ["Captured", "Span"]

_Read: TypeAlias = Callable[[Chunk, list[int]], list[str | None]]
"""Tells something of the records that hold the bytes at some offsets of a chunk."""


class Span(msgspec.Struct, frozen=True):
    """A chunk of stdout, and the events that it completed."""

    chunk: Chunk
    before: Chunk | None  # the chunk of stdout before it
    line: int  # number of the line of its first byte
    events: list[Event]


class Captured(msgspec.Struct, frozen=True):
    """The events and notices that one call of a `Source` brought.

    Attributes:
        events: The events that the bytes completed.
        notices: What the capture lost there.
    """

    events: list[Event]
    notices: list[CaptureNotice]
    _spans: list[Span]
    _last: Chunk | None = None

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks of stdout that were parsed."""
        return [span.chunk for span in self._spans]

    @property
    def first_lines(self) -> list[int]:
        """Number of the line that the first byte of each of the `chunks` belongs to, counted from 1."""
        return [span.line for span in self._spans]

    @property
    def times(self) -> list[str | None]:
        """The time stamp of the record with the last byte of each event, as the capture has it.

        It is ``None`` if the format has no time stamps, and for a piece of a line
        that is longer than the limits allow.
        """
        return self._of_records(Chunk.times_at)

    @property
    def times_ns(self) -> list[int | None]:
        """`times` in nanoseconds since 1970, UTC."""
        return [None if time is None else nanoseconds(time) for time in self.times]

    @property
    def severities(self) -> list[str | None]:
        """The severity of the record with the last byte of each event, as the capture has it.

        It is ``None`` wherever the time stamp would be, and if the format has no
        severities: only ``planqk-log`` has.
        """
        return self._of_records(Chunk.severities_at)

    @property
    def has_severities(self) -> bool:
        """Whether the format of the capture has severities."""
        return any(isinstance(span.chunk.records, GradedRecords) for span in self._spans)

    def _of_records(self, read: _Read) -> list[str | None]:
        """What `read` tells of the record with the last byte of each event."""
        values: list[str | None] = []
        for span in self._spans:
            values += _of_span(span, read)
        at_end = _of_last_byte(self._last, read)
        return values + [at_end] * (len(self.events) - len(values))


def _of_last_byte(chunk: Chunk | None, read: _Read) -> str | None:
    return read(chunk, [len(chunk.data) - 1])[0] if chunk else None


def _of_span(span: Span, read: _Read) -> list[str | None]:
    """What `read` tells of the records with the last bytes of the events of a span."""
    data = span.chunk.data
    line, at = span.line, -1  # the last LF seen ends the line before `line`
    offsets: list[int] = []
    places: list[int | None] = []  # where in `offsets`; -1 for the chunk before, None for nowhere
    for event in span.events:
        last = _last_line(event)
        if last is None:
            places.append(None)
        elif last < span.line:
            places.append(-1)
        else:
            while line <= last:
                at = data.find(LF, at + 1)
                line += 1
            places.append(len(offsets))
            offsets.append(at)
    values = read(span.chunk, offsets)
    before = _of_last_byte(span.before, read)
    return [None if place is None else before if place < 0 else values[place] for place in places]


def _last_line(event: Event) -> int | None:
    """Number of the line that an event ends with; ``None`` if it ends within a line."""
    if isinstance(event, Log):
        return event.line if event.terminator else None
    if not event.raw.endswith(LF):
        return None
    return event.line + event.raw.count(LF) - 1
