"""Rows as Parquet: in parts, each of which is whole or not there, so that a run can be killed and resumed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from planqk_protocol.archive.resumption import EarlierRows, RowKey
from planqk_protocol.archive.rows import OutcomeRow, schema, to_table

__all__ = ["ParquetFile", "ParquetFolder"]

_MOST_ROWS = 10_000  # of a part
_MOST_OBJECTS = 500  # rows that are Python objects: in Arrow they take a tenth of the memory
_MOST_TEXT = 64 * 1024 * 1024  # characters of results in a part
_LONGEST_WAIT = 60  # seconds until rows are in a part; a killed run reads no more than that again
_KEYS = ["url", "files", "fingerprint"]


class ParquetFolder:
    """A folder of Parquet files. Readers take it as one table.

    Args:
        folder: The folder. It is made if it is not there.

    Attributes:
        earlier: The rows that earlier runs have left in it.

    Raises:
        OSError: The folder cannot be read or made.
        ValueError: A part in it is not Parquet, or has other columns.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._earlier_parts = self.parts
        for part in self._earlier_parts:
            _check(part)
        self._next = 1 + max(map(_number, self._earlier_parts), default=0)
        self._rows: list[OutcomeRow] = []
        self._tables: list[pa.Table] = []  # the rows of the part before these
        self._count = 0  # of rows in the part
        self._text = 0
        self._since = time.monotonic()
        self.earlier = EarlierRows(key for part in self._earlier_parts for key in _keys(part))

    @property
    def parts(self) -> list[Path]:
        """The files of the folder, in the order in which they were written."""
        return sorted(part for part in self._folder.glob("part-*.parquet") if _number(part) >= 0)

    def write(self, row: OutcomeRow) -> None:
        """Add a row. It is stored with the next part."""
        self._rows.append(row)
        self._count += 1
        self._text += len(row.result or "") + len(row.last_interim or "")
        if len(self._rows) >= _MOST_OBJECTS:
            self._tables.append(to_table(self._rows))
            self._rows = []
        is_full = self._count >= _MOST_ROWS or self._text >= _MOST_TEXT
        if is_full or time.monotonic() - self._since >= _LONGEST_WAIT:
            self._write_part()

    def close(self) -> None:
        """Store what is left, and drop rows that are out of date."""
        self._write_part()
        for part, stays in self._earlier_rows():
            if not any(stays):
                part.unlink()
            elif not all(stays):
                _replace(part, _tables(part, stays))

    def _earlier_rows(self) -> Iterator[tuple[Path, list[bool]]]:
        """The parts that were there at the beginning. Of each row in them, whether it stays."""
        first = 0
        for part in self._earlier_parts:
            stays = [self.earlier.stays(number, key) for number, key in enumerate(_keys(part), first)]
            yield part, stays
            first += len(stays)

    def _write_part(self) -> None:
        if self._count:
            tables = [*self._tables, to_table(self._rows)]
            _replace(self._folder / f"part-{self._next:08}.parquet", [pa.concat_tables(tables)])
            self._next += 1
        self._rows, self._tables, self._count, self._text = [], [], 0, 0
        self._since = time.monotonic()


class ParquetFile(ParquetFolder):
    """One Parquet file. Until it is complete, its parts stand in a folder beside it.

    Args:
        path: The file. If it is there, its rows are the first ones.

    Raises:
        OSError: The file cannot be read, or the folder not made.
        ValueError: The file is not Parquet, or has other columns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        folder = Path(f"{path}.parts")
        self._whole = folder / "whole.parquet"
        if self._whole.exists():  # a run was killed while it ended
            self._publish(folder)
        if path.exists():
            _check(path)
            folder.mkdir(exist_ok=True)
            copy = folder / "copy.tmp"
            shutil.copyfile(path, copy)
            copy.replace(folder / "part-00000000.parquet")  # before all parts that a killed run left
        super().__init__(folder)

    def close(self) -> None:
        """Store what is left, and make one file of all parts."""
        self._write_part()
        _replace(self._whole, self._all_tables())
        self._publish(self._folder)

    def _all_tables(self) -> Iterator[pa.Table]:
        for part, stays in self._earlier_rows():
            yield from _tables(part, stays)
        for part in self.parts[len(self._earlier_parts) :]:
            yield from _tables(part, None)

    def _publish(self, folder: Path) -> None:
        # The parts go first: after a kill, they must not come beside the file that is made of them.
        for part in folder.glob("part-*.parquet"):
            part.unlink()
        self._whole.replace(self._path)
        shutil.rmtree(folder)


def _number(part: Path) -> int:
    """The number of a part; -1 if a file has another name."""
    digits = part.stem.removeprefix("part-")
    return int(digits) if digits.isdecimal() else -1


def _keys(part: Path) -> Iterator[RowKey]:
    for batch in pq.ParquetFile(part).iter_batches(columns=_KEYS):
        columns = (batch.column(name).to_pylist() for name in _KEYS)
        yield from (RowKey(url, tuple(files), mark) for url, files, mark in zip(*columns, strict=True))


def _tables(part: Path, stays: list[bool] | None) -> Iterator[pa.Table]:
    """The rows of a part, a group at a time: all of them, or those that stay."""
    file = pq.ParquetFile(part)
    first = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        first, before = first + len(table), first
        yield table if stays is None else table.filter(pa.array(stays[before:first], pa.bool_()))


def _check(part: Path) -> None:
    """Check that rows can be added to a part.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not Parquet, or has other columns.
    """
    try:
        found = pq.read_schema(part)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{part} is not Parquet; choose another output: {error}") from None
    if not found.equals(schema()) or found.metadata != schema().metadata:
        raise ValueError(f"{part} has other columns than this version writes; choose another output")


def _replace(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write a file as a whole: whoever looks sees the old file or the new one."""
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("wb") as file:
        with pq.ParquetWriter(file, schema(), compression="zstd") as writer:
            for table in tables:
                if table.num_rows:
                    writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
