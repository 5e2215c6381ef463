"""The loops that one would write by hand, without the package.

As a program, it prints the records of a log as JSON Lines: python tests/bench/by_hand.py FILE.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TextIO

RESULT, INTERIM, FENCE = "PlanQK:Job:Result:", "PlanQK:Job:InterimResult:", "PlanQK:Job:MultilineResult"


def plain_loop(path: Path) -> int:
    """The lines, interim results and results of a log, without blocks: the loop that one writes first."""
    logs: list[str] = []
    results: list[Any] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith(RESULT):
                results.append(json.loads(line[len(RESULT) :]))
            elif line.startswith(INTERIM):
                results.append(json.loads(line[len(INTERIM) :]))
            else:
                logs.append(line)
    return len(results)


def careful_loop(path: Path) -> int:
    """All that is in a log: its lines, its interim results, its result, blocks included."""
    logs: list[str] = []
    interim_results: list[Any] = []
    result: Any = None
    block: list[str] | None = None
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            if block is not None:
                if line.rstrip() == FENCE:
                    result = result or json.loads("".join(block))
                    block = None
                else:
                    block.append(line)
            elif not line.startswith("PlanQK:Job:"):
                logs.append(line.rstrip("\r\n"))
            elif line.startswith(INTERIM):
                interim_results.append(json.loads(line[len(INTERIM) :]))
            elif line.startswith(RESULT):
                result = result or json.loads(line[len(RESULT) :])
            elif line.rstrip() == FENCE:
                block = []
            else:
                logs.append(line.rstrip("\r\n"))
    return len(interim_results) + (result is not None)


def byte_loop(path: Path) -> int:
    """The marked lines of a log."""
    found = []
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"PlanQK:Job:"):
                found.append(line)  # noqa: PERF401  # the loop one would write
    return len(found)


def json_lines(path: Path, output: TextIO) -> int:
    """Write the records of a log with ``json.dumps``, one in a line."""
    number = 0
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not line.startswith("PlanQK:Job:"):
                record = {"type": "log", "line": number, "text": line.rstrip("\r\n")}
            else:
                value = json.loads(line.partition(": ")[2])
                record = {"type": "interim_result", "line": number, "value": value}
            output.write(json.dumps(record) + "\n")
    return number


if __name__ == "__main__":
    json_lines(Path(sys.argv[1]), sys.stdout)
