"""Verdicts: what an answer to a vector is worth."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from planqk_protocol.conformance.comparison import difference
from planqk_protocol.conformance.process import Answer

__all__ = ["Status", "Summary", "Verdict", "judge_records", "summarise"]

_ENDED_WELL = frozenset({0, 1})  # 1 is what programs say that found fault with their input
_DECLINED = 2  # what programs say that do not know an argument


class Status(StrEnum):
    """How a case ended.

    ``declined`` is a case with limits that the program does not take;
    ``differs`` is one of the group ``may`` that it answers in its own way.
    """

    PASSED = "passed"
    FAILED = "failed"
    DECLINED = "declined"
    DIFFERS = "differs"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one case.

    Attributes:
        rule: The rule it shows.
        id: The case.
        way: In which way it was put to the program: a chunking, for decoders.
        status: How it ended.
        about: What it shows, in one sentence.
        reason: What is wrong, if anything is; several lines where records
            differ: those expected behind ``-``, those given behind ``+``.
        errors: What the program said on standard error, if anything is wrong.
    """

    rule: str
    id: str
    way: str
    status: Status
    about: str
    reason: str = ""
    errors: str = ""


def judge_records(answer: Answer, expected: bytes, *, may_decline: bool) -> tuple[Status, str]:
    """Judge an answer of event records: the status, and what is wrong.

    Args:
        answer: The answer.
        expected: The right records.
        may_decline: Whether the program may decline the case.
    """
    if may_decline and answer.exit_code == _DECLINED and not answer.output:
        return Status.DECLINED, ""
    if answer.fault:
        return Status.FAILED, answer.fault
    if answer.exit_code not in _ENDED_WELL:
        return Status.FAILED, f"it ended with exit code {answer.exit_code}"
    reason = difference(expected, answer.output)
    return (Status.FAILED, reason) if reason else (Status.PASSED, "")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases ended how."""

    passed: int
    failed: int
    declined: int
    differs: int

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.declined} declined" if self.declined else text

    @property
    def is_good(self) -> bool:
        """Whether something passed, and nothing failed."""
        return self.passed > 0 and not self.failed


def summarise(verdicts: Iterable[Verdict]) -> Summary:
    """Count verdicts."""
    counts = dict.fromkeys(Status, 0)
    for verdict in verdicts:
        counts[verdict.status] += 1
    return Summary(**{status.value: count for status, count in counts.items()})
