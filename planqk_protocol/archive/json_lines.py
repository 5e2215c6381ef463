"""Rows as JSON Lines, added to a file as they come, so that a run can be killed and resumed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from planqk_protocol.archive.resumption import EarlierRows, RowKey
from planqk_protocol.archive.rows import SCHEMA_VERSION, OutcomeRow, row_to_json_line
from planqk_protocol.buffer import LF

__all__ = ["JsonLinesFile"]

_LONGEST_WAIT = 0.1  # seconds from one write to the next, while rows come


class _StoredRow(msgspec.Struct):
    """The members that are read again of a row."""

    version: int
    url: str
    files: tuple[str, ...]
    fingerprint: str | None


class JsonLinesFile:
    """A file with one row on each line.

    Args:
        path: The file. It is made if it is not there.

    Attributes:
        earlier: The rows that earlier runs have left in it.

    Raises:
        OSError: The file cannot be read or made.
        ValueError: A line in it is not a row, or has another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self.earlier = EarlierRows(self._keys())
        os.truncate(path, sum(map(len, self._lines())))  # a killed run may have left half a line
        self._new: list[bytes] = []
        self._since = -_LONGEST_WAIT

    def write(self, row: OutcomeRow) -> None:
        """Add a row. If several come at a time, they are stored together."""
        self._new.append(row_to_json_line(row))
        if time.monotonic() - self._since >= _LONGEST_WAIT:
            self._store()

    def close(self) -> None:
        """Store what is left, and drop rows that are out of date."""
        self._store()
        keys = islice(self._keys(), self.earlier.count)
        stays = [self.earlier.stays(number, key) for number, key in enumerate(keys)]
        if not all(stays):
            unfinished = self._path.with_name(f"{self._path.name}.tmp")
            with unfinished.open("wb") as file:
                lines = enumerate(self._lines())
                file.writelines(line for number, line in lines if number >= len(stays) or stays[number])
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)

    def _store(self) -> None:
        with self._path.open("ab") as file:
            file.writelines(self._new)
        self._new.clear()
        self._since = time.monotonic()

    def _lines(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from (line for line in file if line.endswith(LF))

    def _keys(self) -> Iterator[RowKey]:
        decode = msgspec.json.Decoder(_StoredRow).decode
        for number, line in enumerate(self._lines(), 1):
            try:
                row = decode(line)
            except ValueError as error:
                raise ValueError(f"line {number} of {self._path} is not a row: {error}") from None
            if row.version != SCHEMA_VERSION:
                raise ValueError(
                    f"line {number} of {self._path} has version {row.version} of the columns, and this "
                    f"program writes version {SCHEMA_VERSION}; choose another output"
                )
            yield RowKey(row.url, row.files, row.fingerprint)
