"""Turns: one thread of one process writes at a time.

The kernel keeps a write of up to ``PIPE_BUF`` bytes to a pipe in one piece (POSIX,
``write``). A longer one may be mixed with the writes of others. So each write takes
a turn, and a turn has two locks:

*   a thread lock,
*   a record lock (`fcntl.lockf`) on a file without a name, for processes. Forked
    children have the descriptor of that file, and the kernel gives each process a
    lock of its own. When a process ends, even by SIGKILL, the kernel releases
    its lock (POSIX, ``fcntl``). The file is in memory where the system has
    `os.memfd_create`, since a container may have no folder to write to.

Four things could go wrong:

*   **A fork while another thread has its turn.** The child would inherit a thread lock
    that nobody releases. So each child gets new ones (`os.register_at_fork`). It does
    not inherit record locks.
*   **A fork while another thread flushes the stream.** The child would inherit the lock of
    Python's buffer, and wait for ever when it flushes (CPython 3.11, ``Buffered`` in
    ``Modules/_io/bufferedio.c``). So a fork waits until no thread flushes (`without_forks`).
*   **A signal handler that prints** runs in the middle of a turn of its own thread. It
    cannot wait for the end of that turn. So its write is put off until then.
*   **Two results.** One byte of the file tells whether a result was printed, so each
    process knows it.

Windows has no forked children and no `fcntl`. There the thread lock is enough.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

fcntl: Any = import_module("fcntl") if find_spec("fcntl") else None  # Windows has none

__all__ = ["Turns", "without_forks"]

without_forks = threading.RLock()
"""A lock: while a thread holds it, no other thread forks the process."""

_all: weakref.WeakSet[Turns] = weakref.WeakSet()


class Turns:
    """The turns of the threads of a process and its forked children, and a flag that they share."""

    def __init__(self) -> None:
        self._file = None if fcntl is None else _nameless_file()
        if self._file is not None:
            weakref.finalize(self, os.close, self._file).atexit = False
        self._is_flagged = False
        self.forget_threads()
        _all.add(self)

    def forget_threads(self) -> None:
        """Begin anew in a forked child, which has one thread."""
        self._threads = threading.RLock()
        self._depth = 0  # 2 and more: a signal handler within a turn of its thread
        self._put_off: deque[Callable[[], None]] = deque()

    def take(self, write: Callable[[], None]) -> None:
        """Call a function as one turn. Within another turn of this thread, it is called at its end."""
        with self._turn() as depth:
            if depth > 1:
                self._put_off.append(write)
                return
            try:
                write()
            finally:
                while self._put_off:
                    self._put_off.popleft()()

    @contextmanager
    def _turn(self) -> Iterator[int]:
        with self._threads:
            self._depth += 1
            try:
                if self._file is not None and self._depth == 1:
                    fcntl.lockf(self._file, fcntl.LOCK_EX)
                yield self._depth
            finally:
                self._depth -= 1
                if self._file is not None and self._depth == 0:
                    fcntl.lockf(self._file, fcntl.LOCK_UN)

    @property
    def is_flagged(self) -> bool:
        """Whether `flag` was called, in any of the processes. It is asked within a turn."""
        if self._file is None:
            return self._is_flagged
        return os.fstat(self._file).st_size > 0

    def flag(self) -> None:
        """Set the flag for all processes. It is called within a turn."""
        self._is_flagged = True
        if self._file is not None:
            os.write(self._file, b"\x01")


def _nameless_file() -> int:
    """The descriptor of an empty file that has no name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("planqk_protocol.emit")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _begin_child() -> None:
    without_forks.release()
    for turns in list(_all):
        turns.forget_threads()


with suppress(AttributeError):  # Windows has no forks
    os.register_at_fork(
        before=without_forks.acquire, after_in_parent=without_forks.release, after_in_child=_begin_child
    )
