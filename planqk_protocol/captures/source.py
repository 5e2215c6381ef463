"""From a capture to the events of the stdout in it.

How damage travels from bytes to events
---------------------------------------

A decoder gives chunks and notices in the order of the capture. The chunks go to a
`Parser`, which knows nothing of damage. So the source itself remembers where damage
was, by line numbers of stdout, and marks the events that the parser returns.

The parser returns an event as soon as its last byte has come. So when the source
meets damage, all events before it are out already. A later event either began before
the damage ended, and then some of its bytes are in doubt, or it began after the
damage. The number of its first line tells which; where the damage began does not
matter. So the source keeps two line numbers, one for damage and one for loss, and
compares them with the number of an event's first line:

``_last_damaged_line``
    Damage reaches to this line. An event that begins on it or before it is
    ``suspect``; a block is, too, if its opening fence stands before the damage.

    A notice of damage sets it to the line that the next byte belongs to. Within a
    line, that is the unfinished one. Between two lines it is the next one, as its
    beginning may be lost: what remains may look like a marker by accident.

    Every event that a chunk of a damaged record completes is suspect. After the
    chunk, the number is that of its last line: a line that the chunk leaves
    unfinished stays suspect, and the line after that is not.

``_first_line_after_loss``
    The first line that begins after the first loss. All events from there on are
    ``after_loss``: the lost bytes may have held a result, which would have been the
    one that counts. This number differs from the one above: a line within which
    bytes are lost is damaged, but it began before the loss.

Damage is not always a loss. Where U+FFFD stands in the place of bytes, no byte is
missing, so no marker and no LF was lost (`CaptureNotice.loses`).

A result that the capture cuts off is a violation. At the end of a stream, the parser
completes a last line without LF, as the protocol demands. If bytes are missing right
there (``_is_cut_off``), a result on that line may be the beginning of a longer one,
such as 4 of 42. So the source makes a violation of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial

import msgspec

from planqk_protocol.buffer import LF, as_bytes
from planqk_protocol.captures.captured import Captured, Span
from planqk_protocol.captures.catalogue import decoder
from planqk_protocol.captures.chunks import CaptureNotice, Chunk, Decoded, StdStream
from planqk_protocol.events import (
    Event,
    FinalResult,
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
from planqk_protocol.state import Resumable

__all__ = ["Source"]

_KINDS = "bytes, bytearray, memoryview or CaptureNotice"
_ADVICE = "open the file in binary mode"
_MARKERS = {
    InterimResult: Marker.INTERIM_RESULT,
    Result: Marker.RESULT,
    MultilineResult: Marker.MULTILINE_RESULT,
}
_CUT_OFF = "the capture breaks off within the line, so the JSON may be cut short; get the whole capture"


class Source(Resumable):
    r"""Parser for a capture of a job's output: gives the job's events, and notices of what the capture lost.

    Only stdout is parsed. An event from a damaged part of the capture is
    ``suspect``: bytes of it may be altered or missing. So is an event on the first
    line after a loss, as its beginning may be lost. Every event after a loss, save
    log lines, is ``after_loss``: an earlier result may have been lost. If the
    capture breaks off within a marked line, the line is a violation and not a
    result. A call takes all or nothing, as the calls of `Parser` do.

    Args:
        format_id: The format of the capture, one of `formats`.
        container: Which container to read, if a capture holds several; by
            default the first one in it.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: An argument is not what its annotation says.
        ValueError: There is no such format, or a capture of it holds only one container.

    >>> source = Source("cri")
    >>> captured = source.feed(b"2024-05-01T10:00:00.5Z stdout F PlanQK:Job:Result: 42\n")
    >>> captured.events, captured.times
    ([Result.of(line=1, payload=b' 42')], ['2024-05-01T10:00:00.5Z'])
    """

    def __init__(
        self,
        format_id: str,
        *,
        container: str | None = None,
        limits: Limits = Limits(),
        logs: bool = True,
    ) -> None:
        self._decoder = decoder(format_id, container=container, stream=StdStream.STDOUT)
        self._parser = Parser(limits=limits, logs=logs)
        self._last: Chunk | None = None  # the latest chunk of stdout
        self._size = 0  # of stdout so far, in bytes
        self._last_damaged_line = 0  # 0 if damage reaches no event to come
        self._first_line_after_loss = sys.maxsize  # beyond all lines if nothing was lost
        self._is_cut_off = False  # whether bytes are missing right after the last chunk
        self._result: FinalResult | None = None

    def feed(self, data: bytes | bytearray | memoryview | CaptureNotice) -> Captured:
        r"""Parse the next bytes of the capture, or take a notice that some are missing.

        Args:
            data: Any number of bytes, cut anywhere. They may be overwritten
                after the call. Or a notice from a live reader about bytes that
                it could not get. The notice comes back in ``Captured.notices``.
                If bytes of stdout are lost, this has the effect of `cut_off`.

        Raises:
            DecoderClosedError: The source was closed.
            RecursionError: The caller is within some 200 calls of the
                interpreter's recursion limit. Nothing was taken: feed the same
                again from a caller that is less deep in calls.
            TypeError: `data` is neither bytes nor a notice.

        >>> from planqk_protocol.captures import CaptureNotice, NoticeKind
        >>> source = Source("raw")
        >>> gap = CaptureNotice(NoticeKind.GAP, 0, 19, "the connection broke")
        >>> parts = [source.feed(item) for item in (b"PlanQK:Job:Result: ", gap, b"42\n")]
        >>> parts[1].notices == [gap], parts[2].events
        (True, [Result.of(line=1, payload=b' 42', suspect=True)])
        """
        if not isinstance(data, CaptureNotice):
            data = as_bytes(data, kinds=_KINDS, advice=_ADVICE)
        return self._all_or_nothing(partial(self._feed, data))

    def end_of_file(self) -> Captured:
        """End one file of the capture; the next one continues it: see `Decoder.end_of_file`.

        Raises:
            DecoderClosedError: The source was closed.
            RecursionError: As for `feed`.
        """
        return self._all_or_nothing(lambda: self._parse_decoded(self._decoder.end_of_file()))

    def close(self) -> Captured:
        """End the capture, and return what its end completes. A second call returns nothing.

        Raises:
            RecursionError: As for `feed`. The source is not closed then.
        """
        return self._all_or_nothing(self._close)

    def _close(self) -> Captured:
        captured = self._parse_decoded(self._decoder.close())
        events = self._with_doubts(self._parser.close())
        if self._is_cut_off and self._is_within_line:
            events = [self._as_violation(event) for event in events]
        self._keep_result(events)
        return msgspec.structs.replace(captured, events=captured.events + events, _last=self._last)

    def cut_off(self) -> Captured:
        """Mark a place where bytes of the capture are missing: a compressed file broke off, for example.

        The next bytes begin a record. An event that is unfinished here is
        ``suspect``, and so is one in the text that follows, up to the next LF.

        Raises:
            DecoderClosedError: The source was closed.
            RecursionError: As for `feed`.
        """
        return self._all_or_nothing(self._cut_off)

    @property
    def result(self) -> FinalResult | None:
        """The event that won the result slot; ``None`` until there is one.

        It is the event that `feed` or `close` gave, with its ``suspect`` and
        ``after_loss``. If the capture breaks off within a result, that result is
        a violation, and this stays ``None``.
        """
        return self._result

    @property
    def line(self) -> int:
        """Number of the line that the next byte of stdout belongs to, counted from 1."""
        return self._parser.line

    @property
    def line_count(self) -> int:
        """Number of lines of stdout so far, the unfinished one included."""
        return self._parser.line - (not self._is_within_line)

    @property
    def containers(self) -> list[str]:
        """Names of the containers in the capture so far, as in `Decoder.containers`."""
        return self._decoder.containers

    @property
    def size(self) -> int:
        """Number of bytes of stdout so far."""
        return self._size

    @property
    def _is_within_line(self) -> bool:
        return self._last is not None and not self._last.data.endswith(LF)

    def _feed(self, data: bytes | CaptureNotice) -> Captured:
        if not isinstance(data, CaptureNotice):
            return self._parse_decoded(self._decoder.feed(data))
        decoded = self._decoder.feed(b"")  # gives nothing, but raises if the source is closed
        if data.loses(StdStream.STDOUT):
            decoded = self._decoder.cut_off()
        return self._parse_decoded([*decoded, data])

    def _cut_off(self) -> Captured:
        captured = self._parse_decoded(self._decoder.cut_off())
        self._remember_damage()
        self._remember_loss()
        return captured

    def _all_or_nothing(self, work: Callable[[], Captured]) -> Captured:
        """Do the work, and give what it parsed. If it fails, undo all of it."""
        own, decoder, parser = self.__dict__.copy(), self._decoder._checkpoint(), self._parser._checkpoint()  # noqa: SLF001
        try:
            return work()
        except BaseException:
            self.__dict__.update(own)
            self._decoder._roll_back(decoder)  # noqa: SLF001
            self._parser._roll_back(parser)  # noqa: SLF001
            raise

    def _parse_decoded(self, decoded: Decoded) -> Captured:
        """Parse what the decoder gave, and remember where the capture is damaged."""
        captured = Captured([], [], [])
        for item in decoded:
            if isinstance(item, CaptureNotice):
                captured.notices.append(item)
                if item.concerns(StdStream.STDOUT):
                    self._remember_damage()
                if item.loses(StdStream.STDOUT):
                    self._remember_loss()
            else:
                span = self._parse_chunk(item)
                captured.events.extend(span.events)
                captured._spans.append(span)  # noqa: SLF001
        return captured

    def _remember_damage(self) -> None:
        """Note that bytes of stdout are wrong or missing here: in this line, or before the next one."""
        self._last_damaged_line = self._parser.line

    def _remember_loss(self) -> None:
        """Note that bytes of stdout are missing here, so whole lines may be missing, too."""
        self._is_cut_off = True
        self._first_line_after_loss = min(self._first_line_after_loss, self.line_count + 1)

    def _parse_chunk(self, chunk: Chunk) -> Span:
        """Parse a chunk, and mark the events that damage reaches."""
        line, before = self._parser.line, self._last
        self._last_damaged_line = sys.maxsize if chunk.suspect else self._last_damaged_line
        events = self._with_doubts(self._parser.feed(chunk.data))
        self._keep_result(events)
        self._last = chunk
        self._size += len(chunk.data)
        self._is_cut_off = False
        if chunk.suspect:
            self._last_damaged_line = self.line_count
        return Span(chunk, before, line, events)

    def _keep_result(self, events: list[Event]) -> None:
        """Remember the result as this source gives it, with its ``suspect`` and ``after_loss``."""
        if self._result is None and self._parser.result is not None:
            self._result = next((event for event in events if isinstance(event, FinalResult)), None)

    def _with_doubts(self, events: list[Event]) -> list[Event]:
        """The events, with ``suspect`` where damage reaches them, and ``after_loss`` after a loss."""
        if not (events and (self._last_damaged_line or self._first_line_after_loss <= events[-1].line)):
            return events
        damage, after_loss = self._last_damaged_line, self._first_line_after_loss
        if events[-1].line > damage:
            self._last_damaged_line = 0
        return [
            event
            if isinstance(event, Log)
            else msgspec.structs.replace(
                event, suspect=event.line <= damage, after_loss=event.line >= after_loss
            )
            for event in events
        ]

    def _as_violation(self, event: Event) -> Event:
        """Make a violation of an event that the capture cuts off, unless it is log text."""
        if isinstance(event, Log | Violation):
            return event
        last_line = event.raw[event.raw.rfind(LF) + 1 :]
        return Violation(
            code=ViolationCode.INVALID_JSON,
            marker=_MARKERS[type(event)],
            line=event.line,
            raw=event.raw,
            message=_CUT_OFF,
            error_line=event.line + event.raw.count(LF),
            column=len(last_line.decode(errors="replace")) + 1,
            offset=self._size,
            suspect=True,
            after_loss=event.after_loss,
        )
