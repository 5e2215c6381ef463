"""Executions survive a service that is killed: none is lost, and none runs twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.examples.service_api.server import FINAL, serving, wait_for
from tests.runner.jobs import assert_all_are_gone

# The programs of the jobs, and what becomes of them. Each of them notes first that it was started.
KINDS = {
    "quick": ("print('PlanQK:Job:Result:', NUMBER)", "SUCCEEDED"),
    "slow": ("import time; time.sleep(0.3); print('PlanQK:Job:Result:', NUMBER)", "SUCCEEDED"),
    "killed": ("print('PlanQK:Job:Result:', flush=True); os.kill(os.getpid(), 9)", "FAILED"),
    "broken": ("print('PlanQK:Job:MultilineResult'); print('{')", "FAILED"),
}
LOST = "the service was killed while the job ran, so nobody knows what became of it"


def program(number: int, kind: str, folder: Path) -> str:
    note = f"open({str(folder / 'started')!r}, 'a').write('{number} ')"
    return f"NUMBER = {number}; {note}; {KINDS[kind][0]}"


def stored(database: Path) -> dict[str, str]:
    """The statuses that a killed service left."""
    with sqlite3.connect(database) as connection:
        found = dict(connection.execute("SELECT id, status FROM execution").fetchall())
    connection.close()
    return found


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.service_api)])
def test_a_service_that_is_killed(tmp_path: Path, count: int) -> None:
    kinds = [[*KINDS][number % len(KINDS)] for number in range(count)]
    programs = [program(number, kind, tmp_path) for number, kind in enumerate(kinds)]
    started, pid = tmp_path / "started", tmp_path / "pid"
    hanging = count // 16 * 4  # one of the kind "quick"
    programs[hanging] += f"; import time; open({str(pid)!r}, 'w').write(f'{{os.getpid()}} ')"
    programs[hanging] += "\nwhile True: time.sleep(1)"
    with serving(tmp_path, "--concurrency", "3") as server:
        half = [server.post(text) for text in programs[: count // 2]]
        hangs = half[hanging]
        wait_for(lambda: pid.exists() and pid.read_text())
        server.kill()
        left = stored(server.database)
        server.start()
        assert server.status(hangs) == "FAILED"
        if Path("/proc").is_dir():  # where a process shows whose it is
            assert_all_are_gone(pid)
        executions = half + [server.post(text) for text in programs[count // 2 :]]
        ended = {execution: server.ended(execution) for execution in executions}
        assert [execution["id"] for execution in server.get("")] == executions
        for number, (execution, kind) in enumerate(zip(executions, kinds, strict=True)):
            is_lost = left.get(execution) == "RUNNING"
            assert ended[execution] == ("FAILED" if is_lost else KINDS[kind][1])
            if left.get(execution) in FINAL:
                assert ended[execution] == left[execution]
            if is_lost:
                assert server.problem(execution)["detail"] == LOST
                assert server.last_entry(execution) == ("ERROR", LOST)
            elif ended[execution] == "SUCCEEDED":
                assert server.get(f"{execution}/result")["result"] == number
            else:
                assert server.problem(execution)["findings"]
    runs = Counter(map(int, started.read_text().split()))
    assert left[hangs] == "RUNNING"
    assert set(runs.values()) == {1}
    lost = [number for number, execution in enumerate(half) if left[execution] == "RUNNING"]
    assert {*range(count)} - runs.keys() <= {*lost}  # the service may have been killed before it started them
