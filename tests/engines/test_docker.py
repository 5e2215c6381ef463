"""``--container``: docker-py against a small engine."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from planqk_protocol.captures import Source
from planqk_protocol.engines import docker
from planqk_protocol.engines.container import EngineError
from planqk_protocol.engines.docker_api import NO_ENGINE
from tests.cli.harness import Run
from tests.engines.docker_events import read
from tests.engines.small_engine import BEGIN, RESULT, SECOND, UNREADABLE, Engine


def test_the_result_of_a_container(engine: Engine, run: Run) -> None:
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    assert outcome.stderr == "container job: SUCCEEDED, exit code 0\n"
    log = {"stdout": "1", "timestamps": "1"}
    assert engine.asked == [
        ("POST wait", {"condition": "not-running"}),
        ("GET logs", log | {"follow": "1"}),
        ("GET logs", log | {"follow": "0", "since": str(BEGIN // SECOND + 1 - 10)}),
    ]


def test_the_log_of_a_container_that_has_exited_is_read_until_nothing_is_new(
    engine: Engine, run: Run
) -> None:
    engine.status, engine.ends_early = "exited", 1
    assert run("result", "--container", "job").stdout == "42\n"
    assert engine.calls == ["POST wait", "GET logs", "GET logs", "GET logs"]


def test_the_events_of_a_container_that_failed(engine: Engine, run: Run) -> None:
    engine.exit_code = 3
    outcome = run("parse", "--no-logs", "--container", "job")
    assert outcome.stdout == '{"type":"result","line":2,"value":42}\n'
    finding, status = outcome.stderr.splitlines()
    assert finding.startswith("container job: failed-with-result: ")
    assert status == "container job: FAILED, exit code 3"
    assert outcome.exit_code == 1


@pytest.mark.parametrize(("code", "worst"), [(0, 0), (3, 1)])
def test_a_result_without_lf_is_read_when_following_has_ended(
    engine: Engine, run: Run, code: int, worst: int
) -> None:
    engine.records[-1] = (BEGIN + SECOND, RESULT[:-1])
    engine.exit_code = code
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", worst)
    assert ("suspect" in outcome.stderr) is bool(code)


def test_events_bear_the_stamps_of_the_engine(engine: Engine) -> None:
    source = Source("cri")
    with docker.follow("job") as output:
        times = [time for piece in output for time in source.feed(piece).times]
    assert times == ["2024-05-01T10:00:00.000000000Z", "2024-05-01T10:00:01.000000000Z"]
    assert engine.calls


def test_a_terminal_and_restarts_are_said(engine: Engine, run: Run) -> None:
    engine.has_terminal = True
    engine.restarts = 2
    engine.records[-1] = (BEGIN, RESULT[:-1] + b"\r\n")
    outcome = run("result", "--container", "job")
    assert outcome.stdout == "42\n"
    terminal, restarts, _ = outcome.stderr.splitlines()
    assert terminal.startswith("container job: the container has a terminal (-t)")
    assert restarts.startswith("container job: the container was restarted 2 times")


def test_a_run_that_follows_is_not_waited_for(engine: Engine, run: Run) -> None:
    engine.exit = lambda: setattr(engine, "status", "restarting")  # type: ignore[method-assign]
    engine.exited.set()
    assert run("result", "--container", "job").stdout == "42\n"


def test_what_the_engine_says_is_no_output(engine: Engine, run: Run) -> None:
    engine.status, engine.said = "exited", ["Error grabbing logs: EOF"]
    outcome = run("result", "--container", "job")
    assert outcome.stdout == "42\n"
    notice = outcome.stderr.splitlines()[0]
    assert notice.startswith("container job: capture-system-error: record 3, at byte ")
    assert ": the engine says: Error grabbing logs: EOF. " in notice


def test_what_the_engine_says_of_a_container_that_runs_is_a_break(engine: Engine, run: Run) -> None:
    engine.said = ["Error grabbing logs: unexpected EOF"]
    engine.exit = lambda: None  # type: ignore[method-assign]
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert "cannot read container job: Error grabbing logs: unexpected EOF; tried for" in outcome.stderr


def test_places_and_missing_results(engine: Engine, run: Run) -> None:
    engine.records = [(BEGIN, b"PlanQK:Job:Result: no\n")]
    outcome = run("parse", "--container", "job")
    fault, broken, status = outcome.stderr.splitlines()
    assert fault.startswith("container job (stdout):1:20: invalid-json: ")
    assert broken.startswith("container job: succeeded-with-broken-result: ")
    assert status == "container job: FAILED, exit code 0"
    engine.records, engine.status = [(BEGIN, b" PlanQK:Job:Result: 1\n")], "exited"
    first, second, _ = run("result", "--container", "job").stderr.splitlines()
    assert first.startswith("container job (stdout):1:1: marker-indented: ")
    assert second.startswith("container job: no-result: ")


def test_a_container_that_is_not_there(engine: Engine, run: Run) -> None:
    outcome = run("result", "--container", "other")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "planqk-protocol: there is no container other; docker ps --all lists those there are\n"
    )
    assert not engine.asked


@pytest.mark.parametrize("status", ["running", "exited"])
def test_an_engine_that_refuses(engine: Engine, run: Run, status: str) -> None:
    engine.driver, engine.status = "none", status
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        f"planqk-protocol: cannot read container job: {UNREADABLE}; of such a container, "
        "call this before its start\n"
    )


def test_an_engine_that_is_ill(engine: Engine, run: Run) -> None:
    engine._probe = lambda request: request.json({"message": "ill"}, 500)  # type: ignore[method-assign]  # noqa: SLF001
    outcome = run("result", "--container", "job")
    assert (outcome.exit_code, outcome.stderr) == (2, "planqk-protocol: cannot read container job: ill\n")


def test_a_container_that_is_being_removed(engine: Engine, run: Run) -> None:
    engine._probe = lambda request: request.json({"message": "dead"}, 409)  # type: ignore[method-assign]  # noqa: SLF001
    outcome = run("result", "--container", "job")
    assert (outcome.exit_code, outcome.stderr) == (2, "planqk-protocol: cannot read container job: dead\n")


def test_an_answer_that_is_none(engine: Engine, run: Run) -> None:
    engine._framed = lambda data, kind=1: b"HTTP" * 10  # type: ignore[method-assign]  # noqa: ARG005, SLF001
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert "cannot read container job: a frame of type 72" in outcome.stderr


def test_other_engines_with_the_api(engine: Engine, run: Run) -> None:
    engine.is_docker = False
    engine.cuts = [11, 5]
    assert run("result", "--container", "job").stdout == "42\n"
    assert all("timestamps" not in query for call, query in engine.asked)


def test_no_engine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read container job: ")
    assert outcome.stderr.endswith(f"; {NO_ENGINE}\n")


def test_in_python(engine: Engine) -> None:
    import docker as library  # noqa: PLC0415  # an extra

    engine.exit_code = 7
    with_client: Any = library.from_env()
    with docker.follow("job", client=with_client) as output:
        assert (output.capture, output.caveats) == ("cri", [])
        assert len(read(output)[0]) == 2
        assert output.exit_code() == 7
    with_client.close()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(EngineError, match=r"docker is missing; run .* install '\.\[docker\]'"):
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


def test_in_an_event_loop(engine: Engine) -> None:
    engine.exit_code = 7

    async def main() -> tuple[bytes, int | None]:
        async with await docker.afollow("job") as output:
            text = b"".join([piece async for piece in output if isinstance(piece, bytes)])
            return text, await output.aexit_code()

    text, code = asyncio.run(main())
    assert (RESULT in text, code) == (True, 7)
