"""What paths, patterns and URLs name: each file once, in the captures that it belongs to."""

from __future__ import annotations

import functools
import os
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive.listing import listed_captures
from planqk_protocol.archive.store_entries import stored_file
from planqk_protocol.archive.stored import StoredCapture
from tests.archive.harness import UID, docker_config, write

LOGS = {
    "a/x.log": b"12",
    "a/x.log.1": b"345",
    "a/deep/y.log": b"6",
    "b/z.txt": b"",
    "b/w.log": b"1",
}


def captures(*urls: str | Path) -> list[StoredCapture]:
    return [listed.capture for listed in listed_captures(map(str, urls))]


def names(folder: Path, *urls: str | Path) -> list[list[str]]:
    """The files of each capture, relative to a folder."""
    found = [[os.path.relpath(file.url, folder) for file in capture.files] for capture in captures(*urls)]
    return sorted(found)


def unreadable(monkeypatch: pytest.MonkeyPatch, *paths: str) -> list[str]:
    """Let folders be unreadable. Returns the folders that are listed from now on."""
    real, listed = os.scandir, list[str]()

    def scandir(path: str) -> object:
        if path in paths:
            raise PermissionError(13, "Permission denied")
        listed.append(path)
        return real(path)

    monkeypatch.setattr("planqk_protocol.archive.store_entries.os.scandir", scandir)
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
    assert (unmatched.url, unmatched.fault) == (
        f"{folder}/*.csv",
        "nothing is there that matches the pattern",
    )


def test_an_empty_folder_is_nothing(tmp_path: Path) -> None:
    assert captures(tmp_path) == []


TREE = {
    "a/x.log": b"12",
    "a/x.log.1": b"345",
    "a/x.log.2.gz": b"",
    "a/deep/y.log-20260501": b"6",
    "a/deep/y.log": b"",
    "a/deep/config.v2.json": docker_config(),
    "a/deep/hostname": b"",
    "b/0.log": b"",
    "b/0.log.20260501-100000": b"1",
    "b/1.log": b"1",
    "b/other.txt": b"",
    "d/config.v2.json": docker_config(),
    "d/local-logs/container.log": b"",
    "d/local-logs/container.log.1.gz": b"1",
    "d/logs/of-no-container.log": b"",
}
LINKS = {"links/0.log": "b/0.log", "links/current": "a/deep", "links/b": "b", "a/nowhere": "gone"}
URLS = [
    *(
        "",
        "a",
        "a/x.log",
        "a/x.log.1",
        "a/x.log.9",
        "a/x*.1",
        "*",
        "**/*.log",
        "b/*",
        "b/*.log.*",
        "a/deep/hostname",
    ),
    *(
        "a/nowhere",
        "a/deep",
        "a/deep/y.log",
        "b/other.txt",
        "links",
        "links/*",
        "links/0.log",
        "links/current",
    ),
    *(
        "links/*/*.log",
        "links/b/1.log",
        "links/**",
        "gone/*.log",
        "gone",
        "b/0.log/*",
        "*/[x-y]*",
        "?/**/y.*",
        "b/*.csv",
    ),
    *("d", "d/*/*.log", "d/local-logs", "d/l*", "d/local-logs/container.log", "d/logs/of-no-container.log"),
]


def as_set(found: list[StoredCapture]) -> set[StoredCapture]:
    assert len(set(found)) == len(found)
    return set(found)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    write(root, TREE)
    (root / "links").mkdir()
    for link, target in LINKS.items():
        (root / link).symlink_to(root / target)
    return root


@given(urls=st.lists(st.sampled_from(URLS), min_size=1, max_size=6), data=st.data())
def test_the_order_of_the_urls_does_not_matter(tree: Path, urls: list[str], data: st.DataObject) -> None:
    in_order = as_set(captures(*(tree / url for url in urls)))
    other = data.draw(st.permutations(urls))
    assert as_set(captures(*(tree / url for url in other))) == in_order
    one_by_one = set().union(*(captures(tree / url) for url in urls))
    assert in_order <= one_by_one
    assert all(capture.fault and "a link to a folder" in capture.fault for capture in one_by_one - in_order)


@given(urls=st.lists(st.sampled_from(URLS), min_size=1, max_size=6))
def test_a_file_is_found_once_whatever_names_it(tree: Path, urls: list[str]) -> None:
    found = [path for capture in names(tree, *(tree / url for url in urls)) for path in capture]
    assert len(found) == len(set(found))


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


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    pod = f"pods/default_job_{UID}/main"
    write(tmp_path, {f"{pod}/0.log": b"1", f"{pod}/0.log.20260501-100000": b"2"})
    (tmp_path / "containers").mkdir()
    link = tmp_path / "containers" / f"job_default_main-{'a' * 64}.log"
    link.symlink_to(tmp_path / pod / "0.log")
    log = [[f"{pod}/0.log.20260501-100000", f"{pod}/0.log"]]
    for urls in (
        [link],
        [link.parent],
        [link.parent / "*.log"],
        [tmp_path],
        [link, tmp_path],
        [tmp_path, link],
    ):
        assert names(tmp_path, *urls) == log


def test_a_link_to_a_folder_is_followed_if_it_is_named_or_matched(tmp_path: Path) -> None:
    write(tmp_path, {"2026-05/deep/a.log": b"1", "2026-05/b.log": b"2"})
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "current").symlink_to(tmp_path / "2026-05")
    a, b = ["2026-05/deep/a.log"], ["2026-05/b.log"]
    for url, found in {
        "logs/current": [b, a],
        "logs/*": [b, a],
        "logs/*/*.log": [b],
        "logs/*/**/a.*": [a],
        "logs/current/*.log": [b],
        "logs/current/b.log": [b],
    }.items():
        assert names(tmp_path, tmp_path / url) == found
    for urls in (["logs", "2026-05"], ["logs", "logs/*"], [""]):
        given = [tmp_path / url for url in urls]
        assert names(tmp_path, *given) == names(tmp_path, *reversed(given)) == [b, a]
    [link] = captures(tmp_path / "logs")
    assert link.fault == "cannot be read: a link to a folder; give the folder itself"


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
    for named in (tmp_path / "a/a-json.log", tmp_path / "*" / "*.log"):
        [capture] = captures(named)
        assert capture.config is not None


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
    ],
)
def test_stores_tell_the_time_in_their_own_words(entry: dict[str, object], modified: str | None) -> None:
    file = stored_file(MemoryFileSystem(), {"name": "/a", "type": "file", "size": 1} | entry)
    assert (file.modified and file.modified.isoformat()) == modified


def test_a_file_of_unknown_size_is_not_read() -> None:
    file = stored_file(MemoryFileSystem(), {"name": "/a", "type": "file", "size": None})
    assert file.error == "cannot be read: it is no file, or its size is not known"
