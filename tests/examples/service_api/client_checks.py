"""What a client library of the platform can ask, asked of a service: a program for test_clients.py.

Both libraries have the same names, except for those of their classes. The input of each execution is the
program that it runs.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

POLL = 0.05  # seconds; the libraries ask every 5 seconds by default
PATIENCE = 60.0
RESULT = (
    "print('starting'); print('PlanQK:Job:InterimResult: 1'); print('PlanQK:Job:Result: {\"sum\": 42.50}')"
)
ENDLESS = "import time\nwhile True: time.sleep(1)"


def run(client: Any, program: str) -> Any:
    """An execution that has ended."""
    execution = client.run({"data": program, "params": {}})
    assert execution.status in {"PENDING", "RUNNING"}
    execution.wait_for_final_state(timeout=PATIENCE, wait=POLL)
    return execution


def refusal(client: Any, ask: Callable[[], Any]) -> tuple[int, Any]:
    """The status and the body in the exception that the library raises."""
    package = type(client.api).__module__.removesuffix(".service_api.client")
    try:
        ask()
    except importlib.import_module(f"{package}.core.api_error").ApiError as error:
        return error.status_code, error.body
    raise AssertionError("the library raised nothing")


def check_result(client: Any) -> None:
    """The status, the result, its files and the log."""
    execution = run(client, RESULT)
    assert execution.status == "SUCCEEDED"
    assert execution.has_finished
    assert execution.created_at <= execution.started_at <= execution.ended_at
    result = execution.result()
    assert result.sum == 42.5
    assert result.embedded.status.id == execution.id
    assert result.links.status.href.endswith(f"/{execution.id}")
    assert execution.result_files() == ["result.json"]
    with tempfile.TemporaryDirectory() as folder:
        execution.download_result_file("result.json", folder)
        assert json.loads(Path(folder, "result.json").read_bytes()) == {"sum": 42.5}
    log = execution.logs()
    assert [entry.message for entry in log] == [
        "starting",
        "PlanQK:Job:InterimResult: 1",
        'PlanQK:Job:Result: {"sum": 42.50}',
    ]
    assert [entry.severity for entry in log] == ["INFO", "NOTICE", "NOTICE"]
    assert all(isinstance(entry.timestamp, dt.datetime) and entry.timestamp.tzinfo for entry in log)


def check_failure(client: Any) -> None:
    """An execution without a result: the error of the library holds the problem."""
    execution = run(client, "print('PlanQK:Job:Result: {1: 2}')")
    assert execution.status == "FAILED"
    status, problem = refusal(client, lambda: client.api.get_result(id=execution.id))
    assert (status, problem["status"]) == (404, 404)  # `result` would ask again for 15 seconds
    assert problem["findings"][0]["line"] == 1


def check_cancel(client: Any) -> None:
    """An execution that would never end."""
    execution = client.run({"data": ENDLESS, "params": {}})
    execution.cancel()
    execution.wait_for_final_state(timeout=PATIENCE, wait=POLL)
    assert execution.status == "CANCELLED"


def check_list(client: Any) -> None:
    """All executions, and each of them by its id."""
    found = client.get_service_executions()
    assert {execution.status for execution in found} == {"SUCCEEDED", "FAILED", "CANCELLED"}
    for execution in found[-3:]:
        again = client.get_service_execution(execution.id)
        assert (again.id, again.status) == (execution.id, execution.status)


def check_refusal(client: Any) -> None:
    """A request that the service does not take."""
    status, problem = refusal(client, lambda: client.run({"datum": 1}))
    assert status == 400
    assert "'datum' is unknown" in problem["detail"]


def main() -> None:
    """Check a service with the client class of a module."""
    endpoint, module, name = sys.argv[1:]
    client = getattr(importlib.import_module(module), name)(endpoint, None, None)
    for check in (check_result, check_failure, check_cancel, check_list, check_refusal):
        check(client)
        print(check.__name__)


if __name__ == "__main__":
    main()
