"""Programs under test: started, fed piece by piece, and ended if they hang.

What they say is data, and so is how they fail: an `Answer` tells it, and
nothing is raised but where a program cannot be started at all.

A read or a write of a pipe can block for as long as anybody holds its other
end, and that need not be the program: a process that it started may have
inherited the pipe and outlive it. So all reading and writing is done in daemon
threads, and whoever waits for them waits no longer than the program's time.
When that is over, the program and what it started are ended. A thread whose
pipe is still held after that is left to itself: it alone uses and closes that
pipe, so nobody else can get hold of its descriptor.
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

from planqk_protocol.conformance.descendants import kill_group, kill_marked, marked_environment

__all__ = ["Answer", "CommandError", "Dialogue", "ask", "kill_all", "listen"]

_PAUSE = 0.01  # seconds between two pieces, where it cannot be told that the first one was read
_GLANCE = 0.0005  # seconds between two looks whether it was
_PATIENCE = 2.0  # seconds to wait for it in all; a program that reads nothing answers at the end
_GRACE = 2.0  # seconds to wait for the end of what was ended
_MARGIN = 1024 * 1024  # bytes a program may print beyond a generous guess
_ERRORS = 2000  # bytes of standard error that are kept
_BLOCK = 65536

Take = Callable[[bytes], None]


class CommandError(Exception):
    """The program under test cannot be started."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a program did.

    Attributes:
        output: What it printed on standard output, as far as it was kept.
        errors: The end of what it printed on standard error.
        exit_code: Its exit code; ``None`` where a signal ended it.
        fault: Why it did not come to its own end, or which answer did not
            come in time; else empty.
    """

    output: bytes
    errors: str
    exit_code: int | None
    fault: str = ""


class _Reader(threading.Thread):
    """Reads a pipe to its end, and passes on what comes until it is left to itself.

    Args:
        pipe: The pipe; the thread closes it.
        take: Called with each block, while `news` is held.
        news: Notified of each block and of the end.
    """

    def __init__(self, pipe: IO[bytes], take: Take, news: threading.Condition) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._take = take
        self._news = news
        self.is_left = False
        self.is_done = False
        self.lines = 0
        self.start()

    def run(self) -> None:
        with self._pipe:
            while block := os.read(self._pipe.fileno(), _BLOCK):
                with self._news:
                    if self.is_left:
                        return
                    self.lines += block.count(b"\n")
                    self._take(block)
                    self._news.notify_all()
        with self._news:
            self.is_done = True
            self._news.notify_all()


class Dialogue:
    """A running program: written to in pieces, its answers awaited.

    Args:
        command: The program and its arguments.
        timeout: Seconds until it is ended.
        limit: Bytes of its standard output that are kept; a program that prints
            a good deal more is ended.
        take: Called in a thread with each block of its standard output, of which
            nothing is kept or limited then.

    Raises:
        CommandError: It cannot be started.
    """

    def __init__(
        self, command: Sequence[str], *, timeout: float, limit: int = 0, take: Take | None = None
    ) -> None:
        environment, self._mark = marked_environment()
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603  # the command is the user's own
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                bufsize=0,
                start_new_session=True,
                env=environment,
            )
        except OSError as error:
            raise CommandError(f"cannot run {command[0]}: {error.strerror}") from None
        assert self._process.stdin and self._process.stdout and self._process.stderr  # noqa: S101, PT018  # pipes
        self._stdin = self._process.stdin
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._patience = _PATIENCE
        self._fault = ""
        self._limit = limit + _MARGIN
        self._kept = bytearray()
        self._errors = b""
        self._news = threading.Condition()
        self._is_killed = False
        self._is_written = True
        self._is_over = False
        self._output = _Reader(self._process.stdout, take or self._keep, self._news)
        self._readers = (self._output, _Reader(self._process.stderr, self._keep_errors, self._news))
        _running.add(self)

    def _keep(self, block: bytes) -> None:
        self._kept += block[: self._limit + 1 - len(self._kept)]
        if len(self._kept) > self._limit:
            self.kill("it printed far more than it was asked for")

    def _keep_errors(self, block: bytes) -> None:
        self._errors = (self._errors + block)[-_ERRORS:]

    def kill(self, fault: str = "") -> None:
        """End the program, and what it started; nothing waits for it any longer.

        Args:
            fault: Why; the first reason given is that of the `Answer`.
        """
        with self._news:
            self._fault = self._fault or fault
            self._is_killed = True
            self._news.notify_all()
        kill_group(self._process)
        kill_marked(self._mark)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Write pieces, each but the first once the one before it was read."""
        self._is_written = False
        threading.Thread(target=self._write, args=(pieces,), daemon=True).start()
        if not self._await(lambda: self._is_written):
            self._break_off()

    def _write(self, pieces: Iterable[bytes]) -> None:
        is_first = True
        with suppress(OSError):  # a program need not read all
            for piece in pieces:
                if not is_first:
                    self._pause()
                is_first = False
                view = memoryview(piece)
                while view:
                    view = view[self._stdin.write(view) :]
        with self._news:
            self._is_written = True
            self._close_input()
            self._news.notify_all()

    def _close_input(self) -> None:
        """Close standard input once it is over and no thread writes to it any more."""
        if self._is_over and self._is_written:
            with suppress(OSError):
                self._stdin.close()

    def _pause(self) -> None:
        """Wait until all that was written is read, as far as that can be told."""
        if _unread(self._stdin) is None:
            time.sleep(_PAUSE)
            return
        while self._patience > 0 and _unread(self._stdin) and self._process.poll() is None:
            time.sleep(_GLANCE)
            self._patience -= _GLANCE

    def expect_lines(self, count: int, patience: float, what: str) -> bool:
        """Wait until the program has printed `count` lines in all; whether it has.

        Args:
            count: Number of lines.
            patience: Seconds to wait for them.
            what: What is wrong if they do not come; the program is ended then.
        """
        self._await(lambda: self._output.lines >= count or self._output.is_done, patience)
        in_time = self._output.lines >= count
        if not in_time:
            self.kill(what)
        return in_time

    def _await(self, is_there: Callable[[], bool], patience: float = float("inf")) -> bool:
        """Wait, up to the end of the program's time, unless it is ended before; whether it is there."""
        rest = self._deadline - time.monotonic()
        with self._news:
            self._news.wait_for(lambda: is_there() or self._is_killed, max(0, min(patience, rest)))
            return is_there()

    def end(self) -> Answer:
        """End the input, wait for the program to end, and tell what it did."""
        with self._news:
            self._is_over = True
            self._close_input()
        if not (self._await(self._is_read) and self._has_exited(self._deadline)):
            self._break_off()
        kill_group(self._process)  # what it left behind
        _running.discard(self)
        with self._news:
            for reader in self._readers:
                reader.is_left = True
        code = self._process.returncode
        return Answer(
            output=bytes(self._kept),
            errors=self._errors.decode(errors="replace"),
            exit_code=None if code is None or code < 0 else code,
            fault=self._fault or _crash(code),
        )

    def _is_read(self) -> bool:
        return all(reader.is_done for reader in self._readers)

    def _has_exited(self, deadline: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0, deadline - time.monotonic()))
        return self._process.returncode is not None

    def _break_off(self) -> None:
        """End the program if nobody did, and wait a little for the end of all that it started."""
        if not self._is_killed:
            subject = "it" if self._process.poll() is None else "it ended, but what it started"
            self.kill(f"{subject} did not end within {self._timeout:g} s")
        deadline = time.monotonic() + _GRACE
        with self._news:
            self._news.wait_for(self._is_read, _GRACE)
        self._has_exited(deadline)


_running: set[Dialogue] = set()


def kill_all() -> None:
    """End all programs that run, and whatever was started by them or by those that ran before."""
    for dialogue in tuple(_running):
        dialogue.kill()
    kill_marked()


def _crash(code: int | None) -> str:
    """Which signal ended the program, by its exit code; empty if none did."""
    return f"it was ended by {_signal_name(-code)}" if code is not None and code < 0 else ""


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
    """Run a program on an input, and keep what it prints.

    Args:
        command: The program and its arguments.
        pieces: The input, in the pieces in which it is to be written.
        timeout: Seconds until it is ended.
        limit: Bytes of output to expect; a program that prints a good deal more is ended.

    Raises:
        CommandError: It cannot be started.
    """
    dialogue = Dialogue(command, timeout=timeout, limit=limit)
    dialogue.write(pieces)
    return dialogue.end()


def listen(command: Sequence[str], take: Take, *, timeout: float) -> Answer:
    """Run a program without input, and pass on what it prints, however much it is; none of it is kept.

    Args:
        command: The program and its arguments.
        take: Called with each block of its standard output, in a thread; no more when this returns.
        timeout: Seconds until it is ended.

    Raises:
        CommandError: It cannot be started.
    """
    return Dialogue(command, timeout=timeout, take=take).end()
