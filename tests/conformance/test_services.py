"""Services are tested by what they print, and as programs."""

from __future__ import annotations

import tracemalloc

import pytest

from planqk_protocol.conformance import services
from planqk_protocol.conformance.grading import Grade, summarise
from planqk_protocol.conformance.programs import Answer
from planqk_protocol.conformance.vectors import load_vectors
from planqk_protocol.diagnosis import RULES, Severity
from planqk_protocol.diagnosis.rules.captures import RULES as CAPTURES
from tests.conformance.small_programs import program

VECTORS = {vector.id: vector for vector in load_vectors()}
ONE_LINE = VECTORS["line-lf/one-line"]
LIMITED = VECTORS["limit-line/over-limit"]
STEPS = VECTORS["latency/several-at-once"]
OPEN = VECTORS["json-limits/depth-unclosed"]


def broken(output: bytes, exit_code: int | None = 0, fault: str = "") -> dict[str, str]:
    inspection = services.Inspection()
    for piece in (output[:7], output[7:]):
        inspection.feed(piece)
    cases = inspection.end(Answer(output=b"", errors="", exit_code=exit_code, fault=fault))
    return {graded.rule: graded.reason for graded in cases if graded.grade is Grade.FAILED}


GOOD = b"PlanQK:Job:Result: 1\n"
FENCE = b"PlanQK:Job:MultilineResult\n"
SERVICES = {
    "invalid": (b"PlanQK:Job:InterimResult: NaN\n" + GOOD, "json", "line 1, column 27: json-nan: "),
    "too deep": (
        b"PlanQK:Job:InterimResult: " + b"[" * 300 + b"]" * 300 + b"\n" + GOOD,
        "json-limits",
        "line 1, column 155: payload-too-deep: ",
    ),
    "twice": (GOOD + GOOD, "first-wins", "line 2, column 1: duplicate-result: "),
    "same key": (
        b'PlanQK:Job:InterimResult: {"a": 1, "a": 2}\n' + GOOD,
        "json-values",
        "line 1, column 36: duplicate-key: ",
    ),
    "no LF": (GOOD.rstrip(), "eof-line", "line 1, column 21: unterminated-result: "),
    "open": (GOOD + FENCE + b"1\n", "eof-block", "line 2, column 1: unterminated-block: "),
    "indented": (
        b" planqk:job:result: 2\n" + GOOD,
        "marker-column",
        "line 1, column 1: marker-indented: ",
    ),
    "none": (
        b"hello\n",
        "result-line",
        "no-result: there is no result",
    ),
}


@pytest.mark.parametrize(("output", "rule", "reason"), SERVICES.values(), ids=SERVICES)
def test_a_service_that_breaks_a_rule(output: bytes, rule: str, reason: str) -> None:
    found = broken(output)
    assert list(found) == [rule]
    assert found[rule].startswith(reason)


NO_RESULT = {
    "invalid": (b"PlanQK:Job:Result: NaN\n", "json", "line 1, column 20: json-nan: "),
    "invalid, a good one after it": (
        b"PlanQK:Job:Result: NaN\n" + GOOD,
        "json",
        "line 1, column 20: json-nan: ",
    ),
    "invalid in a block": (FENCE + b"[\n}\n" + FENCE, "json", "line 3, column 1: invalid-json: "),
    "open": (FENCE + b"1\n", "eof-block", "line 1, column 1: unterminated-block: "),
}


@pytest.mark.parametrize(("output", "rule", "violation"), NO_RESULT.values(), ids=NO_RESULT)
def test_a_violation_in_the_place_of_the_result_is_no_result(
    output: bytes, rule: str, violation: str
) -> None:
    found = broken(output)
    assert found[rule].startswith(violation)
    assert found["result-line"].startswith("succeeded-with-broken-result: ")
    assert found.keys() - {"first-wins"} == {rule, "result-line"}


def test_of_many_faults_the_first_are_told_and_the_rest_counted() -> None:
    lines = broken(GOOD + b"PlanQK:Job:InterimResult: ?\n" * 1000)["json"].splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        *(f"line {number}" for number in range(2, 12)),
        "and 990 more",
    ]


def test_memory_does_not_grow_with_what_a_service_prints() -> None:
    block = b"a line of log text\n PlanQK:Job:Result: 1\nPlanQK:Job:InterimResult: 1\n" * 100

    def peak(blocks: int) -> int:
        inspection = services.Inspection()
        inspection.feed(block)
        tracemalloc.start()
        for _ in range(blocks):
            inspection.feed(block)
        inspection.end(Answer(output=b"", errors="", exit_code=0))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20) < 1.2 * peak(2)


def test_a_service_that_keeps_the_rules() -> None:
    assert broken(b"hello\n" + GOOD) == {}


def test_a_service_that_fails() -> None:
    assert broken(GOOD, 3) == {"exit-code": "the program ended with exit code 3"}
    assert broken(GOOD, None, "it hung") == {"exit-code": "it hung"}


def test_a_service_as_a_program() -> None:
    cases = services.run_service(program("print('PlanQK:Job:Result: 1')"), 20)
    assert [graded.rule for graded in cases if graded.grade is not Grade.PASSED] == []
    assert summarise(cases).passed == 10


def test_a_rule_of_services_stands_for_each_rule_of_the_diagnosis_that_is_no_mere_advice() -> None:
    left = {
        rule.id
        for rule in RULES.values()
        if rule.severity is not Severity.INFO and not rule.id.startswith(tuple(services._RULES))  # noqa: SLF001
    }
    assert left == {
        *("result-schema", "interim-schema"),  # which need a schema
        "failed-with-result",  # told by the exit code
        *(rule.id for rule in CAPTURES if rule.severity is not Severity.INFO),  # which need a capture
    }
    assert not any(
        rule.id.startswith(tuple(services._RULES))  # noqa: SLF001
        for rule in RULES.values()
        if rule.severity is Severity.INFO
    )
    assert set(services._RULES.values()) < set(services._ABOUT)  # noqa: SLF001
