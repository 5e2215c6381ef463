"""Tars of logs: their members are read where they are."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from planqk_protocol.archive import OutcomeRow
from tests.archive.harness import RESULT, json_file, mixed_archive, rows_in
from tests.cli.zstandard import zstd


def tar_of(*members: tuple[str, bytes]) -> bytes:
    """A tar of files, in the order given."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1777629600
            tar.addfile(info, io.BytesIO(content))
    return data.getvalue()


def rows_of_tar(folder: Path, data: bytes, name: str = "logs.tar") -> list[OutcomeRow]:
    (folder / name).write_bytes(data)
    return rows_in(folder / name)


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


def test_of_members_with_one_name_the_last_counts(tmp_path: Path) -> None:
    [row] = rows_of_tar(tmp_path, tar_of(("job.log", b"old\n"), ("job.log", RESULT.encode())))
    assert row.result == "42"


def test_links_and_folders_are_no_logs(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for kind in (tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("x")
            info.type = kind
            tar.addfile(info)
    [row] = rows_of_tar(tmp_path, data.getvalue())
    assert (row.url, row.error) == (f"{tmp_path}/logs.tar", "the tar holds no file")


def test_a_member_of_any_name(tmp_path: Path) -> None:
    [row] = rows_of_tar(tmp_path, tar_of((os.fsdecode(b"\xff.log"), RESULT.encode())))
    assert row.url.startswith("tar://\\xff.log::")
    assert row.result == "42"


def test_a_tar_that_is_cut_off_gives_what_is_before(tmp_path: Path) -> None:
    whole = tar_of(("a.log", RESULT.encode()), ("b.log", b"x\n" * 1000))
    first, second, tar = sorted(
        rows_of_tar(tmp_path, whole[:2000]), key=lambda row: not row.url.startswith("tar:")
    )
    assert first.result == "42"
    assert "became shorter" in str(second.error)
    assert (tar.url, tar.error) == (
        f"{tmp_path}/logs.tar",
        "cannot be read: ReadError: 'unexpected end of data'",
    )


def test_a_damaged_header_hides_the_members_after_it(tmp_path: Path) -> None:
    whole = bytearray(tar_of(("a.log", RESULT.encode()), ("b.log", b""), ("c.log", b"")))
    whole[1024 + 10] ^= 1
    tar, first = rows_of_tar(tmp_path, bytes(whole))
    assert first.result == "42"
    assert tar.error == "the tar is damaged; what stands after the damage is not read"


@pytest.mark.parametrize("name", ["logs.tar", "logs.tar.gz"])
@pytest.mark.parametrize("data", [b"", b"no tar", gzip.compress(b"x" * 999), gzip.compress(b"x" * 999)[:20]])
def test_what_is_no_tar_is_an_error(tmp_path: Path, name: str, data: bytes) -> None:
    [row] = rows_of_tar(tmp_path, data, name)
    assert row.url == f"{tmp_path}/{name}"
    assert row.error


def test_a_tar_that_is_not_there(tmp_path: Path) -> None:
    [row] = rows_in(tmp_path / "logs.tar")
    assert row.error == "cannot be read: No such file or directory"


def test_a_rotated_file_that_is_in_the_tar_twice(tmp_path: Path) -> None:
    one = json_file("x\n")
    data = tar_of(("a.log", one), ("a.log.1", one), ("a.log.1.gz", gzip.compress(one)))
    [row] = rows_of_tar(tmp_path, data)
    assert "are the same file" in str(row.error)


@pytest.mark.parametrize("mtime", [-(10**13), 253402300800])
def test_a_member_with_a_time_that_nobody_can_tell(tmp_path: Path, mtime: int) -> None:
    data = bytearray(tar_of(("a.log", RESULT.encode()), ("b.log", RESULT.encode())))
    odd = tarfile.TarInfo("a.log")
    odd.size, odd.mtime = len(RESULT), mtime
    data[:512] = odd.tobuf(tarfile.GNU_FORMAT)
    assert [(row.result, row.modified is None) for row in rows_of_tar(tmp_path, bytes(data))] == [
        ("42", True),
        ("42", False),
    ]
