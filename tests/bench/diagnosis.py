"""What the diagnosis costs beside the parser: ratios, measured in one run.

    python tests/bench/diagnosis.py [--megabytes 200] [--rounds 5]

The two sides of a ratio are timed in turns, and the best of their rounds count.
The bounds: finding all mistakes takes at most 1.15 times as long as parsing the
same log into events, and the command `result` at most 1.3 times as long on a log
without a result as on one with. The exit code is 1 if a bound is exceeded.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from planqk_protocol import Parser
from planqk_protocol.captures import Source
from planqk_protocol.diagnosis import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 256 * 1024
LINES = (
    "2026-11-20 12:00:00.000 | INFO     | optimiser:step:{} - evaluated circuit {} of the ansatz\n",
    "2026-11-20 12:00:00,113 DEBUG urllib3.connectionpool request {} to the queue of solver {} took 0.2 s\n",
    "[{}] Java HotSpot(TM) 64-Bit Server VM: JIT compiled method {} of class org.apache.spark.Job\n",
    "sample {}: energy -41.25, chain break fraction 0.0{}, num_occurrences 12, reads 1000\n",
)
RESULT = 'PlanQK:Job:Result: {"sum": 42}\n'


def write(path: Path, megabytes: int, last: str) -> None:
    """A log of the given size, and one last line."""
    size = 0
    with path.open("w") as file:
        number = 0
        while size < megabytes * 1_000_000:
            size += file.write(LINES[number % len(LINES)].format(number, number % 7))
            number += 1
        file.write(last)


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def parse(path: Path) -> None:
    parser = Parser()
    for chunk in chunks(path):
        parser.feed(chunk)
    parser.close()


def diagnose(path: Path) -> None:
    source, diagnosis = Source("raw", logs=False), Diagnosis()
    for chunk in chunks(path):
        diagnosis.observe(source.feed(chunk))
    diagnosis.observe(source.close())
    assert len(diagnosis.close()) <= 1  # there is no result, or there is nothing to find


def run(*command: str) -> None:
    subprocess.run([sys.executable, "-m", "planqk_protocol", *command], check=False, capture_output=True)


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=200, help="size of each log")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    exceeded = False
    with tempfile.TemporaryDirectory() as folder:
        without, with_one = Path(folder, "without"), Path(folder, "with")
        write(without, options.megabytes, "")
        write(with_one, options.megabytes, RESULT)
        pairs = {
            "diagnosis / parse": (1.15, partial(diagnose, with_one), partial(parse, with_one)),
            "check / parse, the commands": (
                1.15,
                partial(run, "check", str(with_one)),
                partial(run, "parse", str(with_one)),
            ),
            "result, without one / with one": (
                1.3,
                partial(run, "result", str(without)),
                partial(run, "result", str(with_one)),
            ),
        }
        for name, (bound, work, other) in pairs.items():
            timed = [(seconds(work), seconds(other)) for _ in range(options.rounds)]
            first, second = (min(times) for times in zip(*timed, strict=True))
            ratio = first / second
            exceeded |= ratio > bound
            print(f"{name}: {first:.2f} s / {second:.2f} s = {ratio:.2f}, bound {bound}")
    sys.exit(exceeded)


if __name__ == "__main__":
    main()
