"""The work on an archive: found, cut into batches by bytes, and done again where it was lost.

A thread finds the captures and makes batches of them, so that rows are given as they come,
also while the search takes long. If the workers have nothing to do, a batch is not made
full first. Few batches are under way at a time, so the memory is bounded.

If the pool breaks, the batches that were under way are lost. Their captures are read one
by one, with nothing beside them. One that kills its worker a second time gets a row with
an error. Dask gives up a batch that has killed several workers; then its captures are read
one by one, too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from planqk_protocol.archive.batch import Batch, rows_of
from planqk_protocol.archive.pools import Pool
from planqk_protocol.archive.reading import ReadOptions, error_row, message_of
from planqk_protocol.archive.rows import OutcomeRow
from planqk_protocol.archive.stored import StoredCapture
from planqk_protocol.archive.tars import Done, TarRange

if TYPE_CHECKING:
    from planqk_protocol.archive.listing import Listed

__all__ = ["BATCH", "batches", "read_captures"]

BATCH = 32 * 1024 * 1024
"""How many bytes a worker reads at a time, unless told otherwise: a few hundred small logs."""

_COST_OF_FILE = 64 * 1024  # bytes that can be read in the time that it takes to open a file, about
_LONGEST_END = 1  # seconds until a search is left alone that has to end: its store may not answer
_KILLED_TWICE = "its worker process died twice while it was read: it may take too much memory"


_Rows: TypeAlias = Future[Done]


def batches(
    listed: Iterable[Listed], options: ReadOptions, size: int, is_wanted: Callable[[], bool] = lambda: False
) -> Iterator[Batch]:
    """Cut captures into batches of some bytes. A larger capture is a batch of its own, and goes ahead.

    Args:
        listed: The captures.
        options: How to read them.
        size: Bytes of a batch, about.
        is_wanted: Tells whether a batch is wanted at once, even if it is not full.
    """
    store, waiting, cost = None, list[StoredCapture](), 0
    for item in listed:
        own_cost = item.capture.size + _COST_OF_FILE * len(item.capture.files)
        if own_cost >= size:
            yield Batch(item.store, (item.capture,), options)
            continue
        if waiting and ((item.store is not store and item.store != store) or cost + own_cost > size):
            yield Batch(store, tuple(waiting), options)
            waiting, cost = [], 0
        store, cost = item.store, cost + own_cost
        waiting.append(item.capture)
        if is_wanted():
            yield Batch(store, tuple(waiting), options)
            waiting, cost = [], 0
    if waiting:
        yield Batch(store, tuple(waiting), options)


def read_captures(
    listed: Iterable[Listed], options: ReadOptions, size: int, pool: Pool
) -> Generator[OutcomeRow, None, None]:
    """Read captures, and give their rows as they come. Each capture is read once, or again if it was lost.

    Args:
        listed: The captures. Another thread takes them.
        options: How to read them.
        size: Bytes of a batch, about.
        pool: What reads them. It is closed at the end.

    Raises:
        BrokenExecutor: The executor of the caller broke or was shut down, or no process can start.
        CancelledError: It cancelled work, or lost its connection.
    """
    return _Run(pool).rows(listed, options, size)


class _End(NamedTuple):
    """The end of the search, and what ended it too early."""

    error: BaseException | None = None


class _Run:
    """One run over an archive.

    Two threads share it. One finds captures and waits for `_slots` for their batches. The
    other one submits the batches, gives the rows of those that are done, and frees their
    slots. It gets the batches from the first one by `_events`, and from the pool the
    futures that are done.

    Args:
        pool: What does the work.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._events: SimpleQueue[Batch | _Rows | _End] = SimpleQueue()
        self._slots = threading.Semaphore(pool.under_way)
        self._found = 0  # batches; the first thread counts these, and the other one those that are done
        self._done = 0
        self._pending: dict[_Rows, Batch] = {}
        self._ranges: deque[tuple[Batch, TarRange]] = deque()  # of large tars, and where those were found
        self._is_closed = False

    def rows(
        self, listed: Iterable[Listed], options: ReadOptions, size: int
    ) -> Generator[OutcomeRow, None, None]:
        """Find the captures, and give their rows."""
        found = batches(self._until_closed(listed), options, size, self._has_idle_workers)
        search = threading.Thread(target=self._find, args=(found,), daemon=True)
        search.start()
        is_found = False
        try:
            while self._pending or not is_found:
                event = self._events.get()
                if isinstance(event, Batch):
                    self._submit(event)
                elif isinstance(event, Future):
                    yield from self._finished(event)
                elif event.error:
                    raise event.error
                else:
                    is_found = True
        finally:
            self._is_closed = True
            self._slots.release()  # the other thread may wait for one
            search.join(_LONGEST_END)
            for future in self._pending:
                future.cancel()
            self._pool.close(at_once=bool(self._pending))

    def _until_closed(self, listed: Iterable[Listed]) -> Iterator[Listed]:
        for item in listed:
            if self._is_closed:
                return
            yield item

    def _has_idle_workers(self) -> bool:
        return self._found - self._done < self._pool.under_way // 2

    def _find(self, found: Iterator[Batch]) -> None:
        """Find the captures. This runs in a thread of its own."""
        try:
            for batch in found:
                self._slots.acquire()
                if self._is_closed:
                    return
                self._found += 1
                self._events.put(batch)
        except BaseException as error:  # noqa: BLE001  # the other thread raises it
            self._events.put(_End(error))
        else:
            self._events.put(_End())

    def _submit(self, batch: Batch) -> None:
        future = _submitted(self._pool, batch)
        self._pending[future] = batch
        future.add_done_callback(self._events.put)

    def _finished(self, future: _Rows) -> Iterator[OutcomeRow]:
        """The rows of a future that is done. What is lost is read one by one."""
        batch = self._pending.pop(future, None)
        if batch is None:
            return  # it was lost with its pool, and is read already
        lost: list[Batch] = []
        try:
            yield from self._rows_in(future.result(), batch)
        except (BrokenExecutor, CancelledError) as error:
            self._pool.repair(error)
            lost = [batch, *self._lost()]
        except Exception:  # noqa: BLE001  # Dask gave it up, or it cannot be pickled
            lost = [batch]
        for one in lost:
            for part in _parts(one):
                yield from self._rows_in(_alone(self._pool, part), part)
        for _ in lost or [batch]:
            self._done += 1
            self._slots.release()
        self._submit_ranges()

    def _rows_in(self, done: Done, batch: Batch) -> list[OutcomeRow]:
        """The rows that a worker made. The ranges of tars that it found are read later."""
        self._ranges.extend((batch, found) for found in done.ranges)
        return done.rows

    def _submit_ranges(self) -> None:
        """Submit ranges of tars, as long as there are slots for them."""
        while self._ranges and self._slots.acquire(blocking=False):
            found_in, found = self._ranges.popleft()
            self._found += 1
            self._submit(msgspec.structs.replace(found_in, captures=found.captures, tar=found.tar))

    def _lost(self) -> list[Batch]:
        """The batches that were lost with a pool."""
        futures = [future for future in self._pending if not _has_rows(future)]
        return [self._pending.pop(future) for future in futures]


def _has_rows(future: _Rows) -> bool:
    return future.done() and not future.cancelled() and not isinstance(future.exception(), BrokenExecutor)


def _submitted(pool: Pool, batch: Batch) -> _Rows:
    """Submit a batch. If the pool takes none, the future says so."""
    try:
        return pool.submit(rows_of, batch)
    except BrokenExecutor as error:
        broken: _Rows = Future()
        broken.set_exception(error)
        return broken


def _parts(batch: Batch) -> Iterator[Batch]:
    """The captures of a lost batch one by one; in a compressed tar, each takes long to reach, so together."""
    if batch.tar and batch.tar.is_compressed:
        yield batch
        return
    for capture in batch.captures:
        yield msgspec.structs.replace(batch, captures=(capture,))


def _alone(pool: Pool, batch: Batch) -> Done:
    """Read what was lost, with nothing beside it."""
    try:
        return _submitted(pool, batch).result()
    except (BrokenExecutor, CancelledError) as error:
        pool.repair(error)
        return _errors(batch, _KILLED_TWICE)
    except Exception as error:  # noqa: BLE001  # as above
        return _errors(batch, message_of(error))


def _errors(batch: Batch, error: str) -> Done:
    return Done([error_row(capture, error) for capture in batch.captures], [])
