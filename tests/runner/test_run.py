"""Commands as jobs: their input, their output as it comes, and how they end, with real processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol import (
    Event,
    InterimResult,
    JobStatus,
    Limits,
    Log,
    Result,
    Violation,
    runner,
)
from planqk_protocol.runner import JobInput, RunError, command
from tests.runner.jobs import (
    events_of,
    python,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX's")

ALL_KINDS = """
import sys
print("starting")
print("PlanQK:Job:InterimResult: 1")
print("warning", file=sys.stderr)
print("PlanQK:Job:Result: 42")
"""


def test_the_events_of_a_job_and_its_outcome() -> None:
    errors: list[bytes] = []
    job = runner.run(python(ALL_KINDS), stderr=errors.append)
    assert job.outcome.status is JobStatus.RUNNING
    assert [str(event) for event in job] == [
        "Log(line=1, text='starting')",
        "InterimResult.of(line=2, payload=b' 1')",
        "Result.of(line=3, payload=b' 42')",
    ]
    assert b"".join(errors) == f"warning{os.linesep}".encode()
    outcome = job.outcome
    assert (outcome.status, outcome.exit_code, outcome.suspect) == (JobStatus.SUCCEEDED, 0, False)
    assert outcome.result is not None
    assert outcome.result.value == 42
    assert [interim.value for interim in outcome.interim_results] == [1]
    assert (job.why_ended, job.findings, job.line_count, job.wrote_output_file) == ("", [], 3, False)
    assert 0 < job.duration < 30


def test_the_exception_on_standard_error_tells_why_there_is_no_result() -> None:
    job = runner.run(python("print('log'); {}['x']"), stderr=lambda _: None)
    assert events_of(job)
    assert "an exception ended the job: \"KeyError: 'x'\"" in job.findings[0].message


@pytest.mark.parametrize(("size", "rules"), [(16_000, []), (17_000, ["line-over-16k"])])
def test_a_line_that_an_engine_would_cut_is_found_before_there_is_an_engine(
    size: int, rules: list[str]
) -> None:
    job = runner.run(python(f"print('PlanQK:Job:Result: \"' + 'x' * {size} + '\"')"))
    assert events_of(job)
    assert [found.rule for found in job.findings] == rules


def test_events_come_with_asyncio() -> None:
    async def main() -> list[Event]:
        job = runner.run(python(ALL_KINDS), stderr=lambda _: None, logs=False)
        async with job:
            events = [event async for event in job]
        assert job.outcome.status is JobStatus.SUCCEEDED
        return events

    assert [type(event) for event in asyncio.run(main())] == [InterimResult, Result]


def test_an_event_comes_as_soon_as_it_is_printed(tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = """
import os, sys, time
print("PlanQK:Job:InterimResult: 1", flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.01)
"""
    with runner.run(python(code, go), timeout=20) as job:
        for event in job:
            assert isinstance(event, InterimResult)
            go.touch()
    assert job.outcome.exit_code == 0


READS = """
import json, os, sys
folder = os.environ["PLANQK_INPUT"]
assert sys.argv[1:] == [folder, f"--in={folder}/data.json"], sys.argv
values = [json.load(open(f"{folder}/{name}.json")) for name in ("data", "params")]
print("PlanQK:Job:Result:", json.dumps(values))
"""


@pytest.mark.parametrize(
    ("job_input", "expected"),
    [(None, [{}, {}]), (JobInput.of_request(b'{"data": {"v": [1, 2]}, "params": 3}'), [{"v": [1, 2]}, 3])],
)
def test_the_job_finds_its_input(job_input: JobInput | None, expected: object) -> None:
    job = runner.run(python(READS, "{input}", "--in={input}/data.json"), job_input=job_input)
    [result] = events_of(job)
    assert isinstance(result, Result)
    assert result.value == expected


@posix
def test_the_input_cannot_be_written_to() -> None:
    code = "import os, stat; print(oct(stat.S_IMODE(os.stat(os.environ['PLANQK_INPUT']).st_mode)))"
    [event] = events_of(runner.run(python(code)))
    assert str(event) == "Log(line=1, text='0o555')"


@pytest.mark.parametrize("program", ["/no/such/program", "nul\0", "x" * 10_000])
def test_a_command_that_cannot_be_run(program: str) -> None:
    with pytest.raises(RunError, match=r"^cannot run '") as refused:
        runner.run([program])
    assert len(str(refused.value)) < 300


def test_a_job_has_no_standard_input() -> None:
    code = "import sys; print('PlanQK:Job:Result:', len(sys.stdin.read()))"
    [result] = events_of(runner.run(python(code), timeout=20))
    assert isinstance(result, Result)
    assert result.value == 0


def test_a_job_reads_this_standard_input_if_asked_to(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom planqk_protocol import runner\n"
        "code = \"import sys; print('PlanQK:Job:Result:', sys.stdin.read())\"\n"
        "[event] = runner.run([sys.executable, '-c', code], stdin=True)\nprint(event.value)\n"
    )
    done = subprocess.run([sys.executable, program], input=b"17", capture_output=True, check=True)
    assert done.stdout.split() == [b"17"]


def test_standard_error_goes_to_that_of_this_process(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    async def main() -> None:
        async for _ in runner.run(python("import sys; sys.stderr.write('to people')")):
            raise AssertionError

    assert events_of(runner.run(python("import sys; sys.stderr.write('a message ')"))) == []
    asyncio.run(main())
    assert capfdbinary.readouterr().err == b"a message to people"


def test_limits_apply() -> None:
    [event, *_] = events_of(runner.run(python("print('x' * 100)"), limits=Limits(max_line=10)))
    assert str(event) == "Log(line=1, text='xxxxxxxxxx', terminator=b'')"


def test_what_is_wrong_is_found() -> None:
    code = "print(' PlanQK:Job:Result: 1'); print('PlanQK:Job:Result: {,}'); raise SystemExit(3)"
    job = runner.run(python(code))
    assert [type(event) for event in events_of(job)] == [Log, Violation]
    first = job.findings[0]
    assert (first.line, first.rule) == (1, "marker-indented")
    assert job.outcome.status is JobStatus.FAILED


def test_findings_are_bounded() -> None:
    job = runner.run(python("print(' PlanQK:Job:Result: 1\\nx\\n' * 1200)"))
    assert len(events_of(job)) == 2401
    assert len(job.findings) == 1000


# Much output, and both pipes at once.


def test_a_job_that_prints_much_on_both_streams_is_not_blocked() -> None:
    code = """
import sys
for number in range(300):
    sys.stderr.write("e" * 65536)
    sys.stdout.write("o" * 65535 + "\\n")
print("PlanQK:Job:Result: 42")
"""
    sizes: list[int] = []
    job = runner.run(python(code), stderr=lambda data: sizes.append(len(data)), logs=False, timeout=60)
    assert [str(event) for event in job] == ["Result.of(line=301, payload=b' 42')"]
    assert sum(sizes) == 300 * 65536


def test_a_job_waits_for_a_slow_reader_and_little_is_held() -> None:
    code = """
import os, sys
for number in range(100): os.write(1, b"x" * 65535 + b"\\n")
open(sys.argv[1], "w").close()
"""
    with runner.run(python(code, os.devnull)) as job:
        steps = job.steps()
        next(steps)
        time.sleep(0.3)
        taken = [len(chunk.data) for step in _first(steps, 1) for chunk in step.captured.chunks]
        assert sum(taken) <= 65536
        assert job.outcome.status is JobStatus.RUNNING


def _first(steps: Iterator[runner.Step | None], count: int) -> list[runner.Step]:
    return [step for step, _ in zip((step for step in steps if step), range(count), strict=False)]


def test_steps_have_times_and_nothing_is_told_too() -> None:
    code = "import time; print('a', flush=True); time.sleep(0.2); print('b')"
    before = runner.rfc3339(time.time_ns())
    with runner.run(python(code)) as job:
        steps = list(job.steps(patience=0.05))
    assert None in steps
    times = [moment for step in steps if step for moment in step.times()]
    assert len(times) == 2
    assert before <= times[0] < times[1] <= runner.rfc3339(time.time_ns())


# The other contract.


@pytest.mark.parametrize("name", ["output.json", "output.txt"])
def test_a_job_that_writes_its_result_to_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OUTPUT_DIRECTORY", str(tmp_path))
    code = f"import os; open(os.environ['OUTPUT_DIRECTORY'] + '/{name}', 'w').write('42')"
    job = runner.run(python(code))
    assert events_of(job) == []
    assert job.wrote_output_file
    job = runner.run(python("pass"))
    assert events_of(job) == []
    assert not job.wrote_output_file


def test_planqk_commons_writes_its_result_there() -> None:
    constants = pytest.importorskip("planqk.commons.constants")
    assert command._OUTPUT_VARIABLE == constants.OUTPUT_DIRECTORY_ENV  # noqa: SLF001
    assert constants.DEFAULT_OUTPUT_DIRECTORY == command._OUTPUT_FOLDER  # noqa: SLF001
