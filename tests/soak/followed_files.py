"""A log that grows and is rotated, truncated and compressed while two readers follow it.

One is the command with ``--follow``; the other one is the library, which reads
the files that were rotated away, once they are complete, and the last one.
"""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from followers import Command
from job import Check, SoakError, cuts, lines

from planqk_protocol import to_json_line
from planqk_protocol.captures import Source
from planqk_protocol.testing.writers import docker_json_file

__all__ = ["KINDS", "FollowedFile"]

_LINES = 200  # written at a time
_PIECE = 65536
_ROTATED = 0.05  # how often a file is rotated behind a piece
_TRUNCATED = 0.02  # how often one is truncated behind the lines that are written at a time

Split = Callable[[bytes, random.Random], Iterator[bytes]]


def _records(data: bytes, _draw: random.Random) -> Iterator[bytes]:
    return iter(docker_json_file([("stdout", data)]).splitlines(keepends=True))


def _members(data: bytes, draw: random.Random) -> Iterator[bytes]:
    return (gzip.compress(piece, 1) for piece in cuts(data, draw))


KINDS: dict[str, tuple[str, str, Split]] = {
    "plain": ("raw", "raw", cuts),
    "json-file": ("docker-json-file", "docker-json-file", _records),
    "gzip": ("raw", "auto", _members),  # what is said to be raw is not decompressed
}
"""Name → the format, what the command is told of it, and how lines become pieces of a file.

Files are rotated between such pieces.
"""


class FollowedFile:
    """A log, who writes it, and who reads it.

    Args:
        kind: One of `KINDS`.
        folder: Where it is.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        format_id, capture, self._split = KINDS[kind]
        self._draw = random.Random(kind)  # noqa: S311  # not a secret
        self._path = folder / f"{kind}.log"
        self._path.touch()
        self._written = 0  # lines
        self._first = 1  # number of the first line that surely begins in the file as it is
        self._counts = {"rotated": 0, "truncated": 0}
        self._source = Source(format_id)
        self._library = Check(f"library, {kind}")
        self.command = Command(kind, ["--follow", "--capture", capture, str(self._path)], folder)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} times {what}" for what, count in self._counts.items())
        return f"{self._kind}: {self._written} lines, {counts}"

    def step(self) -> None:
        """Write some lines; maybe rotate or truncate the file."""
        data = lines(self._written + 1, _LINES)
        for piece in self._split(data, self._draw):
            self._append(piece)
            if self._draw.random() < _ROTATED and self.command.check.seen >= self._first:
                self._rotate()
                self._first = self._written + 2 * _LINES
        self._written += _LINES
        if self._draw.random() < _TRUNCATED:
            self._truncate()

    def _append(self, piece: bytes) -> None:
        with self._path.open("ab", buffering=0) as file:
            half = self._draw.randrange(len(piece))
            for part in (piece[:half], piece[half:]):
                file.write(part)

    def _rotate(self) -> None:
        """Rename the file, as moby and kubelets do, and compress it while it may still be read."""
        self._counts["rotated"] += 1
        old = self._path.with_suffix(f".{self._counts['rotated']}")
        self._path.rename(old)
        self._path.touch()
        compressed = old.with_name(f"{old.name}.gz")
        compressed.write_bytes(gzip.compress(old.read_bytes(), 1))
        old.unlink()
        self._take_file(gzip.decompress(compressed.read_bytes()))
        compressed.unlink()

    def _truncate(self) -> None:
        """Copy the file and empty it, as logrotate's copytruncate does; what was not read by then is lost."""
        self.command.wait_for(self._written)
        self._counts["truncated"] += 1
        self._take_file(self._path.read_bytes())
        os.truncate(self._path, 0)
        self._first = self._written + 1

    def _take_file(self, data: bytes, *, is_last: bool = False) -> None:
        """Have the library read a file."""
        if self._kind == "gzip":
            data = gzip.decompress(data) if data else b""
        pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
        captured = [self._source.feed(piece) for piece in pieces]
        captured.append(self._source.close() if is_last else self._source.end_of_file())
        for part in captured:
            for notice in part.notices:
                raise SoakError(f"{self._library.reader}: {notice}")
            for event in part.events:
                self._library.take(json.loads(to_json_line(event)))

    def end(self) -> None:
        """Have both readers read to the end, and see that they have read all."""
        self.command.wait_for(self._written)
        self._take_file(self._path.read_bytes(), is_last=True)
        if self._library.seen != self._written:
            raise SoakError(f"{self._library.reader}: {self._library.seen} lines of {self._written} came")
        self.command.end(is_told=True)

    def stop(self) -> None:
        """End the command, whatever it does."""
        self.command.stop()
