"""What is wrong with a service, as the failure of a test shows it."""

from __future__ import annotations

from collections.abc import Iterable

from planqk_protocol.diagnosis import Finding
from planqk_protocol.excerpts import excerpt
from planqk_protocol.outcome import JobStatus, Outcome

__all__ = ["differences", "listed", "summary"]

_BEFORE = 20  # characters of the line that are shown before the place
_MOST = 20  # findings


def summary(outcome: Outcome) -> str:
    """How a service ended, in one sentence."""
    result = "no result" if outcome.result is None else "a result"
    return f"the service gave {result}, and its exit code is {outcome.exit_code}"


def listed(findings: Iterable[Finding]) -> str:
    """Findings as text: each with its place, a part of its line, and what to do."""
    findings = list(findings)
    shown = [line for finding in findings[:_MOST] for line in _lines(finding)]
    more = [f"and {len(findings) - _MOST} more findings"] if len(findings) > _MOST else []
    return "\n".join(shown + more)


def differences(left: Outcome, right: Outcome) -> list[str]:
    """The fields in which two outcomes differ, one on a line."""
    pairs = ((name, getattr(left, name), getattr(right, name)) for name in left.__struct_fields__)
    return [f"{name}: {_one(value)} != {_one(other)}" for name, value, other in pairs if value != other]


def _lines(finding: Finding) -> list[str]:
    place = finding.place
    where = f"stdout:{place.line}:{place.column}: " if place else ""
    lines = [f"{where}{finding.severity}[{finding.rule}]: {finding.message}"]
    if place and finding.excerpt:
        start = max(0, place.column - finding.excerpt.column - _BEFORE)
        lines.append(f"  line: {'…' if start else ''}{excerpt(finding.excerpt.text[start:])}")
    if finding.advice:
        lines.append(f"  help: {finding.advice}")
    return lines


def _one(value: object) -> str:
    """A value on one line; of many events, the number."""
    if isinstance(value, tuple) and len(value) > 1:
        return f"{len(value)} events"
    return repr(value.value if isinstance(value, JobStatus) else value)
