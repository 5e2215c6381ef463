"""The result of an execution, or why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.examples.service_api.server import Server, serving


def finding(problem: Any) -> tuple[str, int | None]:
    return problem["findings"][0]["rule"], problem["findings"][0]["line"]


@pytest.mark.parametrize(
    ("printed", "members"),
    [
        ('PlanQK:Job:Result: {"sum": 42, "more": [1]}', {"sum": 42, "more": [1]}),
        ("PlanQK:Job:Result: { }", {}),
        ("PlanQK:Job:Result: [1, 2]", {"result": [1, 2]}),
        ("PlanQK:Job:Result: null", {"result": None}),
        ('PlanQK:Job:MultilineResult\n{\n  "a": "b"\n}\nPlanQK:Job:MultilineResult', {"a": "b"}),
        ('PlanQK:Job:Result: {"_links": 1, "sum": 42}', {"sum": 42}),
    ],
)
def test_a_result(server: Server, printed: str, members: dict[str, Any]) -> None:
    execution = server.run(f"print({printed!r})")
    found = server.get(f"{execution}/result")
    links = found.pop("_links")
    assert found.pop("_embedded")["status"] == server.get(execution)
    assert found == members
    assert {name: link["href"] for name, link in links.items()} == {
        "self": f"{server.url}/{execution}/result",
        "status": f"{server.url}/{execution}",
        "result.json": f"{server.url}/{execution}/result/result.json",
    }


def test_numbers_keep_their_digits(server: Server) -> None:
    value = '{"energy": -1.250, "count": 123456789012345678901234567890}'
    execution = server.run(f"print('PlanQK:Job:Result: ' + {value!r})")
    assert server.client.get(f"/{execution}/result").text.startswith(f'{value[:-1]},"_links": ')
    assert server.client.get(f"/{execution}/result/result.json").text == value


def test_there_is_one_file(server: Server) -> None:
    execution = server.run("print('PlanQK:Job:Result: 42')")
    assert server.get(f"{execution}/result/other.json", 404)["detail"] == "the only file is result.json"


def test_a_job_that_failed_has_its_result(server: Server) -> None:
    execution = server.run("print('PlanQK:Job:Result: 42', flush=True); os._exit(3)")
    assert server.status(execution) == "FAILED"
    assert server.get(f"{execution}/result")["result"] == 42


@pytest.mark.parametrize(
    ("program", "status", "detail", "found"),
    [
        (
            "print('PlanQK:Job:Result: {1: 2}')",
            "FAILED",
            "the result is not valid: not JSON",
            ("json-unquoted-key", 1),
        ),
        (
            "print('a'); print('  PlanQK:Job:Result: 1')",
            "SUCCEEDED",
            "the job printed no result",
            ("marker-indented", 2),
        ),
        ("pass", "SUCCEEDED", "the job printed no result, and its exit code is 0", ("no-result", None)),
        ("os._exit(7)", "FAILED", "the job printed no result, and its exit code is 7", None),
        (
            "os.write(1, b'PlanQK:Job:Result: 12'); os.kill(os.getpid(), 9)",
            "FAILED",
            "the result may be cut short: no LF ends it, and the exit code is -9",
            None,
        ),
        (
            "print('PlanQK:Job:MultilineResult')",
            "FAILED",
            "the result is not valid: the block is never closed",
            ("unterminated-block", 1),
        ),
    ],
)
def test_why_there_is_no_result(
    server: Server, program: str, status: str, detail: str, found: tuple[str, int | None] | None
) -> None:
    execution = server.run(program)
    problem = server.problem(execution)
    assert server.status(execution) == status
    assert problem["detail"].startswith(detail)
    assert found in {None, finding(problem)}
    assert server.get(f"{execution}/result/result.json", 404) == problem


def test_interim_results(server: Server) -> None:
    execution = server.run("for number in '0', '1.50', '{}': print('PlanQK:Job:InterimResult:', number)")
    path = f"/{execution}/interim-results"
    assert server.client.get(path).text == "[0,1.50,{}]"
    assert server.client.get(path, params={"last": "false"}).text == "[0,1.50,{}]"
    assert server.client.get(path, params={"last": "true"}).text == "[{}]"


def test_no_interim_results(server: Server) -> None:
    path = f"{server.run('pass')}/interim-results"
    assert server.get(path) == server.get(f"{path}?last=true") == []


def test_a_cut_interim_result_is_none(server: Server) -> None:
    execution = server.run("os.write(1, b'PlanQK:Job:InterimResult: 12'); os.kill(os.getpid(), 9)")
    assert server.get(f"{execution}/interim-results") == []


@pytest.mark.service_api
def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with serving(tmp_path, command=["no-such-program"]) as server:
        execution = server.run("")
        assert server.status(execution) == "FAILED"
        assert server.problem(execution)["detail"].startswith("cannot run 'no-such-program': ")
        assert server.last_entry(execution) == ("ERROR", server.problem(execution)["detail"])


@pytest.mark.service_api
def test_a_time_limit(tmp_path: Path) -> None:
    with serving(tmp_path, "--timeout", "0.1", command=["sleep", "600"]) as server:
        execution = server.run("")
        assert server.status(execution) == "FAILED"
        assert server.problem(execution)["detail"] == "it ran longer than 0.1 s"
        assert server.last_entry(execution) == ("ERROR", "it ran longer than 0.1 s")
