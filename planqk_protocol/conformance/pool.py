"""Many cases at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

__all__ = ["run_all"]

_GLANCE = 0.05  # seconds between two looks whether to break off, or whether nothing runs any more

Case = TypeVar("Case")
Outcome = TypeVar("Outcome")


def run_all(
    run: Callable[[Case], Outcome],
    cases: Iterable[Case],
    jobs: int,
    *,
    is_over: Callable[[], bool],
    stop: Callable[[], None],
) -> Generator[Outcome, None, None]:
    """What `run` gives for each case, in their order, each as soon as it and all before it are done.

    An error, `close` or `is_over` ends it at once.

    Args:
        run: Called with one case, in a thread.
        cases: The cases.
        jobs: Number of cases that run at a time.
        is_over: Tells whether to break off.
        stop: Makes the calls of `run` that have begun end soon.

    Raises:
        KeyboardInterrupt: It was broken off.
    """
    futures: list[Future[Outcome]] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            futures += (pool.submit(run, case) for case in cases)
            for future in futures:
                while not (future.done() or is_over()):
                    wait([future], _GLANCE)
                if is_over():
                    raise KeyboardInterrupt
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            running = {future for future in futures if not future.done()}
            while running:
                stop()  # again and again: a case may just be starting its program
                running = wait(running, _GLANCE).not_done
