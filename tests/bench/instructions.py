"""Counts the instructions of fixed workloads, and compares them with a baseline.

    .venv/bin/python tests/bench/instructions.py [--store]

It shows regressions without a clock, and needs Valgrind. Other work on the machine does not change the
counts. The layout of memory does, as CPython's cache of methods is indexed by addresses; so each workload
is counted with several layouts, and the least count is taken. Starts of programs are counted as a whole.
The counts depend on the interpreter and on
the libraries, so there is a baseline for each build of Python and each lock file. Where there is none, the
counts are printed and nothing fails; ``--store`` keeps them as the baseline of this interpreter. The exit
code is 1 if a workload takes over 3 % more than that.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.bench.workloads import WORKLOADS

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("workloads.py")
BASELINES = Path(__file__).with_name("instructions.json")
LOCK = ROOT / "requirements.lock"
MARGIN = 0.03
LAYOUTS = ("1", "2", "3")
STORE = ".venv/bin/python tests/bench/instructions.py --store"
# Whether a block of memory can grow in place, or is copied, depends on all that was made before, and so on
# the environment and on the names of folders. A block with pages of its own grows without a copy.
_FIXED = {"PYTHONHASHSEED": "0", "MALLOC_MMAP_THRESHOLD_": "4096"}
_COMMAND = "import sys; from planqk_protocol.__main__ import main; sys.exit(main())"
_LOGS = {"log": b"step 1\n" * 9, "log with a result": b"step 1\n" * 9 + b'PlanQK:Job:Result: {"sum": 42}\n'}
STARTS = {
    "start, first parse": ["import planqk_protocol as p; p.parse(b'x')"],
    "start, result": [_COMMAND, "result", "log with a result"],
    "start, result, none there": [_COMMAND, "result", "log"],
    "start, parse to JSON Lines": [_COMMAND, "parse", "--output", "jsonl", "log with a result"],
}
"""Programs that are counted from their start to their end, as arguments of ``python -c``."""
_FLAGS = re.compile(r"^(flags|Features)\s*:.*$", re.MULTILINE)
_TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)


class Baseline(msgspec.Struct, frozen=True):
    """The counts on a build of Python with the libraries of a lock file."""

    interpreter: str
    lock: str
    counts: dict[str, int]


class Change(NamedTuple):
    """How the count of a workload differs from the baseline, which may lack it: then `share` is ``None``."""

    workload: str
    found: int
    share: float | None

    @property
    def is_regression(self) -> bool:
        """Whether there are more instructions than the margin allows."""
        return self.share is not None and self.share > MARGIN


def interpreter() -> str:
    """The build of Python, and what else decides which instructions run."""
    processor = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    flags = _FLAGS.search(processor)  # by these, the C library chooses among its functions
    digest = hashlib.sha256(flags[0].encode()).hexdigest()[:8] if flags else "unknown"
    machine = f"{platform.machine()} with flags {digest}"
    return f"{' '.join(sys.version.split())}, {'-'.join(platform.libc_ver())}, {machine}"


def lock() -> str:
    """The hash of the lock file."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]


def count(program: Path) -> list[int]:
    """The instructions of each workload, the least of those with several layouts, and of each start."""
    with ThreadPoolExecutor() as pool:
        layouts = pool.map(partial(_count, program), LAYOUTS)
        starts = pool.map(_count_start, STARTS.values())
        return [*(min(found) for found in zip(*layouts, strict=True)), *starts]


def _count(program: Path, layout: str) -> list[int]:
    """The instructions between each two calls that ask for the parent process."""
    with tempfile.TemporaryDirectory() as folder:
        _run_counted(Path(folder), ["--dump-before=getppid", sys.executable, str(program), layout])
        parts = sorted(Path(folder).glob("counts.*"), key=lambda path: int(path.suffix[1:]))
        return [_total(part) for part in parts[1::2]]


def _count_start(arguments: list[str]) -> int:
    """The instructions of a program from its start to its end, with compiled modules."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for log, content in _LOGS.items():
            (folder / log).write_bytes(content)
        program = [sys.executable, "-c", *arguments]
        subprocess.run(program, cwd=folder, env=_environment(), capture_output=True, check=False)  # compiles
        _run_counted(folder, program, (0, 1))  # 1 if there is no result
        return _total(folder / "counts")


def _run_counted(folder: Path, arguments: list[str], codes: Sequence[int] = (0,)) -> None:
    """Run a program under Callgrind in a folder, which gets the counts. It must end with one of the codes."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'counts'}", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode not in codes or not any(folder.glob("counts*")):
        raise RuntimeError(f"valgrind ended with {done.returncode}: {done.stderr[-2000:]}")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **_FIXED}


def _total(counts: Path) -> int:
    return int(_TOTAL.findall(counts.read_text(encoding="utf-8"))[-1])


def compare(counts: Mapping[str, int], baseline: Mapping[str, int]) -> list[Change]:
    """How each count differs from the baseline."""
    return [
        Change(name, found, found / baseline[name] - 1 if name in baseline else None)
        for name, found in counts.items()
    ]


def stored(path: Path) -> list[Baseline]:
    """The baselines in a file."""
    return msgspec.json.decode(path.read_bytes(), type=list[Baseline]) if path.exists() else []


def store(path: Path, new: Baseline) -> None:
    """Keep a baseline, instead of an older one of the same interpreter."""
    others = [one for one in stored(path) if one.interpreter != new.interpreter]
    path.write_bytes(msgspec.json.format(msgspec.json.encode([*others, new]), indent=1) + b"\n")


def report(changes: Iterable[Change]) -> str:
    """The counts as a table."""
    rows = []
    for change in changes:
        share = "not in the baseline" if change.share is None else f"{change.share:+.2%}"
        rows.append(f"{change.workload:34} {change.found:>13,} {share}{'  TOO MANY' * change.is_regression}")
    return "\n".join(rows)


def main(arguments: Iterable[str] | None = None) -> int:
    """Count, and compare or store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--store", action="store_true", help="keep the counts as the baseline of this interpreter"
    )
    given = parser.parse_args(None if arguments is None else list(arguments))
    if not shutil.which("valgrind"):
        print("skipped: there is no valgrind here")
        return 0
    new = Baseline(interpreter(), lock(), dict(zip([*WORKLOADS, *STARTS], count(PROGRAM), strict=True)))
    known = [one for one in stored(BASELINES) if (one.interpreter, one.lock) == (new.interpreter, new.lock)]
    changes = compare(new.counts, known[0].counts if known else {})
    print(report(changes))
    if given.store:
        store(BASELINES, new)
        print(f"stored for {new.interpreter}, lock file {new.lock}")
        return 0
    if not known:
        print(f"no baseline for {new.interpreter}, lock file {new.lock}; to store one: {STORE}")
    elif any(change.share is None or abs(change.share) > MARGIN for change in changes):
        print(f"the baseline is not that of this code; to store a new one, if the change is meant: {STORE}")
    return int(any(change.is_regression for change in changes))


if __name__ == "__main__":
    sys.exit(main())
