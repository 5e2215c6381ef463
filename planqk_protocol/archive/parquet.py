"""Rows as Parquet: in parts, each of which is whole or not there, so that a run can be killed and resumed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from planqk_protocol.archive.resumption import RowKey, known, outdated
from planqk_protocol.archive.rows import OutcomeRow, schema, to_table

__all__ = ["ParquetFile", "ParquetFolder"]

_MOST_ROWS = 10_000  # of a part
_MOST_OBJECTS = 500  # rows that are Python objects: in Arrow they take a tenth of the memory
_MOST_TEXT = 64 * 1024 * 1024  # characters of results in a part
_LONGEST_WAIT = 60  # seconds until rows are in a part; a killed run reads no more than that again
_KEYS = ["url", "size", "modified", "error"]


class ParquetFolder:
    """A folder of Parquet files. Readers take it as one table.

    Args:
        folder: The folder. It is made if it is not there.

    Attributes:
        known: The digests of the rows in it that need not be made again.

    Raises:
        OSError: The folder cannot be read or made.
        ValueError: A part in it is not Parquet, or has another schema.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._before = sum(_checked(part).num_rows for part in self.parts)
        self._next = 1 + max((int(part.stem.rpartition("-")[2]) for part in self.parts), default=0)
        self._rows: list[OutcomeRow] = []
        self._tables: list[pa.Table] = []  # the rows of the part before these
        self._count = 0  # of rows in the part
        self._text = 0
        self._since = time.monotonic()
        self.known = known(self._keys())

    @property
    def parts(self) -> list[Path]:
        """The files of the folder, in the order in which they were written."""
        return sorted(self._folder.glob("part-*.parquet"))

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
            self._store()

    def close(self) -> None:
        """Store what is left, and drop rows that are out of date."""
        self._store()
        for part, dropped in self._dropped():
            if len(dropped) == pq.read_metadata(part).num_rows:
                part.unlink()
            elif dropped:
                _replace(part, _tables(part, dropped))

    def _dropped(self) -> Iterator[tuple[Path, set[int]]]:
        """The parts, each with the numbers of the rows in it that are out of date."""
        dropped = outdated(self._keys(), self._before) if self._before else set[int]()
        first = 0
        for part in self.parts:
            size = pq.read_metadata(part).num_rows
            yield part, {number - first for number in dropped if first <= number < first + size}
            first += size

    def _store(self) -> None:
        if self._count:
            tables = [*self._tables, to_table(self._rows)]
            _replace(self._folder / f"part-{self._next:08}.parquet", [pa.concat_tables(tables)])
            self._next += 1
        self._rows, self._tables, self._count, self._text = [], [], 0, 0
        self._since = time.monotonic()

    def _keys(self) -> Iterator[RowKey]:
        for part in self.parts:
            for batch in pq.ParquetFile(part).iter_batches(columns=_KEYS):
                modified = batch.column("modified").cast(pa.int64())
                for url, size, at, error in zip(
                    *(batch.column(name).to_pylist() for name in ("url", "size")),
                    modified.to_pylist(),
                    batch.column("error").is_valid().to_pylist(),
                    strict=True,
                ):
                    yield RowKey(url, size, at, error)


class ParquetFile(ParquetFolder):
    """One Parquet file. Until it is complete, its parts stand in a folder beside it.

    Args:
        path: The file. If it is there, its rows are the first ones.

    Raises:
        OSError: The file cannot be read, or the folder not made.
        ValueError: The file is not Parquet, or has another schema.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        folder = Path(f"{path}.parts")
        if path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            copy = folder / "copy.tmp"
            shutil.copyfile(path, copy)
            copy.replace(folder / "part-00000000.parquet")  # before all parts that a killed run left
        super().__init__(folder)

    def close(self) -> None:
        """Store what is left, and make one file of all parts."""
        self._store()
        _replace(self._path, (table for part, dropped in self._dropped() for table in _tables(part, dropped)))
        shutil.rmtree(self._folder)


def _tables(part: Path, dropped: set[int]) -> Iterator[pa.Table]:
    """The rows of a part, but those with some numbers, a group at a time."""
    file = pq.ParquetFile(part)
    first = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        yield table.filter(pa.array([number not in dropped for number in range(first, first + len(table))]))
        first += len(table)


def _checked(part: Path) -> pq.FileMetaData:
    """The metadata of a part.

    Raises:
        ValueError: It has another schema.
    """
    metadata = pq.read_metadata(part)
    if not metadata.schema.to_arrow_schema().equals(schema()):
        raise ValueError(f"{part} has another schema than this version writes; choose another output")
    return metadata


def _replace(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write a file as a whole: whoever looks sees the old file or the new one."""
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("wb") as file:
        with pq.ParquetWriter(file, schema(), compression="zstd") as writer:
            for table in tables:
                writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
