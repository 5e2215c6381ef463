"""Parse several inputs as one stream, and tell the place of an event in its own input."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from planqk_protocol import Event, Violation
from planqk_protocol.captures import Captured, CaptureNotice, Source
from planqk_protocol.cli.detection import AUTO, RAW, missing_container_message, resolve_format
from planqk_protocol.cli.rotation import Clock, Disorder
from planqk_protocol.cli.sources import CutOff, Input
from planqk_protocol.limits import Limits

__all__ = ["EventStream", "Place"]


class Place(NamedTuple):
    """A place in an input, or in the stdout that an input captured. Line and column count from 1."""

    name: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.name}:{self.line}:{self.column}"


class _Begin(NamedTuple):
    """Where an input begins in the stream."""

    offset: int
    line: int  # number of the line that its first byte belongs to
    lines_before: int  # number of lines that began before it
    name: str


class EventStream:
    """The events of inputs that are read one after the other as one stream.

    Args:
        inputs: The inputs. They are read as the events are asked for.
        capture: The id of their format, or ``auto`` to detect it.
        logs: Whether `Log` events are reported.
        container: The container to read from a capture of several. By default, it is the first one.
        limits: Bounds on lines and payloads.
        at_once: Whether to detect the format from the first line alone.
    """

    def __init__(
        self,
        inputs: Iterable[Input],
        capture: str,
        *,
        logs: bool,
        container: str | None = None,
        limits: Limits = Limits(),
        at_once: bool = False,
    ) -> None:
        self._inputs = inputs
        self._logs = logs
        self._limits = limits
        self._at_once = at_once
        self._clock = Clock()
        self._begins: list[_Begin] = []
        self._source = Source(RAW, logs=logs)
        self.format = capture
        self.container = container
        self.is_guessed = capture == AUTO
        self.is_cut_off = False
        self.is_altered = False
        self.disorder: list[Disorder] = []

    def __iter__(self) -> Iterator[Captured]:
        """Yield the events and notices of each chunk as soon as it arrives, and at last those of the end."""
        self.format, inputs = resolve_format(
            self._inputs, self.format, container=self.container, at_once=self._at_once
        )
        self._source = Source(self.format, container=self.container, limits=self._limits, logs=self._logs)
        for name, chunks in inputs:
            if self._begins:
                yield self._timed(self._source.end_of_file())
                self._end_of_file()
            self._begin(name)
            try:
                for chunk in chunks:
                    yield self._timed(self._source.feed(chunk))
            except CutOff as end:
                yield self._timed(self._source.cut_off())
                self.is_cut_off = True
                self.is_altered = self.is_altered or end.is_altered
        yield self._timed(self._source.close())
        self._end_of_file()

    @property
    def is_wrapped(self) -> bool:
        """Whether the inputs are in a capture format other than ``raw``."""
        return self.format != RAW

    @property
    def missing_container(self) -> str | None:
        """The message that the capture lacks the container that the user named; ``None`` if it has it."""
        names = self._source.containers
        if self.container is None or self.container in names:
            return None
        return missing_container_message(names, self.container)

    @property
    def line_count(self) -> int:
        """Number of lines read so far, with the unfinished one. It is exact at the end."""
        return self._source.line_count

    def place(self, event: Event) -> Place:
        """The place of a violation's fault, or of the first byte of another event."""
        if isinstance(event, Violation):
            # The parser always sets these three. Their types allow None for events made by hand.
            offset, line, column = event.offset or 0, event.error_line or 1, event.column or 1
            number = bisect_right(self._begins, offset, key=lambda begin: begin.offset)
        else:
            line, column = event.line, 1
            number = bisect_right(self._begins, line - 1, key=lambda begin: begin.lines_before)
        begin = self._begins[number - 1]
        name = f"{begin.name} (stdout)" if self.is_wrapped else begin.name
        return Place(name, line - begin.line + 1, column)

    def origin(self, notice: CaptureNotice) -> str:
        """The input, the record and the byte that a notice is about."""
        name = self._begins[notice.file].name
        return f"{name}: record {notice.record}, byte {notice.offset}"

    def _timed(self, captured: Captured) -> Captured:
        self._clock.take(captured.chunks)
        return captured

    def _end_of_file(self) -> None:
        if disorder := self._clock.end_of_file():
            self.disorder.append(disorder)

    def _begin(self, name: str) -> None:
        source = self._source
        self._clock.begin_file(name)
        self._begins.append(_Begin(source.size, source.line, source.line_count, name))
