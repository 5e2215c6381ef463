"""What paths, patterns and URLs name: each file once, in the captures that it belongs to."""

from __future__ import annotations

import functools
import os
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fsspec import AbstractFileSystem, register_implementation
from fsspec.implementations.memory import MemoryFileSystem

from planqk_protocol.archive import store_entries
from tests.archive.harness import RESULT, captures, docker_config, names, rows_in, write
from tests.module_copies import copy_with

LOGS = {
    "a/x.log": b"12",
    "a/x.log.1": b"345",
    "a/deep/y.log": b"6",
    "b/z.txt": b"",
    "b/w.log": b"1",
}


def unreadable(monkeypatch: pytest.MonkeyPatch, *paths: str) -> list[str]:
    """Let folders be unreadable. Returns the folders that are listed from now on."""
    listed: list[str] = []

    def scandir(path: str) -> object:
        if path in paths:
            raise PermissionError(13, "Permission denied")
        listed.append(path)
        return os.scandir(path)

    monkeypatch.setattr(store_entries, "os", copy_with(os, scandir=scandir))
    return listed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, LOGS)
    return tmp_path


def test_a_folder_is_searched_with_all_in_it(folder: Path) -> None:
    assert names(folder, folder) == [["a/deep/y.log"], ["a/x.log.1", "a/x.log"], ["b/w.log"], ["b/z.txt"]]


def test_patterns(folder: Path) -> None:
    assert names(folder, folder / "*" / "*.log") == [["a/x.log.1", "a/x.log"], ["b/w.log"]]
    assert names(folder, folder / "**" / "*.log") == [
        ["a/deep/y.log"],
        ["a/x.log.1", "a/x.log"],
        ["b/w.log"],
    ]
    assert names(folder, folder / "a" / "x.*") == [["a/x.log.1", "a/x.log"]]
    assert names(folder, folder / "b" / "[w-z].???") == [["b/w.log"], ["b/z.txt"]]
    assert names(folder, f"file://{folder}/b/*") == [["b/w.log"], ["b/z.txt"]]


def test_a_pattern_may_match_folders(folder: Path) -> None:
    assert names(folder, folder / "?") == names(folder, folder)
    assert names(folder, folder / "a" / "d*") == [["a/deep/y.log"]]


def test_files_that_are_named_one_by_one_are_joined(folder: Path) -> None:
    assert names(folder, folder / "a/x.log", folder / "a/x.log.1", folder / "b/w.log") == [
        ["a/x.log.1", "a/x.log"],
        ["b/w.log"],
    ]


@pytest.mark.parametrize("name", ["a/x.log", "a/x.log.1", "a/*.log", "a/*.1", "**/x.log"])
def test_what_names_one_file_of_a_rotated_log_names_all_of_it(folder: Path, name: str) -> None:
    assert names(folder, folder / name) == [["a/x.log.1", "a/x.log"]]


def test_a_file_that_is_named_twice_is_found_once(folder: Path) -> None:
    assert names(folder, folder / "b/w.log", folder / "b/w.log") == [["b/w.log"]]


def test_a_name_with_the_letters_of_a_pattern_is_a_name(tmp_path: Path) -> None:
    write(tmp_path, {"[1]*.log": b"", "1.log": b""})
    assert names(tmp_path, tmp_path / "[1]*.log") == [["[1]*.log"]]


def test_what_is_not_there_has_an_error(folder: Path) -> None:
    [missing] = captures(folder / "nothing")
    assert missing.fault == "cannot be read: No such file or directory"
    [unmatched] = captures(folder / "*.csv")
    assert unmatched.url == f"{folder}/*.csv"
    assert unmatched.fault == "nothing is there that matches the pattern"


def test_an_empty_folder_is_nothing(tmp_path: Path) -> None:
    assert captures(tmp_path) == []


def test_the_largest_of_a_folder_comes_first(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"1", "b": b"123", "c": b"12"})
    assert [Path(capture.url).name for capture in captures(tmp_path)] == ["b", "c", "a"]


def test_links_and_what_must_not_be_opened(tmp_path: Path) -> None:
    write(tmp_path, {"folder/file": b"12"})
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "outside").symlink_to("/proc")
    found = {Path(capture.url).name: capture for capture in captures(tmp_path)}
    assert {name: capture.fault for name, capture in found.items()} == {
        "device": "cannot be read: it is not a regular file",
        "file": None,
        "nowhere": "cannot be read: a link to nothing",
        "outside": "cannot be read: a link to a folder; give the folder itself",
        "pipe": "cannot be read: it is not a regular file",
    }


def test_folders_that_the_pattern_cannot_match_are_not_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = unreadable(monkeypatch, str(folder / "b"))
    assert names(folder, folder / "a*" / "*.log", folder / "a*" / "**" / "y.*") == [
        ["a/deep/y.log"],
        ["a/x.log.1", "a/x.log"],
    ]
    assert [os.path.relpath(path, folder) for path in listed] == [".", "a", ".", "a", "a/deep"]


def test_a_folder_that_cannot_be_listed_has_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable(monkeypatch, str(folder / "a"))
    found = {os.path.relpath(capture.url, folder): capture.fault for capture in captures(folder)}
    assert found == {"a": "cannot be read: Permission denied", "b/w.log": None, "b/z.txt": None}
    again = captures(folder / "a", folder / "a" / "*", folder)
    assert [capture.fault for capture in again] == ["cannot be read: Permission denied", None, None]


def test_a_file_whose_folder_cannot_be_listed_is_found_by_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"a/config.v2.json": docker_config()})
    unreadable(monkeypatch, str(folder / "a"))
    urls = [folder / "a/x.log", folder / "a/x.log.2", folder]
    for given_ in (urls, urls[::-1]):
        assert names(folder, *given_) == [["a"], ["a/x.log"], ["a/x.log.2"], ["b/w.log"], ["b/z.txt"]]
    [capture] = captures(folder / "a/x.log")
    assert capture.config is not None


def test_the_folders_of_names_are_listed_twice_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, {f"{place}/{number}.log": b"" for place in "cde" for number in range(9)})
    listed = unreadable(monkeypatch)
    urls = [folder / place / f"{number}.log" for number in range(9) for place in "cde"]
    assert len(captures(*urls)) == len(urls)
    assert max(Counter(listed).values()) == 2


def test_names_of_any_bytes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.log")).write_bytes(b"1")
    [capture] = captures(tmp_path)
    assert capture.url == f"{tmp_path}/\\xff.log"


def test_dockers_description_is_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a/config.v2.json": docker_config(),
            "a/a-json.log": b"",
            "b/config.v2.json": docker_config(),
            "b/local-logs/container.log": b"",
        },
    )
    config = {capture.url: capture.config and capture.config.path for capture in captures(tmp_path)}
    for name, beside in (("a/a-json.log", "a"), ("b/local-logs/container.log", "b")):
        assert config[f"{tmp_path}/{name}"] == f"{tmp_path}/{beside}/config.v2.json"
    logs = tmp_path / "b" / "local-logs"
    log = tmp_path / "a" / "a-json.log"
    for named in (log, tmp_path / "*" / "*.log", logs, logs / "*", logs / "container.log"):
        [capture] = captures(named)
        assert capture.config is not None


@pytest.mark.parametrize("place", ["a/b.log", "local-logs/deep/b.log", "a/local-logs/b.log"])
def test_dockers_description_is_of_no_other_log_in_the_tree(tmp_path: Path, place: str) -> None:
    write(tmp_path, {"config.v2.json": docker_config(), place: b""})
    for named in (tmp_path, (tmp_path / place).parent, tmp_path / place, tmp_path / "**" / "b.log"):
        [capture] = captures(named)
        assert capture.config is None


class TestAnotherStore:
    @pytest.fixture(autouse=True)
    def store(self) -> Iterator[MemoryFileSystem]:
        store = MemoryFileSystem()
        store.pipe({f"/logs/{name}": data for name, data in LOGS.items()})
        yield store
        store.rm("/logs", recursive=True)

    def test_urls_name_the_files(self) -> None:
        urls = sorted(capture.url for capture in captures("memory://logs/**/*.log"))
        assert urls == ["memory:///logs/a/deep/y.log", "memory:///logs/a/x.log", "memory:///logs/b/w.log"]
        assert [capture.size for capture in captures("memory://logs/a")] == [5, 1]

    def test_what_is_not_there_has_an_error(self) -> None:
        [capture] = captures("memory://logs/nothing.log")
        assert capture.fault == "cannot be read: FileNotFoundError: '/logs/nothing.log'"

    def test_times_and_sizes_are_those_of_the_store(self, store: MemoryFileSystem) -> None:
        [capture] = captures("memory://logs/b/w.log")
        assert capture.modified == store.created("/logs/b/w.log")


class TestStoresThatFail:
    @pytest.fixture(autouse=True)
    def stores(self) -> None:
        for store in (SilentStore, RefusingStore, OddStore):
            register_implementation(store.protocol, store, clobber=True)

    @pytest.mark.parametrize(
        ("url", "name", "why"),
        [
            ("silent://b/a.log", "silent://b/a.log", "ConnectionError: 'no answer'"),
            ("silent://b/*.log", "silent://b", "ConnectionError: 'no answer'"),
            ("refusing://b/a", "refusing://b/a", "ValueError: 'no account'"),
            ("zip://*::refusing://b/a", "zip://*::refusing://b/a", "ValueError: 'no account'"),
            ("ftp://me:secret@127.0.0.1:1/a", "ftp://127.0.0.1:1/a", "Connection refused"),
            ("zip://*::/nowhere.zip", "zip://*::/nowhere.zip", "No such file or directory"),
        ],
    )
    def test_a_store_that_does_not_answer_has_an_error(
        self, folder: Path, url: str, name: str, why: str
    ) -> None:
        *_, row = rows_in(url, folder)
        assert (row.url, row.error) == (name, f"cannot be read: {why}")
        assert len(rows_in(folder, url, url)) == len(rows_in(folder)) + 1

    def test_a_store_that_nobody_knows_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Protocol not known: nosuch"):
            captures("zip://*::nosuch://b/a.zip")

    def test_an_object_beside_a_folder_and_folders_without_a_name(self) -> None:
        assert [row.url for row in rows_in("odd://top")] == [
            f"odd://top/{name}" for name in ("", "/double.log", "same", "same/in.log")
        ]
        assert [row.url for row in rows_in("odd://top/same")] == ["odd://top/same", "odd://top/same/in.log"]


@pytest.mark.parametrize(
    "path",
    ["", "/nowhere/a\0b", "/nowhere/\ud800", "/tmp/a\0b", "/tmp/a\0b/c", "/tmp/a\0b/*"],  # noqa: S108
)
def test_what_no_file_can_be_called_has_an_error(path: str) -> None:
    [row] = rows_in(path)
    assert str(row.error).startswith("cannot be read: ")


def test_a_time_after_the_year_9999_is_not_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.stat_result((0o100644, 0, 0, 1, 0, 0, 1, 0, 253402300800, 0))
    monkeypatch.setattr(store_entries, "os", copy_with(os, stat=lambda *_, **__: status))
    [row] = rows_in(folder / "b/w.log")
    assert (row.size, row.modified) == (1, None)


class SilentStore(MemoryFileSystem):  # type: ignore[misc]  # it has no types
    """A store that does not answer."""

    protocol = "silent"

    def ls(self, *_: Any, **__: Any) -> Any:
        raise ConnectionError("no answer")

    info = isdir = exists = ls


class RefusingStore(MemoryFileSystem):  # type: ignore[misc]  # likewise
    """A store that refuses its arguments."""

    protocol = "refusing"

    def __init__(self, **_: Any) -> None:
        raise ValueError("no account")


class OddStore(AbstractFileSystem):  # type: ignore[misc]  # likewise
    """What s3fs tells of a few odd objects."""

    protocol = "odd"

    def isdir(self, path: str) -> bool:
        return path in {"top", "top/same"}

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return self._entry(path) | {"type": "directory" if path == "top" else "file"}

    def ls(self, path: str, **_: Any) -> list[dict[str, Any]]:
        return {
            "top": [
                self._entry("top/"),
                {"name": "top/", "type": "directory", "size": 0},
                self._entry("top/same"),
                {"name": "top/same", "type": "directory", "size": 0},
            ],
            "top/same": [self._entry("top/same/in.log"), self._entry("top/same/") | {"size": 0}],
        }[path]

    def find(self, *_: Any, **__: Any) -> dict[str, dict[str, Any]]:
        return {name: self._entry(name) for name in ("top//double.log", "top/same")}

    def _entry(self, name: str) -> dict[str, Any]:
        return {"name": name, "type": "file", "size": len(RESULT)}

    def cat_file(self, *_: Any, **__: Any) -> bytes:
        return RESULT.encode()


class _QuietPages(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class TestTheWeb:
    @pytest.fixture
    def site(self, folder: Path) -> Iterator[str]:
        make = functools.partial(_QuietPages, directory=str(folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), make) as server:
            threading.Thread(target=server.serve_forever).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def test_a_question_mark_begins_a_query(self, site: str) -> None:
        [capture] = captures(f"{site}/b/w.log?version=[1]")
        assert (capture.url, capture.size, capture.fault) == (f"{site}/b/w.log?version=[1]", 1, None)

    def test_a_folder_has_a_slash_at_its_end(self, site: str) -> None:
        assert sorted(capture.url for capture in captures(f"{site}/")) == [
            f"{site}/{name}" for name in ("a/deep/y.log", "a/x.log", "b/w.log", "b/z.txt")
        ]
        assert [capture.size for capture in captures(f"{site}/a/")] == [5, 1]
        [capture] = captures(f"{site}/a")
        assert capture.url == f"{site}/a"

    def test_users_and_passwords_are_in_no_row(self, site: str, folder: Path) -> None:
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.writestr("job.log", RESULT)
        given = site.replace("://", "://me:secret@")
        rows = rows_in(f"{given}/b/w.log", f"{given}/nothing", f"zip://*::simplecache::{given}/a.zip")
        assert [row.url for row in rows] == [
            f"{site}/b/w.log",
            f"{site}/nothing",
            f"zip://job.log::{site}/a.zip",
        ]
        assert [row.error is None for row in rows] == [True, False, True]
        assert "secret" not in repr(rows)

    def test_what_was_modified_at_an_unknown_time_is_read_again(self, site: str) -> None:
        [row] = rows_in(f"{site}/b/w.log")
        assert (row.error, row.modified, row.fingerprint) == (None, None, None)

    def test_patterns(self, site: str) -> None:
        assert sorted(capture.url for capture in captures(f"{site}/*/*.log")) == [
            f"{site}/a/x.log",
            f"{site}/b/w.log",
        ]


@pytest.mark.parametrize(
    ("entry", "modified"),
    [
        ({"LastModified": "2026-05-01T10:00:00+02:00"}, "2026-05-01T08:00:00+00:00"),
        ({"modify": "x"}, None),
        ({"modified": "yesterday"}, None),
        ({"mtime": 0.5}, "1970-01-01T00:00:00.500000+00:00"),
        ({"mtime": []}, None),
        ({"mtime": 253402300800}, None),
        ({"LastModified": "9999-12-31T23:59:59-12:00"}, None),
        ({"created": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, None),
    ],
)
def test_stores_tell_the_time_in_their_own_words(entry: dict[str, object], modified: str | None) -> None:
    file = store_entries.stored_file(MemoryFileSystem(), {"name": "/a", "type": "file", "size": 1} | entry)
    assert (file.modified and file.modified.isoformat()) == modified


@pytest.mark.parametrize("size", [None, -1, "12", 2**63])
def test_a_file_of_unknown_size_is_not_read(size: object) -> None:
    file = store_entries.stored_file(MemoryFileSystem(), {"name": "/a", "type": "file", "size": size})
    assert file.error == "cannot be read: it is no file, or its size is not known"
