"""Archives for tests: logs as engines store them, stores that fail, and an executor without processes."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from fsspec.implementations.local import LocalFileSystem

from planqk_protocol import Limits
from planqk_protocol.archive import OutcomeRow, outcomes
from planqk_protocol.archive.listing import listed_captures
from planqk_protocol.archive.reading import ReadOptions
from planqk_protocol.archive.stored import StoredCapture

RESULT = "PlanQK:Job:Result: 42\n"
INTERIM = "PlanQK:Job:InterimResult: 1\n"
OPTIONS = ReadOptions("auto", Limits())
UID = "6a1b3c4d-0000-4000-8000-123456789abc"

Returned = TypeVar("Returned")


class Inline(Executor):
    """An executor that does its work at once."""

    def submit(self, fn: Callable[..., Returned], /, *args: Any, **kwargs: Any) -> Future[Returned]:
        future: Future[Returned] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # as an executor does
            future.set_exception(error)
        return future


def rows_in(*urls: str | Path, **options: Any) -> list[OutcomeRow]:
    """The rows of an archive without their seconds, in the order of their URLs."""
    given = {"executor": Inline()} | options
    return untimed(outcomes([str(url) for url in urls], **given))


def captures(*urls: str | Path) -> list[StoredCapture]:
    """What is found by paths, patterns and URLs."""
    return [listed.capture for listed in listed_captures(map(str, urls))]


def names(folder: Path, *urls: str | Path) -> list[list[str]]:
    """The files of each capture, relative to a folder."""
    found = [[os.path.relpath(file.url, folder) for file in capture.files] for capture in captures(*urls)]
    return sorted(found)


def untimed(rows: Iterable[OutcomeRow]) -> list[OutcomeRow]:
    return sorted((msgspec.structs.replace(row, seconds=0.0) for row in rows), key=lambda row: row.url)


def json_file(*lines: str, second: int = 0) -> bytes:
    """Lines as Docker's driver json-file stores them, one each second from the given one on."""
    return b"".join(
        json.dumps({"log": line, "stream": "stdout", "time": f"2026-05-01T10:00:{at:02}.5Z"}).encode() + b"\n"
        for at, line in enumerate(lines, second)
    )


def cri(*lines: str, second: int = 0) -> bytes:
    """Lines as the runtimes of Kubernetes store them."""
    return b"".join(
        f"2026-05-01T10:00:{at:02}.5Z stdout F {line}".encode() for at, line in enumerate(lines, second)
    )


def docker_config(*, exit_code: int = 0, is_running: bool = False) -> bytes:
    """What Docker writes about a container."""
    state = {
        "Running": is_running,
        "ExitCode": exit_code,
        "StartedAt": "2026-05-01T09:59:59.25Z",
        "FinishedAt": "0001-01-01T00:00:00Z" if is_running else "2026-05-01T10:01:00.5Z",
    }
    return json.dumps({"ID": "abc", "Name": "/job", "Config": {"Image": "job:1"}, "State": state}).encode()


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def mixed_archive(folder: Path) -> None:
    """An archive with logs of all kinds, whole and broken."""
    pod = f"pods/default_job_{UID}/main"
    write(
        folder,
        {
            "docker/a/a-json.log": json_file("third\n", RESULT, second=30),
            "docker/a/a-json.log.1": json_file("second\n", second=20),
            "docker/a/a-json.log.2.gz": gzip.compress(json_file("first\n", INTERIM, second=10), mtime=0),
            "docker/a/config.v2.json": docker_config(exit_code=3),
            "docker/a/hostname": b"a\n",
            f"{pod}/0.log": cri("PlanQK:Job:Result: {'a': 1}\n"),
            f"{pod}/1.log": cri(RESULT, second=9),
            f"{pod}/1.log.20260501-100000": cri("begin\n", second=1),
            "plain.log": (INTERIM * 3 + RESULT * 2).encode(),
            "empty.log": b"",
            "broken.gz": gzip.compress(RESULT.encode() * 9, mtime=0)[:-9],
            "doubtful.log": cri("x\n") + RESULT.encode(),
            "noise": bytes(range(256)) * 40,
        },
    )
    (folder / "dangling").symlink_to(folder / "nowhere")


class DeadlyStore(LocalFileSystem):  # type: ignore[misc]  # it has no types
    """Local files, of which those named ``deadly`` kill the process that opens them, and note that."""

    protocol = "deadly"

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if "deadly" in path:
            with Path(f"{path}.deaths").open("ab") as deaths:
                deaths.write(b".")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().open(path, mode, **options)
