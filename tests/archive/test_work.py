"""Batches and executors: cut by bytes, and nothing lost or done twice where workers die."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from planqk_protocol.archive import OutcomeRow, outcomes, work
from planqk_protocol.archive.listing import Listed, listed_captures
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.archive.work import OwnProcesses, batches, done
from tests.archive.harness import READING, RESULT, DeadlyStore, Inline, mixed_archive, rows_in, untimed, write

KB = 1024
SCRIPT = b"""
import sys
from planqk_protocol.archive import outcomes
print(len(list(outcomes(sys.argv[1:]))))
"""


def sizes_of_batches(*sizes: int, batch: int) -> list[list[int]]:
    store = LocalFileSystem()
    listed = [Listed(store, StoredCapture((StoredFile(str(size), str(size), size),))) for size in sizes]
    return [[capture.size for capture in item.captures] for item in batches(listed, READING, batch)]


def test_batches_are_cut_by_bytes() -> None:
    assert sizes_of_batches(60 * KB, 60 * KB, 60 * KB, batch=300 * KB) == [[60 * KB] * 2, [60 * KB]]


def test_small_files_cost_something_too() -> None:
    assert [len(batch) for batch in sizes_of_batches(*[0] * 10, batch=4 * 64 * KB)] == [4, 4, 2]


def test_a_large_file_goes_ahead() -> None:
    assert sizes_of_batches(1, 10**9, 2, batch=KB * KB) == [[10**9], [1, 2]]


def test_a_batch_is_of_one_store() -> None:
    one, other = LocalFileSystem(), LocalFileSystem(auto_mkdir=True)
    listed = [Listed(store, StoredCapture((StoredFile("a", "a"),))) for store in (one, one, other)]
    assert [len(batch.captures) for batch in batches(listed, READING, 10**6)] == [2, 1]


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


def test_a_batch_that_fails_is_done_file_by_file(folder: Path) -> None:
    assert rows_in(folder, executor=Scripted(RuntimeError("killed"))) == rows_in(folder)


def test_a_file_that_fails_again_has_an_error(folder: Path) -> None:
    executor = Scripted(RuntimeError("killed"), None, RuntimeError("killed again"))
    first, second, third = rows_in(folder, executor=executor)
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


def test_an_executor_that_takes_nothing_is_broken(folder: Path) -> None:
    class Refusing(Executor):
        def submit(self, *_args: Any, **_kwargs: Any) -> Future[Any]:
            raise BrokenExecutor("no more")

    with pytest.raises(BrokenExecutor, match="no more"):
        rows_in(folder, executor=Refusing())


def test_few_batches_are_under_way_at_a_time(tmp_path: Path) -> None:
    write(tmp_path, {f"{number:03}.log": b"" for number in range(300)})
    waiting = 0

    class Counting(Inline):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal waiting
            waiting += 1
            return super().submit(fn, *args, **kwargs)

    rows = outcomes([str(tmp_path)], executor=Counting(), batch=1)
    next(rows)
    assert waiting == 128
    assert len(list(rows)) == 299


def test_an_abandoned_iteration_cancels_what_has_not_begun(folder: Path) -> None:
    given: list[Future[Any]] = []

    class Slow(Inline):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            given.append(Future() if given else super().submit(fn, *args, **kwargs))
            return given[-1]

    rows = outcomes([str(folder)], executor=Slow(), batch=1)
    next(rows)
    rows.close()  # type: ignore[attr-defined]  # as any generator
    assert [future.cancelled() for future in given] == [False, True, True]


def test_a_worker_ends_when_its_pool_does(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    lifeline, end_of_parent = multiprocessing.Pipe(duplex=False)
    end_of_parent.close()
    work._end_with(lifeline)  # noqa: SLF001
    lifeline.close()
    assert codes == [1]


def rows_of_own(store: LocalFileSystem, folder: Path, batch: int = 10**6) -> list[OutcomeRow]:
    listed = [Listed(store, item.capture) for item in listed_captures([str(folder)])]
    return untimed(done(batches(listed, READING, batch), OwnProcesses(2)))


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
    assert 'needs the line if __name__ == "__main__":' in done_.stderr.splitlines()[-1]


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
