"""Findings about violations."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Finding, Place
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.events import Violation

__all__ = ["violation_finding", "waits_for_next_line"]


def violation_finding(
    violation: Violation, offset: int, *, slot: Place | None = None, next_line: Line | None = None
) -> Finding:
    """Make the finding of a violation: its rule is the cause if the payload is not JSON, else the code.

    Args:
        violation: The violation.
        offset: Offset of its first byte in the stream.
        slot: The place of the event that took the result slot before.
        next_line: The line after it, if `waits_for_next_line`.
    """
    raise NotImplementedError


def waits_for_next_line(violation: Violation) -> bool:
    """Whether the line after a violation may tell its cause."""
    raise NotImplementedError
