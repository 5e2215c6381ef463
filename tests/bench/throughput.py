"""How fast, and in how much memory: ratios to what one would write by hand, measured in one run.

    python tests/bench/throughput.py [--megabytes 200] [--rounds 5]

Each pair is timed in turns, and the best of its rounds counts. A ratio above 1
means that the package is faster than the loop it is measured against.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from planqk_protocol import Limits, Log, Parser, Violation, iter_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 256 * 1024
LINE = "2026-11-20 12:00:00.000 | INFO     | optimiser:step:{} - evaluated circuit {} of the ansatz"


def write_log(path: Path, megabytes: int, every: int) -> None:
    """A log of 100-byte lines, one in `every` of them an interim result."""
    with path.open("wb") as file:
        for number in range(megabytes * 10_000):
            if number % every == 0:
                payload = json.dumps({"iteration": number, "energy": -1.25 * number})
                file.write(f"PlanQK:Job:InterimResult: {payload}\n".encode())
            else:
                file.write(LINE.format(number, number % 7).ljust(99, ".").encode() + b"\n")


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def all_by_hand(path: Path) -> int:
    lines: list[str] = []
    results: list[Any] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("PlanQK:Job:Result:"):
                results.append(json.loads(line[18:]))
            elif line.startswith("PlanQK:Job:InterimResult:"):
                results.append(json.loads(line[25:]))
            else:
                lines.append(line)
    return len(lines) + len(results)


def all_events(path: Path) -> int:
    count = 0
    results: list[Any] = []
    for event in iter_events(chunks(path)):
        if type(event) is Log:
            count += event.text is not None
        elif not isinstance(event, Violation | Log):
            results.append(event.value)
    return count + len(results)


def markers_by_hand(path: Path) -> int:
    found = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.startswith(b"PlanQK:Job:"):
                found.append((number, line))
    return len(found)


def markers_by_hand_unnumbered(path: Path) -> int:
    found = []
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"PlanQK:Job:"):
                found.append(line)  # noqa: PERF401  # the loop one would write
    return len(found)


def without_logs(path: Path) -> int:
    return sum(1 for _ in iter_events(chunks(path), logs=False))


def by_grep(path: Path) -> int:
    found = subprocess.run(["grep", "-n", "^PlanQK:Job:", path], capture_output=True, check=True)
    return found.stdout.count(b"\n")


def compare(name: str, rounds: int, baseline: Callable[[], object], ours: Callable[[], object]) -> None:
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for index, function in enumerate((baseline, ours)):
            start = time.perf_counter()
            function()
            best[index] = min(best[index], time.perf_counter() - start)
    print(f"{name:58} {best[0]:8.3f} s {best[1]:8.3f} s {best[0] / best[1]:7.2f}")


def payloads(megabytes: int) -> dict[str, bytes]:
    source = random.Random(1)  # noqa: S311  # no secret
    counts = {
        format(source.getrandbits(40), "040b"): source.randint(0, 1000) for _ in range(megabytes * 20_000)
    }
    floats = [[source.random() for _ in range(1000)] for _ in range(megabytes * 50)]
    return {
        "counts": json.dumps(counts).encode(),
        "matrix of floats": json.dumps(floats).encode(),
        "one string": json.dumps("x" * (megabytes << 20)).encode(),
    }


def compare_payloads(megabytes: int, rounds: int) -> None:
    for name, payload in payloads(megabytes).items():
        stream = b"PlanQK:Job:Result: " + payload + b"\n"
        pieces = [stream[i : i + 4096] for i in range(0, len(stream), 4096)]

        def ours(pieces: list[bytes] = pieces) -> None:
            parser = Parser(limits=Limits(max_payload=None))
            for piece in pieces:
                parser.feed(piece)
            assert parser.result

        label = f"{len(payload) >> 20} MB payload in 4 KiB chunks, {name}"
        compare(f"{label}: msgspec", rounds, partial(msgspec.json.decode, payload), ours)
        compare(f"{label}: json", rounds, partial(json.loads, payload), ours)


def bytewise(rounds: int) -> None:
    def seconds(size: int) -> float:
        stream = b"PlanQK:Job:Result: " + b'"' + b"x" * size + b'"\n'
        best = float("inf")
        for _ in range(rounds):
            parser = Parser()
            start = time.perf_counter()
            for at in range(len(stream)):
                parser.feed(stream[at : at + 1])
            best = min(best, time.perf_counter() - start)
        return best

    small, large = seconds(100_000), seconds(400_000)
    print(f"{'1-byte chunks: time of 400 kB / time of 100 kB':58} {large / small:30.2f}")


def peak_memory(megabytes: int) -> int:
    """Peak resident memory, in KiB, of a process that parses a stream of this size."""
    command = [sys.executable, __file__, "--stream", str(megabytes)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def stream(megabytes: int) -> None:
    chunk = (b"x" * 99 + b"\n") * (CHUNK // 100)
    parser = Parser()
    for _ in range((megabytes << 20) // len(chunk)):
        parser.feed(chunk)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=200)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--stream", type=int, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.stream:
        stream(options.stream)
        return
    print(f"Python {platform.python_version()}, msgspec {msgspec.__version__}")
    print(f"{'':58} {'by hand':>10} {'ours':>10} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "mixed.log")
        write_log(log, options.megabytes, 1000)
        assert all_by_hand(log) == all_events(log)
        assert markers_by_hand(log) == without_logs(log)
        compare("all events, text read", options.rounds, lambda: all_by_hand(log), lambda: all_events(log))
        compare(
            "logs=False: numbered loop",
            options.rounds,
            lambda: markers_by_hand(log),
            lambda: without_logs(log),
        )
        plain = "logs=False: loop without numbers"
        compare(plain, options.rounds, lambda: markers_by_hand_unnumbered(log), lambda: without_logs(log))
        if shutil.which("grep"):
            compare("logs=False: grep -n", options.rounds, lambda: by_grep(log), lambda: without_logs(log))
        interim = Path(folder, "interim.log")
        write_log(interim, options.megabytes // 5, 1)
        compare(
            "interim results only", options.rounds, lambda: all_by_hand(interim), lambda: all_events(interim)
        )
    compare_payloads(64, options.rounds)
    bytewise(options.rounds)
    if Path("/proc/self/status").exists():
        small, large = peak_memory(200), peak_memory(2000)
        print(f"{'peak memory of 200 MB and of 2 GB':58} {small:7} KiB {large:6} KiB")


if __name__ == "__main__":
    main()
