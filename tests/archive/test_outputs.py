"""Stored rows: whole or not there at any moment, and nothing twice after a run was resumed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from planqk_protocol.archive import OutcomeRow, json_lines, parquet, row_to_json_line, to_table
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.archive.parquet import ParquetFile, ParquetFolder
from planqk_protocol.archive.resumption import EarlierRows
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from tests.archive.harness import OPTIONS

TIME = datetime(2026, 5, 1, 10, 0, 0, 123456, tzinfo=UTC)


class Output(Protocol):
    earlier: EarlierRows

    def write(self, row: OutcomeRow) -> None: ...
    def close(self) -> None: ...


def capture(name: str, size: int = 1) -> StoredCapture:
    return StoredCapture((StoredFile(name, name, size, TIME),))


def row(name: str, size: int = 1, error: str | None = None) -> OutcomeRow:
    fingerprint = None if error else OPTIONS.fingerprint(capture(name, size))
    return OutcomeRow(url=name, files=(name,), size=size, modified=TIME, fingerprint=fingerprint, error=error)


def unread(output: Output, names: str, size: int = 1) -> str:
    """The logs that a run must read, of those that it finds."""
    return "".join(name for name in names if output.earlier.must_be_read(capture(name, size), OPTIONS))


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
    monkeypatch.setattr(json_lines, "_LONGEST_WAIT", 0)


@pytest.mark.usefixtures("_small_parts")
def test_rows_are_stored(path: Path) -> None:
    output = opened(path)
    assert unread(output, "abcde") == "abcde"
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
    assert unread(resumed, "abcde") == "e"
    resumed.write(row("e"))
    resumed.close()
    assert stored(path) == [(name, 1) for name in "abcde"]


@pytest.mark.usefixtures("_small_parts")
def test_a_row_replaces_that_of_an_older_state_of_its_files(path: Path) -> None:
    for size, names in ((1, "abc"), (2, "bd"), (3, "b")):
        output = opened(path)
        assert unread(output, names, size) == names
        for name in names:
            output.write(row(name, size))
        output.close()
    assert sorted(stored(path)) == [("a", 1), ("b", 3), ("c", 1), ("d", 2)]
    output = opened(path)
    assert [unread(output, *item) for item in stored(path)] == [""] * 4


@pytest.mark.usefixtures("_small_parts")
def test_a_row_with_an_error_is_made_again_if_its_log_is_found(path: Path) -> None:
    output = opened(path)
    for item in (row("a", error="x"), row("b"), row("elsewhere", error="x")):
        output.write(item)
    output.close()
    output = opened(path)
    assert unread(output, "abc") == "ac"
    output.write(row("a"))
    output.write(row("c", error="x"))
    output.close()
    assert sorted(stored(path)) == [("a", 1), ("b", 1), ("c", 1), ("elsewhere", 1)]


@pytest.mark.usefixtures("_small_parts")
def test_a_log_that_is_read_and_not_written_loses_its_row(path: Path) -> None:
    output = opened(path)
    for name in "abc":
        output.write(row(name))
    output.close()
    output = opened(path)
    assert unread(output, "ab", 2) == "ab"
    output.write(row("b", 2))
    output.close()
    assert sorted(stored(path)) == [("b", 2), ("c", 1)]


def test_half_a_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    output = opened(path)
    output.write(row("a"))
    del output
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    output = opened(path)
    assert unread(output, "ab") == "b"
    output.write(row("b"))
    output.close()
    assert stored(path) == [("a", 1), ("b", 1)]


def test_a_file_that_is_no_output_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "rows.jsonl"
    other.write_bytes(row_to_json_line(row("a")) + b'{"version": 1}\n')
    with pytest.raises(ValueError, match=r"line 2 of .*rows.jsonl is not a row: .* required field `url`"):
        JsonLinesFile(other)
    other = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"url": ["a"]}), other)
    with pytest.raises(ValueError, match=r"rows.parquet has other columns than this version writes"):
        ParquetFile(other)
    other.write_text("no parquet")
    with pytest.raises(ValueError, match=r"rows.parquet is not Parquet; choose another output"):
        ParquetFile(other)
    assert list(tmp_path.glob("*.parquet*")) == [other]


def test_rows_of_another_version_are_refused(tmp_path: Path) -> None:
    lines = tmp_path / "rows.jsonl"
    lines.write_bytes(row_to_json_line(row("a")).replace(b'"version":1', b'"version":99'))
    with pytest.raises(ValueError, match=r"line 1 of .* has version 99 of the columns, and this program"):
        JsonLinesFile(lines)
    table = to_table([row("a")]).replace_schema_metadata({"planqk_protocol.archive": "99"})
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="has other columns than this version writes"):
        ParquetFile(tmp_path / "rows.parquet")


def test_other_files_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "part-abc.parquet").write_text("no part")
    for name in "ab":
        output = ParquetFolder(tmp_path)
        output.write(row(name))
        output.close()
    assert [stored(part) for part in ParquetFolder(tmp_path).parts] == [[("a", 1)], [("b", 1)]]
    assert (tmp_path / "part-abc.parquet").read_text() == "no part"


def test_no_group_of_rows_is_empty(tmp_path: Path) -> None:
    for size in range(4):
        output = ParquetFile(tmp_path / "rows.parquet")
        assert unread(output, "a", size) == "a"
        output.write(row("a", size))
        output.close()
    assert pq.read_metadata(tmp_path / "rows.parquet").num_row_groups == 1
    assert stored(tmp_path / "rows.parquet") == [("a", 3)]


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


def test_a_file_that_a_killed_run_completed_is_not_joined_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.parquet"
    killed = ParquetFile(path)
    killed.write(row("a"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            killed.close()
    assert not path.exists()
    resumed = ParquetFile(path)
    assert stored(path) == [("a", 1)]
    resumed.write(row("b"))
    resumed.close()
    assert stored(path) == [("a", 1), ("b", 1)]
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
