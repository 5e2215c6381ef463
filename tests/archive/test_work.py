"""Batches and executors: cut by bytes, and nothing lost or done twice where workers die."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from planqk_protocol.archive import OutcomeRow, outcomes, pools
from planqk_protocol.archive.listing import Listed, listed_captures
from planqk_protocol.archive.pools import CallersExecutor, OwnProcesses, OwnThreads, StartError
from planqk_protocol.archive.reading import error_row
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.archive.tars import Done
from planqk_protocol.archive.work import batches, read_captures
from tests.archive.harness import OPTIONS, RESULT, DeadlyStore, Inline, mixed_archive, rows_in, untimed, write
from tests.module_copies import copy_with

KB = 1024
SCRIPT = b"""
import sys
from planqk_protocol.archive import outcomes
print(len(list(outcomes(sys.argv[1:]))))
"""


def sizes_of_batches(*sizes: int, batch: int) -> list[list[int]]:
    store = LocalFileSystem()
    listed = [Listed(store, StoredCapture((StoredFile(str(size), str(size), size),))) for size in sizes]
    return [[capture.size for capture in item.captures] for item in batches(listed, OPTIONS, batch)]


def test_batches_are_cut_by_bytes() -> None:
    assert sizes_of_batches(60 * KB, 60 * KB, 60 * KB, batch=300 * KB) == [[60 * KB] * 2, [60 * KB]]


def test_small_files_cost_something_too() -> None:
    assert [len(batch) for batch in sizes_of_batches(*[0] * 10, batch=4 * 64 * KB)] == [4, 4, 2]


def test_a_large_file_goes_ahead() -> None:
    assert sizes_of_batches(1, 10**9, 2, batch=KB * KB) == [[10**9], [1, 2]]


def test_a_batch_is_of_one_store() -> None:
    one, other = LocalFileSystem(), LocalFileSystem(auto_mkdir=True)
    listed = [Listed(store, StoredCapture((StoredFile("a", "a"),))) for store in (one, one, other)]
    assert [len(batch.captures) for batch in batches(listed, OPTIONS, 10**6)] == [2, 1]


def test_the_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="batch is 0: give a number of bytes"):
        outcomes([], batch=0)
    with pytest.raises(ValueError, match="no capture format 'cr'; choose one of auto, raw, "):
        outcomes([], capture="cr")


class Scripted(Inline):
    """An executor that fails some of its calls."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        error = self.errors.pop(0) if self.errors else None
        if error is None:
            return super().submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_exception(error)
        return future


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, {f"{number}.log": RESULT.encode() for number in range(3)})
    return tmp_path


class OneBatch(CallersExecutor):
    """An executor whose batches are always made full."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(executor)
        self.under_way = 1


def rows_of_one_batch(folder: Path, executor: Executor) -> list[OutcomeRow]:
    return untimed(read_captures(listed_captures([str(folder)]), OPTIONS, 10**6, OneBatch(executor)))


def test_a_batch_that_fails_is_done_file_by_file(folder: Path) -> None:
    assert rows_of_one_batch(folder, Scripted(RuntimeError("killed"))) == rows_in(folder)


def test_a_file_that_fails_again_has_an_error(folder: Path) -> None:
    executor = Scripted(RuntimeError("killed"), None, RuntimeError("killed again"))
    first, second, third = rows_of_one_batch(folder, executor)
    assert (first.result, second.result, third.result) == ("42", None, "42")
    assert second.error == "cannot be read: RuntimeError: 'killed again'"
    assert second.size == len(RESULT)


@pytest.mark.parametrize("error", [BrokenExecutor("broken"), CancelledError()])
@pytest.mark.parametrize("before", [(), (RuntimeError(),)])
def test_an_executor_that_breaks_is_the_callers_matter(
    folder: Path, error: Exception, before: tuple[Exception, ...]
) -> None:
    with pytest.raises(type(error)):
        rows_in(folder, executor=Scripted(*before, error))


@pytest.mark.parametrize("error", [BrokenExecutor("no more"), RuntimeError("no more"), OSError("no more")])
def test_an_executor_that_takes_nothing_is_broken(folder: Path, error: Exception) -> None:
    class Refusing(Executor):
        def submit(self, *_args: Any, **_kwargs: Any) -> Future[Any]:
            raise error

    with pytest.raises(BrokenExecutor, match="no more"):
        rows_in(folder, executor=Refusing())


def test_an_executor_that_was_shut_down_is_broken(folder: Path) -> None:
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    with pytest.raises(BrokenExecutor, match="cannot schedule new futures after shutdown"):
        rows_in(folder, executor=threads)


class Late(Inline):
    """An executor that does nothing until it has a number of calls, or those that are left at the end."""

    def __init__(self, most: int, left: int) -> None:
        self.left = left
        self.most = most
        self.calls: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.calls.append((Future(), partial(fn, *args, **kwargs)))
        self.left -= 1
        future = self.calls[-1][0]
        assert len(self.calls) <= self.most
        if len(self.calls) == self.most or self.left == 0:
            for waiting, call in self.calls:
                waiting.set_result(call())
            self.calls = []
        return future


def test_what_is_lost_with_a_pool_is_read_one_by_one(folder: Path) -> None:
    """Two calls of three are lost with the pool, and the file of the first one breaks the next pool."""
    given: list[tuple[Future[Any], Callable[[], Any]]] = []
    repaired: list[Exception] = []

    class Mended(CallersExecutor):
        def submit(self, call: Callable[..., Any], *args: Any) -> Future[Any]:
            given.append((Future(), partial(call, *args)))
            if len(given) == 3:
                for future, _ in given[:2]:
                    future.set_exception(BrokenExecutor("lost"))
            if len(given) == 4:
                raise BrokenExecutor("lost again")
            if len(given) >= 3:
                given[-1][0].set_result(given[-1][1]())
            return given[-1][0]

        def repair(self, error: Exception) -> None:
            repaired.append(error)

    listed = listed_captures([str(folder)])
    first, second, third = untimed(read_captures(listed, OPTIONS, 1, Mended(Inline())))
    assert "died twice while it was read" in str(first.error)
    assert (second.result, third.result) == ("42", "42")
    assert len(repaired) == 2
    assert len(given) == 5


@pytest.mark.parametrize(("workers", "under_way"), [(0, 128), (64, 128), (100, 200)])
def test_few_batches_are_under_way_at_a_time(tmp_path: Path, workers: int, under_way: int) -> None:
    write(tmp_path, {f"{number:03}.log": b"" for number in range(300)})
    pool = CallersExecutor(Late(under_way, 300), workers)
    assert len(list(read_captures(listed_captures([str(tmp_path)]), OPTIONS, 1, pool))) == 300


def test_rows_come_while_the_search_goes_on(folder: Path) -> None:
    goes_on = threading.Event()

    def search() -> Iterator[Listed]:
        yield from listed_captures([str(folder)])
        assert goes_on.wait(60)
        yield from listed_captures([f"{folder}/0.log"])

    rows = read_captures(search(), OPTIONS, 10**6, CallersExecutor(Inline()))
    assert [next(rows).result for _ in range(3)] == ["42"] * 3
    goes_on.set()
    assert len(list(rows)) == 1


def test_an_error_of_the_search_ends_the_run(folder: Path) -> None:
    def search() -> Iterator[Listed]:
        yield from listed_captures([str(folder)])
        raise ValueError("no such store")

    with pytest.raises(ValueError, match="no such store"):
        list(read_captures(search(), OPTIONS, 10**6, CallersExecutor(Inline())))


def test_an_abandoned_iteration_cancels_what_has_not_begun(folder: Path) -> None:
    given: list[Future[Any]] = []

    class Slow(Inline):
        def submit(self, *_args: Any, **_kwargs: Any) -> Future[Any]:
            given.append(Future())
            if len(given) == 3:
                given[0].set_result(Done([error_row(StoredCapture((StoredFile("a", "a"),)), "none")], []))
            return given[-1]

    rows = outcomes([str(folder)], executor=Slow(), batch=1)
    next(rows)
    rows.close()  # type: ignore[attr-defined]  # as any generator
    assert [future.cancelled() for future in given] == [False, True, True]


def test_an_abandoned_search_ends() -> None:
    taken: list[int] = []
    before = threading.active_count()

    def search() -> Iterator[Listed]:
        for number in range(10**9):
            taken.append(number)
            yield Listed(LocalFileSystem(), StoredCapture((StoredFile("a", "a"),)))

    rows = read_captures(search(), OPTIONS, 1, CallersExecutor(Inline()))
    next(rows)
    rows.close()
    deadline = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert threading.active_count() <= before
    assert len(taken) < 10**6


def test_a_search_that_is_abandoned_takes_no_further_capture(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planqk_protocol.archive.work._LONGEST_END", 0)
    is_abandoned, has_ended = threading.Event(), threading.Event()
    taken: list[int] = []

    def search() -> Iterator[Listed]:
        try:
            yield from listed_captures([str(folder)])
            assert is_abandoned.wait(60)
            for number in range(10**6):
                taken.append(number)
                yield Listed(LocalFileSystem(), StoredCapture((StoredFile("a", "a"),)))
        finally:
            has_ended.set()

    rows = read_captures(search(), OPTIONS, 10**6, CallersExecutor(Inline()))
    next(rows)
    rows.close()
    is_abandoned.set()
    assert has_ended.wait(60)
    assert taken == [0]


def test_threads_give_what_a_loop_gives(tmp_path: Path) -> None:
    mixed_archive(tmp_path)
    listed = listed_captures([str(tmp_path)])
    assert untimed(read_captures(listed, OPTIONS, 10**6, OwnThreads(2))) == rows_in(tmp_path)


def test_what_a_thread_raises_is_in_its_future() -> None:
    threads = OwnThreads()
    with pytest.raises(ValueError, match="invalid literal") as raised:
        threads.submit(int, "x").result(60)
    with pytest.raises(ValueError, match="invalid literal"):
        threads.repair(raised.value)
    threads.close(at_once=False)


def test_threads_do_not_begin_what_was_cancelled() -> None:
    goes_on = threading.Event()
    threads = OwnThreads(1)
    first, second = threads.submit(goes_on.wait, 60), threads.submit(goes_on.clear)
    assert second.cancel()
    goes_on.set()
    assert first.result(60)
    assert threads.submit(goes_on.is_set).result(60)
    threads.close(at_once=True)


def test_there_are_no_more_processes_than_can_be_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_MOST_PROCESSES", 61)
    processes = OwnProcesses(64)
    assert processes.under_way == 2 * 61
    processes.close(at_once=False)


@pytest.mark.parametrize("error", [BrokenExecutor("ended"), BrokenPipeError("pipe")])
def test_processes_that_cannot_start_are_not_the_files_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refused(*_args: object) -> Future[Any]:
        raise error

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor.submit", refused)
    with pytest.raises(StartError, match="worker processes cannot start, or end at once"):
        list(outcomes([str(folder)]))


def test_a_worker_ends_when_its_pool_does(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(pools, "os", copy_with(os, _exit=codes.append))
    lifeline, end_of_parent = multiprocessing.Pipe(duplex=False)
    end_of_parent.close()
    pools._end_with(lifeline)  # noqa: SLF001
    lifeline.close()
    assert codes == [1]


def rows_of_own(store: LocalFileSystem, folder: Path, batch: int = 10**6) -> list[OutcomeRow]:
    listed = [Listed(store, item.capture) for item in listed_captures([str(folder)])]
    return untimed(read_captures(listed, OPTIONS, batch, OwnProcesses(2)))


@pytest.mark.slow
def test_own_processes_give_what_a_loop_gives(tmp_path: Path) -> None:
    mixed_archive(tmp_path)
    assert untimed(outcomes([str(tmp_path)], batch=1)) == rows_in(tmp_path)


@pytest.mark.slow
def test_a_script_that_starts_itself_again_is_told_why(tmp_path: Path) -> None:
    write(tmp_path, {"script.py": SCRIPT, **{f"logs/{number}.log": b"" for number in range(100)}})
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "logs")]
    done_ = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done_.returncode == 1
    assert 'needs the line if __name__ == "__main__":' in done_.stderr


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 10**7])
def test_a_file_that_kills_its_worker_twice_has_an_error(tmp_path: Path, batch: int) -> None:
    write(tmp_path, {f"{number}.log": RESULT.encode() for number in range(20)} | {"deadly.log": b"x"})
    rows = {Path(row.url).name: row for row in rows_of_own(DeadlyStore(), tmp_path, batch)}
    assert rows.pop("deadly.log").error == (
        "its worker process died twice while it was read: it may take too much memory"
    )
    assert (tmp_path / "deadly.log.deaths").read_bytes() == b".."
    assert len(rows) == 20
    assert {row.result for row in rows.values()} == {"42"}
