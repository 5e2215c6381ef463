"""Names of files: different files have different names, and each output can take them."""

from __future__ import annotations

import itertools
import os
import zipfile
from pathlib import Path

import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.ftp import FTPFileSystem
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive import OutcomeRow, row_to_json_line, to_table
from planqk_protocol.archive.names import member_url, plain_name, without_credentials
from planqk_protocol.archive.store_entries import entry_url
from tests.archive.harness import RESULT, UID, rows_in

# Bytes that are not UTF-8, what they look like when they are escaped, and what divides names.
NAMES = st.text(st.sampled_from("ax8f\\u:/\n\x7f\x85\udc85\udcff\ud800\udfffÿ"), max_size=6)
BYTES = st.binary(min_size=1, max_size=5).map(lambda name: name.translate(None, b"/\0") + b"\xff")


@given(st.sets(NAMES, min_size=2))
def test_different_names_stay_different_and_each_output_takes_them(names: set[str]) -> None:
    plain = {plain_name(name) for name in names}
    assert len(plain) == len(names)
    for name in plain:
        assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in name)
        row = OutcomeRow(url=name, pod=name)
        assert to_table([row]).column("url").to_pylist() == [name]
        row_to_json_line(row)


@given(st.sets(st.tuples(NAMES, NAMES.map("/".__add__)), min_size=2))
def test_members_of_different_archives_have_different_names(members: set[tuple[str, str]]) -> None:
    inner = {member_url("zip", path, plain_name(archive)) for path, archive in members}
    nested = {member_url("tar", path, url) for (path, _), url in itertools.product(members, inner)}
    assert len(inner) == len(members)
    assert len(nested) == len({path for path, _ in members}) * len(inner)
    assert not inner & nested


@given(names=st.sets(BYTES, max_size=4))
def test_files_and_pods_with_any_names_have_rows(
    tmp_path_factory: pytest.TempPathFactory, names: set[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    (folder / r"\xff").write_text(RESULT)
    for name in names:
        (folder / os.fsdecode(name)).write_text(RESULT)
        pod = folder / f"ns_{os.fsdecode(name)}_{UID}" / "main"
        pod.mkdir(parents=True)
        (pod / "0.log").write_text(RESULT)
    rows = rows_in(folder)
    assert len({row.url for row in rows}) == len(rows) == 2 * len(names) + 1
    assert {row.result for row in rows} == {"42"}
    assert {row.pod for row in rows if row.pod} == {
        f"ns/{plain_name(os.fsdecode(name))}" for name in names if b"_" not in name
    }
    assert to_table(rows).num_rows == len(list(map(row_to_json_line, rows)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no answer from ftp://me:se@cret@h:21/a", "no answer from ftp://h:21/a"),
        ("https://token@h/a and https://h/b@c", "https://h/a and https://h/b@c"),
        ("http://h?a@b", "http://h?a@b"),
        (
            "arrow_hdfs://me@h/a, webhdfs://me@h/a, root://me@h//a",
            "arrow_hdfs://h/a, webhdfs://h/a, root://h//a",
        ),
        ("gist://me:token@1d/a, github://org:repo@main/a", "gist://1d/a, github://org:repo@main/a"),
        ("zip://a@b::/c.zip", "zip://a@b::/c.zip"),
    ],
)
def test_credentials_are_left_out(text: str, expected: str) -> None:
    assert without_credentials(text) == expected


class SilentFTP(FTPFileSystem):  # type: ignore[misc]  # it has no types
    """FTP without a server."""

    def _connect(self) -> None:
        pass

    def __del__(self) -> None:
        pass


def test_the_host_is_in_the_name() -> None:
    for port, place in ((21, "h1:21"), (2121, "h1:2121")):
        store = SilentFTP(host="h1", port=port, username="me", password="secret")  # noqa: S106  # of nobody
        assert entry_url(store, "/x/y.log") == f"ftp://{place}/x/y.log"


def test_the_archive_is_in_the_name(tmp_path: Path) -> None:
    for name, result in (("a", 1), ("b", 2)):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("job.log", f"PlanQK:Job:Result: {result}\n")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(tmp_path / "a.zip", "in/a.zip")
    a, b, outer = (f"{tmp_path}/{name}.zip" for name in ("a", "b", "outer"))
    rows = rows_in(f"zip://**::{a}", f"zip://*.log::file://{b}", f"zip://*::zip://in/a.zip::{outer}")
    assert {row.url: row.result for row in rows} == {
        f"zip://job.log::{a}": "1",
        f"zip://job.log::{b}": "2",
        f"zip://job.log::zip://in/a.zip::{outer}": "1",
    }
    assert rows_in(*(row.url for row in rows)) == rows
    for url in (f"simplecache::zip://job.log::{a}", f"zip://job.log::simplecache::file://{a}"):
        assert entry_url(*url_to_fs(url)) == f"zip://job.log::{a}"
