"""Many cases at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["run_all"]

Case = TypeVar("Case")
Outcome = TypeVar("Outcome")


def run_all(run: Callable[[Case], Outcome], cases: Iterable[Case], jobs: int) -> Iterator[Outcome]:
    """What `run` gives for each case, in their order, each as soon as it and all before it are done.

    Args:
        run: Called with one case, in a thread.
        cases: The cases.
        jobs: Number of cases that run at a time.
    """
    with ThreadPoolExecutor(jobs) as pool:
        pending = [pool.submit(run, case) for case in cases]
        try:
            for future in pending:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
