"""Parse and diagnose several inputs as one stream, and find the input that a place is in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from planqk_protocol.captures import Captured, CaptureNotice, Source, StdStream
from planqk_protocol.diagnosis import Diagnosis, Finding, Place
from planqk_protocol.diagnosis.outcomes import notice_finding
from planqk_protocol.diagnosis.stderr_search import StderrSearch
from planqk_protocol.events import FinalResult
from planqk_protocol.inputs.detection import (
    AUTO,
    MOST_DETECTED,
    PLATFORM_LOG,
    RAW,
    answer_without_entries,
    check_container,
    detect_format,
    missing_container_message,
)
from planqk_protocol.inputs.input import CutOff, Input, LiveInput
from planqk_protocol.inputs.rotation import Clock, Disorder
from planqk_protocol.limits import Limits
from planqk_protocol.outcome import JobStatus

if TYPE_CHECKING:
    from planqk_protocol.diagnosis.openapi import ServiceSchemas

__all__ = ["EventStream"]

_MOST_NOTICES = 1000  # whose inputs are remembered


class _Begin(NamedTuple):
    """Where an input begins in the stream."""

    offset: int
    line: int  # number of the line that its first byte belongs to
    lines_before: int  # number of lines that began before it
    name: str


class EventStream:
    """The events and findings of inputs that are read one after the other as one stream.

    Args:
        inputs: The inputs. They are read as the events are asked for.
        capture: The id of their format, or ``auto`` to detect it.
        logs: Whether `Log` events are reported.
        container: The container to read from a capture of several. By default, it is the first one.
        limits: Bounds on lines and payloads.
        at_once: Whether to detect the format from the first line alone.
        schemas: What the service's OpenAPI file says about its results, if they are to be checked.

    Attributes:
        format: The id of the format; once reading has begun, it is not ``auto``.
        container: The container that the user named.
        is_guessed: Whether the format is detected.
        is_altered: Whether bytes of a compressed input may be altered.
        disorder: The inputs that are older than those before them.
        head: The first bytes of the inputs.
    """

    def __init__(
        self,
        inputs: Iterable[Input | LiveInput],
        capture: str,
        *,
        logs: bool,
        container: str | None = None,
        limits: Limits = Limits(),
        at_once: bool = False,
        schemas: ServiceSchemas | None = None,
    ) -> None:
        self._inputs = inputs
        self._logs = logs
        self._limits = limits
        self._at_once = at_once
        self._clock = Clock()
        self._begins: list[_Begin] = []
        self._schemas = schemas
        # Made when reading begins, as the format is known then.
        self._source: Source
        self._diagnosis: Diagnosis
        self._stderr: StderrSearch
        self._notices: dict[Finding, str] = {}  # findings about notices, and their inputs
        self.head = bytearray()
        self.format = capture
        self.container = container
        self.is_guessed = capture == AUTO
        self._is_cut_off = False  # a compressed input broke off
        self._has_lost = False
        self.is_altered = False
        self.disorder: list[Disorder] = []

    def __iter__(self) -> Iterator[Captured]:
        """Yield the events and notices of each chunk as soon as it arrives, and at last those of the end.

        Ask `findings` for the findings in each of them.
        """
        inputs = self._inputs
        if self.format == AUTO:  # a live container names its format, so these are files
            self.format, inputs = detect_format(cast("Iterable[Input]", inputs), at_once=self._at_once)
        check_container(self.format, self.container)
        self._source = Source(self.format, container=self.container, limits=self._limits, logs=self._logs)
        self._stderr = StderrSearch(self.format)
        self._diagnosis = Diagnosis(capture=self.format, schemas=self._schemas)
        for name, chunks in inputs:
            if self._begins:
                yield self._noted(self._source.end_of_file())
                self._end_of_file()
            self._begin(name)
            try:
                for chunk in chunks:
                    captured = self._source.feed(chunk)
                    if isinstance(chunk, bytes):
                        self.head += chunk[: MOST_DETECTED - len(self.head)]
                        if not self._source.result:  # else no finding tells what is on standard error
                            first = next(iter(self._source.containers), None)
                            self._stderr.feed(chunk, self.container or first)
                    yield self._noted(captured)
            except CutOff as end:
                yield self._noted(self._source.cut_off())
                self._is_cut_off = True
                self.is_altered = self.is_altered or end.is_altered
        yield self._noted(self._source.close())
        self._stderr.close()
        self._end_of_file()

    @property
    def is_wrapped(self) -> bool:
        """Whether the inputs are in a capture format other than ``raw``."""
        return self.format != RAW

    @property
    def has_several_inputs(self) -> bool:
        """Whether more than one input was read so far."""
        return len(self._begins) > 1

    @property
    def answer_without_entries(self) -> str | None:
        """The message that the inputs are no log, but an answer of the Service API; else ``None``."""
        may_be_one = self.format == PLATFORM_LOG or (self.is_guessed and self.format == RAW)
        return answer_without_entries(bytes(self.head)) if may_be_one else None

    @property
    def missing_container(self) -> str | None:
        """The message that the capture lacks the container that the user named; ``None`` if it has it."""
        names = self._source.containers
        if self.container is None or self.container in names:
            return None
        return missing_container_message(names, self.container)

    @property
    def containers(self) -> list[str]:
        """Names of the containers in the capture so far, where its format names them."""
        return self._source.containers

    @property
    def size(self) -> int:
        """Number of bytes of stdout so far."""
        return self._source.size

    @property
    def line_count(self) -> int:
        """Number of lines read so far, with the unfinished one. It is exact at the end."""
        return self._source.line_count

    def findings(self, captured: Captured) -> list[Finding]:
        """The findings that are certain with this step of the iteration. Call it for each step, once."""
        if self.has_several_inputs:
            for notice in captured.notices[: _MOST_NOTICES - len(self._notices)]:
                self._notices[notice_finding(notice)] = self.name_of(notice)
        return self._diagnosis.observe(captured)

    @property
    def is_incomplete(self) -> bool:
        """Whether bytes of the inputs are missing, so that the job may have printed more."""
        return self._is_cut_off or self._has_lost

    @property
    def result(self) -> FinalResult | None:
        """The event that won the result slot, so far."""
        return self._source.result

    def last_findings(
        self, exit_code: int | None, status: JobStatus | None, *, is_cut_off: bool
    ) -> list[Finding]:
        """The findings that are certain at the end. Call it when the iteration has ended.

        Args:
            exit_code: The exit code of the job; ``None`` if it is not known.
            status: The status that a platform gave the job; ``None`` if there is none.
            is_cut_off: Whether a live container may have printed more.
        """
        lacks_some = is_cut_off or self.is_incomplete
        findings = self._diagnosis.close(
            exit_code=exit_code, status=status, cut_off=lacks_some, is_on_stderr=self._stderr.found
        )
        return [self._with_files(finding) for finding in findings] if self.has_several_inputs else findings

    def file_of_notice(self, finding: Finding) -> str | None:
        """The input that a finding about a notice is about. It is known if there are several inputs."""
        return self._notices.get(finding)

    def locate(self, place: Place) -> tuple[str, Place]:
        """The input that a place of the stream is in, and the place within it.

        In a capture, both places count the bytes and lines of stdout.
        """
        number = bisect_right(self._begins, place.offset, key=lambda begin: begin.offset)
        begin = self._begins[number - 1]
        within = msgspec.structs.replace(
            place, line=place.line - begin.line + 1, offset=place.offset - begin.offset
        )
        return begin.name, within

    def locate_line(self, line: int) -> tuple[str, int]:
        """The input that a line of the stream begins in, and the number of the line within it."""
        number = bisect_right(self._begins, line - 1, key=lambda begin: begin.lines_before)
        begin = self._begins[number - 1]
        return begin.name, line - begin.line + 1

    def shown(self, name: str, line: int, column: int) -> str:
        """A place in an input, as messages name it."""
        return f"{name}{' (stdout)' if self.is_wrapped else ''}:{line}:{column}"

    def name_of(self, notice: CaptureNotice) -> str:
        """The input that a notice is about."""
        return self._begins[notice.file].name

    def _with_files(self, finding: Finding) -> Finding:
        """Name the file wherever a finding names a line: the diagnosis counts lines of the whole stream."""
        for related in finding.related:
            name, place = self.locate(related.place)
            line = re.compile(rf"\bon line {related.place.line}\b")
            named = f"on line {place.line} of {name}".replace("\\", r"\\")
            message, advice = (line.sub(named, text) for text in (finding.message, finding.advice))
            finding = msgspec.structs.replace(finding, message=message, advice=advice)
        return finding

    def _noted(self, captured: Captured) -> Captured:
        self._clock.take(captured.chunks)
        self._has_lost = self._has_lost or any(item.loses(StdStream.STDOUT) for item in captured.notices)
        return captured

    def _end_of_file(self) -> None:
        if disorder := self._clock.end_of_file():
            self.disorder.append(disorder)

    def _begin(self, name: str) -> None:
        source = self._source
        self._clock.begin_file(name)
        self._begins.append(_Begin(source.size, source.line, source.line_count, name))
