"""What the service takes, and how it refuses the rest."""

from __future__ import annotations

import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.examples.service_api.contract import FOLDER, document, operations
from tests.examples.service_api.server import Server, serving

LIMIT = 16 * 1024 * 1024


def test_the_openapi_file_is_valid() -> None:
    validate(document())


@pytest.mark.parametrize(("method", "path"), operations())
def test_every_operation_of_the_openapi_file_is_there(server: Server, method: str, path: str) -> None:
    response = server.client.request(method, path.replace("{id}", str(uuid.uuid4())).replace("{file}", "x"))
    assert response.status_code == {"GET /": 200, "POST /": 400}.get(f"{method} {path}", 404)
    if response.status_code == 404:
        assert response.json()["detail"] == "there is no execution with this id"


def test_an_execution_is_made_and_found(server: Server) -> None:
    response = server.client.post("/", json={"data": "pass"})
    made = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{server.url}/{made['id']}"
    assert uuid.UUID(made["id"]).version == 4
    assert server.ended(made["id"]) == "SUCCEEDED"
    found = server.get(made["id"])
    assert found["createdAt"] == made["createdAt"] <= found["startedAt"] <= found["endedAt"]
    assert server.get("")[-1] == found
    assert server.get(server.run("pass"))["serviceId"] == found["serviceId"]


def test_the_input_is_what_was_sent(server: Server) -> None:
    program = "print(open(os.environ['PLANQK_INPUT'] + '/params.json').read())"
    body = b'{"params": {"precise": 1.00, "large": 12345678901234567890}, "data": "%s"}' % program.encode()
    execution = server.client.post("/", content=body).json()["id"]
    server.ended(execution)
    [entry] = server.get(f"{execution}/log")
    assert entry["message"] == '{"precise": 1.00, "large": 12345678901234567890}'


def test_tags(server: Server) -> None:
    made = server.client.post("/", json={"data": "pass", "$tags": ["a", "ü"]}).json()
    assert made["tags"] == ["a", "ü"]
    assert server.ended(made["id"]) == "SUCCEEDED"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"data":\n  [1 2]}', "request:2:6: not JSON: "),
        ("", "request:1:1: not JSON: "),
        ("[]", "request: not an object; "),
        ('{"datum": 1}', "request: the key 'datum' is unknown; "),
        ('{"data": 1, "$secrets": {}}', "request: $secrets are not supported here"),
        ('{"data": 1, "$tags": "x"}', "request: $tags is not an array of strings"),
        ('{"data": 1, "$tags": ["x", 1]}', "request: $tags is not an array of strings"),
        ('{"data": 1,\n "$tags": [}', "request:2:12: not JSON: "),
        ('{"$tags": ["x"], "data": NaN}', "request:1:26: not JSON: "),
        ('{"$tags": [], "$secrets": {}}', "request: $secrets are not supported here"),
        ('{"$tags": [], "datum": 1}', "request: the key 'datum' is unknown; "),
        (
            '{"$tags": [], "data": "\\ud800"}',
            "request: with $tags, an escape such as \\ud800 needs its second half",
        ),
        ('["$tags"]', "request: not an object; "),
    ],
)
def test_a_request_that_is_wrong(server: Server, body: str, detail: str) -> None:
    before = server.get("")
    response = server.client.post("/", content=body)
    assert response.status_code == 400
    assert response.json()["detail"].startswith(detail)
    assert [execution["id"] for execution in server.get("")] == [execution["id"] for execution in before]


def pieces(size: int) -> Iterator[bytes]:
    yield b'{"data": "'
    yield from [b" " * 65536] * (size // 65536)


@pytest.mark.parametrize("content", [b" " * (LIMIT + 1), pieces(LIMIT)], ids=["with length", "in pieces"])
def test_a_request_that_is_too_large(server: Server, content: Any) -> None:
    response = server.client.post("/", content=content)
    assert response.status_code == 413
    assert response.json()["detail"] == f"the body is longer than {LIMIT} bytes"


def test_other_paths_are_problems(server: Server) -> None:
    server.client.event_hooks["response"], hooks = [], server.client.event_hooks["response"]
    for method, path, status in [("DELETE", "/", 405), ("GET", "/a/b", 404), ("POST", "/a/cancel", 405)]:
        response = server.client.request(method, path)
        assert response.status_code == response.json()["status"] == status
        assert response.headers["Content-Type"] == "application/problem+json"
    server.client.event_hooks["response"] = hooks


@pytest.mark.service_api
def test_a_service_needs_a_command() -> None:
    done = subprocess.run([sys.executable, FOLDER / "app.py"], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "give a command, or --image" in done.stderr


@pytest.mark.service_api
def test_a_database_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "job.py"
    path.write_text("print('PlanQK:Job:Result: 42')\n" * 100)
    command = [sys.executable, str(FOLDER / "app.py"), "--database", str(path), "true"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{path}: file is not a database\n"


@pytest.mark.service_api
def test_too_many_requests_at_the_same_time(tmp_path: Path) -> None:
    with serving(tmp_path) as server, ExitStack() as stack:
        address = ("127.0.0.1", httpx.URL(server.url).port)
        for _ in range(100):
            stack.enter_context(socket.create_connection(address))
        last = stack.enter_context(socket.create_connection(address))
        last.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert last.recv(12) == b"HTTP/1.1 503"
