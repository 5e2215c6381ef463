"""The outcome of a job: its status and its results, from its events and its exit code."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

import msgspec

from planqk_protocol.events import (
    Event,
    FinalResult,
    InterimResult,
    Log,
    Marker,
    Violation,
)
from planqk_protocol.state import Resumable

__all__ = ["Collector", "JobStatus", "Outcome", "collect"]

_MOST_KEPT = 16 * 1024 * 1024  # bytes of the violations that a bounded collector keeps
_MOST_SHOWN = 3  # events of a tuple that a repr shows; there may be thousands


class JobStatus(StrEnum):
    """The status of a job, in the words of the Service API.

    Only a platform can give ``CANCELLED``: neither the output of a job nor its exit
    code tells it. The Service API also has ``PENDING``, which no outcome has.
    """

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a job. It holds no log text.

    Attributes:
        status: The job's status.
        result: The event that won the result slot, if one did.
        interim_results: The interim results, in order: all of them, unless a
            `Collector` was told to keep the last one only.
        violations: The violations, in order: all of them, unless a `Collector`
            left some out.
        reason: The violation that took the result slot, if one did: why there
            is no result. It is one of `violations`.
        exit_code: The container's exit code, where it is known.
        suspect_reason: Why the result, or the violation in its place, may not be
            what the job printed, in one sentence; ``None`` if there is no doubt.
        violation_count: Number of all violations, including those that a
            `Collector` left out of `violations`.
    """

    status: JobStatus
    result: FinalResult | None = None
    interim_results: tuple[InterimResult, ...] = ()
    violations: tuple[Violation, ...] = ()
    reason: Violation | None = None
    exit_code: int | None = None
    suspect_reason: str | None = None
    violation_count: int = 0

    @property
    def suspect(self) -> bool:
        """Whether there is a `suspect_reason`."""
        return self.suspect_reason is not None

    def __repr__(self) -> str:
        bare = Outcome(status=self.status)
        shown = [f"status={self.status.value!r}"]
        for name in self.__struct_fields__:
            value = getattr(self, name)
            shown += [f"{name}={_excerpt(value)}"] if value != getattr(bare, name) else []
        return f"Outcome({', '.join(shown)})"


class Collector(Resumable):
    r"""Collects the events of a job, one by one, into its outcome.

    It holds no log text. With ``keep_interim="last"``, it holds at most the event
    in the result slot, one interim result, and 16 MiB of other violations,
    however long the stream is. It can be copied and pickled between any two events.

    Args:
        keep_interim: Which interim results the outcome has: ``"all"``, or only
            the ``"last"`` one.
        max_violations: How many violations the outcome has at most: the first
            ones, without those whose bytes do not fit into 16 MiB together. The
            one that takes the result slot is kept in any case. The others are
            only counted. ``None`` keeps all of them, whatever their size.

    Raises:
        ValueError: An argument has another value.

    >>> from planqk_protocol import parse
    >>> collector = Collector()
    >>> for event in parse(b"starting\nPlanQK:Job:Result: 42\n"):
    ...     collector.add(event)
    >>> collector.outcome(exit_code=0)
    Outcome(status='SUCCEEDED', result=Result.of(line=2, payload=b' 42'), exit_code=0)
    """

    def __init__(
        self, *, keep_interim: Literal["all", "last"] = "all", max_violations: int | None = 1000
    ) -> None:
        if keep_interim not in {"all", "last"}:
            raise ValueError(f'keep_interim is {keep_interim!r}: give "all" or "last"')
        if max_violations is not None and max_violations < 0:
            raise ValueError(f"max_violations is {max_violations}: give 0 or more, or None for no limit")
        self._interim_results = deque[InterimResult](maxlen=1 if keep_interim == "last" else None)
        self._max_violations = max_violations
        self._violations: list[Violation] = []
        self._violation_count = 0
        self._kept_bytes = 0  # of the violations that are kept, without the one in the slot
        self._slot: FinalResult | Violation | None = None

    def add(self, event: Event) -> None:
        """Add the next event of the stream. `Log` events are ignored."""
        if isinstance(event, Log):
            return
        if isinstance(event, InterimResult):
            self._interim_results.append(event)
            return
        takes_slot = self._slot is None and not (
            isinstance(event, Violation) and event.marker is Marker.INTERIM_RESULT
        )
        if takes_slot:
            self._slot = event
        if isinstance(event, Violation):
            self._violation_count += 1
            if takes_slot:
                self._violations.append(event)
            elif self._has_room(len(event.raw)):
                self._violations.append(event)
                self._kept_bytes += len(event.raw)

    def _has_room(self, size: int) -> bool:
        """Whether a violation of some bytes may be kept."""
        most = self._max_violations
        return most is None or (len(self._violations) < most and self._kept_bytes + size <= _MOST_KEPT)

    def outcome(
        self,
        *,
        exit_code: int | None = None,
        status: JobStatus | None = None,
        closed: bool = True,
        cut_off: bool = False,
    ) -> Outcome:
        """The outcome of the events so far. More may be added afterwards.

        Args:
            exit_code: The container's exit code; ``None`` where it is not known.
            status: The status that a platform gave the job. It takes the place of
                the exit code, but for one case: if a violation took the result
                slot, ``SUCCEEDED`` becomes ``FAILED``.
            closed: Whether the stream has ended. So long as it has not, the
                status is ``RUNNING``.
            cut_off: Whether the stream ended before the job's output did: the
                job was killed, or the connection to it broke. Then a result
                without LF at its end is suspect. It is also suspect if the
                exit code is not 0, or the platform's status is ``FAILED`` or
                ``CANCELLED``.

        Raises:
            ValueError: Both an exit code and a status are given.
        """
        if exit_code is not None and status is not None:
            raise ValueError("both exit_code and status are given; give the one that is known")
        slot = self._slot
        reason = slot if isinstance(slot, Violation) else None
        return Outcome(
            status=_status(exit_code, status, closed=closed, is_taken_by_violation=reason is not None),
            result=None if isinstance(slot, Violation) else slot,
            interim_results=tuple(self._interim_results),
            violations=tuple(self._violations),
            reason=reason,
            exit_code=exit_code,
            suspect_reason=_suspect_reason(slot, _cause_of_cut(exit_code, status, cut_off=cut_off)),
            violation_count=self._violation_count,
        )


def collect(
    events: Iterable[Event],
    *,
    exit_code: int | None = None,
    status: JobStatus | None = None,
    closed: bool = True,
    cut_off: bool = False,
) -> Outcome:
    r"""The outcome of a stream, with all its interim results and violations.

    A `Collector` does the same event by event, and can keep less.

    Args:
        events: The events of the stream, in order.
        exit_code: The container's exit code; ``None`` where it is not known.
        status: The status that a platform gave the job. It takes the place of the
            exit code, but for one case: if a violation took the result slot,
            ``SUCCEEDED`` becomes ``FAILED``.
        closed: Whether the stream has ended. So long as it has not, the status
            is ``RUNNING``.
        cut_off: Whether the stream ended before the job's output did: the job
            was killed, or the connection to it broke. Then a result without LF
            at its end is suspect. It is also suspect if the exit code is not 0,
            or the platform's status is ``FAILED`` or ``CANCELLED``.

    Raises:
        ValueError: Both an exit code and a status are given.

    >>> from planqk_protocol import parse
    >>> outcome = collect(parse(b"PlanQK:Job:Result: 42\n"), exit_code=0)
    >>> outcome.status.value, outcome.result.value
    ('SUCCEEDED', 42)
    """
    collector = Collector(max_violations=None)
    for event in events:
        collector.add(event)
    return collector.outcome(exit_code=exit_code, status=status, closed=closed, cut_off=cut_off)


def _cause_of_cut(exit_code: int | None, status: JobStatus | None, *, cut_off: bool) -> str | None:
    """Why the end of the output may be missing; ``None`` if nothing speaks for it."""
    if cut_off:
        return "the stream was cut off"
    if status in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return f"the platform's status is {status}"
    return f"the exit code is {exit_code}" if exit_code else None


def _suspect_reason(slot: FinalResult | Violation | None, cause_of_cut: str | None) -> str | None:
    """Why the event in the result slot is suspect: the first reason that applies."""
    if slot is None:
        return None
    if slot.suspect:
        return "bytes of it come from a damaged part of the capture: they may be altered or missing"
    if slot.after_loss:
        return (
            "the capture lost bytes of standard output before it: an earlier result may have been among them"
        )
    if isinstance(slot, Violation) or slot.terminated or cause_of_cut is None:
        return None
    return f"no LF ends it, and {cause_of_cut}: the rest of it may be missing"


def _status(
    exit_code: int | None, given: JobStatus | None, *, closed: bool, is_taken_by_violation: bool
) -> JobStatus:
    if not closed:
        return JobStatus.RUNNING
    if given is not None and not (given is JobStatus.SUCCEEDED and is_taken_by_violation):
        return given
    if exit_code is None and given is None:
        return JobStatus.UNKNOWN
    if exit_code or is_taken_by_violation:
        return JobStatus.FAILED
    return JobStatus.SUCCEEDED


def _excerpt(value: object) -> str:
    """A field for a repr. Of a long tuple, only the first events and the number of the others are shown."""
    if not isinstance(value, tuple) or len(value) <= _MOST_SHOWN:
        return repr(value)
    return f"({', '.join(map(repr, value[:_MOST_SHOWN]))}, …(+{len(value) - _MOST_SHOWN}))"
