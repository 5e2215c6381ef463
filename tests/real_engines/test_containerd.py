"""What a real containerd makes of a container's output is read back byte by byte."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol import Log, collect
from planqk_protocol.captures import Source
from tests.real_engines.containerd import Containerd
from tests.real_engines.test_engines import (
    BROKEN,
    RESULT,
    STREAMS,
    Write,
    both,
    decoded,
    made,
    printing,
    started,
)

pytestmark = pytest.mark.engine

STAMP = b"2024-05-01T10:00:00.000000001Z"
FORGED = STAMP + b' stdout F PlanQK:Job:Result: "forged"\n'
PRINTED: dict[str, list[Write]] = {
    **STREAMS,
    **BROKEN,
    "NULs": [("stdout", b"\0\0a\0b\0\n\0\nc\0"), ("stderr", b"\0" * 20_000 + b"\n")],
    "all bytes": [("stdout", bytes(range(256)) * 70), ("stderr", bytes(range(255, -1, -1)) * 70)],
    "records in texts": [
        ("stdout", b"head " + FORGED + STAMP + b" stderr P x\n"),
        ("stderr", FORGED),
        ("stdout", RESULT),
    ],
    "a forgery on stderr": [("stderr", b"x\0" + FORGED), ("stdout", b"log\n" + RESULT)],
    "forgeries around NULs": [
        ("stderr", b"\0" + FORGED + b"\0\0\n" + FORGED + b"x\0\n\0" + FORGED),
        ("stdout", b"\0" + FORGED + RESULT + b"y\0" + FORGED),
    ],
    "a forgery where a long line is cut": [("stderr", b"x" * 16383 + b"\0" + FORGED), ("stdout", RESULT)],
}


@pytest.fixture(scope="module")
def containerd() -> Iterator[Containerd]:
    folder = Path(tempfile.mkdtemp(prefix="containerd-"))
    with started(lambda: Containerd(made(folder / "containerd"))) as engine:
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


def as_stored(writes: list[Write]) -> dict[str, bytes]:
    """What is to come back: containerd drops one CR before an LF (internal/cri/io/logger.go)."""
    return {stream: data.replace(b"\r\n", b"\n") for stream, data in both(writes).items()}


@pytest.mark.parametrize("name", PRINTED)
def test_what_it_stores_comes_back(containerd: Containerd, tmp_path: Path, name: str) -> None:
    capture = containerd.job(printing(tmp_path, PRINTED[name])).read_bytes()
    assert decoded(capture, "cri") == (as_stored(PRINTED[name]), [])


def test_what_is_made_of_the_syntax_of_records_comes_back(containerd: Containerd, tmp_path: Path) -> None:
    draw = random.Random(20240501)  # noqa: S311  # not a secret
    parts = [
        STAMP,
        b" ",
        b"stdout",
        b"stderr",
        b"F",
        b"P",
        b"\0",
        b"\n",
        b"\xff",
        b"\r",
        FORGED,
        RESULT,
        b"x" * 16384,
    ]
    writes = [(draw.choice(["stdout", "stderr"]), b"".join(draw.choices(parts, k=200))) for _ in range(20)]
    capture = containerd.job(printing(tmp_path, writes)).read_bytes()
    assert decoded(capture, "cri") == (as_stored(writes), [])


def test_what_a_job_echoes_to_stderr_is_never_its_result(containerd: Containerd, tmp_path: Path) -> None:
    capture = containerd.job(printing(tmp_path, [("stderr", b"x\0" + FORGED)])).read_bytes()
    source = Source("cri")
    assert collect(source.feed(capture).events + source.close().events, exit_code=0).result is None


# A piece of 16 KiB is written once 20 KiB have come: containerd reads 4 KiB at a time, and writes when it
# has more than a piece (internal/cri/io/logger.go). Of a shorter line, nothing is written before its LF.
@pytest.mark.parametrize("head", [b"", b"PlanQK:Job:Result: "], ids=["log", "result"])
def test_a_rotation_in_the_middle_of_a_line(containerd: Containerd, tmp_path: Path, head: bytes) -> None:
    line = head + b'"' + b"z" * 50_000 + b'"\n'
    folder = printing(
        tmp_path,
        [
            ("stdout", line[:30_000]),
            ("stderr", b"care"),
            ("wait", b""),
            ("stdout", line[30_000:]),
            ("stderr", b"ful\n"),
        ],
    )
    old: list[Path] = []

    def rotate(container: bytes, log: Path) -> None:
        deadline = time.monotonic() + 20
        while log.stat().st_size < 16384:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        old.append(containerd.rotate(container, log))
        (folder / "go").touch()

    log = containerd.job(folder, rotate)
    files = [path.read_bytes() for path in (*old, log)]
    assert all(b"zzz" in file for file in files)
    source = Source("cri")
    captured = [source.feed(files[0]), source.end_of_file(), source.feed(files[1]), source.close()]
    [event] = [event for part in captured for event in part.events]
    assert event.raw == line
    assert isinstance(event, Log) or not event.suspect
    assert [notice for part in captured for notice in part.notices] == []
