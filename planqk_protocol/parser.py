"""The parser: chunks of a job's stdout in, events out.

*From a chunk to events.* `framing` cuts the chunk into segments: stretches of log lines,
marked lines, and pieces of a line. The table says what a line means in its place.
`log_text` makes the `Log` events, `marked` all the others.

*What is held.* A unit is a line, or a block with both of its fences. Between two
calls the parser holds the one unit that is not finished: its bytes (`_held`) and
the number of its first line (`_first_line`). A marked line that one chunk brings as a
whole is never held: `_feed` makes its event from the chunk itself.

*When a unit is judged.* A marked line is judged at its LF, a block at the LF of
its closing fence, and both at the end of the stream. Only then is the payload
decoded, once and as a whole. Log text comes out line by line, or as soon as
`max_line` bytes of a line are there.

*Why limits do not depend on chunks.* A limit is compared with the number of bytes
since the unit began, never with what a chunk or the buffer happens to hold:

*   `max_payload`: as soon as a unit has more bytes, `_cut_oversized` reports exactly
    the first `max_payload` of them, however many have come. It waits until the kind
    of the line is known, because log text may be longer. From the cut on
    (`_past_cut`), everything is log text up to the end of the line or block. The
    kinds of the lines still matter there: a fence closes the block.
*   `max_line`: the pieces of a log line are counted from its start, or from the cut.
    `_report_text` reports whole pieces and holds the rest.

*All or nothing.* A call can fail in the middle for reasons outside the stream: no
memory, no room on the stack for a JSON library, Ctrl+C. `feed` and `close` then go
back to a checkpoint that they made before. It is a copy of the instance's dictionary.
The values in it are immutable, except for `Lines` and `Buffer`, which make checkpoints
of their own. No checkpoint copies any bytes of the stream.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

from planqk_protocol.buffer import Buffer, BufferCheckpoint, as_bytes
from planqk_protocol.errors import ParserClosedError
from planqk_protocol.events import Event, FinalResult, Marker, MultilineResult, Result
from planqk_protocol.framing import Lines, LinesCheckpoint
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.log_text import count_lines, extend_with_logs
from planqk_protocol.marked import (
    block_event,
    extend_with_interim_results,
    line_event,
    oversized_violation,
    unterminated_block_violation,
)
from planqk_protocol.payload.decode import PayloadDecoder
from planqk_protocol.state import Resumable

__all__ = ["Parser", "aiter_events", "iter_events", "parse"]

_Checkpoint: TypeAlias = tuple[dict[str, Any], LinesCheckpoint, BufferCheckpoint]


class Parser(Resumable):
    r"""An incremental parser of one job's stdout.

    The events do not depend on how the stream is cut into chunks, and each
    comes out of the call that brings its last byte. No input makes the parser
    raise. It does no I/O, and holds no more than its limits allow. It can be
    copied and pickled in the middle of a stream, and goes on where it was.

    A call takes all or nothing. If the interpreter fails, for lack of memory or
    because the caller itself is too deep in calls, nothing of the chunk is taken,
    and the same call can be made once more.

    Args:
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported. Without them parsing is faster.

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
        self._decode = PayloadDecoder(limits).decode
        self._max_line = limits.max_line
        self._max_payload = sys.maxsize if limits.max_payload is None else limits.max_payload
        self._enter(self._table.start)
        self._closed = False
        self._result: FinalResult | None = None
        self._line = 1  # number of the line that the next byte belongs to
        self._offset = 0  # of the next byte, from the start of the stream
        self._held = Buffer()  # the unfinished line or block
        self._first_line = 1  # number of its first line
        self._stray_line = 0  # number of the first result or interim marker in the block; 0 if there is none
        self._past_cut = False  # past the cut of an oversized line or block, where all is log text

    @property
    def result(self) -> FinalResult | None:
        """The event that won the result slot; ``None`` until there is one."""
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
                interpreter's recursion limit, so JSON cannot be decoded
                (CPython 3.11). Nothing was taken. Feed the same bytes again
                from a caller that is less deep in calls.
            TypeError: `data` is not bytes.
        """
        if self._closed:
            raise ParserClosedError(
                "feed() after close(): a stream ends once; make a new Parser for the next one"
            )
        if type(data) is not bytes:
            data = as_bytes(data)
        before = self._checkpoint()
        try:
            return self._feed(data)
        except BaseException:
            self._roll_back(before)
            raise

    def _feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        before = self._offset
        for kind, start, stop, complete, lines, payload_start in self._lines.feed(data):
            if lines and kind and not self._in_block and stop - start <= self._max_payload:
                self._report_lines(events, kind, lines, payload_start, before + start)
            elif len(lines) > 1:
                for line in lines:
                    self._offset += len(line)
                    self._process(events, line, kind, 0, len(line), complete)
            else:
                self._offset = before + stop
                self._process(events, data, kind, start, stop, complete)
            self._offset = before + stop
        return events

    def _report_lines(
        self, events: list[Event], kind: str, lines: Sequence[bytes], payload_start: int, offset: int
    ) -> None:
        """The hot path: report whole marked lines. `_process` would do the same, but slower."""
        done = 0
        if len(lines) > 1 and self._transitions[kind].role == "interim_result":
            done = extend_with_interim_results(events, self._decode, lines, payload_start, self._line)
            self._line += done
            offset += sum(map(len, lines[:done]))
        for line in lines[done:]:
            state, role = self._transitions[kind]
            event = line_event(self._decode, role, line, payload_start, self._line, offset)
            events.append(event)
            self._line += 1
            offset += len(line)
            if state != self._state:
                self._enter(state)
            if role == "result":
                self._keep_result(event)

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
        before = self._checkpoint()
        try:
            return self._close()
        except BaseException:
            self._roll_back(before)
            raise

    def _close(self) -> list[Event]:
        self._closed = True
        events: list[Event] = []
        if last := self._lines.close():
            self._process(events, b"", *last[:4])
        if self._held:
            raw = self._held.take()
            offset = self._offset - len(raw)
            events.append(unterminated_block_violation(raw, self._first_line, offset, self._stray_line))
        return events

    def _checkpoint(self) -> _Checkpoint:
        """The state, for `_roll_back`."""
        return self.__dict__.copy(), self._lines.checkpoint(), self._held.checkpoint()

    def _roll_back(self, checkpoint: _Checkpoint) -> None:
        """Undo everything since the checkpoint was made."""
        own, lines, held = checkpoint
        self.__dict__.update(own)
        self._lines.roll_back(lines)
        self._held.roll_back(held)

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

    def _process(
        self, events: list[Event], data: bytes, kind: str | None, start: int, stop: int, complete: bool
    ) -> None:
        """Report a segment, cut it, or hold it."""
        if self._past_cut or (kind == self._table.text and not self._in_block):
            self._report_text(events, data, start, stop, complete)
        # While the kind is open (None), the line may be log text, which `max_payload` does not bound.
        elif len(self._held) + stop - start > self._max_payload and (self._in_block or kind):
            self._cut_oversized(events, data, kind, start, stop, complete)
        else:
            self._hold(data, start, stop)
            if complete and kind:
                self._report_unit(events, kind)
        # The state changes last: up to here, it is the state in which the line began.
        if complete and kind:
            if kind != self._table.text:
                self._enter(self._transitions[kind].state)
            self._past_cut = self._past_cut and self._in_block

    def _enter(self, state: str) -> None:
        """Change to a state of the table, and cache what each line needs of it."""
        self._state = state
        self._transitions = self._table.transitions[state]
        self._in_block = self._table.in_block(state)

    def _report_text(self, events: list[Event], data: bytes, start: int, stop: int, complete: bool) -> None:
        """Report log lines, or what is complete of one line (rule ``limit-line``)."""
        if not self._logs:
            self._held.take()  # a line's first bytes, held while its kind was open
            self._line += count_lines(data, start, stop)
            return
        max_line = self._max_line
        if self._held or not complete:
            self._held.append(data, start, stop)
            if not complete and (max_line is None or len(self._held) < max_line):
                return
            data = self._held.take()
            start, stop = 0, len(data)
            # The line goes on: report as many pieces of max_line bytes as there are, and hold the rest.
            if not complete and max_line is not None:
                stop -= stop % max_line
                self._held.append(data, stop, len(data))
        self._line = extend_with_logs(events, data, start, stop, self._line, max_line)

    def _hold(self, data: bytes, start: int, stop: int) -> None:
        """Hold a segment of a marked line, of a block, or of a line whose kind is open."""
        if not self._held:  # a unit begins
            self._first_line = self._line
            self._stray_line = 0
        self._held.append(data, start, stop)
        self._line += count_lines(data, start, stop)

    def _cut_oversized(
        self, events: list[Event], data: bytes, kind: str | None, start: int, stop: int, complete: bool
    ) -> None:
        """Cut an oversized line or block (rule ``limit-payload``)."""
        limit = self._max_payload
        cut = start + max(0, limit - len(self._held))
        self._hold(data, start, cut)
        raw = self._held.take()  # more than `limit` bytes if the kind of the line was open until now
        self._past_cut = True
        marker = Marker.MULTILINE_RESULT
        # An opening fence has no role.
        if not self._in_block and kind and (role := self._transitions[kind].role):
            marker = Marker(role.removeprefix("duplicate_"))
        offset = self._offset - (stop - cut) - len(raw)
        events.append(oversized_violation(marker, raw[:limit], self._first_line, offset))
        self._report_text(events, raw, limit, len(raw), complete=False)
        self._report_text(events, data, cut, stop, complete)

    def _report_unit(self, events: list[Event], kind: str) -> None:
        """Report the unit that a line of this kind completes, if it completes one."""
        role = self._transitions[kind].role
        if role == "body":
            if kind in self._table.payload_kinds:
                # The LF of this line is counted already, unless the end of the stream completes it.
                self._stray_line = self._stray_line or self._line - (not self._closed)
        elif role:
            raw = self._held.take()
            offset = self._offset - len(raw)
            if self._in_block:
                event = block_event(self._decode, role, raw, self._first_line, offset, self._stray_line)
            else:
                start = self._table.payload_start(raw)
                event = line_event(self._decode, role, raw, start, self._first_line, offset)
            events.append(event)
            self._keep_result(event)

    def _keep_result(self, event: Event) -> None:
        """Remember the event if it is the result. The table allows only one."""
        if isinstance(event, Result | MultilineResult):
            self._result = event


def parse(
    data: bytes | bytearray | memoryview, *, limits: Limits = Limits(), logs: bool = True
) -> list[Event]:
    r"""Parse a whole stream into its events.

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
    r"""Parse a stream, and give each event as soon as the chunk arrives that completes it.

    Args:
        chunks: The stream, cut anywhere: a list or a generator. `read_chunks` reads
            a file, a pipe or a socket.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `chunks` is bytes or text itself, or yields something other than bytes.

    >>> for event in iter_events([b"PlanQK:Job:Res", b"ult: 42\n"]):
    ...     print(event)
    Result.of(line=1, payload=b' 42')
    """
    if isinstance(chunks, bytes | bytearray | memoryview | str):
        raise TypeError(
            f"iter_events() takes an iterable of chunks, not {type(chunks).__name__};"
            " use parse() for a whole stream"
        )
    return chain.from_iterable(_event_lists(chunks, Parser(limits=limits, logs=logs)))


def _event_lists(chunks: Iterable[bytes | bytearray | memoryview], parser: Parser) -> Iterator[list[Event]]:
    for chunk in chunks:
        yield parser.feed(as_bytes(chunk, name="a chunk"))
    yield parser.close()


async def aiter_events(
    chunks: AsyncIterable[bytes | bytearray | memoryview], *, limits: Limits = Limits(), logs: bool = True
) -> AsyncIterator[Event]:
    """Parse an asynchronous stream, and give each event as soon as the chunk arrives that completes it.

    Args:
        chunks: The stream, cut anywhere. `aread_chunks` reads an `asyncio.StreamReader`.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.

    Raises:
        TypeError: `chunks` yields something other than bytes.
    """
    parser = Parser(limits=limits, logs=logs)
    async for chunk in chunks:
        for event in parser.feed(as_bytes(chunk, name="a chunk")):
            yield event
    for event in parser.close():
        yield event
