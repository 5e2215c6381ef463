"""Decoders are tested as programs."""

from __future__ import annotations

import pytest

from planqk_protocol.conformance import decoders
from planqk_protocol.conformance.decoders import CHUNKINGS, STEPWISE, Case, cut, limit_arguments
from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.vectors import Vector, load_vectors
from tests.conformance.small_programs import DECODER, program

VECTORS = {vector.id: vector for vector in load_vectors()}
ONE_LINE = VECTORS["line-lf/one-line"]
LIMITED = VECTORS["limit-line/over-limit"]
STEPS = VECTORS["latency/several-at-once"]
PLACED = VECTORS["json/position-of-fault"]
GOOD = VECTORS["result-line/no-space"]
DEFAULT = VECTORS["json-limits/depth-129"]


def put(vector: Vector, code: str, chunking: str = "whole", timeout: float = 20) -> GradedCase:
    return decoders.run_case(Case(vector, chunking), program(code), timeout)


def printing(vector: Vector) -> str:
    return f"print({vector.records().decode()!r}, end='')"


# tests/cli puts all vectors to it within this process, .ci/run all to the program.
REPRESENTATIVE = ["json-limits/depth-100000", "limit-payload/block-over", "latency/log-cut"]


@pytest.mark.parametrize("id_", REPRESENTATIVE)
def test_the_reference_decoder_passes(id_: str) -> None:
    vector = VECTORS[id_]
    chunking = STEPWISE if vector.is_stepwise else "bytes"
    graded = decoders.run_case(Case(vector, chunking), DECODER, 30)
    assert (graded.grade, graded.reason) == (Grade.PASSED, "")


@pytest.mark.parametrize("code", [0, 1])
def test_right_records_pass_with_either_exit_code(code: int) -> None:
    graded = put(ONE_LINE, f"{printing(ONE_LINE)}\nimport sys\nsys.exit({code})")
    assert graded == GradedCase(
        rule="line-lf",
        id="line-lf/one-line",
        chunking="whole",
        grade=Grade.PASSED,
        about="A line ends at LF.",
    )


FAULTS = {
    "wrong records": ("print('{}')", "- {"),
    "no records": ("", "- {"),
    "garbage": ("print('Traceback')", "not event records: line 1 is not JSON"),
    "binary garbage": (
        "import os\nos.write(1, bytes(range(256)))",
        "not event records: the last line does not end",
    ),
    "exit code": ("import sys\nsys.exit(5)", "the program ended with exit code 5"),
    "crash": (f"{printing(ONE_LINE)}\nimport os\nos.abort()", "the program was ended by SIGABRT"),
    "no declining without limits": (
        "import sys\nsys.exit(2)",
        "the program ended with exit code 2, which declines limits; it was given none",
    ),
}


@pytest.mark.parametrize(("code", "reason"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_told(code: str, reason: str) -> None:
    graded = put(ONE_LINE, code)
    assert graded.grade is Grade.FAILED
    assert graded.reason.startswith(reason)


def test_a_hanging_decoder_fails() -> None:
    graded = put(ONE_LINE, "import time\ntime.sleep(60)", timeout=0.5)
    assert (graded.grade, graded.reason) == (Grade.FAILED, "the program did not end within 0.5 s")


def test_standard_error_is_kept_where_something_is_wrong() -> None:
    assert put(ONE_LINE, "import sys\nsys.stderr.write('oh dear')").errors == "oh dear"
    assert put(ONE_LINE, f"{printing(ONE_LINE)}\nimport sys\nsys.stderr.write('oh dear')").errors == ""


def test_limits_come_as_arguments() -> None:
    code = f"import sys\nassert sys.argv[1:] == ['--max-line', '5'], sys.argv\n{printing(LIMITED)}"
    assert put(LIMITED, code).grade is Grade.PASSED
    assert limit_arguments({"max_line": None, "max_digits": 3}) == ["--max-line", "none", "--max-digits", "3"]


def test_limits_can_be_declined() -> None:
    declined = put(LIMITED, "import sys\nsys.stderr.write('oh dear')\nsys.exit(2)")
    assert (declined.grade, declined.errors) == (Grade.DECLINED, "oh dear")
    graded = put(LIMITED, "import sys\nprint('{}')\nsys.exit(2)")
    assert graded.grade is Grade.FAILED
    assert (
        graded.reason
        == "the program ended with exit code 2, which declines limits, but printed something before"
    )


@pytest.mark.parametrize(("vector", "grade"), [(PLACED, Grade.PASSED), (GOOD, Grade.FAILED)])
def test_an_exception_after_all_events_of_a_good_stream_is_a_failure(vector: Vector, grade: Grade) -> None:
    graded = put(vector, f"{printing(vector)}\nraise ValueError")
    assert graded.grade is grade
    reason = "the program ended with exit code 1, but the stream holds a result and no violation"
    assert graded.reason in {"", reason}
    assert ("ValueError" in graded.errors) == bool(graded.reason)


def test_a_decoder_is_not_given_the_defaults() -> None:
    given = f"import sys\nassert not sys.argv[1:]\n{printing(DEFAULT)}"
    assert put(DEFAULT, given).grade is Grade.PASSED


def test_a_decoder_that_takes_limits_has_the_defaults() -> None:
    graded = put(DEFAULT, "print('{}')")
    assert (graded.grade, graded.limits) == (Grade.FAILED, "")
    assert graded.reason.startswith("- {")


def test_a_decoder_that_declines_limits_declines_the_defaults() -> None:
    graded = put(DEFAULT, "import sys\nsys.exit(2) if sys.argv[1:] else print('{}')")
    assert (graded.grade, graded.input, graded.reason) == (Grade.DECLINED, (), "")


def test_places_of_faults_may_differ() -> None:
    assert put(PLACED, printing(PLACED)).grade is Grade.PASSED
    other = put(PLACED, printing(PLACED).replace('"column":21', '"column":20'))
    assert other.grade is Grade.DIFFERS
    assert '"column":21' in other.reason
    assert put(PLACED, f"print({PLACED.records_without_places().decode()!r}, end='')").grade is Grade.DIFFERS


def test_all_but_the_place_has_to_be_right() -> None:
    graded = put(PLACED, printing(PLACED).replace("invalid-json", "payload-too-deep"))
    assert graded.grade is Grade.FAILED
    assert '"column"' not in graded.reason
    assert put(PLACED, "").grade is Grade.FAILED


def test_a_decoder_that_answers_at_the_end_fails_the_latency_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "_STEP_PATIENCE", 0.5)
    graded = put(STEPS, f"import sys\nsys.stdin.read()\n{printing(STEPS)}", STEPWISE)
    assert graded.grade is Grade.FAILED
    assert graded.reason.startswith("the events of 'a\\nb\\n")
    assert "did not come before the next bytes of the stream; read what there is" in graded.reason
    assert graded.reason.splitlines()[0].endswith("flush standard output")


LATE = {
    "nothing": ("", '- {"type":"log"'),
    "one record": ("print(FIRST, flush=True)\n", '  {"type":"log"'),
    "no record": ("print('hello', flush=True)\n", "not event records: line 1 is not JSON"),
    "no end of a line": (
        "print(FIRST, end='', flush=True)\n",
        "not event records: the last line does not end with LF",
    ),
}


@pytest.mark.parametrize(("code", "shown"), LATE.values(), ids=LATE)
def test_what_came_in_time_is_shown(monkeypatch: pytest.MonkeyPatch, code: str, shown: str) -> None:
    monkeypatch.setattr(decoders, "_STEP_PATIENCE", 0.5)
    first, *_ = STEPS.records().decode().splitlines()
    graded = put(STEPS, f"FIRST = {first!r}\n{code}import sys\nsys.stdin.read()", STEPWISE)
    assert graded.reason.splitlines()[1].startswith(shown)


ENDED = {
    "exit code": ("import sys\nsys.exit(3)", "the program ended with exit code 3"),
    "no records": ("", "- {"),
    "garbage": ("print('hello')", "not event records: line 1 is not JSON"),
}


@pytest.mark.parametrize(("code", "reason"), ENDED.values(), ids=ENDED)
def test_a_decoder_that_has_ended_is_not_late(code: str, reason: str) -> None:
    graded = put(STEPS, code, STEPWISE)
    assert graded.grade is Grade.FAILED
    assert graded.reason.startswith(reason)


def test_cases_of_the_same_pieces_count_once() -> None:
    one, two = VECTORS["eof-line/only-line"], VECTORS["line-lf/two-lines"]
    found = list(decoders.cases([one, two, STEPS], ["whole", "lines", "bytes"]))
    assert found == [
        Case(one, "whole"),
        *(Case(two, chunking) for chunking in ("whole", "lines", "bytes")),
        Case(STEPS, STEPWISE),
    ]


@pytest.mark.parametrize("chunking", CHUNKINGS)
def test_chunks_make_up_the_stream(chunking: str) -> None:
    for vector in VECTORS.values():
        chunks = cut(vector.data(), chunking)
        assert b"".join(chunks) == vector.data()
        assert all(chunks)


def test_chunkings() -> None:
    assert cut(b"a\nb", "whole") == [b"a\nb"]
    assert cut(b"a\nb\n", "lines") == [b"a\n", b"b\n"]
    assert cut(b"a\nb", "bytes") == [b"a", b"\n", b"b"]
    assert cut(b"", "bytes") == []


def test_a_long_stream_is_cut_around_its_markers_and_inside_its_characters() -> None:
    data = b"x" * 200 + b"\nPlanQK:Job:Result: 1\n" + b"y" * 200 + "ä".encode() + b"z" * 200
    chunks = cut(data, "bytes")
    assert {b"P", b"l", b":", b"\n", b"\xc3"} <= set(chunks)
    assert max(map(len, chunks)) >= 190
    assert len(cut(data * 100, "bytes")) < 250
    assert len(cut(b"\n" * 1000, "lines")) == 101
