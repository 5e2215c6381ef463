"""`Run`: the events of a job as it runs, for threads and for asyncio, and its outcome."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec

from planqk_protocol.captures import Captured, CaptureNotice, Source, StdStream
from planqk_protocol.diagnosis import Diagnosis, Finding
from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.diagnosis.stderr_search import ResultSearch
from planqk_protocol.diagnosis.tracebacks import Tail
from planqk_protocol.engines.blocking import in_thread
from planqk_protocol.events import Event, Log, Violation
from planqk_protocol.limits import Limits
from planqk_protocol.outcome import Collector, JobStatus, Outcome
from planqk_protocol.runner.job import Job, Piece

__all__ = ["Run", "Step", "rfc3339"]

_AS_STORED = "cri"  # findings are about what an engine of the platform would store of the output
_TICK = 0.1  # seconds; so soon a signal is noticed while the job prints nothing
_MOST_FINDINGS = 1000
_STANDARD_ERROR = 2
_NANOSECONDS = 1_000_000_000


class Step(msgspec.Struct, frozen=True):
    """What one read of a job's output brought.

    Attributes:
        captured: The events and the notices, and the chunks of standard output.
        time_ns: When it was read, in nanoseconds since 1970, UTC.
        stderr: The bytes of standard error.
    """

    captured: Captured
    time_ns: int
    stderr: bytes = b""

    def times(self) -> list[str]:
        """The time of each event: of its record, if the engine gives it, else when it was read. RFC 3339."""
        read = rfc3339(self.time_ns)
        return [stamp or read for stamp in self.captured.times]


class Run:
    """A job that runs: an iterator of its events, from its start to its end.

    It is an asynchronous iterator and context manager as well. A job that is
    not read to its end is ended: when the iteration or the ``with`` statement is
    left, when the task is cancelled, when the object goes away, or at the end of
    the program.

    Args:
        job: The job.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.
        schemas: What the service says of its results, for findings.
        stderr: Called with each chunk of standard error. By default, standard
            error goes to that of this process.

    Attributes:
        findings: What is wrong with the output, and what to do: the first 1000 findings.
    """

    def __init__(
        self,
        job: Job,
        *,
        limits: Limits = Limits(),
        logs: bool = True,
        schemas: ServiceSchemas | None = None,
        stderr: Callable[[bytes], None] | None = None,
    ) -> None:
        self._job = job
        self._take_stderr = _to_own_stderr if stderr is None else stderr
        self._source = Source(job.capture, limits=limits, logs=logs)
        self._collector = Collector(keep_interim="last")
        self._diagnosis = Diagnosis(capture=_AS_STORED, schemas=schemas)
        self._stderr_search, self._stderr_tail = ResultSearch(), Tail()
        self._lock = threading.Lock()  # an abandoned thread may still read while another one closes
        self._is_closed = False
        self._has_ended = False
        self._is_output_elsewhere = False
        self.findings: list[Finding] = []
        self._finalizer = weakref.finalize(self, job.close)

    def steps(self, patience: float = _TICK) -> Iterator[Step | None]:
        """Yield what each read brings, with times and standard error; ``None`` if nothing came for a while.

        Args:
            patience: Seconds after which ``None`` comes.

        Raises:
            EngineError: The engine of a container does not answer.
        """
        try:
            while not self._has_ended and not self._is_closed:
                steps: list[Step | None] = [*self._next_steps(patience)]
                yield from steps or [None]
        finally:
            self.close()

    def __iter__(self) -> Iterator[Event]:
        for step in self.steps():
            if step:
                if step.stderr:
                    self._take_stderr(step.stderr)
                yield from step.captured.events

    async def __aiter__(self) -> AsyncIterator[Event]:
        try:
            while not self._has_ended and not self._is_closed:
                steps = await in_thread(lambda: self._next_steps(_TICK), abort=self._stop)
                for step in steps:
                    if step.stderr:
                        self._take_stderr(step.stderr)
                    for event in step.captured.events:
                        yield event
        finally:
            await in_thread(self.close, abort=self._stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await in_thread(self.close, abort=self._stop)

    @property
    def outcome(self) -> Outcome:
        """The outcome of the events so far. It has the last interim result only.

        Until the events have ended, its status is ``RUNNING``. A job that was
        ended is ``FAILED``, whatever its exit code.
        """
        is_over = self._has_ended or self._is_closed
        is_cut_off = bool(self.why_ended) or not self._has_ended or self._job.is_cut_off
        outcome = self._collector.outcome(
            exit_code=self._job.exit_code if is_over else None, closed=is_over, cut_off=is_over and is_cut_off
        )
        if is_over and self.why_ended:
            return msgspec.structs.replace(outcome, status=JobStatus.FAILED)
        return outcome

    @property
    def why_ended(self) -> str:
        """Why the job was ended, if it did not end by itself; else empty."""
        return self._job.life.why_ended

    @property
    def duration(self) -> float:
        """How long the job has run, in seconds."""
        return self._job.life.duration

    @property
    def line_count(self) -> int:
        """Number of lines of standard output so far."""
        return self._source.line_count

    @property
    def wrote_output_file(self) -> bool:
        """Whether the job wrote its result to ``/var/runtime/output``. This is known when it has ended.

        Jobs of another contract do so, and print no marker.
        """
        return self._is_output_elsewhere

    def stop(self, why: str = "it was stopped") -> None:
        """Ask the job to end, and kill it after the grace period. Its last events still come.

        Args:
            why: Why it is ended: see `why_ended`.
        """
        self._job.stop(why)

    def close(self) -> None:
        """End the job if it runs, wait for its end, and remove what it left. A second call does nothing."""
        self._is_closed = True
        self._finalizer()

    def _stop(self) -> None:
        self._job.stop("the task was cancelled")

    def _next_steps(self, patience: float) -> list[Step]:
        with self._lock:
            if self._is_closed:
                return []
            steps: list[Step] = []
            for piece in self._job.inbox.take(patience):
                if piece.stream is StdStream.STDERR:
                    steps.append(self._stderr_step(piece))
                else:
                    steps.append(self._step(self._source.feed(piece.item), piece.time_ns))
            if self._job.inbox.is_over:
                steps.append(self._last_step())
            return steps

    def _step(self, captured: Captured, time_ns: int) -> Step:
        for event in captured.events:
            if not isinstance(event, Log):
                self._collector.add(event)
        self._find(self._diagnosis.observe(captured))
        return Step(captured, time_ns)

    def _stderr_step(self, piece: Piece) -> Step:
        if isinstance(piece.item, CaptureNotice):
            return self._step(Captured([], [piece.item], []), piece.time_ns)
        self._stderr_search.feed(piece.item)
        self._stderr_tail.feed(piece.item)
        return Step(Captured([], [], []), piece.time_ns, piece.item)

    def _last_step(self) -> Step:
        """End the stream. What a killed job left unfinished is suspect."""
        job = self._job
        job.check()
        self._is_output_elsewhere = job.wrote_output_file()
        step = self._step(self._source.close(), time.time_ns())
        self._stderr_search.close()
        is_on_stderr = self._stderr_search.found
        last = self._diagnosis.close(
            exit_code=job.exit_code,
            why_ended=job.life.why_ended,
            cut_off=job.is_cut_off,
            is_on_stderr=is_on_stderr,
            stderr_exception=self._stderr_tail.shown,
        )
        self._find(last)
        self._has_ended = True
        if not (job.life.why_ended or job.exit_code):
            return step
        events = [_suspect(event) for event in step.captured.events]
        return msgspec.structs.replace(step, captured=msgspec.structs.replace(step.captured, events=events))

    def _find(self, findings: list[Finding]) -> None:
        self.findings += findings[: max(0, _MOST_FINDINGS - len(self.findings))]


def _suspect(event: Event) -> Event:
    """Mark an event that no LF ends: the job may have been killed while it printed it."""
    if isinstance(event, Log | Violation) or event.terminated:
        return event
    return msgspec.structs.replace(event, suspect=True)


def _to_own_stderr(data: bytes) -> None:
    with suppress(OSError):  # closed, and there is no other place for it
        while data:
            data = data[os.write(_STANDARD_ERROR, data) :]


def rfc3339(time_ns: int) -> str:
    """A time as RFC 3339 writes it, in UTC.

    >>> rfc3339(1_714_557_600_500_000_000)
    '2024-05-01T10:00:00.500000Z'
    """
    seconds, rest = divmod(time_ns, _NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06}Z"
