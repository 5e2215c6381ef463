"""Grades and their summaries."""

from __future__ import annotations

import pytest

from planqk_protocol.conformance.comparison import Profile
from planqk_protocol.conformance.grading import (
    Grade,
    GradedCase,
    Summary,
    grade_records,
    summarise,
    summarise_rules,
)
from planqk_protocol.conformance.programs import Answer

RESULT = b'{"type":"result","line":1,"value":1}\n'
LOG = b'{"type":"log","line":1,"text":"a"}\n'


def case(rule: str, grade: Grade) -> GradedCase:
    return GradedCase(id=f"{rule}/a", rule=rule, about="It is so.", grade=grade)


CASES = [
    case("exit-code", Grade.PASSED),
    case("block", Grade.PASSED),
    case("line-lf", Grade.FAILED),
    case("block", Grade.DECLINED),
    case("block", Grade.DIFFERS),
]


def test_summary() -> None:
    assert str(summarise(CASES)) == "2 passed, 1 failed, 1 declined, 1 differ"
    assert str(summarise(CASES[:3])) == "2 passed, 1 failed"


@pytest.mark.parametrize(("passed", "failed", "good"), [(1, 0, True), (0, 0, False), (1, 1, False)])
def test_something_has_to_pass_and_nothing_to_fail(*, passed: int, failed: int, good: bool) -> None:
    assert Summary(passed=passed, failed=failed, declined=1, differs=1).is_passed is good


def test_rules_in_the_order_of_the_specification() -> None:
    assert summarise_rules(CASES) == [
        ("line-lf", Summary(passed=0, failed=1, declined=0, differs=0)),
        ("block", Summary(passed=1, failed=0, declined=1, differs=1)),
        ("exit-code", Summary(passed=1, failed=0, declined=0, differs=0)),
    ]


GRADES = {
    "right": (Answer(output=LOG + RESULT, errors="", exit_code=0), Grade.PASSED, Grade.PASSED),
    "violations": (Answer(output=LOG + RESULT, errors="", exit_code=1), Grade.FAILED, Grade.FAILED),
    "no logs": (Answer(output=RESULT, errors="", exit_code=0), Grade.FAILED, Grade.PASSED),
    "no results": (Answer(output=LOG, errors="", exit_code=0), Grade.FAILED, Grade.FAILED),
    "declined": (Answer(output=b"", errors="", exit_code=2), Grade.DECLINED, Grade.DECLINED),
    "not declined": (Answer(output=LOG + RESULT, errors="", exit_code=2), Grade.FAILED, Grade.FAILED),
    "fault": (Answer(output=LOG + RESULT, errors="", exit_code=0, fault="x"), Grade.FAILED, Grade.FAILED),
}


@pytest.mark.parametrize(("answer", "full", "results"), GRADES.values(), ids=GRADES)
def test_answers_are_graded_by_profile(answer: Answer, full: Grade, results: Grade) -> None:
    grades = [
        grade_records(answer, LOG + RESULT, profile=profile, may_decline=True)[0] for profile in Profile
    ]
    assert grades == [full, results]
