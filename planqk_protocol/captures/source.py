"""From a capture to the events of the stdout in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

import msgspec

from planqk_protocol.buffer import as_bytes
from planqk_protocol.captures.output import CaptureNotice, Chunk, Output, Stream
from planqk_protocol.captures.registry import decoder
from planqk_protocol.captures.stamps import nanoseconds
from planqk_protocol.events import (
    Event,
    InterimResult,
    Log,
    Marker,
    MultilineResult,
    Result,
    Violation,
    ViolationCode,
)
from planqk_protocol.limits import Limits
from planqk_protocol.parser import Parser

__all__ = ["Captured", "Source"]

_LF = b"\n"
_KINDS = "bytes, bytearray, memoryview or CaptureNotice"
_ADVICE = "open the file in binary mode"
_MARKERS = {
    InterimResult: Marker.INTERIM_RESULT,
    Result: Marker.RESULT,
    MultilineResult: Marker.MULTILINE_RESULT,
}
_CUT_OFF = "the capture breaks off within the line, so the JSON may be cut short; get the whole capture"


class _Span(msgspec.Struct, frozen=True):
    """Events that one chunk of stdout completed."""

    chunk: Chunk
    before: Chunk | None  # the chunk of stdout before it
    line: int  # number of the line that its first byte belongs to
    events: list[Event]


class Captured(msgspec.Struct, frozen=True):
    """What some bytes of a capture brought.

    Attributes:
        events: The events they completed.
        notices: What the capture lost there.
    """

    events: list[Event]
    notices: list[CaptureNotice]
    _spans: list[_Span]
    _last: Chunk | None = None

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks of stdout that were parsed."""
        return [span.chunk for span in self._spans]

    @property
    def times(self) -> list[str | None]:
        """For each event, the time stamp of the record with its last byte, as the capture has it.

        ``None`` where the format has none, and for a piece of a line that is
        longer than the limits allow.
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


class Source:
    r"""A job's events out of a capture of its output, beside notices of what the capture lost.

    Only stdout is read. An event from a damaged part of the capture is marked
    ``suspect``: bytes of it may be altered or missing. So is the line behind a
    loss, as its beginning may be lost. All marked events behind a loss are
    marked ``after_loss``: an earlier result may have been lost. What a capture
    leaves unfinished is no result: a marked line within which it breaks off is
    a violation. A call takes all or nothing, as those of `Parser` do.

    Args:
        format_id: The format of the capture, one of `formats`.
        container: Which container to read, where a capture holds several; by
            default the first one in it.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: An argument is not what its annotation says.
        ValueError: There is no such format, or it has no several containers.

    >>> source = Source("cri")
    >>> captured = source.feed(b"2024-05-01T10:00:00.5Z stdout F PlanQK:Job:Result: 42\n")
    >>> captured.events, captured.times
    ([Result(line=1, payload=b' 42')], ['2024-05-01T10:00:00.5Z'])
    """

    def __init__(
        self,
        format_id: str,
        *,
        container: str | None = None,
        limits: Limits = Limits(),
        logs: bool = True,
    ) -> None:
        self._decoder = decoder(format_id, container=container, stream=Stream.STDOUT)
        self._parser = Parser(limits=limits, logs=logs)
        self._last: Chunk | None = None  # of stdout
        self._size = 0  # of stdout so far, in bytes
        self._damage = 0  # number of the last line that damage reaches; 0 where there is none
        self._behind_loss = sys.maxsize  # number of the first line that begins behind a loss
        self._is_cut_off = False  # bytes are lost right behind the last one

    def feed(self, data: bytes | bytearray | memoryview | CaptureNotice) -> Captured:
        r"""Take the next bytes of the capture, or a notice that some are missing.

        Args:
            data: Any number of bytes, cut anywhere. They may be overwritten
                after the call. Or what a live reader says of bytes that it
                could not get: the notice comes back in ``Captured.notices``. If it
                concerns stdout, its place is a loss as by `cut_off`.

        Raises:
            DecoderClosedError: The source was closed.
            RecursionError: The caller is within some 200 calls of the
                interpreter's recursion limit. Nothing was taken: feed the same
                again from where there is room.
            TypeError: `data` is neither.

        >>> from planqk_protocol.captures import CaptureNotice, NoticeKind
        >>> source = Source("raw")
        >>> gap = CaptureNotice(NoticeKind.GAP, 0, 19, "the connection broke")
        >>> parts = [source.feed(item) for item in (b"PlanQK:Job:Result: ", gap, b"42\n")]
        >>> parts[1].notices == [gap], parts[2].events
        (True, [Result(line=1, payload=b' 42', suspect=True)])
        """
        if not isinstance(data, CaptureNotice):
            data = as_bytes(data, kinds=_KINDS, advice=_ADVICE)
        return self._do(partial(self._feed, data))

    def end_of_file(self) -> Captured:
        """A file of the capture ends, and the next one goes on where it ended: see `Decoder.end_of_file`.

        Raises:
            DecoderClosedError: The source was closed.
        """
        return self._do(lambda: self._take(self._decoder.end_of_file()))

    def close(self) -> Captured:
        """End the capture, and give what its end completes. A second call gives nothing."""
        return self._do(self._close)

    def _close(self) -> Captured:
        captured = self._take(self._decoder.close())
        events = self._judged(self._parser.close())
        if self._is_cut_off and self._within_line:
            events = [self._unfinished(event) for event in events]
        return msgspec.structs.replace(captured, events=captured.events + events, _last=self._last)

    def cut_off(self) -> Captured:
        """Bytes of the capture are missing here, as where a compressed file breaks off.

        What comes next is read on, from the beginning of a record. What is
        unfinished here is ``suspect``, and what follows up to the next LF.

        Raises:
            DecoderClosedError: The source was closed.
        """
        return self._do(self._cut_off)

    @property
    def line(self) -> int:
        """Number of the line that the next byte of stdout belongs to, counted from 1."""
        return self._parser.line

    @property
    def line_count(self) -> int:
        """Number of lines of stdout so far, the unfinished one included."""
        return self._parser.line - (not self._within_line)

    @property
    def containers(self) -> list[str]:
        """Names of the containers in the capture so far: see `Decoder.containers`."""
        return self._decoder.containers

    @property
    def size(self) -> int:
        """Number of bytes of stdout so far."""
        return self._size

    def __getstate__(self) -> dict[str, Any]:
        return {name: copy(value) for name, value in self.__dict__.items()}

    @property
    def _within_line(self) -> bool:
        return self._last is not None and not self._last.data.endswith(_LF)

    def _feed(self, data: bytes | CaptureNotice) -> Captured:
        if not isinstance(data, CaptureNotice):
            return self._take(self._decoder.feed(data))
        output = self._decoder.cut_off() if data.concerns(Stream.STDOUT) else []
        return self._take([*output, data])

    def _cut_off(self) -> Captured:
        captured = self._take(self._decoder.cut_off())
        self._mark_damage()
        self._mark_loss()
        return captured

    def _do(self, work: Callable[[], Captured]) -> Captured:
        """Do all of the work, or nothing of it."""
        own, decoder, parser = self.__dict__.copy(), self._decoder._mark(), self._parser._mark()  # noqa: SLF001
        try:
            return work()
        except BaseException:
            self.__dict__.update(own)
            self._decoder._reset(decoder)  # noqa: SLF001
            self._parser._reset(parser)  # noqa: SLF001
            raise

    def _take(self, output: Output) -> Captured:
        captured = Captured([], [], [])
        for item in output:
            if isinstance(item, CaptureNotice):
                captured.notices.append(item)
                if item.concerns(Stream.STDOUT):
                    self._mark_damage()
                if item.loses(Stream.STDOUT):
                    self._mark_loss()
            else:
                span = self._parse(item)
                captured.events.extend(span.events)
                captured._spans.append(span)  # noqa: SLF001
        return captured

    def _mark_damage(self) -> None:
        """Bytes of stdout are wrong or missing here: of the line at hand, or at the beginning of the next."""
        self._is_cut_off = True
        self._damage = self._parser.line

    def _mark_loss(self) -> None:
        """Lines of stdout may be missing here."""
        self._behind_loss = min(self._behind_loss, self.line_count + 1)

    def _parse(self, chunk: Chunk) -> _Span:
        line, before = self._parser.line, self._last
        self._damage = sys.maxsize if chunk.suspect else self._damage
        events = self._judged(self._parser.feed(chunk.data))
        self._last = chunk
        self._size += len(chunk.data)
        self._is_cut_off = False
        if chunk.suspect:
            self._damage = self.line_count
        return _Span(chunk, before, line, events)

    def _judged(self, events: list[Event]) -> list[Event]:
        """Mark the events that begin no later than the damage ends, and those that begin behind a loss."""
        if not (events and (self._damage or self._behind_loss <= events[-1].line)):
            return events
        damage, behind = self._damage, self._behind_loss
        if events[-1].line > damage:
            self._damage = 0
        return [
            event
            if isinstance(event, Log)
            else msgspec.structs.replace(event, suspect=event.line <= damage, after_loss=event.line >= behind)
            for event in events
        ]

    def _unfinished(self, event: Event) -> Event:
        """What a marked line is worth that the capture cuts off: nothing."""
        if isinstance(event, Log | Violation):
            return event
        last_line = event.raw[event.raw.rfind(_LF) + 1 :]
        return Violation(
            code=ViolationCode.INVALID_JSON,
            marker=_MARKERS[type(event)],
            line=event.line,
            raw=event.raw,
            message=_CUT_OFF,
            error_line=event.line + event.raw.count(_LF),
            column=len(last_line.decode(errors="replace")) + 1,
            offset=self._size,
            suspect=True,
            after_loss=event.after_loss,
        )


def _times(span: _Span) -> list[str | None]:
    """The time stamps of the records that hold the last bytes of events."""
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
                at = data.find(_LF, at + 1)
                line += 1
            places.append(len(offsets))
            offsets.append(at)
    times = span.chunk.times_at(offsets)
    before = span.before.time if span.before else None
    return [None if place is None else before if place < 0 else times[place] for place in places]


def _last_line(event: Event) -> int | None:
    """Number of the line that an event ends with; ``None`` where it ends within one."""
    if isinstance(event, Log):
        return event.line if event.terminator else None
    if not event.raw.endswith(_LF):
        return None
    return event.line + event.raw.count(_LF) - 1
