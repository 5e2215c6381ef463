"""Tars of logs: their members are read where they are."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from planqk_protocol.archive import OutcomeRow, tars
from planqk_protocol.archive.listing import listed_captures
from planqk_protocol.archive.tars import Done
from tests.archive.harness import (
    INTERIM,
    OPTIONS,
    RESULT,
    Inline,
    cri,
    docker_config,
    json_file,
    mixed_archive,
    rows_in,
    write,
)
from tests.archive.tar_files import header, member, rows_of_tar, tar_of, tar_rows_apart, tar_with
from tests.cli.zstandard import zstd


@pytest.mark.parametrize(
    ("ending", "compress"),
    [
        (".tar", bytes),
        (".tgz", gzip.compress),
        (".tar.bz2", bz2.compress),
        (".tar.xz", lzma.compress),
        (".tar.zst", zstd.compress),
    ],
)
def test_a_tar_gives_the_rows_of_the_files_in_it(
    tmp_path: Path, ending: str, compress: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "logs"
    mixed_archive(folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    members = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in reversed(paths)]
    tar = tmp_path / f"logs{ending}"
    tar.write_bytes(compress(tar_of(*members)))
    prefix, suffix = "tar://", f"::{tar}"

    def plain(row: OutcomeRow) -> OutcomeRow:
        def renamed(url: str | None) -> str | None:
            return url and f"{folder}/{url.removeprefix(prefix).removesuffix(suffix)}"

        text = msgspec.json.encode(
            msgspec.structs.replace(
                row,
                url=renamed(row.url),
                files=[renamed(file) for file in row.files],
                result_file=renamed(row.result_file),
                modified=None,
                fingerprint=None,
            )
        ).replace(prefix.encode(), f"{folder}/".encode())
        return msgspec.json.decode(text.replace(suffix.encode(), b""), type=OutcomeRow)

    expected = [msgspec.structs.replace(row, modified=None, fingerprint=None) for row in rows_in(folder)]
    expected = [row for row in expected if not row.url.endswith("dangling")]
    assert [plain(row) for row in rows_in(tar)] == expected


def test_times_are_those_of_the_members(tmp_path: Path) -> None:
    [row] = rows_of_tar(tmp_path, tar_of(("a/job.log", RESULT.encode())))
    assert row.url == f"tar://a/job.log::{tmp_path}/logs.tar"
    assert row.modified is not None
    assert row.modified.timestamp() == 1777629600


def ranges_of(folder: Path, data: bytes) -> tuple[Any, Done]:
    """A tar as a worker finds it, with work that is left."""
    (folder / "logs.tar").write_bytes(data)
    [(store, capture)] = listed_captures([str(folder / "logs.tar")])
    return store, tars.tar_rows(store, capture, OPTIONS)


def change(path: Path) -> None:
    os.utime(path, (1, 1))


def corrupt(path: Path) -> None:
    """Damage a compressed file, so that nobody sees it from outside."""
    state = path.stat()
    path.write_bytes(b"\x1f\x8b" + bytes(state.st_size - 2))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (change, "the tar changed while it was read; read it again"),
        (Path.unlink, "the tar changed while it was read; read it again"),
        (corrupt, "became shorter while it was read; read it again"),
    ],
)
def test_a_tar_that_changes_between_its_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object], error: str
) -> None:
    monkeypatch.setattr(tars, "_COMPRESSED_RANGE", 2)
    logs = [(f"{at}.log", RESULT.encode()) for at in range(5)]
    store, done = ranges_of(tmp_path, gzip.compress(tar_of(*logs)))
    assert (done.rows, len(done.ranges)) == ([], 3)
    spoil(tmp_path / "logs.tar")
    rows = [row for part in done.ranges for row in tars.member_rows(store, part.captures, part.tar, OPTIONS)]
    assert [row.url.partition("::")[0] for row in rows] == [f"tar://{name}" for name, _ in logs]
    assert all(str(row.error).endswith(error) for row in rows)


def test_a_tar_that_cannot_be_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tars, "_RANGE", 1)
    store, done = ranges_of(tmp_path, tar_of(("a.log", b""), ("b.log", b"")))
    monkeypatch.setattr(tars, "opened_file", lambda *_given: open(tmp_path, "rb"))  # noqa: PTH123, SIM115
    [row] = tars.member_rows(store, done.ranges[0].captures, done.ranges[0].tar, OPTIONS)
    assert row.error == "cannot be read: Is a directory"


def test_a_tar_that_is_not_there(tmp_path: Path) -> None:
    [row] = rows_in(tmp_path / "logs.tar")
    assert row.error == "cannot be read: No such file or directory"


def test_a_rotated_file_that_is_in_the_tar_twice(tmp_path: Path) -> None:
    one = json_file("x\n")
    data = tar_of(("a.log", one), ("a.log.1", one), ("a.log.1.gz", gzip.compress(one)))
    [row] = rows_of_tar(tmp_path, data)
    assert "are the same file" in str(row.error)


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    ".tar.gz": partial(gzip.compress, compresslevel=0),
    ".tar.bz2": bz2.compress,
    ".tar.xz": lzma.compress,
    ".tar.zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}


@pytest.mark.parametrize("ending", COMPRESSED)
def test_the_end_of_a_compressed_tar_is_checked(tmp_path: Path, ending: str) -> None:
    whole = COMPRESSED[ending](tar_of(("a.log", RESULT.encode())))
    [row] = rows_of_tar(tmp_path, whole, f"whole{ending}")
    assert (row.notices, row.suspect) == ({}, False)
    tar, [row] = tar_rows_apart(rows_of_tar(tmp_path, whole[:-3], f"cut{ending}"))
    assert row.result == "42"
    assert tar.error == "the compressed file ends too early; the part that is there is read"
    tar, [row] = tar_rows_apart(rows_of_tar(tmp_path, whole + b"junk", f"junk{ending}"))
    assert row.result == "42"
    assert tar.error


def test_rows_of_a_tar_with_a_wrong_checksum_are_suspect(tmp_path: Path) -> None:
    whole = COMPRESSED[".tar.gz"](tar_of(("a.log", RESULT.encode()), ("b.log", b"x\n")))
    tar, rows = tar_rows_apart(
        rows_of_tar(tmp_path, whole.replace(b"Result: 42", b"Result: 43"), "logs.tar.gz")
    )
    assert [(row.notices, row.suspect, row.damage) for row in rows] == [({"corrupt": 1}, True, tar.error)] * 2
    assert "may be altered" in str(tar.error)


def test_a_compressed_tar_may_take_no_more_memory_than_a_log(tmp_path: Path) -> None:
    whole = bytearray(lzma.compress(tar_of(("a.log", RESULT.encode()))))
    whole[16] = 37  # a window of 1.5 GiB, in the header of a block
    whole[20:24] = zlib.crc32(whole[12:20]).to_bytes(4, "little")
    [row] = rows_of_tar(tmp_path, bytes(whole), "logs.tar.xz")
    assert "more than 256 MiB of memory" in str(row.error)


@pytest.mark.parametrize("name", ["x.log", "backup.tar-20260501", "tar", "a.tar.lz4"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("capture", ["auto", "cri"])
def test_a_tar_is_known_by_its_content(
    tmp_path: Path, name: str, compress: Callable[[bytes], bytes], capture: str
) -> None:
    (tmp_path / name).write_bytes(compress(tar_of(("a.log", cri(RESULT)))))
    [row] = rows_in(tmp_path, capture=capture)
    assert (row.url, row.result, row.format) == (f"tar://a.log::{tmp_path}/{name}", "42", "cri")


def test_tars_that_were_rotated_are_several(tmp_path: Path) -> None:
    write(tmp_path, {"b.tar": tar_of(("a.log", RESULT.encode())), "b.tar.1": tar_of(("a.log", b"x\n"))})
    first, second = rows_in(tmp_path)
    assert (first.url, first.result) == (f"tar://a.log::{tmp_path}/b.tar", "42")
    assert (second.url, second.lines) == (f"tar://a.log::{tmp_path}/b.tar.1", 1)


@pytest.mark.parametrize("name", ["inner.tar", "inner"])
def test_a_tar_in_a_tar_is_an_error(tmp_path: Path, name: str) -> None:
    for inner in (tar_of(("a.log", RESULT.encode())), gzip.compress(tar_of(("a.log", RESULT.encode())))):
        [row] = rows_of_tar(tmp_path, tar_of((name, inner)))
        assert row.url == f"tar://{name}::{tmp_path}/logs.tar"
        assert row.error == "it is a tar within a tar; unpack the outer one"


def test_a_log_that_tells_of_tars_is_a_log(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"x" * 256 + b"\nustar\n" + RESULT.encode())
    [row] = rows_in(tmp_path)
    assert row.result == "42"


class Counting(Inline):
    """An executor that notes how many rows it gives back at most."""

    most_rows = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self.most_rows = max(self.most_rows, len(future.result().rows))
        return future


def large_tar() -> bytes:
    """A tar of more captures than are read at a time: rotated ones, those of a container, and links."""
    pods = [member(f"pods/{at % 7}/{at:04}.log", f"PlanQK:Job:Result: {at}\n".encode()) for at in range(300)]
    rotated_last = member("pods/0/0000.log.1", INTERIM.encode())
    docker = [
        member("d/a-json.log", json_file(RESULT)),
        member("d/config.v2.json", docker_config(exit_code=3)),
    ]
    link = header("link.log", type=tarfile.LNKTYPE, linkname="pods/3/0003.log")
    return tar_with(docker[0], *pods, docker[1], link, rotated_last)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("is_divided", [False, True])
def test_a_large_tar_is_read_in_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes], is_divided: bool
) -> None:
    for name in ("_RANGE", "_COMPRESSED_RANGE"):
        monkeypatch.setattr(tars, name, 100 if is_divided else 1000)
    (tmp_path / "logs.tar").write_bytes(compress(large_tar()))
    executor = Counting()
    rows = rows_in(tmp_path / "logs.tar", executor=executor)
    assert len(rows) == 302
    results = {row.url.removeprefix("tar://").partition("::")[0]: row.result for row in rows}
    assert results == {f"pods/{at % 7}/{at:04}.log": str(at) for at in range(300)} | {
        "d/a-json.log": "42",
        "link.log": "3",
    }
    [docker] = [row for row in rows if row.container]
    assert (docker.container, docker.exit_code) == ("job", 3)
    assert [row.interim_count for row in rows if len(row.files) > 1] == [1]
    assert (executor.most_rows <= 100) is is_divided


@pytest.mark.parametrize(("compress", "calls"), [(bytes, [2, 1, 1] * 2), (gzip.compress, [2, 2] * 2)])
@pytest.mark.parametrize("most_faults", [2, 99])
def test_ranges_that_are_lost_are_read_once_more(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compress: Callable[[bytes], bytes],
    calls: list[int],
    most_faults: int,
) -> None:
    monkeypatch.setattr(tars, "_RANGE", 2)
    monkeypatch.setattr(tars, "_COMPRESSED_RANGE", 2)
    sizes: list[int] = []

    class Faulty(Inline):
        """It loses the ranges that it gets first."""

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            [batch] = args
            if batch.tar is None:
                return super().submit(fn, *args, **kwargs)
            sizes.append(len(batch.captures))
            lost: Future[Any] = Future()
            lost.set_exception(RuntimeError("lost"))
            return lost if len(sizes) <= most_faults else super().submit(fn, *args, **kwargs)

    (tmp_path / "a.tar").write_bytes(compress(tar_of(*((f"{at}.log", RESULT.encode()) for at in range(4)))))
    rows = rows_in(tmp_path / "a.tar", executor=Faulty())
    if most_faults == 99:
        assert [row.error for row in rows] == ["cannot be read: RuntimeError: 'lost'"] * 4
        assert sorted(sizes) == sorted(calls)
    else:
        assert [row.result for row in rows] == ["42"] * 4


def test_a_store_may_tell_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tars, "_RANGE", 1)
    store, done = ranges_of(tmp_path, tar_of(("a.log", RESULT.encode()), ("b.log", b"")))
    part = done.ranges[0]
    tar = msgspec.structs.replace(part.tar, file=msgspec.structs.replace(part.tar.file, modified=None))
    [row] = tars.member_rows(store, part.captures, tar, OPTIONS)
    assert row.result == "42"


def test_a_pipe_that_is_named_as_a_tar(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logs.tar")
    [row] = rows_in(tmp_path)
    assert row.error == "cannot be read: it is not a regular file"


def test_a_container_whose_description_is_above_its_log(tmp_path: Path) -> None:
    members = [("c/local-logs/container.log", json_file(RESULT)), ("c/config.v2.json", docker_config())]
    [row] = rows_of_tar(tmp_path, tar_of(*members))
    assert (row.container, row.result) == ("job", "42")
