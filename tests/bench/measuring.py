"""Times tasks in turns, and keeps the best time of each.

The time is that of the processor, in the process itself and in the programs that it
starts, so other work on the machine matters little. All files are in the memory of the
system when they are read, as each of them has just been written.
"""

from __future__ import annotations

import gc
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

# Programs start from compiled modules and write through a buffer, unless the environment says otherwise.
_SLOWER = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _SLOWER}

Kind = Literal["ours", "by hand", "tool", "peer", "least work"]


class BenchError(Exception):
    """What was timed did not do its work."""


class Run(NamedTuple):
    """One run: seconds of the processor, what was found, and the peak of the memory where it was measured."""

    seconds: float
    found: int | None
    peak: int = 0  # KiB


class Task(NamedTuple):
    """What is timed.

    `expected` is what it has to find. `size` (in bytes) and `lines` say how much work it
    is; they are those of the standard output of the job, whatever the task reads.
    """

    name: str
    kind: Kind
    run: Callable[[], Run]
    expected: int | None
    size: int = 1
    lines: int = 1


class Comparison(NamedTuple):
    """Tasks that do the same work, as far as they can. The others are compared with the first one."""

    name: str
    tasks: list[Task]


class Figure(msgspec.Struct, frozen=True):
    """The best run of a task."""

    comparison: str
    task: str
    kind: Kind
    seconds: float
    size: int
    lines: int
    peak: int
    speed: float  # times that of the first task of the comparison


def in_process(work: Callable[[], int]) -> Callable[[], Run]:
    """A run of a function of this process."""

    def run() -> Run:
        gc.collect()
        start = time.process_time()
        found = work()
        return Run(time.process_time() - start, found)

    return run


def command(*arguments: str) -> Callable[[], Run]:
    """A run of a program, from its start to its end. It finds as many things as it prints lines."""

    def run() -> Run:
        # Not /dev/null: grep stops at its first match if its output goes there.
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.PIPE, env=_ENVIRONMENT)
            assert process.stderr
            said = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stderr.close()
            if process.returncode not in {0, 1}:
                raise BenchError(f"{arguments} ended with {process.returncode}: {said[:500]!r}")
            output.seek(0)
            found = sum(chunk.count(b"\n") for chunk in iter(lambda: output.read(1 << 20), b""))
        return Run(usage.ru_utime + usage.ru_stime, found)

    return run


def measured_by_itself(*arguments: str) -> Callable[[], Run]:
    """A run of a program that prints its own seconds, what it found and its peak of memory, as JSON."""

    def run() -> Run:
        done = subprocess.run(arguments, capture_output=True, check=False)
        if done.returncode:
            raise BenchError(f"{arguments} ended with {done.returncode}: {done.stderr[-500:]!r}")
        return msgspec.json.decode(done.stdout, type=Run)

    return run


def measure(comparisons: Iterable[Comparison], rounds: int) -> Iterator[Figure]:
    """Time the tasks of each comparison in turns.

    Raises:
        BenchError: A task did not find what it had to find.
    """
    for comparison in comparisons:
        best: dict[str, Run] = {}
        for _ in range(rounds):
            for task in comparison.tasks:
                run = task.run()
                if task.expected is not None and run.found != task.expected:
                    raise BenchError(
                        f"{comparison.name}, {task.name}: {run.found} found, {task.expected} are there"
                    )
                best[task.name] = min(run, best.get(task.name, run))
        first = comparison.tasks[0]
        base = best[first.name].seconds / first.size
        for task in comparison.tasks:
            seconds, _, peak = best[task.name]
            yield Figure(
                comparison.name,
                task.name,
                task.kind,
                seconds,
                task.size,
                task.lines,
                peak,
                speed=base * task.size / seconds,
            )
