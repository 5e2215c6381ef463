"""What does the work on an archive: processes or threads of its own, or an executor of the caller.

What may end a worker process
-----------------------------

A file can kill the process that reads it: a bug in a library written in C, or the
kernel, which is out of memory. Then `concurrent.futures` breaks the whole pool, and all
calls that were under way are lost. `OwnProcesses.repair` makes the pool anew.

An executor of the caller cannot be made anew. If it breaks, its exception goes to the
caller. Dask replaces workers by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

__all__ = ["CallersExecutor", "OwnProcesses", "OwnThreads", "Pool", "StartError"]

_Result = TypeVar("_Result")

_LEAST_UNDER_WAY = 128
# Windows waits for no more at a time (CPython, Lib/concurrent/futures/process.py, _MAX_WINDOWS_WORKERS).
_MOST_PROCESSES = 61 if sys.platform == "win32" else 10_000
_NO_START = (
    "worker processes cannot start, or end at once; a script that reads an archive needs the line "
    'if __name__ == "__main__":, and a program that is no file needs an executor with threads'
)


class StartError(BrokenExecutor):
    """No worker process can start."""


class Pool(Protocol):
    """What does the work.

    Attributes:
        under_way: The most calls to be under way at a time.
    """

    under_way: int

    def submit(self, call: Callable[..., _Result], *args: Any) -> Future[_Result]:
        """Call a function in a worker.

        Raises:
            BrokenExecutor: There are no workers, or they are broken.
        """

    def repair(self, error: Exception) -> None:
        """Make the workers anew, or raise the error: they are broken."""

    def close(self, *, at_once: bool) -> None:
        """End the workers, if need be in the middle of their work."""


class OwnProcesses:
    """A pool of processes that is made anew if it breaks.

    Args:
        jobs: Number of processes; by default, that of the processors that this program may use.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = min(jobs or _processors(), _MOST_PROCESSES)
        self.under_way = 2 * self._jobs
        # Not by a fork: the caller may have threads, such as that of a progress bar or those of Arrow.
        self._context = multiprocessing.get_context("spawn")
        self._make()

    def submit(self, call: Callable[..., _Result], *args: Any) -> Future[_Result]:
        """Call a function in a process.

        Raises:
            BrokenExecutor: The pool is broken, or a process cannot start.
        """
        try:
            return self._pool.submit(call, *args)
        except OSError as error:
            raise BrokenExecutor(str(error)) from error

    def repair(self, _error: Exception) -> None:
        """Make the pool anew, as it is broken.

        Raises:
            StartError: No process can start, so the files are not to blame.
        """
        self.close(at_once=True)
        self._make()
        try:
            self.submit(int).result()
        except BrokenExecutor:
            raise StartError(_NO_START) from None

    def close(self, *, at_once: bool) -> None:
        """End the processes.

        Args:
            at_once: Whether to end them in the middle of their work.
        """
        if at_once:
            self._lifeline.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._lifeline.close()

    def _make(self) -> None:
        end_for_workers, self._lifeline = self._context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            self._jobs, mp_context=self._context, initializer=_begin_worker, initargs=(end_for_workers,)
        )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin_worker(lifeline: Connection) -> None:
    """Let a worker end with its pool: by Ctrl-C without a traceback, and if the parent is killed.

    Args:
        lifeline: A pipe on which nothing comes. It ends if the parent closes it, or is killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(1)  # nobody waits for what is under way


class OwnThreads:
    """Threads that end with the program, if need be in the middle of their work.

    The program would wait for those of `ThreadPoolExecutor`, also after Ctrl-C.

    Args:
        jobs: Number of threads; by default, that of the processors that this program may use.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or _processors()
        self.under_way = 2 * self._jobs
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        for _ in range(self._jobs):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, call: Callable[..., _Result], *args: Any) -> Future[_Result]:
        """Call a function in a thread."""
        future: Future[_Result] = Future()
        self._calls.put((future, partial(call, *args)))
        return future

    def repair(self, error: Exception) -> None:
        """Raise the error: threads do not break."""
        raise error

    def close(self, *, at_once: bool) -> None:  # noqa: ARG002  # nobody waits for a thread
        """Let each thread end after the call that it is in."""
        for _ in range(self._jobs):
            self._calls.put(None)

    def _work(self) -> None:
        while item := self._calls.get():
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except Exception as error:  # noqa: BLE001  # as an executor does
                    future.set_exception(error)


class CallersExecutor:
    """An executor of the caller, who also ends it.

    Args:
        executor: The executor.
        workers: Number of its workers, if it is known.
    """

    def __init__(self, executor: Executor, workers: int = 0) -> None:
        self._executor = executor
        self.under_way = max(2 * workers, _LEAST_UNDER_WAY)

    def submit(self, call: Callable[..., _Result], *args: Any) -> Future[_Result]:
        """Call a function in a worker.

        Raises:
            BrokenExecutor: The executor broke or was shut down, or a process cannot start.
        """
        try:
            return self._executor.submit(call, *args)
        except BrokenExecutor:
            raise
        except (OSError, RuntimeError) as error:
            raise BrokenExecutor(str(error)) from error

    def repair(self, error: Exception) -> None:
        """Raise the error: only the caller can make the executor anew."""
        raise error

    def close(self, *, at_once: bool) -> None:
        """Leave the executor to the caller."""
