"""A running job, as `Run` sees it: pieces of its output that threads read, and how it ended."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Protocol

import msgspec

from planqk_protocol.captures import CaptureNotice, StdStream
from planqk_protocol.errors import ProtocolError
from planqk_protocol.runner.lifetime import Lifetime

__all__ = ["INPUT_VARIABLE", "UNREAD", "Inbox", "Job", "Piece", "RunError"]

INPUT_VARIABLE = "PLANQK_INPUT"
"""The environment variable that names the folder of the input to the job."""

UNREAD = "its output was not read to the end"
"""Why a job is ended whose `Run` is closed."""

_MOST_HELD = 1024 * 1024  # bytes that were read and not taken yet; beyond them, the job waits


class RunError(ProtocolError):
    """The job cannot be run. The message says why and what to do."""


class Piece(msgspec.Struct, frozen=True):
    """Some bytes of a job's output, or a notice at the place where some are missing.

    Attributes:
        stream: Where the job printed them.
        item: The bytes, or the notice.
        time_ns: When they were read, in nanoseconds since 1970, UTC.
    """

    stream: StdStream
    item: bytes | CaptureNotice
    time_ns: int


class Job(Protocol):
    """A running job. A command and a container each have their own.

    Attributes:
        capture: The id of the format of its standard output.
        inbox: The pieces of its output. It is over when the job has ended.
        life: When it started and ended, and why it was ended.
    """

    capture: str
    inbox: Inbox
    life: Lifetime

    @property
    def is_cut_off(self) -> bool:
        """Whether output may be missing after the last piece. It is valid once the inbox is over."""

    @property
    def exit_code(self) -> int | None:
        """Its exit code; ``None`` so long as it runs, or if it cannot be known."""

    def check(self) -> None:
        """Check that its output could be read.

        Raises:
            EngineError: The engine of its container did not give it.
        """

    def wrote_output_file(self) -> bool:
        """Whether it wrote a result to a file, as jobs of another contract do. Ask it before `close`."""

    def stop(self, why: str) -> None:
        """Ask it to end, and kill it after the grace period. This does not wait.

        Args:
            why: Why it is ended.
        """

    def close(self) -> None:
        """End it if it runs, wait for its end, and remove all that it left."""


class Inbox:
    """Pieces on their way from the threads that read them to the thread that takes them.

    A job that prints faster than its output is taken has to wait, so that the
    pieces need little memory.

    Args:
        writers: Number of threads that put pieces.
    """

    def __init__(self, writers: int) -> None:
        self._changed = threading.Condition()
        self._pieces: deque[Piece] = deque()
        self._size = 0
        self._writers = writers
        self._is_abandoned = False
        self._latest = time.monotonic()  # when something came, or was taken

    @property
    def is_over(self) -> bool:
        """Whether all pieces were taken, and no more will come."""
        with self._changed:
            return not self._pieces and not self._writers

    def put(self, stream: StdStream, item: bytes | CaptureNotice) -> bool:
        """Put a piece. Wait if there are many. Return whether more may be put."""
        piece = Piece(stream, item, time.time_ns())
        with self._changed:
            self._changed.wait_for(lambda: self._size < _MOST_HELD or self._is_abandoned)
            if not self._is_abandoned:
                self._pieces.append(piece)
                self._size += _size(piece)
                self._latest = time.monotonic()
                self._changed.notify_all()
            return not self._is_abandoned

    def end_writer(self) -> None:
        """One of the threads puts no more pieces."""
        with self._changed:
            self._writers = max(0, self._writers - 1)
            self._changed.notify_all()

    def take(self, patience: float) -> list[Piece]:
        """Take all pieces. If there are none, wait for some; there may still be none then.

        Args:
            patience: Seconds to wait at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or not self._writers, patience)
            pieces = list(self._pieces)
            if pieces:
                self._pieces.clear()
                self._size = 0
                self._latest = time.monotonic()
                self._changed.notify_all()
            return pieces

    def wait_for_writers(self, patience: float, *, but: int = 0) -> bool:
        """Wait until the threads have ended. Return whether they have.

        Args:
            patience: Seconds to wait after the last piece came.
            but: Number of threads that need not end.
        """
        with self._changed:
            while self._writers > but:
                rest = self._latest + patience - time.monotonic()
                if rest <= 0 and self._size < _MOST_HELD:
                    return False
                self._changed.wait(max(rest, patience / 10))
            return True

    def abandon(self) -> None:
        """Drop all pieces, and take no more."""
        with self._changed:
            self._pieces.clear()
            self._finish()

    def finish(self) -> None:
        """Take no more pieces. Those that have come can still be taken."""
        with self._changed:
            self._finish()

    def _finish(self) -> None:
        self._is_abandoned = True
        self._writers = 0
        self._changed.notify_all()


def _size(piece: Piece) -> int:
    return 0 if isinstance(piece.item, CaptureNotice) else len(piece.item)
