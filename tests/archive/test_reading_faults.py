"""Files and stores that change or fail while a capture is read, and what no output can hold."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive import OutcomeRow, row_to_json_line, to_table
from planqk_protocol.archive.listing import Listed, listed_captures
from planqk_protocol.archive.pools import CallersExecutor
from planqk_protocol.archive.reading import capture_row, error_row
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.archive.work import read_captures
from tests.archive.harness import (
    OPTIONS,
    RESULT,
    UID,
    Inline,
    cri,
    docker_config,
    json_file,
    rows_in,
    write,
)


def read_later(url: str | Path, change: Callable[[], object]) -> OutcomeRow:
    """The row of a file that changes after it was listed."""
    [(store, capture)] = listed_captures([str(url)])
    change()
    return capture_row(store, capture, OPTIONS)


def test_a_description_that_the_store_does_not_give_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"a-json.log": json_file(RESULT), "config.v2.json": docker_config()})
    config = tmp_path / "config.v2.json"
    row = read_later(tmp_path, config.unlink)
    assert (row.error, row.status) == (f"{config}: cannot be read: No such file or directory", None)


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


@pytest.mark.parametrize("name", ["a.log", "a.log.1"])
def test_an_error_names_one_of_several_files(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"a.log": RESULT.encode(), "a.log.1": b"begin\n"})
    path = tmp_path / name
    assert read_later(tmp_path, lambda: path.write_bytes(b"")).error == (
        f"{path} became shorter while it was read; read it again"
    )
    write(tmp_path, {"a.log": RESULT.encode(), "a.log.1": b"begin\n"})
    row = read_later(tmp_path, path.unlink)
    assert row.error == f"{path}: cannot be read: No such file or directory"
    path.symlink_to("nowhere")
    [row] = rows_in(tmp_path)
    assert row.error == f"{path}: cannot be read: a link to nothing"


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
    found = read_captures(listed, OPTIONS, 10**6, CallersExecutor(Inline()))
    faulty, sound = sorted(found, key=lambda row: "sound" in row.url)
    assert sound.result == "42"
    assert str(faulty.error).startswith("cannot be read: ")
    assert (FAULTS[name].args[-1][:9]) in str(faulty.error)
    assert len(str(faulty.error)) < 300
    assert (faulty.status, faulty.lines, len(faulty.files)) == (None, 0, 1)


class AnyStore:
    """A store that holds two files, whatever their names."""

    protocol = "any"

    def __init__(self, log: bytes, config: bytes) -> None:
        self._files = {"log": log, "config": config}

    def cat_file(self, path: str, start: int, end: int) -> bytes:
        return self._files.get(path, self._files["log"])[start:end]

    def open(self, path: str, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._files.get(path, self._files["log"]))

    def size(self, path: str) -> int:
        return len(self._files.get(path, self._files["log"]))


TEXTS = st.text(st.characters(exclude_categories=()))
NUMBERS = st.integers() | st.sampled_from([2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**400])
TIMES = st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.5-12:00", "2026-05-01T10:00:00Z"])


@given(
    path=TEXTS | st.builds("a_{}_{}/{}/0.log".format, TEXTS, st.just(UID), TEXTS),
    size=NUMBERS,
    log=st.binary() | TEXTS.map(lambda text: cri(text.encode(errors="replace").decode())),
    state=st.fixed_dictionaries({"ExitCode": NUMBERS, "StartedAt": TIMES, "FinishedAt": TIMES}),
    name=TEXTS,
)
def test_every_output_can_hold_every_row(
    path: str, size: int, log: bytes, state: dict[str, Any], name: str
) -> None:
    config = json.dumps({"Name": name, "Config": {"Image": name}, "State": state}).encode()
    described = StoredFile("config", path, size=len(config))
    for capture in (
        StoredCapture((StoredFile(path, path, size=size),), config=described),
        StoredCapture((StoredFile(path, path, size=len(log)),)),
        StoredCapture((StoredFile(path, path, size=size, error=path or "it is not there"),)),
    ):
        row = capture_row(AnyStore(log, config), capture, OPTIONS)
        row_to_json_line(row)
        to_table([row])
        assert len(str(row.error)) < 500


def test_messages_hold_no_password() -> None:
    capture = StoredCapture((StoredFile("job.log", "job.log"),))
    row = error_row(capture, "no answer from https://me:secret@example.org/job.log\n" + "x" * 9999)
    assert str(row.error).startswith(r"no answer from https://example.org/job.log\nxxx")
    assert len(str(row.error)) < 500


def test_messages_are_short_and_on_one_line(tmp_path: Path) -> None:
    log = tmp_path / ("a\n\x1b\u202e" + "x" * 240)
    log.write_bytes(cri("x\n") + RESULT.encode())
    [row] = rows_in(log)
    assert str(row.error).isprintable()
    assert len(str(row.error)) < 500
    assert "capture=raw if the job printed all of it" in str(row.error)


@pytest.mark.parametrize("ending", [".log", ".tar"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"job{ending}"
    path.write_text(RESULT)
    listed = list(listed_captures([str(path)]))
    path.unlink()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # whoever reads the pipe gets a row without an error
    os.write(writer, RESULT.encode())
    [row] = read_captures(listed, OPTIONS, 10**6, CallersExecutor(Inline()))
    os.close(writer)
    assert row.error == f"{path} is no longer a regular file"
