"""Encoders are tested as programs, and by what they print."""

from __future__ import annotations

import json
import sys

import pytest

from planqk_protocol.conformance import encoders, reference_encoder
from planqk_protocol.conformance.encoders import EncoderCase
from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.programs import Answer
from planqk_protocol.conformance.vectors import load_vectors
from tests.conformance.small_programs import ENCODER

VECTORS = {vector.id: vector for vector in load_vectors()}
ONE_LINE = VECTORS["line-lf/one-line"]
LIMITED = VECTORS["limit-line/over-limit"]
STEPS = VECTORS["latency/several-at-once"]
OPEN = VECTORS["json-limits/depth-unclosed"]


ENCODER_CASES = encoders.load_cases()


def test_encoder_cases_are_distinct() -> None:
    assert len({case.id for case in ENCODER_CASES}) == len(ENCODER_CASES) >= 20
    assert all(case.id.startswith("encoder/") for case in ENCODER_CASES)


def test_records_for_encoders_end_with_lf_and_nothing_else() -> None:
    for case in ENCODER_CASES:
        *lines, rest = case.input().split(b"\n")
        assert ([json.loads(line) for line in lines], rest) == (list(case.records), b"")
    assert any(len(case.input().decode().splitlines()) > len(case.records) for case in ENCODER_CASES)


@pytest.mark.parametrize("case", ENCODER_CASES, ids=lambda case: case.id)
def test_the_reference_encoder_passes(
    case: EncoderCase, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lines = case.input().splitlines(keepends=True)
    monkeypatch.setattr(sys, "stdin", type("Input", (), {"buffer": lines}))
    reference_encoder.main()
    answer = Answer(output=capfdbinary.readouterr().out, errors="", exit_code=0)
    assert encoders.grade_answer(case, answer).reason == ""


def test_the_reference_encoder_passes_as_a_program() -> None:
    graded = encoders.run_case(ENCODER_CASES[0], ENCODER, 30)
    assert graded == GradedCase(
        rule="log", id="encoder/log", grade=Grade.PASSED, about="A log record becomes a line."
    )


CASES = {case.id.removeprefix("encoder/"): case for case in ENCODER_CASES}
# What is right for two of the cases.
ALMOST, CONTROL = (
    b"".join(record.get("text", "PlanQK:Job:Result: 1").encode() + b"\n" for record in CASES[name].records)
    for name in ("log-almost-marker", "log-control-characters")
)
BAD_OUTPUT = {
    "nothing": ("result", b""),
    "another value": ("big-integers", b"PlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: 2\n"),
    "NaN": ("result-scalars", b"PlanQK:Job:Result: NaN\n"),
    "a line for a block": ("block-scalar", b"PlanQK:Job:Result: 7\n"),
    "a forged result": ("log-result-marker", b"PlanQK:Job:Result: 1\nPlanQK:Job:Result: 2\n"),
    "a dropped log": ("log-result-marker", b"PlanQK:Job:Result: 2\n"),
    "another log": ("log-result-marker", b"removed\nPlanQK:Job:Result: 2\n"),
    "a guard that nothing needs": ("log-almost-marker", ALMOST.replace(b"planqk:", b"> planqk:")),
    "a control character as a space": ("log-control-characters", CONTROL.replace(b"\x00", b" ")),
    "a lost escape sequence": ("log-control-characters", CONTROL.replace(b"\x1b[1m", b"")),
    "a lost CR": ("log-carriage-return", b"50%\r\na\rb\n"),
}


@pytest.mark.parametrize(
    ("name", "output"), [("log-almost-marker", ALMOST), ("log-control-characters", CONTROL)]
)
def test_texts_that_need_no_guard_pass_as_they_are(name: str, output: bytes) -> None:
    assert encoders.grade_answer(CASES[name], Answer(output=output, errors="", exit_code=0)).reason == ""


@pytest.mark.parametrize(("name", "output"), BAD_OUTPUT.values(), ids=BAD_OUTPUT)
def test_bad_output_of_an_encoder_fails(name: str, output: bytes) -> None:
    graded = encoders.grade_answer(CASES[name], Answer(output=output, errors="e", exit_code=0))
    assert (graded.grade, graded.errors) == (Grade.FAILED, "e")
    assert graded.reason


@pytest.mark.parametrize("mark", ["", "# "])
def test_the_difference_shows_what_a_log_text_has_to_contain(mark: str) -> None:
    output = f"{mark}PlanQK:Job:MultilineResult\n" * 2
    graded = encoders.grade_answer(CASES["log-fence"], Answer(output=output.encode(), errors="", exit_code=0))
    first, second, third, *_ = graded.reason.splitlines()
    shown = f'  {{"type":"log","text":"{mark}PlanQK:Job:MultilineResult"}}'
    assert first == (shown if mark else '- {"type":"log","contains":"PlanQK:Job:MultilineResult"}')
    assert second == r'- {"type":"log","contains":"PlanQK:Job:MultilineResult \t\r"}'
    assert third == '- {"type":"result","value":1}'


def test_an_encoder_that_fails() -> None:
    right = b"starting\n"
    assert encoders.grade_answer(CASES["log"], Answer(output=right, errors="", exit_code=0)).reason == ""
    reason = encoders.grade_answer(CASES["log"], Answer(output=right, errors="", exit_code=1)).reason
    assert reason == "the program ended with exit code 1"
    assert (
        encoders.grade_answer(CASES["log"], Answer(output=right, errors="", exit_code=None, fault="x")).reason
        == "x"
    )
