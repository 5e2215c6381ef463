"""What is timed is what was asked for, and it has to do its work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import pytest

from tests.bench.measuring import (
    BenchError,
    Comparison,
    Run,
    Task,
    command,
    in_process,
    measure,
    measured_by_itself,
)


def taking(seconds: Iterable[float], found: int = 1) -> Callable[[], Run]:
    """A task that takes a known time in each round."""
    times = iter(seconds)
    return lambda: Run(next(times), found)


def test_the_best_round_counts_and_the_first_task_is_the_measure() -> None:
    tasks = [
        Task("first", "by hand", taking([4.0, 2.0]), 1, size=10),
        Task("second", "ours", taking([1.0, 3.0]), 1, size=10),
        Task("twice the work", "ours", taking([2.0, 2.0]), 1, size=20),
    ]
    first, second, third = measure([Comparison("all", tasks)], rounds=2)
    assert (first.seconds, first.speed) == (2.0, 1.0)
    assert (second.seconds, second.speed) == (1.0, 2.0)
    assert (third.seconds, third.speed) == (2.0, 2.0)


def test_tasks_take_turns() -> None:
    order: list[str] = []

    def noted(name: str) -> Callable[[], Run]:
        def run() -> Run:
            order.append(name)
            return Run(1.0, None)

        return run

    tasks = [Task(name, "ours", noted(name), None) for name in "ab"]
    list(measure([Comparison("all", tasks)], rounds=2))
    assert order == ["a", "b", "a", "b"]


def test_what_finds_something_else_is_refused() -> None:
    comparison = Comparison("all", [Task("first", "ours", taking([1.0], found=2), 3)])
    with pytest.raises(BenchError, match="all, first: 2 found, 3 are there"):
        list(measure([comparison], rounds=1))


def test_a_function_takes_time_of_the_processor() -> None:
    seconds, found, _ = in_process(lambda: sum(range(200_000)))()
    assert found == sum(range(200_000))
    assert seconds > 0


def test_a_program_takes_its_own_time_and_finds_what_it_prints() -> None:
    seconds, found, _ = command(sys.executable, "-c", r"print('a\nb')")()
    assert found == 2
    assert seconds > 0


def test_programs_start_as_they_do_for_users(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os; print(*[n for n in os.environ if n.startswith('PYTHON')], sep='\\n', end='')"
    without = command(sys.executable, "-c", program)().found
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    assert command(sys.executable, "-c", program)().found == without


def test_a_program_that_fails_is_refused() -> None:
    with pytest.raises(BenchError, match="ended with 3: b'why'"):
        command(sys.executable, "-c", "import sys; sys.stderr.write('why'); sys.exit(3)")()
    with pytest.raises(BenchError, match="ended with 3: b'why'"):
        measured_by_itself(sys.executable, "-c", "import sys; sys.stderr.write('why'); sys.exit(3)")()


def test_a_program_can_measure_itself() -> None:
    run = measured_by_itself(sys.executable, "-c", "print('[1.5, 7, 1024]')")
    assert run() == Run(1.5, 7, 1024)
