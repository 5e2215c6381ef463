"""How fast the package is, beside what one would write by hand, tools and parsers of other protocols.

    .venv/bin/python tests/bench/run.py [--megabytes 50] [--json FILE] [--check]

Everything is measured in one run, in turns, and the best of the rounds counts. Ratios are the
result: seconds differ from machine to machine. docs/performance.md shows what was measured.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.bounds import Verdict, judge
from tests.bench.comparisons import BENCH, Options, all_comparisons
from tests.bench.measuring import Figure, measure
from tests.bench.tables import bounds_table, figures_header, figures_row

_TOOLS = ("grep", "rg", "wc", "jq")


class Report(msgspec.Struct, frozen=True):
    """What was measured, where and how. Its JSON is what ``--json`` writes."""

    date: str
    command: str
    machine: str
    versions: dict[str, str]
    megabytes: int
    gigabytes: float
    rounds: int
    figures: list[Figure]
    bounds: list[Verdict]


def machine() -> str:
    """The processor, the number of cores, and the system."""
    rows = (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if Path("/proc/cpuinfo").exists()
        else []
    )
    names = {row.partition(":")[2].strip() for row in rows if row.startswith("model name")}
    cores = sum(row.startswith("processor") for row in rows)
    processor = ", ".join(sorted(names)) or platform.processor()
    return f"{processor}, {cores} cores, {platform.system()} {platform.machine()}"


def versions(peers: str | None) -> dict[str, str]:
    """The versions of all that was measured."""
    found = {"CPython": platform.python_version()}
    found |= {name: version(name) for name in ("planqk_protocol", "msgspec", "lark")}
    for tool in _TOOLS:
        if shutil.which(tool):
            said = subprocess.run([tool, "--version"], capture_output=True, check=False, text=True).stdout
            found[tool] = next(
                (word for word in said.replace("-", " ").split() if word[0].isdigit()), "unknown"
            )
    if peers:
        told = subprocess.run(
            [peers, BENCH / "peers.py", "versions"], capture_output=True, check=True, text=True
        )
        found |= dict(line.split() for line in told.stdout.splitlines())
    return found


def measure_all(options: Options, rounds: int) -> list[Figure]:
    """Measure, and print each figure when it is there."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        print(figures_header())
        for figure in measure(all_comparisons(Path(folder), options), rounds):
            print(figures_row(figure), flush=True)
            figures.append(figure)
    return figures


def main(arguments: Iterable[str] | None = None) -> int:
    """Run as a command; 1 if a bound was checked that is not met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=50, help="size of each log, from 1 (default 50)")
    parser.add_argument(
        "--gigabytes",
        type=float,
        default=0,
        help="size of streams that show time and memory grow; 0 leaves them out",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--peers", metavar="PYTHON", help="interpreter of an environment with the dependency group 'bench'"
    )
    parser.add_argument(
        "--only",
        metavar="TEXT",
        action="append",
        default=[],
        help="only comparisons with this in their name; may be repeated",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where to write everything that was measured"
    )
    parser.add_argument("--check", action="store_true", help="end with exit code 1 if a bound is not met")
    words = sys.argv[1:] if arguments is None else list(arguments)
    given = parser.parse_args(words)
    options = Options(given.megabytes, given.gigabytes, given.peers, tuple(given.only))
    figures = measure_all(options, given.rounds)
    verdicts = judge(figures)
    print(f"\n{bounds_table(verdicts)}")
    if given.json:
        command = " ".join([".venv/bin/python tests/bench/run.py", *words])
        report = Report(
            f"{datetime.now(UTC):%Y-%m-%d}",
            command,
            machine(),
            versions(given.peers),
            given.megabytes,
            given.gigabytes,
            given.rounds,
            figures,
            verdicts,
        )
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return int(given.check and any(verdict.met is False for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
