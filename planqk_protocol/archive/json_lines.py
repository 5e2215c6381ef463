"""Rows as JSON Lines, added to a file one by one, so that a run can be killed and resumed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from planqk_protocol.archive.resumption import RowKey, known, microseconds, outdated
from planqk_protocol.archive.rows import OutcomeRow, row_to_json_line
from planqk_protocol.buffer import LF

__all__ = ["JsonLinesFile"]


class _StoredRow(msgspec.Struct):
    """The members that are read again of a row."""

    url: str
    size: int
    modified: datetime | None
    error: str | None


class JsonLinesFile:
    """A file with one row on each line.

    Args:
        path: The file. It is made if it is not there.

    Attributes:
        known: The digests of the rows in it that need not be made again.

    Raises:
        OSError: The file cannot be read or made.
        msgspec.DecodeError: A line in it is not a row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self.known = known(self._keys())
        self._before = sum(1 for _ in self._lines())
        os.truncate(path, sum(map(len, self._lines())))  # a killed run may have left half a line

    def write(self, row: OutcomeRow) -> None:
        """Add a row."""
        with self._path.open("ab") as file:
            file.write(row_to_json_line(row))

    def close(self) -> None:
        """Drop rows that are out of date."""
        dropped = outdated(self._keys(), self._before) if self._before else set[int]()
        if dropped:
            unfinished = self._path.with_name(f"{self._path.name}.tmp")
            with unfinished.open("wb") as file:
                file.writelines(line for number, line in enumerate(self._lines()) if number not in dropped)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)

    def _lines(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from (line for line in file if line.endswith(LF))

    def _keys(self) -> Iterator[RowKey]:
        decode = msgspec.json.Decoder(_StoredRow).decode
        for line in self._lines():
            row = decode(line)
            yield RowKey(row.url, row.size, microseconds(row.modified), row.error is not None)
