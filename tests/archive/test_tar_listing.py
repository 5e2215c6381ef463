"""What a tar says of its members: links, holes, damage, and headers that cannot be."""

from __future__ import annotations

import gzip
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive import to_table
from tests.archive.harness import (
    INTERIM,
    RESULT,
    rows_in,
)
from tests.archive.tar_files import header, member, rows_of_tar, tar_of, tar_rows_apart, tar_with, with_size


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


def test_a_hard_link_is_a_file(tmp_path: Path) -> None:
    link = header("y/b.log", type=tarfile.LNKTYPE, linkname="x/a.log")
    log, other = rows_of_tar(tmp_path, tar_with(member("x/a.log", RESULT.encode()), link))
    assert other.url.startswith("tar://y/b.log::")
    assert (log.result, other.result, other.bytes, other.error) == ("42", "42", len(RESULT), None)


@pytest.mark.parametrize("target", ["../x/./a.log", "/x/a.log", "c.log"])
def test_a_symbolic_link_stands_for_the_file(tmp_path: Path, target: str) -> None:
    link = header("y/b.log", type=tarfile.SYMTYPE, linkname=target)
    other = header("y/c.log", type=tarfile.SYMTYPE, linkname="../x/a.log")
    [row] = rows_of_tar(tmp_path, tar_with(link, other, member("x/a.log", RESULT.encode())))
    assert (row.url, row.result) == (f"tar://x/a.log::{tmp_path}/logs.tar", "42")


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


def test_a_damaged_header_hides_the_members_after_it(tmp_path: Path) -> None:
    whole = bytearray(tar_of(("a.log", RESULT.encode()), ("b.log", b""), ("c.log", b"")))
    whole[1024 + 10] ^= 1
    tar, [first] = tar_rows_apart(rows_of_tar(tmp_path, bytes(whole)))
    assert first.result == "42"
    assert tar.error == "the tar is damaged or ends too early; the rest of it is not read"


@pytest.mark.parametrize("name", ["logs.tar", "logs.tar.gz"])
@pytest.mark.parametrize(
    "data",
    [b"", b"no tar", gzip.compress(b"x" * 999), gzip.compress(b"x" * 999)[:20]],
    ids=["empty", "no tar", "gzip", "cut gzip"],
)
def test_what_is_no_tar_is_an_error(tmp_path: Path, name: str, data: bytes) -> None:
    [row] = rows_of_tar(tmp_path, data, name)
    assert row.url == f"{tmp_path}/{name}"
    assert row.error


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


WHOLE = tar_with(
    member("a.log", RESULT.encode()),
    header("long/" * 30 + "b.log", size=0),
    header("c.log", type=tarfile.SYMTYPE, linkname="a.log"),
    member("d.log", INTERIM.encode() * 50),
)


@given(
    changes=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4),
    end=st.integers(0, len(WHOLE)),
    has_checksums=st.booleans(),
)
def test_whatever_a_tar_holds_there_are_rows(
    changes: list[tuple[int, int]], end: int, has_checksums: bool
) -> None:
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
        if has_checksums:
            block = place // 512 * 512
            data[block + 148 : block + 156] = b" " * 8
            data[block + 148 : block + 156] = b"%06o\0 " % sum(data[block : block + 512])
    store = MemoryFileSystem()
    store.pipe_file("/odd.tar", bytes(data[:end]))
    rows = rows_in("memory:///odd.tar")
    assert len({row.url for row in rows}) == len(rows) > 0
    assert len(to_table(rows)) == len(rows)
    if end < len(WHOLE) - 1024:
        assert any(not row.url.startswith("tar:") and row.error for row in rows)
