"""A log that grows and is rotated, truncated and compressed while two readers follow it.

One is the command with ``--follow``; the other one is the library, which reads
the files that were rotated away, once they are complete, and the last one.
"""

from __future__ import annotations

import gzip
import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from planqk_protocol.testing.engine_writers import docker_json_file
from tests.soak.followers import COMMAND, Follower
from tests.soak.job import cuts, lines

__all__ = ["KINDS", "FollowedFile"]

_LINES = 200  # written at a time
_LIBRARY = Path(__file__).with_name("library.py")
_ROTATED = 0.05  # how often a file is rotated after a piece
_TRUNCATED = 0.02  # how often one is truncated after the lines that are written at a time

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
        arguments = [*COMMAND, "--follow", "--capture", capture, str(self._path)]
        self._command = Follower(f"command, {kind}", arguments, folder)
        self._library = Follower(f"library, {kind}", [str(_LIBRARY), format_id], folder)
        self.followers = [self._command, self._library]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} times {what}" for what, count in self._counts.items())
        return f"{self._kind}: {self._written} lines, {counts}"

    def step(self) -> None:
        """Write some lines; maybe rotate or truncate the file."""
        data = lines(self._written + 1, _LINES)
        for piece in self._split(data, self._draw):
            self._append(piece)
            if self._draw.random() < _ROTATED and self._command.check.seen >= self._first:
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
        old = self._archived("rotated")
        self._path.rename(old)
        self._path.touch()
        self._hand_over(old)

    def _truncate(self) -> None:
        """Copy the file and empty it, as logrotate's copytruncate does; what was not read by then is lost."""
        self._command.wait_for(self._written)
        self._counts["truncated"] += 1
        copy = self._archived("truncated")
        copy.write_bytes(self._path.read_bytes())
        os.truncate(self._path, 0)
        self._first = self._written + 1
        self._hand_over(copy)

    def _archived(self, what: str) -> Path:
        return self._path.with_suffix(f".{what}{self._counts[what]}")

    def _hand_over(self, file: Path) -> None:
        """Compress a file, and have the library read it."""
        compressed = file.with_name(f"{file.name}.gz")
        data = file.read_bytes()
        compressed.write_bytes(data if self._kind == "gzip" else gzip.compress(data, 1))
        file.unlink()
        self._library.tell(str(compressed))

    def end(self) -> None:
        """Have both read to the end, and see that they have read all."""
        self._command.wait_for(self._written)
        self._command.program.send_signal(signal.SIGINT)
        self._hand_over(self._path)
        for follower in self.followers:
            follower.end()
            follower.wait_for(self._written)

    def stop(self) -> None:
        """End both, whatever they do."""
        for follower in self.followers:
            follower.stop()
