"""The parser: chunks of a job's stdout in, events out.

Events flow one way: chunk → lines → table → payload → event. The parser holds
the one unit that is not finished yet, a line or a block, and judges it by its
own bytes, so that no event depends on how the stream was cut into chunks.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, TypeAlias

from planqk_protocol.buffer import Buffer, BufferMark, as_bytes
from planqk_protocol.errors import ParserClosedError
from planqk_protocol.events import (
    Event,
    FinalResult,
    InterimResult,
    Marker,
    MultilineResult,
    Result,
    Violation,
    ViolationCode,
)
from planqk_protocol.framing import Lines, LinesMark, Segment
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.log_text import extend_with_logs
from planqk_protocol.payload.decode import Decoder, PayloadError
from planqk_protocol.state import Resumable

__all__ = ["Parser", "aiter_events", "iter_events", "parse"]

_LF = b"\n"
_CR = b"\r"

_Mark: TypeAlias = tuple[dict[str, Any], LinesMark, BufferMark]

_UNTERMINATED = (
    "the block is never closed; print PlanQK:Job:MultilineResult once more behind the JSON, and flush"
)
_STRAY = (
    " (line {} begins with a marker, but inside a block it is body; print it before the block or after it)"
)
_DUPLICATE = "another result came first, and only the first one counts; print the result once"


class Parser(Resumable):
    r"""An incremental parser of one job's stdout.

    The events do not depend on how the stream is cut into chunks, and each
    comes out of the call that brings its last byte. No input makes the parser
    raise. It does no I/O, and holds no more than its limits allow. It can be
    copied and pickled in the middle of a stream, and goes on where it was.

    A call takes all or nothing. Where the interpreter fails, for lack of memory
    or because the caller itself is too deep in calls, nothing of the chunk is
    taken, and the same call can be made once more.

    Args:
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported. Without them the way to the
            results is a good deal shorter.

    >>> parser = Parser()
    >>> parser.feed(b"starting\nPlanQK:Job:Res")
    [Log(line=1, text='starting')]
    >>> parser.feed(b'ult: {"sum": 42}\n')
    [Result.of(line=2, payload=b' {"sum": 42}')]
    >>> parser.close()
    []
    >>> parser.result.value
    {'sum': 42}
    """

    def __init__(self, *, limits: Limits = Limits(), logs: bool = True) -> None:
        if not isinstance(limits, Limits):
            raise TypeError(f"limits is {limits!r}: give Limits(...), in which None lifts a single limit")
        self._logs = logs
        self._table = load_table()
        self._lines = Lines(self._table, limits.max_payload)
        self._decode = Decoder(limits).decode
        self._max_line = limits.max_line
        self._max_payload = sys.maxsize if limits.max_payload is None else limits.max_payload
        self._enter(self._table.start)
        self._closed = False
        self._result: FinalResult | None = None
        self._line = 1  # number of the line that the next byte belongs to
        self._offset = 0  # of the next byte, from the start of the stream
        self._held = Buffer()  # the unfinished line or block
        self._first = 1  # number of its first line
        self._stray = 0  # number of the first result or interim marker in the block
        self._beyond = False  # past the cut of an oversized line or block, where all is log text

    @property
    def result(self) -> FinalResult | None:
        """The event that won the result slot; ``None`` so long as none did."""
        return self._result

    @property
    def line(self) -> int:
        """Number of the line that the next byte belongs to, counted from 1."""
        return self._line

    def feed(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Take the next bytes of the stream, and give the events that they complete.

        Args:
            data: Any number of bytes, cut anywhere. They may be overwritten
                after the call.

        Raises:
            ParserClosedError: The parser was closed.
            RecursionError: The caller is within some 200 calls of the
                interpreter's recursion limit, so that JSON cannot be decoded
                (CPython 3.11). Nothing was taken: feed the same bytes again
                from where there is room.
            TypeError: `data` is not bytes.
        """
        if self._closed:
            raise ParserClosedError(
                "feed() after close(): a stream ends once; make a new Parser for the next one"
            )
        if type(data) is not bytes:
            data = as_bytes(data)
        before = self._mark()
        try:
            return self._feed(data)
        except BaseException:
            self._reset(before)
            raise

    def _feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        for segment in self._lines.feed(data):
            kind, start, stop, payload, _ = segment
            self._offset += stop - start
            if payload and kind and not self._in_block and stop - start <= self._max_payload:
                self._first = self._line
                self._line += 1
                state, verdict = self._steps[kind]
                if state != self._state:
                    self._enter(state)
                events.append(self._line_event(verdict, data[start:stop], payload - start))
            else:
                self._take(events, data, segment)
        return events

    def close(self) -> list[Event]:
        """End the stream, and give the events that its end completes.

        A last line without LF is complete now (rule ``eof-line``); a block
        still open is a violation (rule ``eof-block``). A second call gives an
        empty list.

        Raises:
            RecursionError: As for `feed`; the parser is not closed then.
        """
        if self._closed:
            return []
        before = self._mark()
        try:
            return self._close()
        except BaseException:
            self._reset(before)
            raise

    def _close(self) -> list[Event]:
        self._closed = True
        events: list[Event] = []
        if last := self._lines.close():
            self._take(events, b"", last)
        if self._held:
            raw = self._held.take()
            code = ViolationCode.UNTERMINATED_BLOCK
            message = _UNTERMINATED + self._stray_note()
            events.append(self._violation(code, Marker.MULTILINE_RESULT, raw, 0, message))
        return events

    def _mark(self) -> _Mark:
        return self.__dict__.copy(), self._lines.mark(), self._held.mark()

    def _reset(self, mark: _Mark) -> None:
        """Undo all that was done since the mark was made."""
        own, lines, held = mark
        self.__dict__.update(own)
        self._lines.reset(lines)
        self._held.reset(held)

    def __repr__(self) -> str:
        if self._closed:
            state = "closed"
        elif self._in_block:
            state = "in a block"
        elif self._lines.is_within_line:
            state = "within a line"
        else:
            state = "between lines"
        return f"<Parser: line {self._line}, offset {self._offset}, {state}>"

    def _take(self, events: list[Event], data: bytes, segment: Segment) -> None:
        """Take a segment of any sort."""
        kind, start, stop, _, complete = segment
        if self._beyond or (kind == self._table.text and not self._in_block):
            self._take_text(events, data, start, stop, complete)
        elif len(self._held) + stop - start > self._max_payload and (self._in_block or kind):
            self._cut(events, data, segment)
        else:
            self._hold(data, start, stop)
            if complete and kind:
                self._conclude(events, kind)
        if complete and kind:
            if kind != self._table.text:
                self._enter(self._steps[kind].state)
            self._beyond = self._beyond and self._in_block

    def _enter(self, state: str) -> None:
        self._state = state
        self._steps = self._table.steps[state]
        self._in_block = self._table.in_block(state)

    def _take_text(self, events: list[Event], data: bytes, start: int, stop: int, complete: bool) -> None:
        """Log lines, or a piece of one (rule ``limit-line``)."""
        if not self._logs:
            self._held.take()
            self._line += data.count(_LF, start, stop)
            return
        max_line = self._max_line
        if self._held or not complete:
            self._held.append(data, start, stop)
            if not complete and (max_line is None or len(self._held) < max_line):
                return
            data = self._held.take()
            start, stop = 0, len(data)
            if not complete and max_line is not None:
                stop -= stop % max_line
                self._held.append(data, stop, len(data))
        self._line = extend_with_logs(events, data, start, stop, self._line, max_line)

    def _hold(self, data: bytes, start: int, stop: int) -> None:
        """Keep a piece of a marked line, or of a block."""
        if not self._held:
            self._first = self._line
            self._stray = 0
        self._held.append(data, start, stop)
        self._line += data.count(_LF, start, stop)

    def _cut(self, events: list[Event], data: bytes, segment: Segment) -> None:
        """Report the first bytes of an oversized line or block (rule ``limit-payload``)."""
        kind, start, stop, _, complete = segment
        limit = self._max_payload
        cut = start + max(0, limit - len(self._held))
        self._hold(data, start, cut)
        raw = self._held.take()
        self._beyond = True
        marker = Marker.MULTILINE_RESULT
        if not self._in_block and kind and (verdict := self._steps[kind].verdict):
            marker = Marker(verdict.removeprefix("duplicate_"))
        message = f"longer than {limit} bytes; print less, or raise Limits.max_payload"
        ahead = stop - cut + max(0, len(raw) - limit)
        code = ViolationCode.PAYLOAD_TOO_LARGE
        events.append(self._violation(code, marker, raw[:limit], limit, message, ahead))
        self._take_text(events, raw, limit, len(raw), complete=False)
        self._take_text(events, data, cut, stop, complete)

    def _conclude(self, events: list[Event], kind: str) -> None:
        """A line has ended that is held, or a line of the block that is held."""
        verdict = self._steps[kind].verdict
        if verdict == "body":
            if kind in self._table.payload_kinds:
                self._stray = self._stray or self._line - 1
        elif self._in_block:
            events.append(self._block_event(verdict, self._held.take()))
        elif verdict:
            raw = self._held.take()
            events.append(self._line_event(verdict, raw, self._table.payload_start(raw)))

    def _line_event(self, verdict: str, raw: bytes, start: int) -> Event:
        """The event of a marked line, whose payload begins at `start`."""
        if verdict == "duplicate_result":
            return self._violation(ViolationCode.DUPLICATE_RESULT, Marker.RESULT, raw, 0, _DUPLICATE)
        stop = len(raw)
        if raw[-1] == _LF[0]:
            stop -= 2 if raw[-2] == _CR[0] else 1
        try:
            value = self._decode(raw, start, stop)
        except PayloadError as error:
            return self._violation(error.code, Marker(verdict), raw, start + error.at, error.message)
        if verdict == "interim_result":
            return InterimResult(self._first, raw, value, start, stop)
        self._result = Result(self._first, raw, value, start, stop)
        return self._result

    def _block_event(self, verdict: str, raw: bytes) -> Event:
        """The event of a block, both fences included."""
        marker = Marker.MULTILINE_RESULT
        if verdict == "duplicate_block":
            return self._violation(ViolationCode.DUPLICATE_RESULT, marker, raw, 0, _DUPLICATE)
        start, stop = raw.find(_LF) + 1, raw.rfind(_LF, 0, len(raw) - 1) + 1
        try:
            value = self._decode(raw, start, stop)
        except PayloadError as error:
            note = self._stray_note() if error.code is ViolationCode.INVALID_JSON else ""
            return self._violation(error.code, marker, raw, start + error.at, error.message + note)
        self._result = MultilineResult(self._first, raw, value, start, stop)
        return self._result

    def _stray_note(self) -> str:
        return _STRAY.format(self._stray) if self._stray else ""

    def _violation(
        self, code: ViolationCode, marker: Marker, raw: bytes, fault: int, message: str, ahead: int = 0
    ) -> Violation:
        """A violation that ends `ahead` bytes before the next byte, its fault at byte `fault` of `raw`."""
        line_start = raw.rfind(_LF, 0, fault) + 1
        return Violation(
            code=code,
            marker=marker,
            line=self._first,
            raw=raw,
            message=message,
            error_line=self._first + raw.count(_LF, 0, fault),
            column=len(raw[line_start:fault].decode(errors="replace")) + 1,
            offset=self._offset - ahead - len(raw) + fault,
        )


def parse(
    data: bytes | bytearray | memoryview, *, limits: Limits = Limits(), logs: bool = True
) -> list[Event]:
    r"""The events of a whole stream.

    Args:
        data: All bytes of the stream.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `data` is not bytes.

    >>> parse(b'starting\nPlanQK:Job:Result: {"sum": 42}\n')
    [Log(line=1, text='starting'), Result.of(line=2, payload=b' {"sum": 42}')]
    """
    parser = Parser(limits=limits, logs=logs)
    return parser.feed(data) + parser.close()


def iter_events(
    chunks: Iterable[bytes | bytearray | memoryview], *, limits: Limits = Limits(), logs: bool = True
) -> Iterator[Event]:
    r"""The events of a stream, each as soon as the chunk arrives that completes it.

    Args:
        chunks: The stream, cut anywhere: a list, a generator, a binary file.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `chunks` is bytes or text itself, or yields something else than bytes.

    >>> for event in iter_events([b"PlanQK:Job:Res", b"ult: 42\n"]):
    ...     print(event)
    Result.of(line=1, payload=b' 42')
    """
    if isinstance(chunks, bytes | bytearray | memoryview | str):
        raise TypeError(
            f"iter_events() takes an iterable of chunks, not {type(chunks).__name__};"
            " use parse() for a whole stream"
        )
    return _iter_events(chunks, Parser(limits=limits, logs=logs))


def _iter_events(chunks: Iterable[bytes | bytearray | memoryview], parser: Parser) -> Iterator[Event]:
    for chunk in chunks:
        yield from parser.feed(as_bytes(chunk, name="a chunk"))
    yield from parser.close()


async def aiter_events(
    chunks: AsyncIterable[bytes | bytearray | memoryview], *, limits: Limits = Limits(), logs: bool = True
) -> AsyncIterator[Event]:
    """The events of an asynchronous stream, each as soon as the chunk arrives that completes it.

    Args:
        chunks: The stream, cut anywhere. (An `asyncio.StreamReader` is better read
            by its ``read``: as an iterable it gives lines, and fails at a long one.)
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `chunks` yields something else than bytes.
    """
    parser = Parser(limits=limits, logs=logs)
    async for chunk in chunks:
        for event in parser.feed(as_bytes(chunk, name="a chunk")):
            yield event
    for event in parser.close():
        yield event
