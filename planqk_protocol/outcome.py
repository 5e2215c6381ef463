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
        suspect: Whether bytes of the result, or of the violation in its place,
            come from a damaged part of a capture.
    """

    status: JobStatus
    result: FinalResult | None = None
    interim_results: tuple[InterimResult, ...] = ()
    violations: tuple[Violation, ...] = ()
    reason: Violation | None = None
    exit_code: int | None = None
    suspect: bool = False


def collect(events: Iterable[Event], *, exit_code: int | None = None, closed: bool = True) -> Outcome:
    r"""The outcome of a stream.

    Args:
        events: The events of the stream, in order.
        exit_code: The container's exit code; ``None`` where it is not known.
        closed: Whether the stream has ended. So long as it has not, the status
            is ``RUNNING``.

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
        suspect=slot is not None and slot.suspect,
    )


def _status(exit_code: int | None, *, closed: bool, is_taken_by_violation: bool) -> JobStatus:
    if not closed:
        return JobStatus.RUNNING
    if exit_code is None:
        return JobStatus.UNKNOWN
    if exit_code or is_taken_by_violation:
        return JobStatus.FAILED
    return JobStatus.SUCCEEDED
