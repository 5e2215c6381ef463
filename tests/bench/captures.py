"""What a capture costs beside the stdout in it: ratios to reading the same bytes raw, measured in one run.

    python tests/bench/captures.py [--megabytes 200] [--rounds 5]

Each capture is timed in turns with its stdout, and the best of its rounds
counts. A ratio of 2 means that the capture takes twice the time of its stdout.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from planqk_protocol import Parser
from planqk_protocol.captures import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 256 * 1024
LINE = "2026-11-20 12:00:00.000 | INFO     | optimiser:step:{} - evaluated circuit {} of the ansatz"


def lines(count: int) -> Iterator[str]:
    """100-byte lines, one in a thousand an interim result."""
    for number in range(count):
        if number % 1000 == 0:
            yield f"PlanQK:Job:InterimResult: {json.dumps({'iteration': number})}\n"
        else:
            yield LINE.format(number, number % 7).ljust(99, ".") + "\n"


def json_file(line: str, number: int, stream: str) -> str:
    record = {"log": line, "stream": stream, "time": f"2026-11-20T12:00:00.{number % 10**9:09}Z"}
    return json.dumps(record, separators=(",", ":")) + "\n"


def cri(line: str, number: int, stream: str) -> str:
    return f"2026-11-20T12:00:00.{number % 10**9:09}Z {stream} F {line}"


def entry(line: str, number: int, _stream: str) -> str:
    stamp = f"2026-11-20T12:00:00.{number % 10**6:06}Z"
    members = {"message": line[:-1], "severity": "INFO", "timestamp": stamp}
    return json.dumps(members, separators=(",", ":"))


def planqk_list(line: str, number: int, stream: str) -> str:
    return ("," if number else "[") + entry(line, number, stream)


def planqk_lines(line: str, number: int, stream: str) -> str:
    return entry(line, number, stream) + "\n"


ENDS: dict[Callable[[str, int, str], str], str] = {planqk_list: "]"}


def write(folder: Path, megabytes: int) -> dict[str, tuple[str, Path, Path]]:
    """Captures of the given size; for each the id of its format, its file, and the file of its stdout."""
    kinds: dict[str, tuple[str, Callable[[str, int, str], str], int]] = {
        "json-file": ("docker-json-file", json_file, 0),
        "json-file, one line in three on stderr": ("docker-json-file", json_file, 3),
        "CRI": ("cri", cri, 0),
        "CRI, one line in three on stderr": ("cri", cri, 3),
        "log of the platform, a list": ("planqk-log", planqk_list, 0),
        "log of the platform, an entry a line": ("planqk-log", planqk_lines, 0),
    }
    files = {}
    for name, (format_id, record, every) in kinds.items():
        capture, stdout = folder / f"{name}.capture", folder / f"{name}.stdout"
        count = megabytes * 1_000_000 // len(record("x" * 99 + "\n", 0, "stdout"))
        with capture.open("w") as capture_file, stdout.open("w") as stdout_file:
            for number, line in enumerate(lines(count)):
                is_stderr = bool(every) and number % every == 1
                capture_file.write(record(line, number, "stderr" if is_stderr else "stdout"))
                if not is_stderr:
                    stdout_file.write(line)
            capture_file.write(ENDS.get(record, ""))
        files[name] = (format_id, capture, stdout)
    return files


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def read_raw(path: Path) -> int:
    parser = Parser()
    return sum(len(parser.feed(chunk)) for chunk in chunks(path)) + len(parser.close())


def read_capture(format_id: str, path: Path) -> int:
    source = Source(format_id)
    return sum(len(source.feed(chunk).events) for chunk in chunks(path)) + len(source.close().events)


def seconds(read: Callable[[], int]) -> float:
    start = time.perf_counter()
    read()
    return time.perf_counter() - start


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=int, default=200, help="size of each capture")
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, (format_id, capture, stdout) in write(Path(folder), options.megabytes).items():
            events = read_raw(stdout)
            assert read_capture(format_id, capture) == events
            reads = partial(read_capture, format_id, capture), partial(read_raw, stdout)
            timed = [[seconds(read) for read in reads] for _ in range(options.rounds)]
            wrapped, raw = (min(times) for times in zip(*timed, strict=True))
            size = stdout.stat().st_size / 1e6
            print(
                f"{name}: {wrapped:.2f} s, its stdout ({size:.0f} MB): {raw:.2f} s, ratio {wrapped / raw:.2f}"
            )


if __name__ == "__main__":
    main()
