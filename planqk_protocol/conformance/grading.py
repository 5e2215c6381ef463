"""Grade the answers of programs: one grade for each case, and summaries of them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby

import msgspec

from planqk_protocol.conformance.comparison import Profile, difference, read_event_records
from planqk_protocol.conformance.programs import Answer
from planqk_protocol.conformance.vectors import RULES

__all__ = ["Grade", "GradedCase", "Summary", "grade_records", "has_declined", "summarise", "summarise_rules"]

# Exit codes of decoder programs.
_FOUND_FAULTS = 1
_UNKNOWN_ARGUMENT = 2


class Grade(StrEnum):
    """How a case ended.

    ``declined``: the case has limits, and the program does not take limits.
    ``differs``: the program gives another place of a fault than the reference, or none.
    """

    PASSED = "passed"
    FAILED = "failed"
    DECLINED = "declined"
    DIFFERS = "differs"


class GradedCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case, and its grade.

    Attributes:
        id: The id of the case.
        rule: The id of the rule that the case shows.
        about: What the case shows, in one sentence.
        grade: How the case ended.
        chunking: How the stream was cut, for decoders. Else empty.
        limits: The limits that the program got as arguments.
        input: What the program read, escaped and shortened: one text for each
            part of a stream, or for each record. Empty if the case passed.
        reason: What is wrong. If event records differ, this is a diff: ``-``
            marks the expected records, ``+`` the given ones.
        errors: The end of the program's standard error, if something is wrong or
            the case is declined.
    """

    id: str
    rule: str
    about: str
    grade: Grade
    chunking: str = ""
    limits: str = ""
    input: tuple[str, ...] = ()
    reason: str = ""
    errors: str = ""


def grade_records(
    answer: Answer, expected: bytes, *, profile: Profile = Profile.FULL, may_decline: bool
) -> tuple[Grade, str]:
    """Grade the event records that a program printed.

    Args:
        answer: The answer of the program.
        expected: The right records, as JSON Lines.
        profile: Which part of the records is graded.
        may_decline: Whether the program may decline the case.

    Returns:
        The grade, and what is wrong.
    """
    if may_decline and has_declined(answer):
        return Grade.DECLINED, ""
    if answer.fault:
        return Grade.FAILED, answer.fault
    is_excused = answer.exit_code == _FOUND_FAULTS and not _is_good_stream(expected)
    if answer.exit_code != 0 and not is_excused:
        return Grade.FAILED, _exit_fault(answer.exit_code, may_decline=may_decline)
    reason = difference(expected, answer.output, profile=profile)
    return (Grade.FAILED, reason) if reason else (Grade.PASSED, "")


def _is_good_stream(expected: bytes) -> bool:
    """Whether a stream holds a result and no violation."""
    types = {record["type"] for record in read_event_records(expected)}
    return "violation" not in types and bool(types & {"result", "multiline_result"})


def _exit_fault(exit_code: int | None, *, may_decline: bool) -> str:
    fault = f"the program ended with exit code {exit_code}"
    if exit_code == _FOUND_FAULTS:
        return f"{fault}, but the stream holds a result and no violation"
    if exit_code == _UNKNOWN_ARGUMENT and may_decline:
        return f"{fault}, which declines limits, but printed something before"
    if exit_code == _UNKNOWN_ARGUMENT:
        return f"{fault}, which declines limits; it was given none"
    return fault


def has_declined(answer: Answer) -> bool:
    """Whether a program says by its answer that it takes no limits."""
    return answer.exit_code == _UNKNOWN_ARGUMENT and not answer.output


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Number of cases with each grade."""

    passed: int
    failed: int
    declined: int
    differs: int

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        if self.declined:
            text += f", {self.declined} declined"
        return f"{text}, {self.differs} differ" if self.differs else text

    @property
    def is_passed(self) -> bool:
        """Whether at least one case passed, and none failed."""
        return self.passed > 0 and not self.failed


def summarise(cases: Iterable[GradedCase]) -> Summary:
    """Count the grades of cases."""
    counts = dict.fromkeys(Grade, 0)
    for case in cases:
        counts[case.grade] += 1
    return Summary(**{grade.value: count for grade, count in counts.items()})


def summarise_rules(cases: Iterable[GradedCase]) -> list[tuple[str, Summary]]:
    """The summary of each rule, in the order of the specification."""
    order = {rule: number for number, rule in enumerate(RULES)}
    ordered = sorted(cases, key=lambda case: order.get(case.rule, len(order)))
    return [(rule, summarise(group)) for rule, group in groupby(ordered, lambda case: case.rule)]
