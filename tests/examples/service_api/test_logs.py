"""The log of an execution: its entries, their bound, and what a check of them finds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.harness import invoke
from tests.examples.service_api.server import Server, serving, wait_for

SPEC = """
openapi: 3.0.3
info: {title: sums, version: "1"}
paths:
  /{id}/result:
    get:
      responses:
        200:
          description: the sum
          content:
            application/json:
              schema: {type: object, required: [sum], properties: {sum: {type: number}}}
"""
FULL = "the log is full: of what the job printed from here on, only the result is kept"


def entries(server: Server, program: str) -> list[tuple[str, str]]:
    log = server.get(f"{server.run(program)}/log")
    stamps = [entry["timestamp"] for entry in log]
    assert stamps == sorted(stamps)
    return [(entry["severity"], entry["message"]) for entry in log]


def test_the_entries_of_stdout(server: Server) -> None:
    printed = b"a\r\n\n\xff\nPlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: 42\nPlanQK:Job:Result: 43\nb"
    assert entries(server, f"os.write(1, {printed!r})".replace("b'", "b'", 1)) == [
        ("INFO", "a\r"),
        ("INFO", ""),
        ("INFO", "\ufffd"),
        ("NOTICE", "PlanQK:Job:InterimResult: 1"),
        ("NOTICE", "PlanQK:Job:Result: 42"),
        ("ERROR", "PlanQK:Job:Result: 43"),
        ("INFO", "b"),
    ]


def test_a_block_is_one_entry(server: Server) -> None:
    block = "PlanQK:Job:MultilineResult\n{\n}\nPlanQK:Job:MultilineResult"
    assert entries(server, f"print({block!r})") == [("NOTICE", block)]


def test_stderr_is_no_result(server: Server) -> None:
    program = r"os.write(2, b'one\nPlanQK:Job:Result: 1\n'); os.write(2, b'two')"
    assert entries(server, program) == [
        ("WARNING", "one"),
        ("WARNING", " PlanQK:Job:Result: 1"),
        ("WARNING", "two"),
    ]


@pytest.mark.parametrize(("end", "code"), [("os.kill(os.getpid(), 9)", -9), ("os._exit(3)", 3)])
def test_the_log_of_a_job_that_fails_says_so_in_the_end(server: Server, end: str, code: int) -> None:
    assert entries(server, f"print('a', flush=True); {end}") == [
        ("INFO", "a"),
        ("ERROR", f"the job ended with exit code {code}"),
    ]


def test_a_long_line_is_cut_and_its_rest_forges_nothing(server: Server) -> None:
    program = "print('x' * 65536 + 'PlanQK:Job:Result: 1'); print('next')"
    assert entries(server, program) == [("INFO", "x" * 65536), ("INFO", "next")]


def test_the_log_grows_while_the_job_runs(server: Server, tmp_path: Path) -> None:
    end = tmp_path / "end"
    program = (
        "import time; print('PlanQK:Job:InterimResult: 1', flush=True)\n"
        f"while not os.path.exists({str(end)!r}): time.sleep(0.01)\n"
        "print('more')"
    )
    execution = server.post(program)
    first = wait_for(lambda: server.get(f"{execution}/log"))
    assert server.get(f"{execution}/interim-results?last=true") == [1]
    assert (
        server.problem(execution)["detail"] == "the execution is RUNNING; there is no result before its end"
    )
    end.touch()
    server.ended(execution)
    assert server.get(f"{execution}/log")[: len(first)] == first


def saved_log(server: Server, folder: Path, program: str) -> str:
    """The answer of ``GET /{id}/log``, in a file."""
    path = folder / "log.json"
    path.write_bytes(server.client.get(f"/{server.run(program)}/log").content)
    return str(path)


def checked(path: str, folder: Path) -> Any:
    (folder / "service.yaml").write_text(SPEC)
    options = ["--capture", "planqk-log", "--openapi", str(folder / "service.yaml"), "--output", "json"]
    return invoke("check", *options, path)


def test_a_result_that_breaks_the_schema_of_the_service_is_found(server: Server, tmp_path: Path) -> None:
    path = saved_log(server, tmp_path, """print('starting'); print('PlanQK:Job:Result: {"sum": "42"}')""")
    result = checked(path, tmp_path)
    [found] = [json.loads(line) for line in result.stdout.splitlines()]
    assert (found["line"], found["column"]) == (2, 28)
    assert "its type should be" in found["message"]
    assert result.exit_code == 1


def test_a_result_that_keeps_the_schema_is_clean(server: Server, tmp_path: Path) -> None:
    path = saved_log(server, tmp_path, """print('starting'); print('PlanQK:Job:Result: {"sum": 42}')""")
    assert (checked(path, tmp_path).stdout, checked(path, tmp_path).exit_code) == ("", 0)


@pytest.mark.service_api
def test_a_result_that_fills_the_log_is_kept(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-bytes", "10") as server:
        found = entries(server, "print('PlanQK:Job:Result: 42'); print('PlanQK:Job:Result: 43')")
    assert found == [("WARNING", FULL), ("NOTICE", "PlanQK:Job:Result: 42")]


@pytest.mark.service_api
def test_the_log_and_the_memory_are_bounded(tmp_path: Path) -> None:
    program = (
        "print('PlanQK:Job:InterimResult: 1')\n"
        "for _ in range(2000): print(('x' * 1000 + '\\n') * 50, end='')\n"
        "print('PlanQK:Job:InterimResult: 2'); print('PlanQK:Job:Result: 42')"
    )
    with serving(tmp_path, "--log-bytes", "10000") as server:
        server.run(program)  # before this one, memory grows for other reasons
        before = peak(server)
        execution = server.run(program)
        log = server.get(f"{execution}/log")
        assert server.get(f"{execution}/result")["result"] == 42
        assert server.get(f"{execution}/interim-results") == [1]
        assert server.get(f"{execution}/interim-results?last=true") == [2]
        assert peak(server) < before + 10_000_000  # the job printed ten times as much
    assert [entry["message"] for entry in log[-2:]] == [FULL, "PlanQK:Job:Result: 42"]
    assert [entry["message"] for entry in log[1:-2]] == ["x" * 1000] * (len(log) - 3)
    assert 5000 < sum(len(entry["message"]) for entry in log) < 10000


def peak(server: Server) -> int:
    """The most memory that the process has had, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("the system does not show the memory of a process")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found
    return int(found[1]) * 1024
