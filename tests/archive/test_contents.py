"""The bytes of stored files: files that change after they were listed, and stores that fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from planqk_protocol.archive import OutcomeRow
from planqk_protocol.archive.listing import Listed, listed_captures
from planqk_protocol.archive.reading import capture_row
from planqk_protocol.archive.work import batches, done
from tests.archive.harness import (
    READING,
    RESULT,
    Inline,
    docker_config,
    json_file,
    rows_in,
    write,
)


def read_later(url: str | Path, change: Callable[[], object]) -> OutcomeRow:
    """The row of a file that changes after it was listed."""
    [(store, capture)] = listed_captures([str(url)])
    change()
    return capture_row(store, capture, READING)


def test_a_description_that_the_store_does_not_give_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"a-json.log": json_file(RESULT), "config.v2.json": docker_config()})
    row = read_later(tmp_path, (tmp_path / "config.v2.json").unlink)
    assert (row.error, row.status) == ("cannot be read: No such file or directory", None)


@pytest.mark.parametrize("store", ["file", "memory"])
@pytest.mark.parametrize("has_ended", [False, True])
def test_a_log_and_its_description_are_of_one_moment(tmp_path: Path, store: str, has_ended: bool) -> None:
    files, url = url_to_fs(f"{store}://{tmp_path}/c0ffee")

    def store_both(*lines: str, is_running: bool) -> None:
        files.pipe_file(f"{url}/c0ffee-json.log", json_file(*lines))
        files.pipe_file(f"{url}/config.v2.json", docker_config(is_running=is_running))

    files.makedirs(url)
    store_both("begin\n", is_running=has_ended)
    row = read_later(f"{store}://{url}", lambda: store_both("begin\n", RESULT, is_running=not has_ended))
    assert (row.result, row.status) == ("42", "SUCCEEDED" if has_ended else "RUNNING")
    assert (row.config_error, row.error) == (None, None)
    files.rm(url, recursive=True)


def test_a_file_that_grows_is_read_up_to_the_size_that_was_listed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(RESULT.encode())
    row = read_later(log, lambda: log.write_bytes(RESULT.encode() + b"more\n" * 100))
    assert (row.result, row.bytes, row.error) == ("42", len(RESULT), None)


def test_a_file_that_becomes_shorter_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(RESULT.encode())
    row = read_later(log, lambda: log.write_bytes(b""))
    assert row.error == f"{log} became shorter while it was read; read it again"


@pytest.mark.parametrize("size", [9, 2 * 1024 * 1024])
def test_a_file_of_another_store_may_change_too(size: int) -> None:
    store, url = MemoryFileSystem(), "memory:///changing.log"
    store.pipe_file(url, b"x" * size)
    row = read_later(url, lambda: store.pipe_file(url, b"x" * 2 * size))
    assert (row.bytes, row.error) == (size, None)
    row = read_later(url, lambda: store.pipe_file(url, b"x"))
    assert row.error == f"{url} became shorter while it was read; read it again"
    store.rm(url)


def test_an_empty_file_of_another_store() -> None:
    store, url = MemoryFileSystem(), "memory:///empty.log"
    store.pipe_file(url, b"")
    [row] = rows_in(url)
    assert (row.bytes, row.error) == (0, None)
    store.rm(url)


FAULTS = {
    "vanished": FileNotFoundError(2, "No such file or directory"),
    "forbidden": PermissionError(13, "Permission denied"),
    "odd": RuntimeError("x" * 10_000),
}


class FaultyStore(LocalFileSystem):  # type: ignore[misc]  # it has no types
    """Local files, of which those with the name of a fault raise it."""

    protocol = "faulty"

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        for name, fault in FAULTS.items():
            if name in path:
                raise fault
        return super().open(path, mode, **options)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("ending", [".log", ".tar"])
def test_a_store_may_raise_what_it_will(tmp_path: Path, name: str, ending: str) -> None:
    write(tmp_path, {f"{name}{ending}": b"x\n", "sound.log": RESULT.encode()})
    listed = [Listed(FaultyStore(), item.capture) for item in listed_captures([str(tmp_path)])]
    found = done(batches(listed, READING, 10**6), Inline())
    faulty, sound = sorted(found, key=lambda row: "sound" in row.url)
    assert sound.result == "42"
    assert str(faulty.error).startswith("cannot be read: ")
    assert (FAULTS[name].args[-1][:9]) in str(faulty.error)
    assert len(str(faulty.error)) < 300
    assert (faulty.status, faulty.lines, len(faulty.files)) == (None, 0, 1)


@pytest.mark.parametrize("ending", [".log", ".tar"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"job{ending}"
    path.write_text(RESULT)
    listed = list(listed_captures([str(path)]))
    path.unlink()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # whoever reads the pipe gets a row without an error
    os.write(writer, RESULT.encode())
    [row] = done(batches(listed, READING, 10**6), Inline())
    os.close(writer)
    assert row.error == f"{path} is no longer a regular file"
