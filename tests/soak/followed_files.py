"""A log that grows and is rotated, truncated and compressed while two readers follow it.

One is the command with ``--follow``; the other one is the library, which reads
the files that were rotated away, once they are complete, and the last one.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from job import Check, SoakError, cuts, line

from planqk_protocol import to_json_line
from planqk_protocol.captures import Source
from planqk_protocol.testing.writers import docker_json_file

__all__ = ["KINDS", "Log"]

_LINES = 200  # written at a time
_PAUSE = 0.02  # seconds between two writes
_PATIENCE = 60  # seconds
_PIECE = 65536
_ROTATED = 0.05  # how often a file is rotated behind a piece
_TRUNCATED = 0.02  # how often one is truncated behind the lines that are written at a time

Split = Callable[[bytes, random.Random], Iterator[bytes]]


def _records(data: bytes, _draw: random.Random) -> Iterator[bytes]:
    return iter(docker_json_file([("stdout", data)]).splitlines(keepends=True))


def _members(data: bytes, draw: random.Random) -> Iterator[bytes]:
    return (gzip.compress(piece, 1) for piece in cuts(data, draw))


KINDS: dict[str, tuple[str, Split]] = {
    "plain": ("raw", cuts),
    "json-file": ("docker-json-file", _records),
    "gzip": ("raw", _members),
}
"""Name → the format of the capture, and how lines become pieces of it, between which it may be rotated."""


class Log:
    """A log, who writes it, and who reads it.

    Args:
        kind: One of `KINDS`.
        folder: Where it is.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._format, self._split = KINDS[kind]
        self._draw = random.Random(kind)  # noqa: S311  # not a secret
        self._path = folder / f"{kind}.log"
        self._path.touch()
        self._written = 0  # lines
        self._first = 1  # number of the first line that begins in the file as it is
        self.counts = {"rotated": 0, "truncated": 0}
        self._source = Source(self._format)
        self._library = Check(f"{kind}, library")
        self._command = Check(f"{kind}, command")
        self._errors = (folder / f"{kind}.errors").open("w+b")
        follow = ("parse", "--follow", "--capture", self._capture, "--output", "jsonl", self._path)
        self.program = subprocess.Popen(
            [sys.executable, "-m", "planqk_protocol", *follow], stdout=subprocess.PIPE, stderr=self._errors
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def _capture(self) -> str:
        # A growing gzip file is decompressed where the format is not said to be raw.
        return "auto" if self.kind == "gzip" else self._format

    @property
    def lines(self) -> int:
        """Number of lines that were written."""
        return self._written

    def _read(self) -> None:
        assert self.program.stdout
        for record in self.program.stdout:
            self._command.take(json.loads(record))

    def step(self) -> None:
        """Write some lines; maybe rotate or truncate the file."""
        numbers = range(self._written + 1, self._written + 1 + _LINES)
        data = b"".join(map(line, numbers))
        for piece in self._split(data, self._draw):
            self._append(piece)
            if self._draw.random() < _ROTATED and self._command.seen >= self._first:
                self._rotate()
                self._first = self._written + 2 * _LINES  # a line that surely begins in the new file
        self._written += _LINES
        if self._draw.random() < _TRUNCATED:
            self._truncate()
        time.sleep(_PAUSE)

    def _append(self, piece: bytes) -> None:
        with self._path.open("ab", buffering=0) as file:
            half = self._draw.randrange(len(piece))
            for part in (piece[:half], piece[half:]):
                file.write(part)

    def _rotate(self) -> None:
        """Rename the file, as moby and kubelets do, and compress it while it may still be read."""
        self.counts["rotated"] += 1
        old = self._path.with_suffix(f".{self.counts['rotated']}")
        self._path.rename(old)
        self._path.touch()
        compressed = old.with_name(f"{old.name}.gz")
        compressed.write_bytes(gzip.compress(old.read_bytes(), 1))
        old.unlink()
        self._take_file(gzip.decompress(compressed.read_bytes()))
        compressed.unlink()

    def _truncate(self) -> None:
        """Copy the file and empty it, as logrotate's copytruncate does; what was not read by then is lost."""
        self._wait_for_command()
        self.counts["truncated"] += 1
        self._take_file(self._path.read_bytes())
        os.truncate(self._path, 0)
        self._first = self._written + 1

    def _take_file(self, data: bytes, *, is_last: bool = False) -> None:
        """Have the library read a file."""
        if self.kind == "gzip":
            data = gzip.decompress(data) if data else b""
        pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
        captured = [self._source.feed(piece) for piece in pieces]
        captured.append(self._source.close() if is_last else self._source.end_of_file())
        for part in captured:
            for notice in part.notices:
                raise SoakError(f"{self._library.reader}: {notice}")
            for event in part.events:
                self._library.take(json.loads(to_json_line(event)))

    def _wait_for_command(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._command.seen < self._written:
            if self._command.fault:
                raise SoakError(self._command.fault)
            if time.monotonic() > deadline or self.program.poll() is not None:
                came = f"{self._command.seen} lines of {self._written} came"
                raise SoakError(f"{self._command.reader}: {came}{self._said()}")
            time.sleep(0.01)

    def _said(self) -> str:
        self._errors.seek(0)
        return f"; it said: {self._errors.read()[-500:].decode(errors='replace')}"

    def end(self) -> None:
        """Have both readers read to the end, and see that they have read all."""
        self._wait_for_command()
        self._take_file(self._path.read_bytes(), is_last=True)
        if self._library.seen != self._written:
            raise SoakError(f"{self._library.reader}: {self._library.seen} lines of {self._written} came")
        self.program.send_signal(signal.SIGINT)
        self._reading.join(_PATIENCE)
        if self.program.wait(_PATIENCE) not in {0, 1} or self._command.fault:
            raise SoakError(f"{self._command.reader}: {self._command.fault}{self._said()}")

    def stop(self) -> None:
        """End the command, whatever it does."""
        self.program.kill()
        with self.program:
            self._errors.close()
