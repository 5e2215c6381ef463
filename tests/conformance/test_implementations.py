"""Decoders, encoders and services are put to the test as programs."""

from __future__ import annotations

import json
import sys
import threading
import tracemalloc

import pytest

from planqk_protocol import ViolationCode
from planqk_protocol.conformance import decoders, encoders, reference_encoder, services
from planqk_protocol.conformance.decoders import STEPWISE, Case, limit_arguments
from planqk_protocol.conformance.encoders import EncoderCase
from planqk_protocol.conformance.programs import Answer, CommandError, run_all
from planqk_protocol.conformance.vectors import Vector, load_vectors
from planqk_protocol.conformance.verdicts import Status, Verdict, summarise
from tests.conformance.small_programs import DECODER, ENCODER, program

VECTORS = {vector.id: vector for vector in load_vectors()}
ONE_LINE = VECTORS["line-lf/one-line"]
LIMITED = VECTORS["limit-line/over-limit"]
STEPS = VECTORS["latency/several-at-once"]
OPEN = VECTORS["json-limits/depth-unclosed"]


def put(vector: Vector, code: str, chunking: str = "whole", timeout: float = 20) -> Verdict:
    return decoders.run_case(Case(vector, chunking), program(code), timeout)


def printing(vector: Vector) -> str:
    return f"print({vector.records().decode()!r}, end='')"


# tests/cli puts all vectors to it within this process, .ci/run all to the program.
REPRESENTATIVE = ["json-limits/depth-100000", "limit-payload/block-over", "latency/log-cut"]


@pytest.mark.parametrize("id_", REPRESENTATIVE)
def test_the_reference_decoder_passes(id_: str) -> None:
    vector = VECTORS[id_]
    chunking = STEPWISE if vector.is_stepwise else "bytes"
    verdict = decoders.run_case(Case(vector, chunking), DECODER, 30)
    assert (verdict.status, verdict.reason) == (Status.PASSED, "")


@pytest.mark.parametrize("code", [0, 1])
def test_right_records_pass_with_either_exit_code(code: int) -> None:
    verdict = put(ONE_LINE, f"{printing(ONE_LINE)}\nimport sys\nsys.exit({code})")
    assert verdict == Verdict(
        rule="line-lf", id="line-lf/one-line", way="whole", status=Status.PASSED, about="A line ends at LF."
    )


FAULTS = {
    "wrong records": ("print('{}')", "- {"),
    "no records": ("", "- {"),
    "garbage": ("print('Traceback')", "not event records: line 1 is not JSON"),
    "binary garbage": (
        "import os\nos.write(1, bytes(range(256)))",
        "not event records: the last line does not end",
    ),
    "exit code": ("import sys\nsys.exit(5)", "it ended with exit code 5"),
    "crash": (f"{printing(ONE_LINE)}\nimport os\nos.abort()", "it was ended by SIGABRT"),
    "no declining without limits": ("import sys\nsys.exit(2)", "it ended with exit code 2"),
}


@pytest.mark.parametrize(("code", "reason"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_told(code: str, reason: str) -> None:
    verdict = put(ONE_LINE, code)
    assert verdict.status is Status.FAILED
    assert verdict.reason.startswith(reason)


def test_a_hanging_decoder_fails() -> None:
    verdict = put(ONE_LINE, "import time\ntime.sleep(60)", timeout=0.5)
    assert (verdict.status, verdict.reason) == (Status.FAILED, "it did not end within 0.5 s")


def test_standard_error_is_kept_where_something_is_wrong() -> None:
    assert put(ONE_LINE, "import sys\nsys.stderr.write('oh dear')").errors == "oh dear"
    assert put(ONE_LINE, f"{printing(ONE_LINE)}\nimport sys\nsys.stderr.write('oh dear')").errors == ""


def test_limits_come_as_arguments() -> None:
    code = f"import sys\nassert sys.argv[1:] == ['--max-line', '5'], sys.argv\n{printing(LIMITED)}"
    assert put(LIMITED, code).status is Status.PASSED
    assert limit_arguments({"max_line": None, "max_digits": 3}) == ["--max-line", "none", "--max-digits", "3"]


def test_limits_can_be_declined() -> None:
    assert put(LIMITED, "import sys\nsys.exit(2)").status is Status.DECLINED
    assert put(LIMITED, "import sys\nprint('{}')\nsys.exit(2)").status is Status.FAILED


def test_what_the_rules_leave_open_may_differ() -> None:
    assert put(OPEN, "print('{}')").status is Status.DIFFERS
    assert put(OPEN, printing(OPEN)).status is Status.PASSED


def test_a_decoder_that_answers_at_the_end_fails_the_latency_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "_PATIENCE", 0.5)
    verdict = put(STEPS, f"import sys\nsys.stdin.read()\n{printing(STEPS)}", STEPWISE)
    assert verdict.status is Status.FAILED
    assert verdict.reason.startswith("the events of 'a\\nb\\n")
    assert verdict.reason.endswith("did not come before the next bytes of the stream")


def test_cases_of_the_same_pieces_count_once() -> None:
    one, two = VECTORS["eof-line/only-line"], VECTORS["line-lf/two-lines"]
    found = list(decoders.cases([one, two, STEPS], ["whole", "lines", "bytes"]))
    assert found == [
        Case(one, "whole"),
        *(Case(two, chunking) for chunking in ("whole", "lines", "bytes")),
        Case(STEPS, STEPWISE),
    ]


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
    assert encoders.judge(case, answer).reason == ""


def test_the_reference_encoder_passes_as_a_program() -> None:
    verdict = encoders.run_case(ENCODER_CASES[0], ENCODER, 30)
    assert verdict == Verdict(
        rule="log", id="encoder/log", way="whole", status=Status.PASSED, about="A log record becomes a line."
    )


CASES = {case.id.removeprefix("encoder/"): case for case in ENCODER_CASES}
BAD_OUTPUT = {
    "nothing": ("result", b""),
    "another value": ("big-integers", b"PlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: 2\n"),
    "NaN": ("result-scalars", b"PlanQK:Job:Result: NaN\n"),
    "a line for a block": ("block-scalar", b"PlanQK:Job:Result: 7\n"),
    "a forged result": ("log-result-marker", b"PlanQK:Job:Result: 1\nPlanQK:Job:Result: 2\n"),
    "a dropped log": ("log-result-marker", b"PlanQK:Job:Result: 2\n"),
    "another log": ("log-result-marker", b"removed\nPlanQK:Job:Result: 2\n"),
    "a lost CR": ("log-carriage-return", b"50%\r\na\rb\n"),
}


@pytest.mark.parametrize(("name", "output"), BAD_OUTPUT.values(), ids=BAD_OUTPUT)
def test_bad_output_of_an_encoder_fails(name: str, output: bytes) -> None:
    verdict = encoders.judge(CASES[name], Answer(output=output, errors="e", exit_code=0))
    assert (verdict.status, verdict.errors) == (Status.FAILED, "e")
    assert verdict.reason


def test_an_encoder_that_fails() -> None:
    right = b"starting\n"
    assert encoders.judge(CASES["log"], Answer(output=right, errors="", exit_code=0)).reason == ""
    reason = encoders.judge(CASES["log"], Answer(output=right, errors="", exit_code=1)).reason
    assert reason == "it ended with exit code 1"
    assert (
        encoders.judge(CASES["log"], Answer(output=right, errors="", exit_code=None, fault="x")).reason == "x"
    )


def broken(output: bytes, exit_code: int | None = 0, fault: str = "") -> dict[str, str]:
    inspection = services.Inspection()
    for piece in (output[:7], output[7:]):
        inspection.feed(piece)
    verdicts = inspection.end(Answer(output=b"", errors="", exit_code=exit_code, fault=fault))
    return {verdict.rule: verdict.reason for verdict in verdicts if verdict.status is Status.FAILED}


GOOD = b"PlanQK:Job:Result: 1\n"
FENCE = b"PlanQK:Job:MultilineResult\n"
SERVICES = {
    "invalid": (b"PlanQK:Job:InterimResult: NaN\n" + GOOD, "json", "line 1: invalid-json: "),
    "too deep": (
        b"PlanQK:Job:InterimResult: " + b"[" * 300 + b"]" * 300 + b"\n" + GOOD,
        "json-limits",
        "line 1: payload-too-deep: ",
    ),
    "twice": (GOOD + GOOD, "first-wins", "line 2: duplicate-result: "),
    "open": (GOOD + FENCE + b"1\n", "eof-block", "line 2: unterminated-block: "),
    "indented": (
        b" planqk:job:result: 1\n" + GOOD,
        "marker-column",
        "line 1 is log text, as no marker begins it",
    ),
    "none": (
        b"hello\n",
        "result-line",
        "there is no result; print PlanQK:Job:Result: and its JSON on one line",
    ),
}


@pytest.mark.parametrize(("output", "rule", "reason"), SERVICES.values(), ids=SERVICES)
def test_a_service_that_breaks_a_rule(output: bytes, rule: str, reason: str) -> None:
    found = broken(output)
    assert list(found) == [rule]
    assert found[rule].startswith(reason)


NO_RESULT = {
    "invalid": (b"PlanQK:Job:Result: NaN\n", "json", "line 1: invalid-json: "),
    "invalid, a good one after it": (b"PlanQK:Job:Result: NaN\n" + GOOD, "json", "line 1: invalid-json: "),
    "invalid in a block": (FENCE + b"[\n}\n" + FENCE, "json", "line 3: invalid-json: "),
    "open": (FENCE + b"1\n", "eof-block", "line 1: unterminated-block: "),
}


@pytest.mark.parametrize(("output", "rule", "violation"), NO_RESULT.values(), ids=NO_RESULT)
def test_a_violation_in_the_place_of_the_result_is_no_result(
    output: bytes, rule: str, violation: str
) -> None:
    found = broken(output)
    assert found[rule].startswith(violation)
    assert found["result-line"] == f"{violation}the violation takes the place of the result"
    assert found.keys() - {"first-wins"} == {rule, "result-line"}


def test_of_many_faults_the_first_are_told_and_the_rest_counted() -> None:
    lines = broken(GOOD + b"PlanQK:Job:InterimResult: ?\n" * 1000)["json"].splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        *(f"line {number}" for number in range(2, 12)),
        "and 990 more",
    ]


def test_memory_does_not_grow_with_what_a_service_prints() -> None:
    block = b"a line of log text\n PlanQK:Job:Result: 1\nPlanQK:Job:InterimResult: 1\n" * 1000

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
    assert broken(GOOD, 3) == {"exit-code": "it ended with exit code 3"}
    assert broken(GOOD, None, "it hung") == {"exit-code": "it hung"}


def test_a_service_as_a_program() -> None:
    verdicts = services.run_service(program("print('PlanQK:Job:Result: 1')"), 20)
    assert [verdict.rule for verdict in verdicts if verdict.status is not Status.PASSED] == []
    assert summarise(verdicts).passed == 8


def test_a_rule_of_services_stands_for_each_violation() -> None:
    assert set(services._BROKEN_BY) == set(ViolationCode)  # noqa: SLF001  # not all can be provoked cheaply
    assert set(services._BROKEN_BY.values()) < set(services._ABOUT)  # noqa: SLF001


def test_the_pool_keeps_the_order() -> None:
    later = threading.Event()

    def run(number: int) -> int:
        if number == 0:
            later.wait(20)
        later.set()
        return number * 2

    assert list(run_all(run, range(5), 2, is_over=lambda: False, stop=later.set)) == [0, 2, 4, 6, 8]


def test_the_pool_stops_at_an_error() -> None:
    ran: list[int] = []

    def run(number: int) -> None:
        ran.append(number)
        raise CommandError(str(number))

    with pytest.raises(CommandError, match="0"):
        list(run_all(run, range(1000), 1, is_over=lambda: False, stop=lambda: None))
    assert len(ran) < 1000


@pytest.mark.parametrize("is_closed", [True, False])
def test_the_pool_stops_what_runs_when_it_is_over(is_closed: bool) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def run(number: int) -> int:
        if number == 0:
            assert begun.wait(20)
        else:
            begun.set()
            assert stopped.wait(20)
        return number

    over = threading.Event()
    verdicts = run_all(run, range(1000), 2, is_over=over.is_set, stop=stopped.set)
    assert next(verdicts) == 0
    if is_closed:
        verdicts.close()
    else:
        over.set()
        with pytest.raises(KeyboardInterrupt):
            next(verdicts)
    assert stopped.is_set()
