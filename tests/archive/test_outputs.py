"""Stored rows: whole or not there at any moment, and nothing twice after a run was resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.archive import OutcomeRow, parquet, to_table
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.archive.parquet import ParquetFile, ParquetFolder
from planqk_protocol.archive.resumption import RowKey, known, microseconds, outdated

TIME = datetime(2026, 5, 1, 10, 0, 0, 123456, tzinfo=UTC)


class Output(Protocol):
    known: set[bytes]

    def write(self, row: OutcomeRow) -> None: ...
    def close(self) -> None: ...


def row(name: str, size: int = 1, error: str | None = None) -> OutcomeRow:
    return OutcomeRow(url=name, size=size, modified=TIME, error=error)


def key(of: OutcomeRow) -> RowKey:
    return RowKey(of.url, of.size, microseconds(of.modified), of.error is not None)


OUTPUTS: dict[str, Callable[[Path], Output]] = {
    "rows": ParquetFolder,
    "rows.parquet": ParquetFile,
    "rows.jsonl": JsonLinesFile,
}


def stored(path: Path) -> list[tuple[str, int]]:
    if path.suffix == ".jsonl":
        return [(item["url"], item["size"]) for item in map(json.loads, path.read_text().splitlines())]
    table = pq.read_table(path)
    return list(zip(table.column("url").to_pylist(), table.column("size").to_pylist(), strict=True))


@pytest.fixture(params=sorted(OUTPUTS))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def opened(path: Path) -> Output:
    return OUTPUTS[path.name](path)


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_MOST_ROWS", 2)
    monkeypatch.setattr(parquet, "_MOST_OBJECTS", 1)


@pytest.mark.usefixtures("_small_parts")
def test_rows_are_stored(path: Path) -> None:
    output = opened(path)
    assert not output.known
    for name in "abcde":
        output.write(row(name))
    output.close()
    assert stored(path) == [(name, 1) for name in "abcde"]
    assert not list(path.parent.glob("**/*.tmp"))
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_no_rows_are_an_output_too(path: Path) -> None:
    opened(path).close()
    assert path.exists()


@pytest.mark.usefixtures("_small_parts")
def test_a_killed_run_is_resumed(path: Path) -> None:
    killed = opened(path)
    for name in ("a", "b", "c", "d"):
        killed.write(row(name))
    del killed
    resumed = opened(path)
    assert resumed.known == {key(row(name)).digest for name in "abcd"}
    resumed.write(row("e"))
    resumed.close()
    assert stored(path) == [(name, 1) for name in "abcde"]


@pytest.mark.usefixtures("_small_parts")
def test_a_row_replaces_that_of_an_older_state_of_its_files(path: Path) -> None:
    for size, names in ((1, "abc"), (2, "bd"), (3, "b")):
        output = opened(path)
        for name in names:
            output.write(row(name, size))
        output.close()
    assert sorted(stored(path)) == [("a", 1), ("b", 3), ("c", 1), ("d", 2)]
    assert opened(path).known == {key(row(*item)).digest for item in stored(path)}


@pytest.mark.usefixtures("_small_parts")
def test_rows_with_errors_are_made_again(path: Path) -> None:
    output = opened(path)
    for item in (row("a", error="x"), row("b"), row("gone", error="x"), row("gone too", error="x")):
        output.write(item)
    output.close()
    output = opened(path)
    assert output.known == {key(row("b")).digest}
    output.write(row("a"))
    output.write(row("c", error="x"))
    output.close()
    assert sorted(stored(path)) == [("a", 1), ("b", 1), ("c", 1)]


def test_half_a_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    output = opened(path)
    output.write(row("a"))
    del output
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    output = opened(path)
    assert len(output.known) == 1
    output.write(row("b"))
    output.close()
    assert stored(path) == [("a", 1), ("b", 1)]


def test_a_file_that_is_no_output_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "rows.jsonl"
    other.write_text('{"a": 1}\n')
    with pytest.raises(ValueError, match="missing required field `url`"):
        JsonLinesFile(other)
    other = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"url": ["a"]}), other)
    with pytest.raises(ValueError, match="has another schema than this version writes"):
        ParquetFile(other)
    other.write_text("no parquet")
    with pytest.raises(pa.ArrowInvalid):
        ParquetFile(other)


def test_a_part_is_stored_after_a_while_and_when_its_texts_are_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = ParquetFolder(tmp_path)
    output.write(row("a"))
    assert not output.parts
    monkeypatch.setattr(parquet, "_LONGEST_WAIT", 0)
    output.write(row("b"))
    assert len(output.parts) == 1
    monkeypatch.setattr(parquet, "_LONGEST_WAIT", 1000)
    monkeypatch.setattr(parquet, "_MOST_TEXT", 10)
    output.write(OutcomeRow(url="c", result="1234567", last_interim="89"))
    assert len(output.parts) == 1
    output.write(OutcomeRow(url="d", result="1"))
    assert len(output.parts) == 2


def test_a_file_that_was_joined_by_a_killed_run_is_not_joined_twice(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    killed = ParquetFile(path)
    killed.write(row("a"))
    killed._store()  # noqa: SLF001
    pq.write_table(to_table([row("a")]), path)  # and it is killed before it removes the parts
    resumed = ParquetFile(path)
    resumed.write(row("b"))
    resumed.close()
    assert stored(path) == [("a", 1), ("b", 1)]


KEYS = st.builds(RowKey, st.sampled_from("abc"), st.integers(0, 2), st.none(), st.booleans())


@given(st.lists(KEYS), st.integers(0, 5))
def test_of_each_url_the_last_row_is_kept(keys: list[RowKey], before: int) -> None:
    dropped = outdated(keys, before)
    kept = [item for number, item in enumerate(keys) if number not in dropped]
    assert len({item.url for item in kept}) == len(kept)
    assert all(not item.has_error or item in keys[before:] for item in kept)
    last = {item.url: (number, item) for number, item in enumerate(keys)}
    expected = {url for url, (number, item) in last.items() if not (item.has_error and number < before)}
    assert {item.url for item in kept} == expected
    assert known(kept) == {item.digest for item in kept if not item.has_error}
