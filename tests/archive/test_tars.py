"""Tars of logs: their members are read where they are."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from planqk_protocol.archive import OutcomeRow, tars, to_table
from tests.archive.harness import (
    INTERIM,
    RESULT,
    Inline,
    cri,
    docker_config,
    json_file,
    mixed_archive,
    rows_in,
    write,
)
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


def header(name: str, **fields: Any) -> bytes:
    """The header of a member, in GNU's format."""
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def member(name: str, content: bytes, **fields: Any) -> bytes:
    return header(name, size=len(content), **fields) + content + bytes(-len(content) % 512)


def tar_with(*members: bytes) -> bytes:
    return b"".join(members) + bytes(1024)


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
            )
        ).replace(prefix.encode(), f"{folder}/".encode())
        return msgspec.json.decode(text.replace(suffix.encode(), b""), type=OutcomeRow)

    expected = [msgspec.structs.replace(row, modified=None) for row in rows_in(folder)]
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


def test_folders_are_no_logs(tmp_path: Path) -> None:
    [row] = rows_of_tar(tmp_path, tar_with(header("x", type=tarfile.DIRTYPE)))
    assert (row.url, row.error) == (f"{tmp_path}/logs.tar", "the tar holds no file")


def test_a_pipe_in_a_tar_is_not_opened(tmp_path: Path) -> None:
    [row] = rows_of_tar(tmp_path, tar_with(header("x", type=tarfile.FIFOTYPE)))
    assert row.url == f"tar://x::{tmp_path}/logs.tar"
    assert row.error == "cannot be read: it is not a regular file"


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_a_link_is_read_as_its_target(tmp_path: Path, kind: bytes) -> None:
    target = "x/a.log" if kind == tarfile.LNKTYPE else "../x/./a.log"
    link = header("y/b.log", type=kind, linkname=target)
    log, other = rows_of_tar(tmp_path, tar_with(member("x/a.log", RESULT.encode()), link))
    assert other.url.startswith("tar://y/b.log::")
    assert (log.result, other.result, other.bytes, other.error) == ("42", "42", len(RESULT), None)


def test_a_link_to_an_absolute_path_and_to_a_link(tmp_path: Path) -> None:
    first = header("var/log/containers/a.log", type=tarfile.SYMTYPE, linkname="/var/log/pods/link.log")
    second = header("var/log/pods/link.log", type=tarfile.SYMTYPE, linkname="a/0.log")
    rows = rows_of_tar(tmp_path, tar_with(first, second, member("var/log/pods/a/0.log", RESULT.encode())))
    assert [row.result for row in rows] == ["42"] * 3


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_a_link_out_of_the_tar_is_an_error(tmp_path: Path, kind: bytes) -> None:
    [row] = rows_of_tar(tmp_path, tar_with(header("a.log", type=kind, linkname="/etc/passwd")))
    assert row.url.startswith("tar://a.log::")
    assert row.error == "cannot be read: a link to '/etc/passwd', which is not in the tar"


def test_links_in_a_circle_are_errors(tmp_path: Path) -> None:
    one = header("one.log", type=tarfile.SYMTYPE, linkname="two.log")
    rows = rows_of_tar(tmp_path, tar_with(one, header("two.log", type=tarfile.SYMTYPE, linkname="one.log")))
    assert [row.error for row in rows] == ["cannot be read: too many links"] * 2


def test_a_link_to_a_folder_is_no_log(tmp_path: Path) -> None:
    folder = header("2026", type=tarfile.DIRTYPE)
    link = header("current", type=tarfile.SYMTYPE, linkname="2026")
    [row] = rows_of_tar(tmp_path, tar_with(folder, link, member("2026/a.log", RESULT.encode())))
    assert (row.result, row.error) == ("42", None)


def test_what_is_linked_and_rotated(tmp_path: Path) -> None:
    old = member("a.log.1", json_file("x\n"))
    link = header("a.log", type=tarfile.SYMTYPE, linkname="now")
    rows = rows_of_tar(tmp_path, tar_with(old, member("now", json_file(RESULT, second=5)), link))
    assert [(row.result, row.lines) for row in rows] == [("42", 2), ("42", 1)]


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_sparse_file_gets_no_bytes_of_others(tmp_path: Path, form: str) -> None:
    with (tmp_path / "sparse.log").open("wb") as file:
        file.write(b"begin\n")
        file.truncate(1 << 20)
    (tmp_path / "other.log").write_bytes(b"\n" + RESULT.encode() + b"x\n" * (1 << 19))
    command = ["tar", "--sparse", f"--format={form}", "-cf", "logs.tar", "sparse.log", "other.log"]
    subprocess.run(command, cwd=tmp_path, check=True)
    other, sparse = rows_in(tmp_path / "logs.tar")
    assert (other.result, other.error) == ("42", None)
    assert sparse.url.startswith("tar://sparse.log::")
    assert (sparse.result, sparse.bytes) == (None, 0)
    assert "unpack the tar" in str(sparse.error)


def test_a_member_of_any_name(tmp_path: Path) -> None:
    [row] = rows_of_tar(tmp_path, tar_of((os.fsdecode(b"\xff.log"), RESULT.encode())))
    assert row.url.startswith("tar://\\xff.log::")
    assert row.result == "42"


def tar_rows_apart(rows: list[OutcomeRow]) -> tuple[OutcomeRow, list[OutcomeRow]]:
    """The row of the tar itself, and those of its members."""
    [tar] = [row for row in rows if not row.url.startswith("tar:")]
    return tar, [row for row in rows if row is not tar]


def test_a_tar_that_is_cut_off_gives_what_is_before(tmp_path: Path) -> None:
    whole = tar_of(("a.log", RESULT.encode()), ("b.log", b"x\n" * 1000))
    tar, (first, second) = tar_rows_apart(rows_of_tar(tmp_path, whole[:2000]))
    assert first.result == "42"
    assert (second.size, second.error) == (2000 - 1536, "the tar ends before the end of this file")
    assert tar.error == "the tar is damaged or ends too early; the rest of it is not read"


def test_a_tar_that_is_cut_off_between_two_files(tmp_path: Path) -> None:
    whole = tar_of(("a.log", RESULT.encode()), ("b.log", b"x\n"))
    tar, [only] = tar_rows_apart(rows_of_tar(tmp_path, whole[:1024]))
    assert only.result == "42"
    assert tar.error == "the tar has no end, so logs may be missing"


def test_two_tars_in_one_file(tmp_path: Path) -> None:
    data = tar_of(("a.log", RESULT.encode()))
    tar, [only] = tar_rows_apart(rows_of_tar(tmp_path, data + tar_of(("b.log", b"x\n"))))
    assert only.url.startswith("tar://a.log::")
    assert "a second tar" in str(tar.error)


def with_size(data: bytes, size: int) -> bytes:
    """A header with another size, as GNU tar stores large and negative ones (Basic Tar Format, base-256)."""
    field = (size % (1 << 96) | (1 << 95 if size >= 0 else 0)).to_bytes(12, "big")
    changed = bytearray(data[:124] + field + data[136:])
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)


@pytest.mark.parametrize("size", [-512, -1024, -1, 2**70, 2**63, 10**9])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_size_that_cannot_be(tmp_path: Path, size: int, compress: Callable[[bytes], bytes]) -> None:
    first, odd = member("a.log", RESULT.encode()), with_size(header("b.log"), size)
    for begin, result in ((b"", []), (header("0.log"), [None]), (first, ["42"])):
        tar, others = tar_rows_apart(rows_of_tar(tmp_path, compress(begin + odd + bytes(1024))))
        assert [row.result for row in others if "b.log" not in row.url] == result
        assert all("ends before" in str(row.error) for row in others if "b.log" in row.url)
        assert str(tar.error).startswith(("the tar is damaged", "it is no tar"))
        assert len(to_table([tar, *others])) == len(others) + 1


@pytest.mark.parametrize("records", [{"path": "x" * 100_000}, {f"k{at}": "x" for at in range(9000)}])
def test_headers_do_not_fill_the_memory(tmp_path: Path, records: dict[str, str]) -> None:
    info = tarfile.TarInfo("b.log")
    info.pax_headers = records
    tar, [only] = tar_rows_apart(
        rows_of_tar(tmp_path, member("a.log", RESULT.encode()) + info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    )
    assert only.result == "42"
    assert tar.error == "the tar is damaged: a header has more than 65,536 bytes"


def test_global_headers_do_not_fill_the_memory(tmp_path: Path) -> None:
    headers = [tarfile.TarInfo.create_pax_global_header({f"k{at}": "x"}) for at in range(120)]
    data = b"".join(one + member(f"{at}.log", b"") for at, one in enumerate(headers))
    tar, others = tar_rows_apart(rows_of_tar(tmp_path, data + bytes(1024)))
    assert len(others) == 100
    assert tar.error == "the tar is damaged or ends too early; the rest of it is not read"


@pytest.mark.parametrize("mtime", [10**13, -(10**13)])
def test_a_time_that_cannot_be(tmp_path: Path, mtime: int) -> None:
    odd = member("a.log", RESULT.encode(), mtime=mtime)
    rows = rows_of_tar(tmp_path, tar_with(odd, member("b.log", RESULT.encode())))
    assert [row.result for row in rows] == ["42"] * 2
    assert rows[0].modified is None


def test_a_damaged_header_hides_the_members_after_it(tmp_path: Path) -> None:
    whole = bytearray(tar_of(("a.log", RESULT.encode()), ("b.log", b""), ("c.log", b"")))
    whole[1024 + 10] ^= 1
    tar, [first] = tar_rows_apart(rows_of_tar(tmp_path, bytes(whole)))
    assert first.result == "42"
    assert tar.error == "the tar is damaged or ends too early; the rest of it is not read"


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
    assert [(row.notices, row.suspect) for row in rows] == [({"corrupt": 1}, True)] * 2
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
    """A tar of more captures than are read at a time, with rotated ones, a container's description, and links."""
    pods = [member(f"pods/{at % 7}/{at:04}.log", f"PlanQK:Job:Result: {at}\n".encode()) for at in range(3000)]
    rotated_last = member("pods/0/0000.log.1", INTERIM.encode())
    docker = [
        member("d/a-json.log", json_file(RESULT)),
        member("d/config.v2.json", docker_config(exit_code=3)),
    ]
    link = header("link.log", type=tarfile.SYMTYPE, linkname="pods/3/0003.log")
    return tar_with(docker[0], *pods, docker[1], link, rotated_last)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize("is_divided", [False, True])
def test_a_large_tar_is_read_in_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: Callable[[bytes], bytes], is_divided: bool
) -> None:
    monkeypatch.setattr(tars, "_COMPRESSED_RANGE", 700)
    if not is_divided:
        monkeypatch.setattr(tars, "_RANGE", 10_000)
        monkeypatch.setattr(tars, "_COMPRESSED_RANGE", 10_000)
    (tmp_path / "logs.tar").write_bytes(compress(large_tar()))
    executor = Counting()
    rows = rows_in(tmp_path / "logs.tar", executor=executor)
    assert len(rows) == 3002
    results = {row.url.removeprefix("tar://").partition("::")[0]: row.result for row in rows}
    assert results == {f"pods/{at % 7}/{at:04}.log": str(at) for at in range(3000)} | {
        "d/a-json.log": "42",
        "link.log": "3",
    }
    [docker] = [row for row in rows if row.container]
    assert (docker.container, docker.exit_code) == ("job", 3)
    assert [row.interim_count for row in rows if len(row.files) > 1] == [1]
    assert (executor.most_rows <= 1000) is is_divided
