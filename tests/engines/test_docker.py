"""``--container``: docker-py against a small engine, whose connections break."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from planqk_protocol import Event, Log
from planqk_protocol.captures import CaptureNotice, NoticeKind, Source
from planqk_protocol.cli.app import cli
from planqk_protocol.engines import docker, docker_api
from planqk_protocol.engines.container import ContainerOutput, EngineError
from tests.engines.servers import CUTS, serving
from tests.engines.small_engine import BEGIN, RESULT, SECOND, UNREADABLE, Engine, frame, stamp

HEAD = len(frame(stamp(BEGIN)))  # of each record in an answer


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine()
    monkeypatch.setattr(docker, "_FIRST_DELAY", 0)
    monkeypatch.setattr(docker, "_POLL_INTERVAL", 0)
    monkeypatch.setattr(docker, "_GIVE_UP_AFTER", 0.2)
    with serving(made) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        yield made
        made.exited.set()


@pytest.fixture
def client(engine: Engine) -> Iterator[Any]:
    import docker as library  # noqa: PLC0415  # an extra

    with closing(library.from_env()) as made:
        yield made
    assert not engine.cuts


@pytest.fixture
def run() -> Callable[..., Result]:
    return lambda *args: CliRunner().invoke(cli, args)


Run = Callable[..., Result]


def read(output: ContainerOutput) -> tuple[list[Event], list[CaptureNotice]]:
    """The events of an output, and what is said of it."""
    source = Source(output.capture)
    taken = [source.feed(piece) for piece in output]
    taken.append(source.close())
    return [event for item in taken for event in item.events], [n for item in taken for n in item.notices]


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


# Connections that break.


@pytest.fixture
def uncut() -> list[Event]:
    source = Source("raw")
    return (
        source.feed(b"log\n" + RESULT + "ü\n".encode() + b"same\n" * 3 + b"end").events
        + source.close().events
    )


def fill(engine: Engine) -> None:
    """Give the container records with one stamp, with one text, a cut character, and no LF at the end."""
    texts = [
        b"log\n",
        RESULT,
        "ü".encode()[:1],
        "ü".encode()[1:] + b"\n",
        b"same\n",
        b"same\n",
        b"same\n",
        b"end",
    ]
    times = [0, 1, 1, 1, 1, 1, 2, 2]
    engine.records = [(BEGIN + at * SECOND, text) for at, text in zip(times, texts, strict=True)]


@CUTS
@pytest.mark.parametrize("has_terminal", [False, True])
def test_cut_anywhere_each_byte_comes_once(
    engine: Engine, client: Any, uncut: list[Event], step: int, *, has_terminal: bool
) -> None:
    engine.has_terminal = has_terminal
    fill(engine)
    size = sum(len(text) + (0 if has_terminal else HEAD) for _, text in engine.records)
    for cut in range(0, size + 1, step):
        engine.status, engine.stored, engine.cuts = "running", 1, [cut]
        engine.exited.clear()
        with docker.follow("job", client=client) as output:
            assert read(output) == (uncut, []), cut
            assert not output.is_cut_off


def test_engines_that_refuse_for_a_while(engine: Engine, uncut: list[Event]) -> None:
    fill(engine)
    engine.cuts = [60]
    with docker.follow("job") as output:
        first = next(output)
        engine.refusals = [500, 503]
        source = Source(output.capture)
        events = [event for piece in (first, *output) for event in source.feed(piece).events]
    assert events + source.close().events == uncut


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("call", ["logs", "json", "wait"])
def test_what_an_engine_refuses_for_a_while_is_asked_for_again(
    engine: Engine, uncut: list[Event], status: int, call: str
) -> None:
    """Whichever of the requests that come after the first bytes."""
    fill(engine)
    for first in range(4):
        engine.status, engine.stored, engine.cuts = "running", 1, [150]
        engine.exited.clear()
        with docker.follow("job") as output:
            source = Source(output.capture)
            events = source.feed(next(output)).events
            engine.refused = {call: [200] * first + [status] * 2}
            for piece in output:
                events += source.feed(piece).events
            assert events + source.close().events == uncut
            assert output.exit_code() == 0
        engine.refused = {}


@pytest.mark.parametrize("has_terminal", [False, True])
@pytest.mark.parametrize("records", [0, 1, 5])
def test_a_log_that_stops_amid_what_was_read_is_asked_for_again(
    engine: Engine, uncut: list[Event], records: int, *, has_terminal: bool
) -> None:
    engine.has_terminal = has_terminal
    fill(engine)
    engine.stops = [records] * 3
    with docker.follow("job") as output:
        assert read(output) == (uncut, [])
    engine.status, engine.stored, engine.stops = "running", 1, [records] * 20
    engine.exited.clear()
    with docker.follow("job") as output:
        _, notices = read(output)
    assert [notice.kind for notice in notices] == [NoticeKind.GAP]


@pytest.mark.parametrize("has_terminal", [False, True])
def test_a_log_that_was_rotated_meanwhile_is_a_gap(engine: Engine, *, has_terminal: bool) -> None:
    engine.has_terminal = has_terminal
    fill(engine)
    engine.cuts = [60]

    def follow() -> ContainerOutput:
        output = docker.follow("job")
        next(output)
        engine.rotated = engine.stored = 6
        return output

    with follow() as output:
        _, notices = read(output)
        assert [notice.kind for notice in notices] == [NoticeKind.GAP], notices
        assert output.is_cut_off is has_terminal


def test_a_log_of_a_terminal_that_begins_anew_is_not_read_on(engine: Engine) -> None:
    engine.has_terminal = True
    engine.cuts = [3]
    with docker.follow("job") as output:
        assert next(output) == b"log"
        engine.records = [(BEGIN, b"other\n"), (BEGIN, RESULT)]
        events, notices = read(output)
        assert ([notice.kind for notice in notices], output.is_cut_off) == ([NoticeKind.GAP], True)
        assert [event.raw for event in events] == []


def test_a_record_that_is_cut_and_properly_ended_is_asked_for_again(
    engine: Engine, uncut: list[Event]
) -> None:
    fill(engine)
    log, cuts = engine._log, [1]  # noqa: SLF001

    def cut(**query: Any) -> Iterator[bytes]:
        pieces = list(log(**query))
        return iter([*pieces[:-1], pieces[-1][:-1]] if cuts and cuts.pop() else pieces)

    engine._log = cut  # type: ignore[method-assign]  # noqa: SLF001
    with docker.follow("job") as output:
        assert read(output) == (uncut, [])


def test_an_engine_that_does_not_come_back(engine: Engine, run: Run) -> None:
    engine.cuts = [70] * 10_000
    outcome = run("parse", "--container", "job")
    assert outcome.exit_code == 2
    assert '"text":"log"' in outcome.stdout
    assert outcome.stderr.startswith("planqk-protocol: cannot read container job: ")
    assert outcome.stderr.endswith("; tried for 0.2 s\n")


def test_an_engine_that_ends_its_answers_early(engine: Engine, run: Run) -> None:
    engine.exit = lambda: None  # type: ignore[method-assign]
    outcome = run("result", "--container", "job")
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "it runs, but the engine ended the answer; tried for 0.2 s" in outcome.stderr


def test_an_exit_code_that_a_connection_lost(engine: Engine, run: Run) -> None:
    engine.breaks_wait = 2
    engine.exit_code = 4
    assert "FAILED, exit code 4" in run("result", "--container", "job").stderr


def test_an_exit_code_that_nobody_tells(engine: Engine, run: Run) -> None:
    engine.breaks_wait = 10_000
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 2)
    assert "tried for 0.2 s" in outcome.stderr


def test_an_exit_code_of_an_engine_that_ends(engine: Engine, run: Run) -> None:
    codes = iter([-1, 5])
    engine._exit_code = lambda: iter([b'{"StatusCode":%d}' % next(codes)])  # type: ignore[method-assign]  # noqa: SLF001
    assert "FAILED, exit code 5" in run("result", "--container", "job").stderr


def test_a_container_that_is_removed_at_its_exit_may_lose_its_last_line(engine: Engine, run: Run) -> None:
    engine.is_removed = True
    engine.records[-1] = (BEGIN, RESULT[:-1])
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    caveat, missing, status = outcome.stderr.splitlines()
    assert "a last line without LF is lost; follow it before its start" in caveat
    assert missing.startswith("container job: no-result: ")
    assert missing.endswith(
        "the output was cut off, and the result may have come after that. Get all of the output."
    )
    assert status == "container job: SUCCEEDED, exit code 0"


def test_an_exit_code_that_is_gone(engine: Engine, run: Run) -> None:
    engine.is_removed = True
    engine.breaks_wait = 1
    waits = engine._wait  # noqa: SLF001

    def wait(request: Any) -> None:
        if engine.status == "gone":
            request.json({"message": "No such container"}, 404)
        else:
            waits(request)

    engine._wait = wait  # type: ignore[method-assign]  # noqa: SLF001
    assert "UNKNOWN, its exit code is not known" in run("result", "--container", "job").stderr


# Containers that have not started.


def test_the_start_is_waited_for(engine: Engine, run: Run) -> None:
    engine.status, engine.looks, engine.stored = "created", 3, 0
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.stderr) == ("42\n", "container job: SUCCEEDED, exit code 0\n")
    assert engine.asked[0] == ("POST wait", {"condition": "next-exit"})
    assert engine.calls == ["POST wait", "GET logs", "GET logs"]


def test_following_begins_before_the_start(engine: Engine) -> None:
    engine.status, engine.looks, engine.stored = "created", 10_000, 0
    with docker.follow("job") as output:
        engine.looks = 0
        events, _ = read(output)
        assert len(events) == 2


@pytest.mark.parametrize(("driver", "is_removed"), [("none", False), ("json-file", True)])
@pytest.mark.parametrize("has_terminal", [False, True])
def test_what_cannot_be_read_later_is_attached_to(
    engine: Engine, run: Run, driver: str, *, is_removed: bool, has_terminal: bool
) -> None:
    engine.status, engine.looks, engine.stored = "created", 3, 0
    engine.driver, engine.is_removed, engine.has_terminal = driver, is_removed, has_terminal
    engine.records[-1] = (BEGIN, RESULT[:-1])
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    assert engine.asked[1] == ("POST attach", {"stream": "1", "stdout": "1"})
    assert "so output that is lost where the connection breaks cannot be read again" in outcome.stderr


@pytest.mark.parametrize("driver", ["none", "json-file"])
def test_a_container_that_is_started_while_it_is_attached_to(engine: Engine, run: Run, driver: str) -> None:
    engine.status, engine.looks, engine.driver, engine.is_removed = "created", 1, driver, True
    if driver != "none":  # else the container has ended when its log is asked for
        engine._live = lambda: iter(())  # type: ignore[method-assign]  # noqa: SLF001
    outcome = run("result", "--container", "job")
    assert outcome.stdout == "42\n"
    assert ("its first output may be missing" in outcome.stderr) is (driver == "none")


@pytest.mark.parametrize("driver", ["none", "json-file"])
def test_a_container_that_ends_while_it_is_attached_to(engine: Engine, run: Run, driver: str) -> None:
    engine.status, engine.looks, engine.driver, engine.fate = "created", 1, driver, "exited"
    outcome = run("result", "--container", "job")
    assert outcome.stdout == ("" if driver == "none" else "42\n")
    assert outcome.exit_code == (2 if driver == "none" else 0)


@CUTS
def test_a_break_of_what_cannot_be_read_again_is_a_gap(engine: Engine, step: int) -> None:
    engine.driver, engine.stored = "none", 0
    size = len(frame(b"log\n") + frame(RESULT))
    for cut in range(0, size, step):
        engine.status, engine.looks, engine.stored, engine.cuts = "created", 3, 0, [cut]
        engine.exited.clear()
        with docker.follow("job") as output:
            events, notices = read(output)
        results = [event for event in events if not isinstance(event, Log)]
        assert NoticeKind.GAP in {notice.kind for notice in notices}
        assert all(event.suspect or event.after_loss for event in results), cut


def test_a_break_after_which_the_engine_is_gone_for_a_while_cuts_off(engine: Engine) -> None:
    engine.status, engine.looks, engine.stored, engine.driver = "created", 3, 0, "none"
    engine.cuts = [20]
    inspect, failures = engine._inspect, [True]  # noqa: SLF001

    def failing(request: Any) -> None:
        if engine.stored == 2 and failures:
            failures.clear()
            engine.status = "exited"
            request.json({"message": "starting"}, 503)
        else:
            inspect(request)

    engine._inspect = failing  # type: ignore[method-assign]  # noqa: SLF001
    with docker.follow("job") as output:
        list(output)
        assert output.is_cut_off


@pytest.mark.parametrize("fate", ["exited", "running", "conflict"])
def test_an_attached_connection_that_is_reset_cuts_off(engine: Engine, fate: str) -> None:
    engine.status, engine.looks, engine.stored, engine.driver = "created", 3, 0, "none"
    attach = engine._attach  # noqa: SLF001

    def reset(request: Any) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while engine.status == "created":
            time.sleep(0.01)
        engine.status = "exited" if fate == "exited" else "running"
        engine.refusals = [409] if fate == "conflict" else []
        engine._attach = attach  # type: ignore[method-assign]  # noqa: SLF001
        request.reset()

    engine._attach = reset  # type: ignore[method-assign]  # noqa: SLF001
    with docker.follow("job") as output:
        _, notices = read(output)
        assert output.is_cut_off is (fate != "running")
    assert bool(notices) is (fate == "running")


def test_attaching_again_is_tried_again(engine: Engine) -> None:
    engine.status, engine.looks, engine.stored, engine.driver = "created", 3, 0, "none"
    engine.cuts = [20]
    with docker.follow("job") as output:
        next(output)
        engine.refusals = [500, 500]
        assert NoticeKind.GAP in [notice.kind for notice in read(output)[1]]


def test_a_container_that_cannot_start(engine: Engine, run: Run) -> None:
    engine.status, engine.looks, engine.error = "created", 10_000, "exec: nosuch: not found" + "!" * 1000
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: container job cannot start: exec: nosuch: not found!!")
    assert len(outcome.stderr) < 500


@pytest.mark.parametrize("driver", ["none", "json-file"])
def test_a_container_that_is_removed_before_its_start(engine: Engine, run: Run, driver: str) -> None:
    engine.status, engine.looks, engine.driver, engine.fate = "created", 3, driver, "gone"
    outcome = run("result", "--container", "job")
    assert outcome.exit_code == 2
    assert "planqk-protocol: container job was removed before it ran; if nobody" in outcome.stderr


def test_a_container_that_ran_and_was_removed_between_two_looks(engine: Engine, run: Run) -> None:
    engine.status, engine.looks, engine.is_removed, engine.stored = "created", 10_000, True, 0
    inspect = engine._inspect  # noqa: SLF001

    def late(request: Any) -> None:
        if engine.looks < 9_997 and engine.status == "created":
            engine.start()
            while engine.status != "gone":
                time.sleep(0.01)
        inspect(request)

    engine._inspect = late  # type: ignore[method-assign]  # noqa: SLF001
    outcome = run("result", "--container", "job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)


def test_a_start_that_does_not_come(engine: Engine) -> None:
    engine.status, engine.looks = "created", 10_000_000
    with (
        docker.follow("job", wait_timeout=0.05) as output,
        pytest.raises(EngineError, match=r"^container job was not started within 0\.05 s$"),
    ):
        next(output)


@pytest.mark.parametrize("wait", ["pieces", "exit_code"])
def test_closing_ends_what_another_thread_waits_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    monkeypatch.setattr(docker, "_POLL_INTERVAL", 20)
    engine.status, engine.looks = "created", 10_000_000
    output = docker.follow("job")
    ended: list[object] = []

    def read_all() -> None:
        if wait == "pieces":
            ended.append(list(output))
            return
        with pytest.raises(EngineError, match="closed"):
            output.exit_code()
        ended.append(None)

    thread = threading.Thread(target=read_all)
    thread.start()
    time.sleep(0.1)
    output.close()
    thread.join(10)
    assert len(ended) == 1


# What is said.


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


def test_an_answer_that_comes_when_the_container_is_closed(engine: Engine) -> None:
    container = docker_api.Container(None, "job")
    container.close()
    before = sockets()
    answer = container.request("GET", "logs", stdout=1, follow=0)
    assert answer.raw.closed
    container.close()
    engine.exited.set()
    wait_until(lambda: sockets() <= before)


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


# For asyncio.


def test_in_an_event_loop(engine: Engine) -> None:
    engine.exit_code = 7

    async def main() -> tuple[bytes, int | None]:
        async with await docker.afollow("job") as output:
            text = b"".join([piece async for piece in output if isinstance(piece, bytes)])
            return text, await output.aexit_code()

    text, code = asyncio.run(main())
    assert (RESULT in text, code) == (True, 7)


def test_a_task_that_is_cancelled_closes_the_output(engine: Engine) -> None:
    before = sockets()
    engine.status, engine.looks = "created", 10_000_000

    async def main() -> bool:
        output = await docker.afollow("job", wait_timeout=60)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(output), 0.1)
        return output.is_cut_off

    assert asyncio.run(main())
    engine.exited.set()
    wait_until(lambda: sockets() <= before)


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        time.sleep(0.05)
    assert is_so()


def sockets() -> set[str]:
    """The sockets that this process holds."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists the folder
            links.append(str(entry.readlink()))
    return {link for link in links if link.startswith("socket:")}


def leave(_output: ContainerOutput) -> None:
    """Read nothing."""


def read_some(output: ContainerOutput) -> None:
    next(output)


def read_all(output: ContainerOutput) -> None:
    assert list(output)


def read_exit_code(output: ContainerOutput) -> None:
    list(output)
    assert output.exit_code() == 0


@pytest.mark.parametrize("status", ["running", "created", "exited"])
@pytest.mark.parametrize("driver", ["json-file", "none"])
@pytest.mark.parametrize("use", [leave, read_some, read_all, read_exit_code])
def test_nothing_stays_open(
    engine: Engine, status: str, driver: str, use: Callable[[ContainerOutput], None]
) -> None:
    before = sockets()
    engine.driver, engine.status, engine.looks, engine.stored = driver, status, 3, 0
    with suppress(EngineError), docker.follow("job") as output:
        use(output)
    engine.status = "exited"  # so that the server ends its answers
    engine.exited.set()
    with pytest.raises(EngineError):
        docker.follow("other")
    wait_until(lambda: sockets() <= before)  # the server sees it later
