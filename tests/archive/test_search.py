"""What a pattern finds, and where it has to look."""

from __future__ import annotations

from itertools import accumulate

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive.search import Search

STORE = MemoryFileSystem()
PARTS = ["*", "**", "a", "a*", "?", "[ab]", "b"]
NAMES = ["a", "b", "ab", "c"]


@given(
    pattern=st.lists(st.sampled_from(PARTS), max_size=4),
    path=st.lists(st.sampled_from(NAMES), min_size=1, max_size=6),
)
def test_all_folders_above_what_a_pattern_covers_are_looked_into(pattern: list[str], path: list[str]) -> None:
    search = Search(STORE, "/logs", tuple(pattern))
    *folders, file = accumulate(path, lambda above, name: f"{above}/{name}")
    if search.covers(f"/logs/{file}"):
        assert all(search.may_find_in(f"/logs/{folder}") for folder in folders)


@given(
    pattern=st.lists(st.sampled_from(PARTS), min_size=1, max_size=4),
    path=st.lists(st.sampled_from(NAMES), min_size=2, max_size=6),
)
def test_the_pattern_in_a_folder_covers_the_same(pattern: list[str], path: list[str]) -> None:
    search = Search(STORE, "/logs", tuple(pattern))
    rest = search.pattern_in(f"/logs/{path[0]}")
    if rest is not None:
        inside = Search(STORE, f"/logs/{path[0]}", rest)
        assert inside.covers(f"/logs/{'/'.join(path)}") == search.covers(f"/logs/{'/'.join(path)}")


@pytest.mark.parametrize("root", ["", "/", "/logs"])
def test_without_a_pattern_all_in_the_folder_is_found(root: str) -> None:
    search = Search(STORE, root)
    inside = f"{root.rstrip('/')}/a" if root else "a"
    assert search.covers(root)
    assert search.covers(inside)
    assert search.may_find_in(inside)
    assert search.pattern_in(inside) is None
    assert root != "/logs" or not search.covers("/logs-of-others/a")


def test_folders_that_the_pattern_cannot_match_are_left_out() -> None:
    search = Search(STORE, "bucket", ("2026-05-*", "**", "*.log"))
    assert search.may_find_in("bucket/2026-05-01/deep/deeper")
    assert not search.may_find_in("bucket/2026-06-01")
    assert not search.covers("bucket/2026-06-01/a.log")
    assert not search.covers("other/2026-05-01/a.log")


def test_a_pattern_that_is_not_valid_is_refused() -> None:
    with pytest.raises(ValueError, match="can only be an entire path component"):
        Search(STORE, "/logs", ("a", "**b"))
