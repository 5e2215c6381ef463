"""``--container``: containers that have not started."""

from __future__ import annotations

import time
from typing import Any

import pytest

from planqk_protocol import Log
from planqk_protocol.captures import NoticeKind
from planqk_protocol.engines import docker
from planqk_protocol.engines.container import EngineError
from tests.cli.harness import Run
from tests.engines.docker_events import read
from tests.engines.servers import CUTS
from tests.engines.small_engine import BEGIN, RESULT, Engine, frame


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
