"""``--execution`` reads executions of the example, as it reads those of the platform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.examples.service_api.server import Server
from tests.examples.service_api.test_logs import SPEC

pytestmark = pytest.mark.service_api


class Done(NamedTuple):
    code: int
    printed: str
    said: str


def read(server: Server, command: str, execution: str, *options: str | Path) -> Done:
    """Run a command on an execution, without access keys."""
    done = subprocess.run(
        [sys.executable, "-m", "planqk_protocol", command, "--execution", server.url, execution, *options],
        capture_output=True,
        check=False,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PLANQK_")},
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_an_execution_is_followed_while_it_runs(server: Server) -> None:
    program = (
        "import time\n"
        "for number in range(20): print(number, flush=True); time.sleep(0.05)\n"
        "print('PlanQK:Job:MultilineResult\\n{\"sum\": 1.50}\\nPlanQK:Job:MultilineResult')"
    )
    done = read(server, "parse", server.post(program), "--output", "jsonl")
    records = [json.loads(line) for line in done.printed.splitlines()]
    assert done.code == 0
    assert [record["text"] for record in records[:-1]] == [str(number) for number in range(20)]
    assert {record["severity"] for record in records} == {"INFO", "NOTICE"}
    assert records[-1]["value"] == {"sum": 1.5}
    assert done.said.rstrip().endswith(": SUCCEEDED")


def test_both_have_the_same_result(server: Server) -> None:
    values = ['{"sum": 1e2, "list": [1, {}]}', "42"]
    executions = [server.run(f"print('PlanQK:Job:Result: ' + {value!r})") for value in values]
    with ThreadPoolExecutor() as threads:  # each of them waits for entries that come late
        found = list(threads.map(lambda execution: read(server, "result", execution), executions))
    assert [(done.code, done.printed) for done in found] == [(0, f"{value}\n") for value in values]
    assert not any("differ" in done.said for done in found)


def test_why_there_is_no_result(server: Server, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(SPEC)
    programs = ["print('PlanQK:Job:Result: {1: 2}')", """print('PlanQK:Job:Result: {"sum": "42"}')"""]
    executions = [server.run(program) for program in programs]

    def check(execution: str) -> Done:
        return read(server, "check", execution, "--openapi", tmp_path / "service.yaml", "--output", "json")

    with ThreadPoolExecutor() as threads:
        found = list(threads.map(check, executions))
    records = [[json.loads(line) for line in done.printed.splitlines()] for done in found]
    assert [done.code for done in found] == [1, 1]
    first = [(rows[0]["rule"], rows[0]["line"], rows[0]["column"]) for rows in records]
    assert first == [("json-unquoted-key", 1, 21), ("result-schema", 1, 28)]
