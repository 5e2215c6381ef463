"""The work on an archive: cut into batches by bytes, done by an executor, and done again where it was lost.

What may end a worker process
-----------------------------

A file can kill the process that reads it: a bug in a library written in C, or the
kernel, which is out of memory. Then `concurrent.futures` breaks the whole pool, and all
batches that were under way are lost. So the pool is made anew, and the captures of the
lost batches are read one by one, with nothing beside them. One that kills its worker a
second time gets a row with an error. Few batches are under way at a time, so few captures
have to be read twice.

An executor of the caller cannot be made anew. If it breaks, its exception goes to the
caller. Dask replaces workers by itself, and gives up a batch that has killed several;
then the captures of the batch are read one by one, too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from planqk_protocol.archive.batch import Batch, rows_of
from planqk_protocol.archive.reading import Reading, error_row, message_of
from planqk_protocol.archive.rows import OutcomeRow
from planqk_protocol.archive.stored import StoredCapture
from planqk_protocol.archive.tars import Done, TarRange

if TYPE_CHECKING:
    from planqk_protocol.archive.listing import Listed

__all__ = ["BATCH", "Batch", "OwnProcesses", "batches", "done", "rows_of"]

BATCH = 8 * 1024 * 1024
"""How many bytes a worker reads at a time, unless told otherwise: a few hundred small logs."""

_COST_OF_FILE = 64 * 1024  # bytes that can be read in the time that it takes to open a file, about
_UNDER_WAY = 128  # batches that an executor of the caller gets at a time
_NO_START = (
    "worker processes cannot start, or end at once; a script that reads an archive needs the line "
    'if __name__ == "__main__":'
)
_KILLED_TWICE = "its worker process died twice while it was read: it may take too much memory"


_Rows: TypeAlias = Future[Done]


def batches(listed: Iterable[Listed], reading: Reading, size: int) -> Iterator[Batch]:
    """Cut captures into batches of some bytes. A larger capture is a batch of its own, and goes ahead.

    Args:
        listed: The captures.
        reading: How to read them.
        size: Bytes of a batch, about.
    """
    store, waiting, cost = None, list[StoredCapture](), 0
    for item in listed:
        own_cost = item.capture.size + _COST_OF_FILE * len(item.capture.files)
        if own_cost >= size:
            yield Batch(item.store, (item.capture,), reading)
            continue
        if waiting and (item.store != store or cost + own_cost > size):
            yield Batch(store, tuple(waiting), reading)
            waiting, cost = [], 0
        store, cost = item.store, cost + own_cost
        waiting.append(item.capture)
    if waiting:
        yield Batch(store, tuple(waiting), reading)


class OwnProcesses:
    """A pool of processes that is made anew if it breaks.

    Args:
        jobs: Number of processes; by default, that of the processor's cores.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or os.cpu_count() or 1
        self.under_way = 2 * self._jobs
        # Not by a fork: the caller may have threads, such as that of a progress bar or those of Arrow.
        self._context = multiprocessing.get_context("spawn")
        self._make()

    def submit(self, batch: Batch) -> _Rows:
        """Give a batch to the pool."""
        return self._pool.submit(rows_of, batch)

    def repair(self, _error: Exception) -> None:
        """Make the pool anew, as it is broken.

        Raises:
            BrokenExecutor: No process can start, so the files are not to blame.
        """
        self.close(at_once=True)
        self._make()
        try:
            self._pool.submit(int).result()
        except BrokenExecutor:
            raise BrokenExecutor(_NO_START) from None

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


class _Executor:
    """An executor of the caller, who also ends it."""

    under_way = _UNDER_WAY

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, batch: Batch) -> _Rows:
        return self._executor.submit(rows_of, batch)

    def repair(self, error: Exception) -> None:
        raise error

    def close(self, *, at_once: bool) -> None:
        pass


def done(work: Iterable[Batch], workers: Executor | OwnProcesses) -> Generator[OutcomeRow, None, None]:
    """Do the work, and give the rows as they come. Each capture of the work gets its rows once.

    Args:
        work: The batches.
        workers: What does the work: an executor, or a pool of processes, which is closed at the end.

    Raises:
        BrokenExecutor: The executor of the caller broke, or no process can start.
        CancelledError: It was shut down, or lost its connection.
    """
    pool = workers if isinstance(workers, OwnProcesses) else _Executor(workers)
    pending: dict[_Rows, Batch] = {}
    ranges: deque[tuple[Batch, TarRange]] = deque()
    batches_to_do = iter(work)
    try:
        while (batch := _next(ranges, batches_to_do)) or pending:
            if batch:
                pending[_submitted(pool, batch)] = batch
            if not batch or len(pending) >= pool.under_way:
                yield from _finished(pool, pending, ranges)
    finally:
        for future in pending:
            future.cancel()
        pool.close(at_once=bool(pending))


def _next(ranges: deque[tuple[Batch, TarRange]], work: Iterator[Batch]) -> Batch | None:
    """The next batch: a range of a tar, if one was found, else one of the work."""
    if not ranges:
        return next(work, None)
    found_in, tar_range = ranges.popleft()
    return msgspec.structs.replace(found_in, captures=tar_range.captures, tar=tar_range.tar)


def _submitted(pool: OwnProcesses | _Executor, batch: Batch) -> _Rows:
    """Submit a batch. If the pool is broken already, its future says so."""
    try:
        return pool.submit(batch)
    except BrokenExecutor as error:
        broken: _Rows = Future()
        broken.set_exception(error)
        return broken


def _finished(
    pool: OwnProcesses | _Executor, pending: dict[_Rows, Batch], ranges: deque[tuple[Batch, TarRange]]
) -> Iterator[OutcomeRow]:
    """Wait for the next batches, and give their rows. Lost ones are read one by one."""
    lost: list[Batch] = []
    futures, _ = wait(pending, return_when=FIRST_COMPLETED)
    if any(isinstance(future.exception(), BrokenExecutor) for future in futures if not future.cancelled()):
        futures, _ = wait(pending)  # the others of the pool are lost as well
    broken = None
    for future in futures:
        batch = pending.pop(future)
        try:
            rows, found = future.result()
            ranges.extend((batch, tar_range) for tar_range in found)
            yield from rows
        except (BrokenExecutor, CancelledError) as error:
            broken = error
            lost.append(batch)
        except Exception:  # noqa: BLE001  # Dask gave it up, or it cannot be pickled
            lost.append(batch)
    if broken:
        pool.repair(broken)
    for batch in lost:
        for capture in batch.captures:
            rows, found = _alone(pool, msgspec.structs.replace(batch, captures=(capture,)))
            ranges.extend((batch, tar_range) for tar_range in found)
            yield from rows


def _alone(pool: OwnProcesses | _Executor, batch: Batch) -> Done:
    """Read a lost capture, with nothing beside it."""
    [capture] = batch.captures
    try:
        return pool.submit(batch).result()
    except (BrokenExecutor, CancelledError) as error:
        pool.repair(error)
        return Done([error_row(capture, _KILLED_TWICE)], [])
    except Exception as error:  # noqa: BLE001  # as above
        return Done([error_row(capture, message_of(error))], [])
