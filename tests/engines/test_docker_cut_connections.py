"""``--container``: docker-py against a small engine, whose connections break."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from planqk_protocol import Event
from planqk_protocol.captures import NoticeKind, Source
from planqk_protocol.engines import docker
from planqk_protocol.engines.container import ContainerOutput
from tests.cli.harness import Run
from tests.engines.docker_events import read
from tests.engines.servers import CUTS
from tests.engines.small_engine import BEGIN, RESULT, SECOND, Engine, frame, stamp

HEAD = len(frame(stamp(BEGIN)))  # of each record in an answer


@pytest.fixture
def client(engine: Engine) -> Iterator[Any]:
    import docker as library  # noqa: PLC0415  # an extra

    with closing(library.from_env()) as made:
        yield made
    assert not engine.cuts


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
