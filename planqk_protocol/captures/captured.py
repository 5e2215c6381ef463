"""What a call of a `Source` gives: events, the time stamps of their records, and notices."""

from __future__ import annotations

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures.chunks import CaptureNotice, Chunk
from planqk_protocol.captures.timestamps import nanoseconds
from planqk_protocol.events import Event, Log

__all__ = ["Captured", "Span"]


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
        times: list[str | None] = []
        for span in self._spans:
            times += _times(span)
        at_end = self._last.time if self._last else None
        return times + [at_end] * (len(self.events) - len(times))

    @property
    def times_ns(self) -> list[int | None]:
        """`times` in nanoseconds since 1970, UTC."""
        return [None if time is None else nanoseconds(time) for time in self.times]


def _times(span: Span) -> list[str | None]:
    """The time stamps of the events of a span: each is that of the record with the event's last byte."""
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
    times = span.chunk.times_at(offsets)
    before = span.before.time if span.before else None
    return [None if place is None else before if place < 0 else times[place] for place in places]


def _last_line(event: Event) -> int | None:
    """Number of the line that an event ends with; ``None`` if it ends within a line."""
    if isinstance(event, Log):
        return event.line if event.terminator else None
    if not event.raw.endswith(LF):
        return None
    return event.line + event.raw.count(LF) - 1
