"""``planqk-protocol run``: what it shows of a job, what it says at the end, and its exit code."""

from __future__ import annotations

import io
import json
import re
import signal
import sys
from pathlib import Path

import jsonschema
import pytest

from planqk_protocol import outcome_schema, record_schema
from planqk_protocol.runner import command
from tests.cli.harness import Call, Run, Start, Terminal
from tests.runner.jobs import (
    PROCESSES,
    TREE,
    assert_all_are_gone,
    input_folders,
    python,
    use_own_temporary_folder,
    wait_for,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX's")

JOB = """
import json, os, sys
data = json.load(open(os.environ["PLANQK_INPUT"] + "/data.json"))
print("starting", flush=True)
print("PlanQK:Job:InterimResult: 1", flush=True)
print("warning", file=sys.stderr, flush=True)
print("PlanQK:Job:Result:", json.dumps({"sum": sum(data)}), flush=True)
"""
OUTPUT = 'starting\nPlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: {"sum": 3}\n'


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_own_temporary_folder(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.json"
    path.write_text("[1, 2]")
    return path


def without_duration(said: str) -> list[str]:
    return re.sub(r"^(job: [A-Z]+) after [0-9.]+ s", r"\1", said, flags=re.MULTILINE).splitlines()


def test_a_job_is_shown_as_it_prints(run: Run, data: Path) -> None:
    done = run("run", "--data", data, "--", *python(JOB))
    assert (done.stdout, done.exit_code) == (OUTPUT, 0)
    assert without_duration(done.stderr) == [
        "warning",
        "job: SUCCEEDED, exit code 0",
        'job:3: result {"sum": 3}',
    ]


def test_what_a_good_job_prints_is_found_clean(run: Run, data: Path, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_text(run("run", "--data", data, "--", *python(JOB)).stdout)
    done = run("check", "--exit-code", "0", log)
    assert (done.stdout, done.exit_code) == ("no findings in 3 lines; result at line 3\n", 0)


def test_events_as_json_lines_have_times(run: Run, data: Path) -> None:
    done = run("run", "--output", "jsonl", "--data", data, "--", *python(JOB))
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["type"] for record in records] == ["log", "interim_result", "result", "outcome"]
    assert [record["time"] for record in records] == sorted(record["time"] for record in records)
    for record in records[:-1]:
        jsonschema.validate(record, record_schema())
    jsonschema.validate(records[-1], outcome_schema())
    assert records[-1]["status"] == "SUCCEEDED"


@pytest.mark.parametrize("way", ["input", "request", "data and params", "nothing"])
def test_the_ways_to_give_the_input(run: Run, tmp_path: Path, way: str) -> None:
    (tmp_path / "data.json").write_text("1")
    (tmp_path / "params.json").write_text("2")
    (tmp_path / "request.json").write_text('{"data": 1, "params": 2}')
    options: dict[str, list[str | Path]] = {
        "input": ["--input", tmp_path],
        "request": ["--request", tmp_path / "request.json"],
        "data and params": ["--data", tmp_path / "data.json", "--params", tmp_path / "params.json"],
        "nothing": [],
    }
    code = """
import sys
print("PlanQK:Job:Result:", [int(open(name).read().strip("{}") or 0) for name in sys.argv[1:]])
"""
    done = run("run", *options[way], "--", *python(code, "{input}/data.json", "{input}/params.json"))
    assert done.stdout == (
        "PlanQK:Job:Result: [0, 0]\n" if way == "nothing" else "PlanQK:Job:Result: [1, 2]\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--data", "wrong.json"], "wrong.json:2:1: not JSON: "),
        (["--request", "wrong.json"], "wrong.json:2:1: not JSON: "),
        (["--request", "other.json"], "other.json: the key 'datta' is unknown; "),
        (["--params", "missing.json"], "cannot read missing.json: No such file or directory"),
        (["--input", "."], "cannot read data.json: No such file or directory"),
        (["--data", "other.json", "--input", "."], "Usage: "),
        (["--request", "other.json", "--params", "other.json"], "Usage: "),
        (["--pull", "never"], "Usage: "),
    ],
)
def test_nothing_starts_if_the_input_is_wrong(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.json").write_text("[1,\n")
    (tmp_path / "other.json").write_text('{"datta": 1}')
    done = run("run", *args, "--", *python("open('started', 'w')"))
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(
    "args", [[], ["--image", "job", "--stdin"], ["--image", "job", "--request", "/nowhere"]]
)
def test_what_cannot_be_run(run: Run, args: list[str]) -> None:
    assert run("run", *args).exit_code == 2


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("'[' + ' ' * 998 + ']'", "result [ ]"),
        ("'[' + ' ' * 2000 + ']'", "result […"),
        ("'[' + '1,' * 60 + '1]'", f"result [{'1,' * 49}1…"),
    ],
)
def test_a_long_result_is_shortened(run: Run, payload: str, said: str) -> None:
    done = run("run", "--", *python(f"print('PlanQK:Job:Result:' + {payload})"))
    assert done.stderr.splitlines()[-1] == f"job:1: {said}"


def test_a_program_that_is_not_there(run: Run) -> None:
    done = run("run", "--", "/no/such/program")
    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr == "planqk-protocol: cannot run '/no/such/program': No such file or directory\n"


@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [
        (
            "pass",
            1,
            [
                "job: SUCCEEDED, exit code 0",
                "job: error[no-result]: there is no result (exit code 0)",
            ],
        ),
        (
            "print('PlanQK:Job:Result: 1'); raise SystemExit(3)",
            1,
            ["job: FAILED, exit code 3", "job:1: result 1", "job: warning[failed-"],
        ),
        (
            "print('PlanQK:Job:Result: [')",
            1,
            ["job: FAILED, exit code 0", "job:1:21: error[json-trunc"],
        ),
        (
            "print(' PlanQK:Job:Result: 1')",
            1,
            ["job: SUCCEEDED, exit code 0, without a result", "job:1:1: warning[marker-ind"],
        ),
        (
            "print('PlanQK:Job:Result: ' + '[' * 60 + ' ' * 2000 + ']' * 60)",
            0,
            ["job: SUCC", "job:1: result [[["],
        ),
        (
            "print('PlanQK:Job:MultilineResult\\n[1,\\n\\n2]\\nPlanQK:Job:MultilineResult')",
            0,
            ["job: ", "job:1: result [1, 2]"],
        ),
    ],
)
def test_the_summary_and_the_verdict(run: Run, code: str, exit_code: int, said: list[str]) -> None:
    done = run("run", "--", *python(code))
    assert done.exit_code == exit_code
    lines = without_duration(done.stderr)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=False)), lines
    assert max(map(len, lines)) < 700


@posix
@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (11, "SIGSEGV"), (35, "signal 35")])
def test_a_job_that_a_signal_ends(run: Run, number: int, name: str) -> None:
    done = run(
        "run",
        "--",
        *python(f"import os; os.write(1, b'PlanQK:Job:Result: 4'); os.kill(os.getpid(), {number})"),
    )
    assert done.exit_code == 1
    assert without_duration(done.stderr)[:2] == [
        f"job: FAILED, ended by {name}",
        f"job:1: result 4 (no LF ends it, and the exit code is -{number}: the rest of it may be missing)",
    ]


def test_a_job_that_runs_too_long(run: Run) -> None:
    done = run("run", "--timeout", "0.3", "--grace", "1", "--", *python("import time; time.sleep(60)"))
    assert done.exit_code == 1
    [status, *_] = without_duration(done.stderr)
    assert status.startswith("job: FAILED, because it ran longer than 0.3 s, ")


def test_a_job_of_the_other_contract(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_OUTPUT_FOLDER", str(tmp_path))
    monkeypatch.delenv("OUTPUT_DIRECTORY", raising=False)
    writes = f"open({str(tmp_path / 'output.json')!r}, 'w').write('42')"
    done = run("run", "--", *python(writes))
    assert done.exit_code == 1
    [_, said] = without_duration(done.stderr)
    assert said.startswith(
        "job: it printed no marker, but wrote its result to /var/runtime/output: that is another"
    )
    done = run("run", "--", *python(f"{writes}; print('PlanQK:Job:Result: 1')"))
    assert "another contract" not in done.stderr


LOGGED = "import logging; logging.basicConfig(level=20); logging.info('PlanQK:Job:Result: 1')"


def test_a_result_on_standard_error_is_found(run: Run) -> None:
    for code in ("import sys; print('PlanQK:Job:Result: 1', file=sys.stderr)", LOGGED):
        said = run("run", "--", *python(code)).stderr
        assert "job: error[no-result]: there is no result (a result on standard error, exit code 0)" in said


def test_many_findings_are_counted(run: Run) -> None:
    done = run("run", "--", *python("print(' PlanQK:Job:Result: 1\\nx\\n' * 30)"))
    assert done.stderr.count("warning[marker-indented]") == 20
    assert "job: and 11 more findings\n" in done.stderr


OPENAPI = """
openapi: 3.0.3
paths:
  /{id}/result:
    get:
      responses:
        200:
          content:
            application/json:
              schema: {type: object, required: [sum]}
"""


def test_the_result_is_checked_against_the_openapi_file(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("openapi_schema_validator")
    path = tmp_path / "openapi-spec.yml"
    path.write_text(OPENAPI)
    job = python("print('PlanQK:Job:Result: {\"total\": 42}')")
    done = run("run", "--openapi", path, "--", *job)
    assert done.exit_code == 0
    assert "job:1:20: error[result-schema]: the value at $ breaks the OpenAPI file" in done.stderr
    done = run("run", "--openapi", tmp_path / "missing.yml", "--", *job)
    assert (done.stdout, done.exit_code) == ("", 2)


def test_an_exit_code_that_is_not_known(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.CommandJob, "exit_code", None)
    done = run("run", "--", *python("print('PlanQK:Job:Result: 1')"))
    assert done.exit_code == 1
    assert without_duration(done.stderr)[0] == "job: UNKNOWN, its exit code is not known"


def test_the_exit_code_of_an_image_without_an_engine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    done = run("run", "--image", "job", "--", "sh")
    assert done.exit_code == 2
    assert done.stderr.startswith("planqk-protocol: cannot run 'job': ")
    assert input_folders() == set()


def test_standard_error_that_is_closed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", None)
    assert (
        call("run", "--", *python("import sys; print('x', file=sys.stderr); print('PlanQK:Job:Result: 1')"))
        == 0
    )


# At a terminal.


def test_at_a_terminal_the_output_is_safe_and_a_status_line_comes_and_goes(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import os, time
os.write(1, b"red \\x1b[31m\\nPlanQK:Job:InterimResult: 17\\n")
time.sleep(1.3)
os.write(2, b"half a line \\x1b[2J")
time.sleep(0.3)
os.write(2, b"\\r\\n")
time.sleep(0.3)
os.write(1, b"PlanQK:Job:Result: 42\\n")
"""
    text = terminal.text()
    monkeypatch.setattr(sys, "stdout", text)
    monkeypatch.setattr(sys, "stderr", text)
    assert call("run", "--", *python(code)) == 0
    shown = terminal.shown()
    assert "\x1b[31mred" not in shown
    assert "red \\x1b[31m" in shown
    assert len(set(re.findall(r"running for \d+ s, interim result 17", shown))) >= 2
    assert "half a line \\x1b[2J\r\n" in shown
    assert shown.count("running for") == shown.count("\r\x1b[K")
    assert "SUCCEEDED after " in shown


# Signals.


@posix
@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_ends_the_job_and_all_that_it_started(
    start: Start, tmp_path: Path, number: signal.Signals, code: int, message: str
) -> None:
    pids = tmp_path / "pids"
    program = start("run", "--grace", "0.3", "--", *python(TREE + "time.sleep(60)", pids, "stubborn"))
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == PROCESSES)
    program.send_signal(number)
    assert program.wait(40) == code
    assert program.stderr
    lines = without_duration(program.stderr.read().decode())
    assert lines[0] == f"job: FAILED, because this command got {number.name}, ended by SIGKILL"
    assert lines[-1] == f"planqk-protocol: {message}"
    assert_all_are_gone(pids)
    assert input_folders() == set()


@posix
def test_a_reader_that_has_read_enough_ends_the_job(start: Start, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = TREE + "\nwhile True: print('x', flush=True); time.sleep(0.01)"
    program = start("run", "--grace", "0.3", "--", *python(code, pids))
    assert program.stdout
    program.stdout.read(1)
    program.stdout.close()
    assert program.wait(40) == 0
    assert_all_are_gone(pids)
