"""Executions that are cancelled or wait, and a service that ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.service_api.server import Server, serving, wait_for
from tests.runner.jobs import PROCESSES, TREE, assert_all_are_gone, is_running

WAIT = "\nimport time\nwhile not os.path.exists({!r}): time.sleep(0.01)"


def waiting(file: Path, program: str = "") -> str:
    """A program that waits for a file in the end."""
    return program + WAIT.format(str(file))


def test_a_job_is_cancelled_with_all_that_it_started(server: Server, tmp_path: Path) -> None:
    pids, never = tmp_path / "pids", tmp_path / "never"
    program = f"import sys; sys.argv = ['', {str(pids)!r}]\n{TREE}"
    execution = server.post(waiting(never, program))
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == PROCESSES)
    response = server.client.put(f"/{execution}/cancel")
    assert (response.status_code, response.json()["id"]) == (200, execution)
    assert server.ended(execution) == "CANCELLED"
    assert server.problem(execution)["detail"] == "it was cancelled"
    assert server.last_entry(execution) == ("ERROR", "it was cancelled")
    assert_all_are_gone(pids)


def test_a_cancelled_job_keeps_its_result(server: Server, tmp_path: Path) -> None:
    execution = server.post(waiting(tmp_path / "never", "print('PlanQK:Job:Result: 42', flush=True)"))
    wait_for(lambda: server.get(f"{execution}/log"))
    server.client.put(f"/{execution}/cancel")
    assert server.ended(execution) == "CANCELLED"
    assert server.get(f"{execution}/result")["result"] == 42


def test_what_has_ended_stays_as_it_is(server: Server) -> None:
    execution = server.run("pass")
    before = server.get(execution)
    assert server.client.put(f"/{execution}/cancel").json() == before == server.get(execution)


def running(server: Server, *executions: str) -> None:
    wait_for(lambda: all(server.status(execution) == "RUNNING" for execution in executions))


@pytest.mark.service_api
def test_few_run_the_others_wait_and_more_are_refused(tmp_path: Path) -> None:
    end, begun = tmp_path / "end", tmp_path / "begun"
    program = waiting(end, f"open({str(begun)!r}, 'a').write('.')")
    with serving(tmp_path, "--concurrency", "2", "--queue", "3") as server:
        first = [server.post(program) for _ in range(2)]
        running(server, *first)
        then = [server.post(program) for _ in range(3)]
        response = server.client.post("/", json={"data": program})
        assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
        assert response.json()["detail"].startswith("3 executions are pending")
        assert [server.status(execution) for execution in then] == ["PENDING"] * 3
        assert server.problem(then[0])["detail"].startswith("the execution is PENDING")
        assert server.client.put(f"/{then[1]}/cancel").json()["status"] == "CANCELLED"
        assert server.last_entry(then[1]) == ("ERROR", "it was cancelled")
        end.touch()
        assert [server.ended(execution) for execution in [*first, then[0], then[2]]] == ["SUCCEEDED"] * 4
        assert (server.get(then[1])["startedAt"], server.status(then[1])) == (None, "CANCELLED")
        assert begun.read_text() == "." * 4


@pytest.mark.service_api
def test_a_service_that_is_asked_to_end_ends_its_jobs(tmp_path: Path) -> None:
    pid, end = tmp_path / "pid", tmp_path / "end"
    program = f"file = open({str(pid)!r}, 'w'); print(os.getpid(), end=' ', file=file, flush=True)"
    with serving(tmp_path, "--concurrency", "1") as server:
        server.run("pass")  # the first job of a process takes its time to start
        first, second = server.post(waiting(end, program)), server.post(waiting(end))
        wait_for(lambda: pid.exists() and pid.read_text())
        server.end()
        assert not is_running(pid.read_text().strip())
        assert [path.name for path in tmp_path.glob("*.sqlite*")] == ["executions.sqlite"]
        end.touch()
        server.start()
        assert server.status(first) == "FAILED"
        assert server.problem(first)["detail"] == "the service was shut down"
        assert server.problem(first)["findings"] == []
        assert server.last_entry(first) == ("ERROR", "the service was shut down")
        assert server.ended(second) == "SUCCEEDED"


@pytest.mark.service_api
def test_two_services_cannot_share_a_database(tmp_path: Path) -> None:
    with serving(tmp_path), pytest.raises(AssertionError, match="another server uses it"):
        Server(tmp_path, ["--", "true"])
