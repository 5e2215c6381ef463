"""What real engines make of a container's output is read back byte by byte.

Where an engine cannot start, its tests skip and say why; with
PLANQK_PROTOCOL_ENGINES=required they fail instead.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import pytest
from click.testing import CliRunner, Result

from planqk_protocol.captures import CaptureNotice, Chunk, Source, decoder, detect
from planqk_protocol.cli.app import cli
from tests.real_engines.daemons import IMAGE, Docker, EngineError, Journal, Podman, data

pytestmark = pytest.mark.engine

Write = tuple[str, bytes]
RESULT = b'PlanQK:Job:Result: {"sum": 42}\n'
STREAMS: dict[str, list[Write]] = {
    "nothing": [],
    "lines": [("stdout", b"starting\r\n\n" + RESULT), ("stderr", b"careful\n"), ("stdout", b"done\n")],
    "no line end": [("stdout", b"starting\n" + RESULT[:-1])],
    "stderr within a line": [
        ("stdout", RESULT[:9]),
        ("stderr", b"careful\nand"),
        ("stdout", RESULT[9:]),
        ("stderr", b" slow\n"),
    ],
    "long lines": [("stdout", b"x" * size + b"\n") for size in (8191, 8192, 16383, 16384, 16385, 50_000)],
    "long line without line end": [("stdout", b"y" * 40_000)],
    "escapes": [("stdout", bytes(range(1, 128)) + b'\n"\\</>&\n' + "\u2028\x85ä😀\n".encode())],
    "long result": [("stdout", b'PlanQK:Job:Result: "' + b"z" * 100_000 + b'"\n')],
}
BROKEN: dict[str, list[Write]] = {
    "character cut at 16 KiB": [("stdout", b"x" * 16383 + "ä\n".encode())],
    "invalid UTF-8": [("stdout", b"\xff\xfe\0\n")],
}
NUMBERS = count()


class Stoppable(Protocol):
    def stop(self) -> None: ...


Engine = TypeVar("Engine", bound=Stoppable)


def give_up(error: EngineError) -> NoReturn:
    if os.environ.get("PLANQK_PROTOCOL_ENGINES") == "required":
        raise error
    pytest.skip(f"no engine: {error}")


@contextmanager
def started(start: Callable[[], Engine]) -> Iterator[Engine]:
    try:
        engine = start()
    except EngineError as error:
        give_up(error)
    try:
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A short path, as sockets have no long ones."""
    path = Path(tempfile.mkdtemp(prefix="engines-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def made(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def tried_journal() -> Iterator[Journal | EngineError]:
    try:
        engine = Journal()
    except EngineError as error:
        yield error
        return
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def docker(folder: Path, tried_journal: object) -> Iterator[Docker]:  # looks for journald when it starts
    assert tried_journal
    with started(lambda: Docker(made(folder / "docker"))) as engine:
        yield engine


@pytest.fixture(scope="session")
def podman(folder: Path) -> Iterator[Podman]:
    with started(lambda: Podman(made(folder / "podman"))) as engine:
        yield engine


@pytest.fixture(scope="session")
def journal(tried_journal: Journal | EngineError) -> Journal:
    if isinstance(tried_journal, EngineError):
        give_up(tried_journal)
    return tried_journal


def printed(writes: list[Write], stream: str) -> bytes:
    return b"".join(content for name, content in writes if name == stream)


def decoded(capture: bytes, format_id: str) -> tuple[dict[str, bytes], list[str]]:
    """The bytes of each stream, and the kinds of the notices; in pieces of 1000 bytes."""
    assert not capture or detect(capture[:4096]) == format_id
    subject = decoder(format_id)
    output = [item for at in range(0, len(capture), 1000) for item in subject.feed(capture[at : at + 1000])]
    output += subject.close()
    streams = {"stdout": b"", "stderr": b""}
    for item in output:
        if isinstance(item, Chunk):
            streams[item.stream] += item.data
    return streams, [item.kind.value for item in output if isinstance(item, CaptureNotice)]


def both(writes: list[Write]) -> dict[str, bytes]:
    return {stream: printed(writes, stream) for stream in ("stdout", "stderr")}


@pytest.fixture(params=list(STREAMS.values()), ids=list(STREAMS))
def writes(request: pytest.FixtureRequest) -> list[Write]:
    found: list[Write] = request.param
    return found


@pytest.fixture(params=list(BROKEN.values()), ids=list(BROKEN))
def broken(request: pytest.FixtureRequest) -> list[Write]:
    found: list[Write] = request.param
    return found


def printing(folder: Path, writes: list[Write]) -> Path:
    return data(folder / f"data{next(NUMBERS)}", writes)


def json_file(docker: Docker, folder: Path, writes: list[Write]) -> tuple[str, bytes]:
    container = docker.job(printing(folder, writes), "json-file", "--label=a=b", "--log-opt=labels=a")
    return container, Path(docker.inspect(container, "{{.LogPath}}")).read_bytes()


def local(docker: Docker, folder: Path, writes: list[Write]) -> tuple[str, bytes]:
    container = docker.job(printing(folder, writes), "local")
    return container, (docker.folder / f"data/containers/{container}/local-logs/container.log").read_bytes()


def test_json_file(docker: Docker, folder: Path, writes: list[Write]) -> None:
    _, capture = json_file(docker, folder, writes)
    assert decoded(capture, "docker-json-file") == (both(writes), [])


def test_json_file_alters_what_is_not_whole_utf8(docker: Docker, folder: Path, broken: list[Write]) -> None:
    _, capture = json_file(docker, folder, broken)
    streams, notices = decoded(capture, "docker-json-file")
    assert set(notices) == {"replacement-char"}
    assert streams["stdout"] != printed(broken, "stdout")


def test_a_result_that_json_file_altered_is_suspect(docker: Docker, folder: Path) -> None:
    result = b'PlanQK:Job:Result: "' + b"x" * (16383 - 20) + "ä".encode() + b'"\n'
    _, capture = json_file(docker, folder, [("stdout", result)])
    captured = Source("docker-json-file").feed(capture)
    assert [getattr(event, "suspect", None) for event in captured.events] == [True]
    assert captured.times_ns[0]


def test_local(docker: Docker, folder: Path, writes: list[Write]) -> None:
    _, capture = local(docker, folder, writes)
    assert decoded(capture, "docker-local") == (both(writes), [])


def test_frames(docker: Docker, folder: Path, writes: list[Write]) -> None:
    container, _ = json_file(docker, folder, writes)  # from local, Docker 20.10 drops the LF of long lines
    frames = docker.api(f"/containers/{container}/logs?stdout=1&stderr=1")
    assert decoded(frames, "docker-mux") == (both(writes), [])
    of_stdout = docker.api(f"/containers/{container}/logs?stdout=1")
    assert decoded(of_stdout, "docker-mux") == ({"stdout": printed(writes, "stdout"), "stderr": b""}, [])


def test_broken_characters_survive_the_local_driver(
    docker: Docker, folder: Path, broken: list[Write]
) -> None:
    container, capture = local(docker, folder, broken)
    assert decoded(capture, "docker-local") == (both(broken), [])
    frames = docker.api(f"/containers/{container}/logs?stdout=1&stderr=1")
    got, notices = decoded(frames, "docker-mux")
    assert (got["stdout"].rstrip(b"\n"), notices) == (printed(broken, "stdout").rstrip(b"\n"), [])


def test_a_terminal_gives_raw_crlf(docker: Docker, folder: Path) -> None:
    container = docker.job(printing(folder, [("stdout", b"starting\n" + RESULT)]), "json-file", "--tty")
    raw = docker.api(f"/containers/{container}/logs?stdout=1&stderr=1")
    crlf = b"starting\r\n" + RESULT[:-1] + b"\r\n"
    assert decoded(raw, "raw") == ({"stdout": crlf, "stderr": b""}, [])
    capture = Path(docker.inspect(container, "{{.LogPath}}")).read_bytes()
    assert decoded(capture, "docker-json-file") == ({"stdout": crlf, "stderr": b""}, [])


@pytest.mark.parametrize(
    ("options", "format_id"),
    [
        (["--timestamps"], "docker-logs-timestamps"),
        (["--timestamps", "--details"], "docker-logs-details"),
        (["--details"], "docker-logs-details"),
    ],
)
def test_docker_logs(
    docker: Docker, folder: Path, writes: list[Write], options: list[str], format_id: str
) -> None:
    container, _ = json_file(docker, folder, writes)
    text = docker("logs", *options, container)
    subject = decoder(format_id)
    output = subject.feed(text) + subject.close()
    assert b"".join(item.data for item in output if isinstance(item, Chunk)) == printed(writes, "stdout")
    kinds = {item.kind.value for item in output if isinstance(item, CaptureNotice)}
    assert kinds <= {"repaired"}


@pytest.mark.parametrize("cases", [STREAMS | BROKEN], ids=["all"])
def test_podman(podman: Podman, folder: Path, cases: dict[str, list[Write]]) -> None:
    for name, writes in cases.items():
        path = folder / f"podman{next(NUMBERS)}.log"
        podman.job(printing(folder, writes), "--log-driver=k8s-file", f"--log-opt=path={path}")
        assert decoded(path.read_bytes(), "cri") == (both(writes), []), name


@pytest.mark.parametrize("format_id", ["journald-json", "journald-export"])
def test_journald(
    docker: Docker, journal: Journal, folder: Path, writes: list[Write], format_id: str
) -> None:
    container = docker.job(printing(folder, writes), "journald")
    capture = journal.read(format_id.removeprefix("journald-"), f"CONTAINER_ID_FULL={container}")
    assert capture or not writes
    assert decoded(capture, format_id) == (both(writes), [])


LIVE_JOB = "echo log; echo noise >&2; sleep 2; echo 'PlanQK:Job:Result: 42'; exit 3"


@pytest.fixture
def created(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> str:
    """A container that was not started, and that the engine removes when it exits."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.socket}")
    return docker("create", "--rm", "--network=none", IMAGE, "sh", "-c", LIVE_JOB).decode().strip()


def result_of(container: str) -> Result:
    return CliRunner().invoke(cli, ["result", "--container", container])


@pytest.mark.parametrize("is_started_first", [True, False])
def test_a_container_that_is_removed_at_its_end(
    docker: Docker, created: str, *, is_started_first: bool
) -> None:
    def start() -> None:
        time.sleep(0 if is_started_first else 1)
        docker("start", created)

    starting = threading.Thread(target=start)
    starting.start()
    if is_started_first:
        starting.join()
    outcome = result_of(created)
    starting.join()
    assert outcome.stdout == "42\n"
    caveat, finding, verdict = outcome.stderr.splitlines()
    assert "the engine removes the container when it exits" in caveat
    assert finding.startswith(f"container {created}: failed-with-result: ")
    assert verdict == f"container {created}: FAILED, exit code 3"
    assert outcome.exit_code == 1


def test_a_container_that_has_exited(docker: Docker, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker.socket}")
    path = printing(folder, [("stdout", b"PlanQK:Job:Result: 1\n")])
    outcome = result_of(docker.job(path, "json-file"))
    assert (outcome.stdout, outcome.exit_code) == ("1\n", 0)
