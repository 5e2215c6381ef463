"""What became of a job: its events and its exit code, folded into one verdict."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from planqk_protocol.events import (
    Event,
    FinalResult,
    InterimResult,
    Log,
    Marker,
    Violation,
)

__all__ = ["JobStatus", "Outcome", "collect"]


class JobStatus(StrEnum):
    """The status of a job, in the words of the Service API."""

    PENDING = "PENDING"
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
        interim_results: All interim results, in order.
        violations: All violations, in order.
        reason: The violation that took the result slot, if one did: why there
            is no result. It is one of `violations`.
        exit_code: The container's exit code, where it is known.
        suspect_reason: Why the result, or the violation in its place, may not be
            what the job gave, in one sentence; ``None`` where nothing says so.
    """

    status: JobStatus
    result: FinalResult | None = None
    interim_results: tuple[InterimResult, ...] = ()
    violations: tuple[Violation, ...] = ()
    reason: Violation | None = None
    exit_code: int | None = None
    suspect_reason: str | None = None

    @property
    def suspect(self) -> bool:
        """Whether there is a `suspect_reason`."""
        return self.suspect_reason is not None


def collect(
    events: Iterable[Event], *, exit_code: int | None = None, closed: bool = True, cut_off: bool = False
) -> Outcome:
    r"""The outcome of a stream.

    Args:
        events: The events of the stream, in order.
        exit_code: The container's exit code; ``None`` where it is not known.
        closed: Whether the stream has ended. So long as it has not, the status
            is ``RUNNING``.
        cut_off: Whether the stream ended before the job's output did: the job
            was killed, or the connection to it broke. A result that no LF ends
            is suspect then, as it is where the exit code is not 0.

    >>> from planqk_protocol import parse
    >>> outcome = collect(parse(b"PlanQK:Job:Result: 42\n"), exit_code=0)
    >>> outcome.status.value, outcome.result.value
    ('SUCCEEDED', 42)
    """
    interim_results: list[InterimResult] = []
    violations: list[Violation] = []
    slot: FinalResult | Violation | None = None
    for event in events:
        if isinstance(event, Log):
            continue
        if isinstance(event, InterimResult):
            interim_results.append(event)
            continue
        if isinstance(event, Violation):
            violations.append(event)
            if event.marker is Marker.INTERIM_RESULT:
                continue
        slot = slot or event
    reason = slot if isinstance(slot, Violation) else None
    return Outcome(
        status=_status(exit_code, closed=closed, is_taken_by_violation=reason is not None),
        result=None if isinstance(slot, Violation) else slot,
        interim_results=tuple(interim_results),
        violations=tuple(violations),
        reason=reason,
        exit_code=exit_code,
        suspect_reason=_suspect_reason(slot, exit_code, cut_off=cut_off),
    )


def _suspect_reason(
    slot: FinalResult | Violation | None, exit_code: int | None, *, cut_off: bool
) -> str | None:
    """Why what took the slot is suspect: the first reason that applies."""
    if slot is None:
        return None
    if slot.suspect:
        return "bytes of it come from a damaged part of the capture: they may be altered or missing"
    if slot.after_loss:
        return (
            "the capture lost bytes of standard output before it: an earlier result may have been among them"
        )
    if isinstance(slot, Violation) or slot.terminated or not (cut_off or exit_code):
        return None
    cause = "the stream was cut off" if cut_off else f"the exit code is {exit_code}"
    return f"no LF ends it, and {cause}: the rest of it may be missing"


def _status(exit_code: int | None, *, closed: bool, is_taken_by_violation: bool) -> JobStatus:
    if not closed:
        return JobStatus.RUNNING
    if exit_code is None:
        return JobStatus.UNKNOWN
    if exit_code or is_taken_by_violation:
        return JobStatus.FAILED
    return JobStatus.SUCCEEDED
