"""``--container`` and `docker.follow` with a real engine, whose connections break and which is restarted."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from planqk_protocol import Event, Log, Result
from planqk_protocol.captures import CaptureNotice, NoticeKind, Source
from planqk_protocol.engines import docker as engine
from planqk_protocol.engines.container import ContainerOutput
from tests.real_engines.daemons import IMAGE, Docker, EngineError
from tests.real_engines.proxy import broken

pytestmark = [
    pytest.mark.engine,
    # docker-py leaves a socket open that it cannot connect (docker/transport/unixconn.py).
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Such a socket is collected while its warning is ignored, not at the end of the session."""
    yield
    gc.collect()


RUNS = 12
SHORT = "echo hi; sleep 1; printf 'PlanQK:Job:Result: 42'"
LINES = 60
LONG = (
    f"i=0; while [ $i -lt {LINES} ]; do echo line $i; echo noise >&2; sleep 0.1; i=$((i+1)); done; "
    "printf 'PlanQK:Job:Result: 42'; exit 3"
)
PRINTED = [f"line {number}" for number in range(LINES)]
NUMBERS = count()


def made(docker: Docker, verb: str, script: str, *options: str) -> str:
    """Create or run a container, and give its name."""
    name = f"c{next(NUMBERS)}"
    is_running = ["-d"] if verb == "run" else []
    docker(verb, *is_running, "--name", name, "--network=none", *options, IMAGE, "sh", "-c", script)
    return name


def command(docker: Docker, name: str) -> subprocess.Popen[str]:
    """The command that reads a container."""
    return subprocess.Popen(
        [sys.executable, "-m", "planqk_protocol", "result", "--container", name],
        env=os.environ | {"DOCKER_HOST": f"unix://{docker.socket}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(docker: Docker, name: str) -> tuple[int, str, str]:
    """What the command makes of a container."""
    with command(docker, name) as process:
        out, err = process.communicate(timeout=100)
    return process.returncode, out, err


@contextmanager
def following(socket: Path, name: str) -> Iterator[ContainerOutput]:
    """The output of a container of the engine behind a socket."""
    import docker as library  # noqa: PLC0415  # an extra

    with (
        closing(library.DockerClient(base_url=f"unix://{socket}")) as client,
        engine.follow(name, client=client) as output,
    ):
        yield output


def read(output: ContainerOutput) -> tuple[list[Event], list[CaptureNotice], int | None]:
    """Events and notices of a container, and its exit code."""
    source = Source(output.capture)
    taken = [source.feed(piece) for piece in output]
    taken.append(source.close())
    events = [event for item in taken for event in item.events]
    return events, [notice for item in taken for notice in item.notices], output.exit_code()


@pytest.mark.parametrize("driver", ["json-file", "local"])
@pytest.mark.parametrize("options", [[], ["--tty"]])
def test_a_result_without_lf_of_a_container_that_runs(
    docker: Docker, driver: str, options: list[str]
) -> None:
    def once(_: int) -> tuple[int, str]:
        return result_of(docker, made(docker, "run", SHORT, f"--log-driver={driver}", *options))[:2]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(once, range(RUNS))) == [(0, "42\n")] * RUNS


def test_a_result_without_lf_of_a_container_whose_log_cannot_be_read(docker: Docker) -> None:
    def once(_: int) -> tuple[int, str, str]:
        name = made(docker, "create", SHORT, "--log-driver=none")
        with command(docker, name) as process:
            assert process.stderr
            caveat = process.stderr.readline()  # when it has begun to read
            assert "cannot be read again" in caveat
            docker("start", name)
            out, err = process.communicate(timeout=100)
        return process.returncode, out, err.replace(name, "c")

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(once, range(RUNS)))
    for code, out, err in outcomes:
        assert (code, out) == (0, "42\n")
        said, summary = err.splitlines()
        assert said.startswith("container c (stdout):2:22: unterminated-result: ")
        assert summary == "container c: SUCCEEDED, exit code 0"


@pytest.mark.parametrize("driver", ["none", "json-file", "local"])
@pytest.mark.parametrize("options", [[], ["--rm"], ["--tty"]])
def test_a_result_without_lf_of_a_container_that_is_started_later(
    docker: Docker, driver: str, options: list[str]
) -> None:
    def once(_: int) -> tuple[list[str], int | None, bool]:
        name = made(docker, "create", SHORT, f"--log-driver={driver}", *options)
        with following(docker.socket, name) as output:
            docker("start", name)
            events, _losses, code = read(output)
            return [event.raw.decode().rstrip() for event in events], code, output.is_cut_off

    with ThreadPoolExecutor(RUNS) as pool:
        outcomes = list(pool.map(once, range(RUNS)))
    assert outcomes == [(["hi", "PlanQK:Job:Result: 42"], 0, False)] * RUNS


@pytest.mark.parametrize("options", [[], ["--rm"]])
def test_a_container_that_cannot_start(docker: Docker, options: list[str]) -> None:
    name = f"c{next(NUMBERS)}"
    docker("create", "--name", name, "--network=none", *options, IMAGE, "nosuch")

    def start() -> None:
        with pytest.raises(EngineError, match="nosuch"):
            docker("start", name)

    timer = threading.Timer(3, start)
    timer.start()
    code, out, err = result_of(docker, name)
    timer.join()
    assert (code, out) == (2, "")
    assert '"nosuch"' in err or (options and "if nobody removed it, it could not be started" in err)


@pytest.mark.parametrize("driver", ["none", "json-file"])
def test_a_container_that_is_removed_before_its_start(docker: Docker, driver: str) -> None:
    name = made(docker, "create", SHORT, f"--log-driver={driver}")
    timer = threading.Timer(3, docker, ("rm", name))
    timer.start()
    status, _, err = result_of(docker, name)
    assert (status, "was removed before it ran" in err) == (2, True)


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Log)]


@pytest.mark.parametrize("driver", ["json-file", "local"])
def test_an_engine_that_is_restarted(docker: Docker, driver: str) -> None:
    name = made(docker, "run", LONG, f"--log-driver={driver}")
    timer = threading.Timer(0.5, docker.restart)
    with following(docker.socket, name) as output:
        timer.start()
        events, notices, code = read(output)
        is_cut_off = output.is_cut_off
    timer.join()
    assert (texts(events), notices, code, is_cut_off) == (PRINTED, [], 3, False)
    assert isinstance(events[-1], Result)


@pytest.mark.parametrize(("driver", "options"), [("json-file", []), ("local", []), ("json-file", ["--tty"])])
def test_connections_that_break(docker: Docker, driver: str, options: list[str]) -> None:
    pauses = random.Random(driver)  # noqa: S311  # nothing secret
    name = made(docker, "run", LONG, f"--log-driver={driver}", *options)
    path = docker.folder / f"proxy{next(NUMBERS)}"
    has_ended = threading.Event()
    breaks = 0

    def break_connections() -> None:
        nonlocal breaks
        while not has_ended.wait(pauses.uniform(0.05, 0.6)):
            breaks += proxy.break_all()

    with broken(path, docker.socket) as proxy, following(path, name) as output:
        breaking = threading.Thread(target=break_connections)
        breaking.start()
        events, notices, code = read(output)
        is_cut_off = output.is_cut_off
        has_ended.set()
        breaking.join()
    assert breaks > 5
    both = [text for line in PRINTED for text in ((line, "noise") if options else (line,))]
    assert (texts(events), notices, code, is_cut_off) == (both, [], 3, False)


def test_a_break_of_what_cannot_be_read_again_is_told(docker: Docker) -> None:
    name = made(docker, "create", LONG, "--log-driver=none")
    path = docker.folder / f"proxy{next(NUMBERS)}"
    with broken(path, docker.socket) as proxy, following(path, name) as output:
        docker("start", name)
        next(output)
        proxy.break_all()
        events, notices, code = read(output)
    assert code == 3
    assert NoticeKind.GAP in [notice.kind for notice in notices]
    assert [text for text in texts(events) if text in PRINTED][-1] == PRINTED[-1]
    result = events[-1]
    assert isinstance(result, Result)
    assert result.after_loss


NUMBERED = (
    "echo first; until [ -e /data/go ]; do sleep 0.1; done; "
    "i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); done; "
    "until [ -e /data/end ]; do sleep 0.1; done; echo last"
)
ROTATED = ["--log-driver=json-file", "--log-opt=max-size=4k", "--log-opt=max-file=2"]


def waiting(docker: Docker) -> tuple[str, Path]:
    """A container that prints numbers once there is a file `go` in a folder, and ends once there is `end`."""
    folder = docker.folder / f"data{next(NUMBERS)}"
    folder.mkdir()
    return made(docker, "run", NUMBERED, *ROTATED, "-v", f"{folder}:/data:ro"), folder


def stored(docker: Docker, name: str, until: str) -> list[str]:
    """What the engine still has, once it has a line."""
    lines: list[str] = []
    deadline = time.monotonic() + 30
    while until not in lines and time.monotonic() < deadline:
        time.sleep(0.1)
        lines = docker("logs", name).decode().split()
    assert until in lines
    return lines


def test_a_log_that_is_rotated_while_nobody_reads_is_a_gap(docker: Docker) -> None:
    name, folder = waiting(docker)
    path = docker.folder / f"proxy{next(NUMBERS)}"
    with broken(path, docker.socket) as proxy, following(path, name) as output:
        source = Source(output.capture)
        captured = [source.feed(next(output))]
        proxy.refuses = True
        proxy.break_all()
        (folder / "go").touch()
        kept = stored(docker, name, "399")
        (folder / "end").touch()
        proxy.refuses = False
        captured += [source.feed(piece) for piece in output] + [source.close()]
    assert "first" not in kept
    assert texts([event for item in captured for event in item.events]) == ["first", *kept, "last"]
    assert [notice.kind for item in captured for notice in item.notices] == [NoticeKind.GAP]


def test_a_log_that_is_rotated_fast_while_the_engine_is_restarted(docker: Docker) -> None:
    """The engine itself leaves out records while it is followed: what it still has is given, and once."""
    name, folder = waiting(docker)
    with following(docker.socket, name) as output:
        source = Source(output.capture)
        captured = [source.feed(next(output))]
        (folder / "go").touch()
        docker.restart()
        kept = stored(docker, name, "399")
        (folder / "end").touch()
        captured += [source.feed(piece) for piece in output] + [source.close()]
    given = texts([event for item in captured for event in item.events])
    assert (given[0], given[-1]) == ("first", "last")
    assert set(kept) <= set(given)
    assert len(set(given)) == len(given)
