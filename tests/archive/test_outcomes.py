"""Archives as a whole: rows depend on the files alone, and each file is in one row."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planqk_protocol.archive import OutcomeRow, outcomes, to_table
from planqk_protocol.archive.listing import listed_captures
from tests.archive.harness import mixed_archive, rows_in, untimed


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    mixed_archive(folder)
    return folder


@pytest.fixture(scope="module")
def expected(archive: Path) -> list[OutcomeRow]:
    return rows_in(archive)


@settings(max_examples=30)
@given(batch=st.integers(1, 2**22), jobs=st.sampled_from([0, 1, 3]), seed=st.integers(0, 99))
def test_rows_do_not_depend_on_executor_batch_or_order(
    archive: Path, expected: list[OutcomeRow], batch: int, jobs: int, seed: int
) -> None:
    urls = [archive, archive / "*", archive / "**", *archive.iterdir()]
    random.Random(seed).shuffle(urls)  # noqa: S311  # no secret
    urls = [url for url in urls if "docker" not in url.name and "pods" not in url.name]
    if jobs == 0:
        assert rows_in(*urls, archive, batch=batch) == expected
    else:
        with ThreadPoolExecutor(jobs) as threads:
            rows = untimed(outcomes([*map(str, urls), str(archive)], batch=batch, executor=threads))
        assert rows == expected


def test_each_file_is_in_one_row(archive: Path, expected: list[OutcomeRow]) -> None:
    found = [file for row in expected for file in row.files]
    beside = {archive / "docker/a/config.v2.json", archive / "docker/a/hostname"}
    paths = {path for path in archive.rglob("*") if not path.is_dir()} - beside
    assert sorted(found) == sorted(map(str, paths))
    assert len(list(listed_captures([str(archive)]))) == len(expected)


def test_what_is_known_of_a_mixed_archive(archive: Path, expected: list[OutcomeRow]) -> None:
    known = {
        str(Path(row.url).relative_to(archive)): (row.status, row.result, row.error is not None)
        for row in expected
    }
    pod = next(name for name in known if name.endswith("/0.log")).removesuffix("/0.log")
    assert known == {
        "docker/a/a-json.log": ("FAILED", "42", False),
        f"{pod}/0.log": ("UNKNOWN", None, False),
        f"{pod}/1.log": ("UNKNOWN", "42", False),
        "plain.log": ("UNKNOWN", "42", False),
        "empty.log": ("UNKNOWN", None, False),
        "broken.gz": ("UNKNOWN", "42", False),
        "doubtful.log": (None, None, True),
        "noise": ("UNKNOWN", None, False),
        "dangling": (None, None, True),
    }


def test_the_rows_of_any_archive_are_a_table(expected: list[OutcomeRow]) -> None:
    assert to_table(expected).num_rows == len(expected)


def test_one_string_is_refused_as_its_letters_would_be_paths() -> None:
    with pytest.raises(TypeError, match="give a list"):
        outcomes("/var/log")


def test_paths_may_be_objects(archive: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        [row] = outcomes([archive / "plain.log"], executor=threads)
    assert row.url == f"{archive}/plain.log"
