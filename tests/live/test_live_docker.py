"""``--container``: docker-py against a small engine."""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from planqk_protocol.cli.app import cli
from planqk_protocol.engines import docker
from planqk_protocol.engines.output import EngineError

from .servers import Request, joined, serving

RESULT = b"PlanQK:Job:Result: 42\n"


def frame(data: bytes, kind: int = 1) -> bytes:
    return bytes([kind, 0, 0, 0]) + struct.pack(">I", len(data)) + data


class Engine:
    """One container, and what was asked of it."""

    def __init__(self) -> None:
        self.states = ["exited"]
        self.output = [frame(b"log\nPlan"), frame(RESULT[4:])]
        self.exit_code = 0
        self.has_terminal = False
        self.restarts = 0
        self.refuses_logs = False
        self.breaks_off = False
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, request: Request) -> None:
        method, path = request.call.split()
        call = path.rpartition("/")[2]
        if call == "version":
            request.json({"ApiVersion": "1.44"})
        elif "/containers/job/" not in path and "/containers/1d/" not in path:
            request.json({"message": "No such container"}, 404)
        elif call == "json":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            request.json(
                {
                    "Id": "1d",
                    "RestartCount": self.restarts,
                    "State": {"Status": state, "Running": state == "running"},
                    "Config": {"Tty": self.has_terminal},
                }
            )
        else:
            self.asked.append((f"{method} {call}", request.query))
            self._answer(request, call)

    def _answer(self, request: Request, call: str) -> None:
        if call == "wait":
            request.stream(iter([b'{"StatusCode":%d}' % self.exit_code]))
        elif call == "logs" and self.refuses_logs:
            request.json({"message": "the logging driver does not support reading"}, 501)
        else:
            chunked = call == "logs"
            request.stream(iter(self.output), is_chunked=chunked, breaks_off=self.breaks_off)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine()
    with serving(made) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        yield made


@pytest.fixture
def run() -> Callable[..., Result]:
    return lambda *args: CliRunner().invoke(cli, args)


Run = Callable[..., Result]


def test_the_result_of_a_container(engine: Engine, run: Run) -> None:
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    assert outcome.stderr == "container job: SUCCEEDED, exit code 0\n"
    assert engine.asked == [
        ("POST wait", {"condition": "not-running"}),
        ("GET logs", {"follow": "1", "stdout": "1", "stderr": "0"}),
    ]


def test_the_events_of_a_container_that_failed(engine: Engine, run: Run) -> None:
    engine.exit_code = 3
    outcome = run("parse", "--no-logs", "--container", "job")
    assert outcome.stdout == '{"type":"result","line":2,"value":42}\n'
    assert outcome.stderr == "container job: FAILED, exit code 3\n"
    assert outcome.exit_code == 1


@pytest.mark.parametrize("second", ["created", "running"])
def test_a_container_that_has_not_started_is_attached_to(engine: Engine, run: Run, second: str) -> None:
    engine.states = ["created", second, "exited"]
    assert run("result", "--container", "job").stdout == "42\n"
    assert engine.asked == [
        ("POST wait", {"condition": "next-exit"}),
        ("POST attach", {"stream": "1", "logs": "1", "stdout": "1", "stderr": "0"}),
    ]


def test_a_container_that_ends_before_it_is_attached_to(engine: Engine, run: Run) -> None:
    engine.states = ["created", "exited"]
    assert run("result", "--container", "job").stdout == "42\n"
    assert [call for call, _ in engine.asked] == ["POST wait", "POST attach", "POST wait", "GET logs"]


def test_a_terminal_and_restarts_are_said(engine: Engine, run: Run) -> None:
    engine.has_terminal = True
    engine.restarts = 2
    engine.output = [RESULT[:5], RESULT[5:-1] + b"\r\n"]
    outcome = run("result", "--container", "job")
    assert outcome.stdout == "42\n"
    terminal, restarts, _ = outcome.stderr.splitlines()
    assert terminal.startswith("container job: the container has a terminal (-t)")
    assert restarts.startswith("container job: the container was restarted 2 times")


def test_what_the_engine_says_is_no_output(engine: Engine, run: Run) -> None:
    engine.output = [frame(RESULT), frame(b"Error grabbing logs: EOF\n", 3)]
    outcome = run("result", "--container", "job")
    assert outcome.stdout == "42\n"
    notice = outcome.stderr.splitlines()[0]
    assert (
        notice == "container job: record 2, byte 30: system-error: the engine says: Error grabbing logs: EOF"
    )


def test_places_and_missing_results(engine: Engine, run: Run) -> None:
    engine.output = [frame(b"PlanQK:Job:Result: no\n")]
    outcome = run("parse", "--container", "job")
    fault, missing, status = outcome.stderr.splitlines()
    assert fault.startswith("container job (stdout):1:20: invalid-json: ")
    assert missing.startswith("container job: no result in 1 line of stdout; ")
    assert status == "container job: FAILED, exit code 0"
    engine.output = [frame(b" PlanQK:Job:Result: 1\n")]
    first, _ = run("result", "--container", "job").stderr.splitlines()
    assert first.startswith("container job: no result in 1 line of stdout; print it")


def test_a_container_that_is_not_there(engine: Engine, run: Run) -> None:
    outcome = run("result", "--container", "other")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "planqk-protocol: there is no container other; docker ps --all lists those there are\n"
    )
    assert not engine.asked


def test_an_engine_that_refuses(engine: Engine, run: Run) -> None:
    engine.refuses_logs = True
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "planqk-protocol: cannot read container job: the logging driver does not support reading\n"
    )


def test_a_connection_that_breaks(engine: Engine, run: Run) -> None:
    engine.breaks_off = True
    outcome = run("parse", "--container", "job")
    assert outcome.exit_code == 2
    assert '"result"' in outcome.stdout
    assert outcome.stderr.startswith("planqk-protocol: cannot read container job: ")


def test_no_engine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read container job: ")


def test_in_python(engine: Engine) -> None:
    import docker as library  # noqa: PLC0415  # an extra

    engine.exit_code = 7
    with_client: Any = library.from_env()
    output = docker.follow("job", client=with_client)
    assert (output.capture, output.caveats) == ("docker-mux", [])
    assert joined(output) == b"".join(engine.output)
    assert output.exit_code() == 7
    with_client.close()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(EngineError, match=r'docker is missing; run: pip install "planqk_protocol\[docker\]"'):
        docker.follow("job")


@pytest.mark.parametrize(
    "args",
    [
        ("--container", "job", "job.log"),
        ("--container", "job", "--capture", "raw"),
        ("--container", "job", "--pod", "default/job"),
        ("--pod", "job"),
        ("--pod", "/job"),
        ("--pod", "default/"),
    ],
)
def test_what_does_not_go_together(run: Run, args: tuple[str, ...]) -> None:
    for command in ("result", "parse"):
        outcome = run(command, *args)
        assert outcome.exit_code == 2
        assert "--pod" in outcome.stderr


def sockets() -> set[str]:
    """The sockets that this process holds."""
    folder = Path("/proc/self/fd")
    links = []
    for entry in folder.iterdir():
        with suppress(FileNotFoundError):  # the one that lists the folder
            links.append(str(entry.readlink()))
    return {link for link in links if link.startswith("socket:")}


def test_nothing_stays_open(engine: Engine) -> None:
    before = sockets()
    for states in (["exited"], ["created", "running"], ["created", "exited"]):
        for use in (lambda _: None, next, list, lambda output: (list(output), output.exit_code())):
            engine.states = states[:]
            with docker.follow("job") as output:
                use(output)
    engine.refuses_logs = True
    with pytest.raises(EngineError):
        docker.follow("job")
    with pytest.raises(EngineError):
        docker.follow("other")
    for _ in range(100):  # until the server has seen it, too
        if sockets() <= before:
            break
        time.sleep(0.05)
    assert sockets() <= before
