"""Programs under test: started, fed piece by piece, and ended if they hang.

What they say is data, and so is how they fail: an `Answer` tells it, and
nothing is raised but where a program cannot be started at all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import IO

import msgspec

__all__ = ["Answer", "CommandError", "Dialogue", "ask", "kill_all"]

_PAUSE = 0.01  # seconds between two pieces, where it cannot be told that the first one was read
_GLANCE = 0.0005  # seconds between two looks whether it was
_PATIENCE = 2.0  # seconds to wait for it in all; a program that reads nothing answers at the end
_MARGIN = 1024 * 1024  # bytes a program may print beyond a generous guess
_ERRORS = 2000  # bytes of standard error that are kept
_BLOCK = 65536


class CommandError(Exception):
    """The program under test cannot be started."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a program did.

    Attributes:
        output: What it printed on standard output.
        errors: The end of what it printed on standard error.
        exit_code: Its exit code; ``None`` where a signal ended it.
        fault: Why it did not come to its own end, or which answer did not
            come in time; else empty.
    """

    output: bytes
    errors: str
    exit_code: int | None
    fault: str = ""


class _Pipe(threading.Thread):
    """Reads a pipe to its end, and tells how many lines came."""

    def __init__(self, pipe: IO[bytes], limit: int, on_flood: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.pipe = pipe
        self._limit = limit
        self._on_flood = on_flood
        self._news = threading.Condition()
        self._ended = False
        self._lines = 0
        self.data = bytearray()
        self.is_flooded = False
        self.start()

    def run(self) -> None:
        while block := os.read(self.pipe.fileno(), _BLOCK):
            with self._news:
                self.data += block
                self._lines += block.count(b"\n")
                self._news.notify_all()
            if len(self.data) > self._limit:
                self.is_flooded = True
                self._on_flood()
                break
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for_lines(self, count: int, timeout: float) -> bool:
        """Whether that many lines came within that many seconds."""
        with self._news:
            self._news.wait_for(lambda: self._lines >= count or self._ended, timeout)
            return self._lines >= count


class Dialogue:
    """A running program: written to in pieces, its answers awaited.

    Args:
        command: The program and its arguments.
        timeout: Seconds until it is ended.
        limit: Bytes of output that are kept; a program that prints a good deal
            more is ended.

    Raises:
        CommandError: It cannot be started.
    """

    def __init__(self, command: Sequence[str], *, timeout: float, limit: int) -> None:
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603  # the command is the user's own
                command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
            )
        except OSError as error:
            raise CommandError(f"cannot run {command[0]}: {error.strerror}") from None
        assert self._process.stdin and self._process.stdout and self._process.stderr  # noqa: S101, PT018  # pipes
        self._stdin = self._process.stdin
        self._fault = ""
        self._is_late = False
        self._output = _Pipe(self._process.stdout, limit + _MARGIN, self.kill)
        self._errors = _Pipe(self._process.stderr, _MARGIN, self.kill)
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._patience = _PATIENCE
        self._timer = threading.Timer(timeout, self._give_up)
        self._timer.daemon = True
        self._timer.start()
        _running.add(self)

    def _give_up(self) -> None:
        self._is_late = True
        self.kill()

    def kill(self) -> None:
        """End the program, and what it started."""
        with suppress(OSError):  # it may be gone already
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Write pieces, each but the first once the one before it was read."""
        is_first = True
        with suppress(OSError):  # a program need not read all
            for piece in pieces:
                if not is_first:
                    self._pause()
                is_first = False
                view = memoryview(piece)
                while view:
                    view = view[self._stdin.write(view) :]

    def _pause(self) -> None:
        """Wait until all that was written is read, as far as that can be told."""
        if _unread(self._stdin) is None:
            time.sleep(_PAUSE)
            return
        while self._patience > 0 and _unread(self._stdin) and self._process.poll() is None:
            time.sleep(_GLANCE)
            self._patience -= _GLANCE

    def expect_lines(self, count: int, patience: float, what: str) -> bool:
        """Wait until the program has printed `count` lines in all; whether it has."""
        in_time = self._output.wait_for_lines(count, min(patience, self._deadline - time.monotonic()))
        if not in_time:
            self._fault = what
            self.kill()
        return in_time

    def end(self) -> Answer:
        """End the input, wait for the program to end, and tell what it did."""
        with suppress(OSError):
            self._stdin.close()
        self._process.wait()
        self._output.join()
        self._errors.join()
        self._timer.cancel()
        _running.discard(self)
        code = self._process.returncode
        self._output.pipe.close()
        self._errors.pipe.close()
        return Answer(
            output=bytes(self._output.data),
            errors=bytes(self._errors.data[-_ERRORS:]).decode(errors="replace"),
            exit_code=code if code >= 0 else None,
            fault=self._fault or self._end_of(code),
        )

    def _end_of(self, code: int) -> str:
        """Why the program did not come to its own end, by its exit code; else empty."""
        if self._output.is_flooded or self._errors.is_flooded:
            return "it printed far more than it was asked for"
        if self._is_late:
            return f"it did not end within {self._timeout:g} s"
        return f"it was ended by {_signal_name(-code)}" if code < 0 else ""


_running: set[Dialogue] = set()


def kill_all() -> None:
    """End all programs that run, and what they started."""
    for dialogue in tuple(_running):
        dialogue.kill()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _unread(pipe: IO[bytes]) -> int | None:
    """Number of bytes in a pipe that nobody read so far; ``None`` where that cannot be told."""
    try:
        import fcntl  # noqa: PLC0415  # not on every system
        import termios  # noqa: PLC0415  # likewise

        answer = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0\0\0\0")
    except (ImportError, OSError):
        return None
    return int.from_bytes(answer, sys.byteorder)


def ask(command: Sequence[str], pieces: Iterable[bytes], *, timeout: float, limit: int) -> Answer:
    """Run a program on an input.

    Args:
        command: The program and its arguments.
        pieces: The input, in the pieces in which it is to be written.
        timeout: Seconds until it is ended.
        limit: Bytes of output to expect.

    Raises:
        CommandError: It cannot be started.
    """
    dialogue = Dialogue(command, timeout=timeout, limit=limit)
    dialogue.write(pieces)
    return dialogue.end()
