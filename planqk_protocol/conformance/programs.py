"""Run programs under test: write to one, read from it, and run many at a time.

How `Dialogue` works: a program can do anything at any time. It can print before
it reads, read nothing, print without end, or leave a child that holds its
pipes. So the kit never blocks on a pipe in the thread that waits for the
program. Two threads read the program's standard output and standard error
(`_PipeReader`), and another one writes to its standard input. They report what
happens through one condition, `_changed`. All waiting goes through
`Dialogue._wait_until`, which ends at the program's deadline at the latest, and
when the program is killed.

A chunk of the stream is written after the program has read the chunk before.
Otherwise two chunks could arrive as one, and the cut between them would not be
tested. Linux tells how many bytes of a pipe are unread (``FIONREAD``,
pipe(7)). On other systems, the kit pauses between two chunks.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import IO, TypeVar

import msgspec

from planqk_protocol.descendants import kill_group, kill_tagged, tagged_environment

__all__ = ["Answer", "CommandError", "Dialogue", "ask", "kill_all", "listen", "run_all"]

_PAUSE = 0.01  # seconds between two chunks, if the system does not tell how much is unread
_READ_INTERVAL = 0.0005  # seconds between two checks whether the program has read the last chunk
_READ_PATIENCE = 2.0  # seconds in all that these checks may take; a program may read nothing
_GRACE = 2.0  # seconds to wait for the end of a program that was killed
_MARGIN = 1024 * 1024  # bytes that a program may print beyond the number that its caller expects
_ERRORS = 2000  # bytes of standard error that are kept
_READ_SIZE = 65536
_POLL_INTERVAL = 0.05  # seconds between two checks of `run_all` whether to stop

Receiver = Callable[[bytes], None]
Item = TypeVar("Item")
Returned = TypeVar("Returned")


class CommandError(Exception):
    """The program under test cannot be started."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a program printed, and how it ended.

    Attributes:
        output: The kept part of its standard output.
        errors: The end of its standard error.
        exit_code: Its exit code. ``None`` if a signal ended it, or if the kit could not end it.
        fault: What went wrong: a signal ended the program, it ran too long, it
            printed too much, or an expected answer did not come in time. Else empty.
    """

    output: bytes
    errors: str
    exit_code: int | None
    fault: str = ""


class _PipeReader(threading.Thread):
    """A thread that reads a pipe to its end.

    Args:
        pipe: The pipe. The thread closes it.
        receive: Called with each chunk, while `changed` is held.
        changed: Notified of each chunk and of the end.
    """

    def __init__(self, pipe: IO[bytes], receive: Receiver, changed: threading.Condition) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._receive = receive
        self._changed = changed
        self.is_abandoned = False  # set by the owner: what comes from now on is thrown away
        self.is_at_end = False
        self.start()

    def run(self) -> None:
        with self._pipe:
            while chunk := os.read(self._pipe.fileno(), _READ_SIZE):
                with self._changed:
                    if self.is_abandoned:
                        return
                    self._receive(chunk)
                    self._changed.notify_all()
        with self._changed:
            self.is_at_end = True
            self._changed.notify_all()


class Dialogue:
    """A running program. Write chunks to it, and wait for its answers.

    Args:
        command: The program and its arguments.
        timeout: Seconds until the program is killed.
        limit: Bytes of standard output to expect. A program that prints far more is killed.
        receive: Called in a thread with each chunk of standard output. The
            output is then not kept and not limited.

    Raises:
        CommandError: The program cannot be started.
    """

    def __init__(
        self, command: Sequence[str], *, timeout: float, limit: int = 0, receive: Receiver | None = None
    ) -> None:
        environment, self._tag = tagged_environment()
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
        self._read_patience = _READ_PATIENCE
        self._fault = ""
        self._limit = limit + _MARGIN
        self._kept = bytearray()
        self._errors = b""
        self._changed = threading.Condition()
        self._is_killed = False
        self._is_written = True
        self._is_input_over = False
        self._output = _PipeReader(self._process.stdout, receive or self._keep, self._changed)
        self._readers = (
            self._output,
            _PipeReader(self._process.stderr, self._keep_errors, self._changed),
        )
        _running.add(self)

    def _keep(self, chunk: bytes) -> None:
        self._kept += chunk[: self._limit + 1 - len(self._kept)]
        if len(self._kept) > self._limit:
            self.kill("the program printed far more than was expected")

    def _keep_errors(self, chunk: bytes) -> None:
        self._errors = (self._errors + chunk)[-_ERRORS:]

    def kill(self, fault: str = "") -> None:
        """Kill the program and all that it started. Nothing waits for it any longer.

        Args:
            fault: Why. Only the first fault is kept for the `Answer`.
        """
        with self._changed:
            self._fault = self._fault or fault
            self._is_killed = True
            self._changed.notify_all()
        kill_group(self._process)
        kill_tagged(self._tag)

    def write(self, chunks: Iterable[bytes]) -> None:
        """Write chunks to standard input, each after the program has read the one before."""
        self._is_written = False
        threading.Thread(target=self._write, args=(chunks,), daemon=True).start()
        if not self._wait_until(lambda: self._is_written):
            self._kill_late()

    def _write(self, chunks: Iterable[bytes]) -> None:
        is_first = True
        with suppress(OSError):  # the program may have closed its input
            for chunk in chunks:
                if not is_first:
                    self._wait_until_read()
                is_first = False
                view = memoryview(chunk)
                while view:
                    view = view[self._stdin.write(view) :]
        with self._changed:
            self._is_written = True
            self._close_input()
            self._changed.notify_all()

    def _close_input(self) -> None:
        """Close standard input if nothing more is to be written and no thread writes to it."""
        if self._is_input_over and self._is_written:
            with suppress(OSError):
                self._stdin.close()

    def _wait_until_read(self) -> None:
        """Wait until the program has read all that was written, or until `_read_patience` is used up."""
        if _unread_bytes(self._stdin) is None:
            time.sleep(_PAUSE)
            return
        while self._read_patience > 0 and _unread_bytes(self._stdin) and self._process.poll() is None:
            time.sleep(_READ_INTERVAL)
            self._read_patience -= _READ_INTERVAL

    def expect(self, is_enough: Callable[[bytes], bool], patience: float, fault: str) -> bool:
        """Wait until the program has printed enough, and kill it if it does not.

        A program that has closed its output is not killed: how it ends tells what is wrong.

        Args:
            is_enough: Whether this standard output is enough.
            patience: Seconds to wait for it.
            fault: The fault if it does not come.

        Returns:
            Whether it came.
        """
        self._wait_until(lambda: is_enough(bytes(self._kept)) or self._output.is_at_end, patience)
        with self._changed:
            is_in_time = is_enough(bytes(self._kept))
            is_over = self._output.is_at_end
        if not (is_in_time or is_over):
            self.kill(fault)
        return is_in_time

    def _wait_until(self, is_met: Callable[[], bool], patience: float = float("inf")) -> bool:
        """Wait for a condition, at most until the deadline or a kill. Return whether it is met."""
        seconds_left = self._deadline - time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: is_met() or self._is_killed, max(0, min(patience, seconds_left)))
            return is_met()

    def end(self) -> Answer:
        """Close standard input, wait for the program to end, and return its answer."""
        with self._changed:
            self._is_input_over = True
            self._close_input()
        if not (self._wait_until(self._are_pipes_at_end) and self._has_exited(self._deadline)):
            self._kill_late()
        kill_group(self._process)  # processes that the program left running
        _running.discard(self)
        with self._changed:
            for reader in self._readers:
                reader.is_abandoned = True
        code = self._process.returncode
        return Answer(
            output=bytes(self._kept),
            errors=self._errors.decode(errors="replace"),
            exit_code=None if code is None or code < 0 else code,
            fault=self._fault or _signal_fault(code),
        )

    def _are_pipes_at_end(self) -> bool:
        return all(reader.is_at_end for reader in self._readers)

    def _has_exited(self, deadline: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0, deadline - time.monotonic()))
        return self._process.returncode is not None

    def _kill_late(self) -> None:
        """Kill a program that did not end in time, and wait a moment until its pipes are closed."""
        if not self._is_killed:
            subject = (
                "the program"
                if self._process.poll() is None
                else "the program ended, but a process that it started"
            )
            self.kill(f"{subject} did not end within {self._timeout:g} s")
        deadline = time.monotonic() + _GRACE
        with self._changed:
            self._changed.wait_for(self._are_pipes_at_end, _GRACE)
        self._has_exited(deadline)


_running: set[Dialogue] = set()


def kill_all() -> None:
    """Kill all programs that run, and all processes that they or earlier programs started."""
    for dialogue in tuple(_running):
        dialogue.kill()
    kill_tagged()


def _signal_fault(code: int | None) -> str:
    """The fault of a program that a signal ended. Empty if its return code shows another end."""
    return f"the program was ended by {_signal_name(-code)}" if code is not None and code < 0 else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _unread_bytes(pipe: IO[bytes]) -> int | None:
    """Number of bytes in a pipe that are not yet read. ``None`` if the system does not tell."""
    try:
        import fcntl  # noqa: PLC0415  # not on every system
        import termios  # noqa: PLC0415  # likewise

        number = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0\0\0\0")
    except (ImportError, OSError):
        return None
    return int.from_bytes(number, sys.byteorder)


def ask(command: Sequence[str], chunks: Iterable[bytes], *, timeout: float, limit: int) -> Answer:
    """Run a program on an input, and keep what it prints.

    Args:
        command: The program and its arguments.
        chunks: The input, in the chunks in which it is written.
        timeout: Seconds until the program is killed.
        limit: Bytes of standard output to expect. A program that prints far more is killed.

    Raises:
        CommandError: The program cannot be started.
    """
    dialogue = Dialogue(command, timeout=timeout, limit=limit)
    dialogue.write(chunks)
    return dialogue.end()


def listen(command: Sequence[str], receive: Receiver, *, timeout: float) -> Answer:
    """Run a program without input, and pass on its standard output. The output is not kept.

    Args:
        command: The program and its arguments.
        receive: Called in a thread with each chunk of standard output. It is
            not called any more when this function has returned.
        timeout: Seconds until the program is killed.

    Raises:
        CommandError: The program cannot be started.
    """
    return Dialogue(command, timeout=timeout, receive=receive).end()


def run_all(
    function: Callable[[Item], Returned],
    items: Iterable[Item],
    jobs: int,
    *,
    should_stop: Callable[[], bool],
    stop: Callable[[], None],
) -> Generator[Returned, None, None]:
    """Call a function with each item, several at a time, and give what it returns, in the order of the items.

    An error, `close` or `should_stop` ends this at once.

    Args:
        function: Called with one item, in a thread.
        items: The items.
        jobs: Number of calls at a time.
        should_stop: Whether to stop.
        stop: Makes the calls that have begun end soon.

    Raises:
        KeyboardInterrupt: `should_stop` said so.
    """
    futures: list[Future[Returned]] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            futures += (pool.submit(function, item) for item in items)
            for future in futures:
                while not (future.done() or should_stop()):
                    wait([future], _POLL_INTERVAL)
                if should_stop():
                    raise KeyboardInterrupt
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            running = {future for future in futures if not future.done()}
            while running:
                stop()  # again and again: a call may just be starting its program
                running = wait(running, _POLL_INTERVAL).not_done
