"""Files that several paths, patterns and links name: each is found once, in any order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive.search import Search
from planqk_protocol.archive.stored import StoredCapture
from tests.archive.harness import UID, captures, docker_config, names, write

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


@pytest.mark.parametrize("pattern", ["", "/*.log"])
def test_many_arguments_cost_no_more_than_one_for_each_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    folders = [f"{number:02}" for number in range(100)]
    write(tmp_path, {f"{folder}/a.log": b"" for folder in folders})
    asked, real = Counter[str](), Search.covers

    def covers(search: Search, path: str) -> bool:
        asked[path] += 1
        return real(search, path)

    monkeypatch.setattr(Search, "covers", covers)
    assert len(captures(*(f"{tmp_path}/{folder}{pattern}" for folder in folders))) == len(folders)
    assert max(asked.values(), default=0) <= 3
