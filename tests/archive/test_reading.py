"""One capture to its row: what is known of the container, the result, what is wrong, and faults of files."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from planqk_protocol import Limits
from planqk_protocol.archive import MOST_TEXT, OutcomeRow, Violations
from planqk_protocol.archive.listing import Listed, listed_captures
from planqk_protocol.archive.reading import capture_row
from planqk_protocol.archive.work import batches, done
from tests.archive.harness import (
    INTERIM,
    READING,
    RESULT,
    UID,
    Inline,
    cri,
    docker_config,
    json_file,
    rows_in,
    write,
)


def row_of(folder: Path, files: dict[str, bytes], **options: Any) -> OutcomeRow:
    write(folder, files)
    [row] = rows_in(folder, **options)
    return row


def test_a_container_of_docker_with_rotated_files(tmp_path: Path) -> None:
    row = row_of(
        tmp_path,
        {
            "a/a-json.log": json_file("third\n", RESULT, second=30),
            "a/a-json.log.1": json_file("second\n", second=20),
            "a/a-json.log.2.gz": gzip.compress(json_file("first\n", INTERIM, second=10)),
            "a/config.v2.json": docker_config(),
        },
    )
    names = ("a-json.log.2.gz", "a-json.log.1", "a-json.log")
    assert row.files == tuple(f"{tmp_path}/a/{name}" for name in names)
    assert row.url == row.result_file == row.files[-1]
    assert row.size == sum(Path(file).stat().st_size for file in row.files)
    assert (row.container, row.image, row.exit_code, row.status) == ("job", "job:1", 0, "SUCCEEDED")
    assert (row.started, row.finished) == ("2026-05-01T09:59:59.250000000Z", "2026-05-01T10:01:00.500000000Z")
    assert (row.format, row.result, row.result_line) == ("docker-json-file", "42", 2)
    assert (row.interim_count, row.last_interim) == (1, "1")
    assert row.first_time == "2026-05-01T10:00:10.500000000Z"
    assert row.last_time == "2026-05-01T10:00:31.500000000Z"
    assert (row.lines, row.bytes) == (5, len("third\nsecond\nfirst\n" + RESULT + INTERIM))
    assert (row.violations, row.findings, row.notices, row.suspect, row.error) == ({}, {}, {}, False, None)


def test_a_container_that_runs(tmp_path: Path) -> None:
    files = {"a/a-json.log": json_file(RESULT), "a/config.v2.json": docker_config(is_running=True)}
    assert row_of(tmp_path, files).status == "RUNNING"


def test_a_container_that_runs_may_have_no_result_yet(tmp_path: Path) -> None:
    log = json_file("begin\n", "PlanQK:Job:InterimResult: {'a'}\n")
    runs = row_of(
        tmp_path / "runs", {"a/a-json.log": log, "a/config.v2.json": docker_config(is_running=True)}
    )
    ended = row_of(tmp_path / "ended", {"a/a-json.log": log, "a/config.v2.json": docker_config()})
    assert set(ended.findings) - set(runs.findings) == {"no-result"}


def test_a_pod_whose_container_was_restarted(tmp_path: Path) -> None:
    pod = f"pods/default_job_{UID}/main"
    write(tmp_path, {f"{pod}/0.log": cri("x\n"), f"{pod}/1.log": cri(RESULT)})
    first, second = rows_in(tmp_path)
    assert first.result is None
    assert second.result == "42"
    assert (first.container, first.pod) == (second.container, second.pod) == ("main", "default/job")
    assert second.status == "UNKNOWN"


def test_a_container_that_only_the_capture_names(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"k.log": f"[pod/job-1/main] {RESULT}".encode()})
    assert (row.format, row.container, row.pod) == ("kubectl-logs", "main", "job-1")
    row = row_of(tmp_path / "compose", {"c.log": f"main-1  | {RESULT}".encode()})
    assert (row.format, row.container, row.pod) == ("compose-logs", "main-1", None)


def test_times_are_in_utc(tmp_path: Path) -> None:
    log = b"2026-05-01T12:00:00+02:00 stdout F a\n2026-05-01T10:00:01.123456789Z stdout F b\n"
    row = row_of(tmp_path, {"a.log": log})
    assert (row.format, row.first_time) == ("cri", "2026-05-01T10:00:00.000000000Z")
    assert row.last_time == "2026-05-01T10:00:01.123456789Z"


def test_records_without_a_time(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log": b'{"log":"a\\n","stream":"stdout"}\n'}, capture="docker-json-file")
    assert (row.lines, row.first_time, row.last_time) == (1, None, None)


def test_what_is_wrong_is_counted(tmp_path: Path) -> None:
    stdout = "PlanQK:Job:InterimResult: x\n" * 3 + RESULT * 3
    row = row_of(tmp_path, {"a.log": stdout.encode()})
    assert row.violations["duplicate-result"].count == 2
    assert row.violations["invalid-json"].count == 3
    assert "line 1" not in row.violations["duplicate-result"].first_message or row.result_line == 4
    assert row.findings["duplicate-result"] == 2
    assert list(row.violations) == sorted(row.violations)


def test_a_result_that_is_a_violation(tmp_path: Path) -> None:
    files = {"a/a-json.log": json_file("PlanQK:Job:Result: x\n"), "a/config.v2.json": docker_config()}
    row = row_of(tmp_path, files)
    assert (row.status, row.result) == ("FAILED", None)
    assert isinstance(row.violations["invalid-json"], Violations)


def test_a_long_result_is_told_by_its_hash_and_its_place(tmp_path: Path) -> None:
    long = json.dumps("x" * (MOST_TEXT - 2))
    stdout = f"log\nPlanQK:Job:Result: {long} \nPlanQK:Job:InterimResult: {long}\n"
    row = row_of(tmp_path, {"a.log": stdout.encode()})
    assert row.result == row.last_interim == long
    longer = json.dumps("x" * (MOST_TEXT - 1))
    row = row_of(tmp_path, {"a.log": stdout.replace(long, longer).encode()})
    assert row.result is None
    assert row.last_interim is None
    assert row.result_sha256 == hashlib.sha256(longer.encode()).hexdigest()
    assert (row.result_size, row.result_line, row.interim_count) == (MOST_TEXT + 1, 2, 1)


def test_a_result_that_is_cut_off_is_suspect(tmp_path: Path) -> None:
    files = {"a/a-json.log": json_file(RESULT[:-1]), "a/config.v2.json": docker_config(exit_code=137)}
    row = row_of(tmp_path, files)
    assert (row.status, row.exit_code, row.suspect, row.result) == ("FAILED", 137, True, "42")


def test_damage_is_counted_by_kinds(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log.gz": gzip.compress(json_file("x\n" * 99) + json_file(RESULT))[:-20]})
    assert row.notices["truncated"] >= 1
    assert row.error is None
    row = row_of(tmp_path / "b", {"b.log": cri("x\n") + b"damage\n" * 3 + cri(RESULT)})
    assert row.notices == {"corrupt": 3}
    assert row.suspect


def test_files_in_the_wrong_order_are_a_notice(tmp_path: Path) -> None:
    files = {"a.log": cri("x\n", second=1), "a.log.1": cri("x\n", second=5)}
    assert row_of(tmp_path, files).notices == {"disorder": 1}


def test_a_guess_that_could_cost_a_result_is_an_error(tmp_path: Path) -> None:
    data = cri("x\n") + RESULT.encode()
    row = row_of(tmp_path, {"a.log": data})
    assert row.status is None
    assert "capture=raw" in str(row.error)
    assert row_of(tmp_path, {"a.log": data}, capture="raw").result == "42"


def test_raw_is_not_decompressed(tmp_path: Path) -> None:
    data = gzip.compress(RESULT.encode())
    row = row_of(tmp_path, {"a.gz": data}, capture="raw")
    assert (row.bytes, row.result) == (len(data), None)


def test_limits(tmp_path: Path) -> None:
    row = row_of(tmp_path, {"a.log": RESULT.encode()}, limits=Limits(max_payload=5))
    assert list(row.violations) == ["payload-too-large"]


@pytest.mark.parametrize("config", [b"{", b"[]", b"x" * (1 << 20) + b"y"])
def test_a_broken_description_is_told_and_the_log_is_read(tmp_path: Path, config: bytes) -> None:
    row = row_of(tmp_path, {"a/a-json.log": json_file(RESULT), "a/config.v2.json": config})
    assert row.result == "42"
    assert f"{tmp_path}/a/config.v2.json: " in str(row.error)
    assert len(str(row.error)) < 500


def read_later(url: str | Path, change: Callable[[], object]) -> OutcomeRow:
    """The row of a file that changes after it was listed."""
    [(store, capture)] = listed_captures([str(url)])
    change()
    return capture_row(store, capture, READING)


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
