"""What archives cost: many small logs and a large one, beside a bare loop. It needs Linux.

    python tests/bench/archives.py [--logs 100000] [--megabytes 5000] [--rounds 3] [--check FACTOR]

The logs are as Docker's driver json-file stores them. A hundred different small ones of
some 50 KB are written, and the others are links to these. So there are 5 GB in small logs,
and 5 GB in a large one. The command `archive` reads them and writes Parquet.

It is compared with a bare loop. That reads the same files in one process, with the classes that
read one capture in all commands, and makes the same rows, without fingerprints. It joins no
rotated files, divides no work, and cannot go on after an interruption. In this comparison, both
write JSON Lines.

Seconds are those of the processor, in all processes. From those that are compared with the
bare loop, what an archive of one log takes is subtracted. Only the gain from a second core is
measured by the clock. It is compared with what two processes that only count gain at the
same time, as the machine may have other work. Memory is that of the largest process at its
peak. Each figure is the least of all rounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))
from planqk_protocol.archive.rows import OutcomeRow, Violations, row_to_json_line
from planqk_protocol.captures import Chunk
from planqk_protocol.events import InterimResult, Violation
from planqk_protocol.inputs.compression import decompressed
from planqk_protocol.inputs.event_stream import EventStream
from planqk_protocol.inputs.input import Input
from planqk_protocol.outcome import Collector
from planqk_protocol.testing.models import MODELS
from tests.bench.corpora import interim, log

_FORMAT = "docker-json-file"
_LINES = 300  # of a small log
_DIFFERENT = 100  # small logs; the others are links to them
_IN_FOLDER = 1000
_PARTS = 4  # time and memory are compared with those of a part
_CHUNK = 256 * 1024
_TERABYTES = 10

# The bounds.
_MOST_COST = 1.15  # times the bare loop
_MOST_MEMORY = 1.3  # times that of a part of the work: rows wait in memory until they are 10,000
_MOST_TIME = 1.15  # times that of all parts one by one
_LEAST_GAIN = 0.8  # of what two processes gain that only count: 1.6 of 2


class Cost(NamedTuple):
    """Seconds of the processor, seconds by the clock, and the peak of the memory in KiB."""

    cpu: float
    wall: float
    peak: int


def _capture(first: int, lines: int) -> bytes:
    texts = [interim(n) if n % 50 == 0 else log(n) for n in range(first, first + lines)]
    return MODELS[_FORMAT][0].capture(_FORMAT, [("stdout", text.encode()) for text in texts]).data


def _write_small(folder: Path, logs: int) -> None:
    result = MODELS[_FORMAT][0].capture(_FORMAT, [("stdout", b'PlanQK:Job:Result: {"energy": -1.25}\n')]).data
    for number in range(logs):
        path = folder / f"{number // _IN_FOLDER:05}" / f"{number:07}-json.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number < _DIFFERENT:
            path.write_bytes(_capture(number, _LINES) + result)
        else:
            path.hardlink_to(folder / "00000" / f"{number % _DIFFERENT:07}-json.log")


def _write_large(folder: Path, megabytes: int) -> None:
    folder.mkdir(parents=True)
    block = _capture(0, 10_000)
    with (folder / "large-json.log").open("wb") as file:
        for _ in range(megabytes * 1_000_000 // len(block)):
            file.write(block)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def read_bare(path: Path) -> OutcomeRow:
    """The row of a log, by a bare loop over its events."""
    begin, state = time.perf_counter(), path.stat()
    collector = Collector(keep_interim="last", max_violations=0)
    interim_count, violations = 0, dict[str, Violations]()
    findings, notices = Counter[str](), Counter[str]()
    ends: list[Chunk] = []
    inputs = decompressed(
        [Input(str(path), _chunks(path))], lambda _name, _text, kind: notices.update([kind])
    )
    stream = EventStream(inputs, "auto", logs=False)
    for captured in stream:
        for event in captured.events:
            collector.add(event)
            if isinstance(event, InterimResult):
                interim_count += 1
            elif isinstance(event, Violation):
                before = violations.get(event.code, Violations(0, event.message))
                violations[event.code] = Violations(before.count + 1, before.first_message)
        notices.update(notice.kind.value for notice in captured.notices)
        findings.update(finding.rule for finding in stream.findings(captured))
        ends[1:] = captured.chunks[-1:] or ends[1:]
        ends[:] = ends or captured.chunks[:1]
    findings.update(finding.rule for finding in stream.last_findings(None, None, is_cut_off=False))
    outcome = collector.outcome(exit_code=None)
    result = outcome.result.payload.strip() if outcome.result else None
    return OutcomeRow(
        url=str(path),
        files=(str(path),),
        size=state.st_size,
        modified=datetime.fromtimestamp(state.st_mtime, UTC),
        format=stream.format,
        status=outcome.status.value,
        result=result.decode() if result is not None else None,
        result_size=len(result) if result is not None else None,
        result_sha256=sha256(result).hexdigest() if result is not None else None,
        result_file=str(path) if outcome.result else None,
        result_line=outcome.result.line if outcome.result else None,
        interim_count=interim_count,
        last_interim=next((event.payload.strip().decode() for event in outcome.interim_results), None),
        violations=dict(sorted(violations.items())),
        findings=dict(sorted(findings.items())),
        notices=dict(sorted(notices.items())),
        suspect=outcome.suspect,
        first_time=ends[0].time_span[0] if ends else None,
        last_time=ends[-1].time_span[1] if ends else None,
        lines=stream.line_count,
        bytes=stream.size,
        seconds=time.perf_counter() - begin,
    )


def _bare(folder: Path) -> None:
    with tempfile.TemporaryFile() as output:
        for place, _, names in os.walk(folder):
            for name in names:
                output.write(row_to_json_line(read_bare(Path(place, name))))


def _count(_folder: Path) -> None:
    for _ in range(20_000_000):
        pass


def _cost(*commands: list[str], cores: Iterable[int] = ()) -> Cost:
    """What programs cost that run at the same time."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores) or all_cores)
    try:
        begin = time.perf_counter()
        running = [subprocess.Popen(command, stdout=-3, stderr=-3) for command in commands]
        ended = [os.wait4(process.pid, 0)[1:] for process in running]
        wall = time.perf_counter() - begin
    finally:
        os.sched_setaffinity(0, all_cores)
    for process, (status, _) in zip(running, ended, strict=True):
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{process.args!r} ended with exit code {process.returncode}")
    usages = [usage for _, usage in ended]
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return Cost(cpu, wall, max(usage.ru_maxrss for usage in usages))


def _archive(folder: Path, jobs: int = 1, cores: Iterable[int] = (), form: str = "parquet") -> Cost:
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-m", "planqk_protocol", "archive", "--jobs", str(jobs)]
        return _cost([*command, "--output", f"{output}/rows.{form}", str(folder)], cores=cores)


def _of_this(part: str, folder: Path) -> list[str]:
    return [sys.executable, __file__, "--part", part, str(folder)]


def _best(costs: Iterable[Cost]) -> Cost:
    """The least of each figure."""
    return Cost(*map(min, zip(*costs, strict=True)))


def _gain(folder: Path, rounds: int) -> tuple[float, float]:
    """How many times faster two cores are than one: for an archive, and for processes that only count."""
    one_core, two_cores = sorted(os.sched_getaffinity(0))[:1], sorted(os.sched_getaffinity(0))[:2]
    count = _of_this("count", folder)
    ones, twos, alone, beside = [], [], [], []
    for _ in range(rounds):
        ones.append(_archive(folder, 1, one_core))
        twos.append(_archive(folder, 2, two_cores))
        alone.append(_cost(count, count, cores=one_core))
        beside.append(_cost(count, count, cores=two_cores))
    return _best(ones).wall / _best(twos).wall, _best(alone).wall / _best(beside).wall


class _Bounds:
    """Prints figures, and remembers whether a bound is not met."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self.are_met = True

    def most(self, name: str, figure: float, bound: float) -> None:
        self._print(name, f"{figure:.2f}, at most {bound:.2f}", is_met=figure <= bound * self._factor)

    def least(self, name: str, figure: float, bound: float) -> None:
        self._print(name, f"{figure:.2f}, at least {bound:.2f}", is_met=figure >= bound / self._factor)

    def _print(self, name: str, text: str, *, is_met: bool) -> None:
        self.are_met = self.are_met and is_met
        print(f"{name:55} {text}{'' if is_met else '  <- not met'}", flush=True)


def _measure(kind: str, folders: tuple[Path, Path], one: Path, rounds: int, bounds: _Bounds) -> None:
    """Compare the cost of an archive with the bare loop, and with a part of it.

    Args:
        kind: What to call it.
        folders: The archive, and a part of it.
        one: An archive of one log.
        rounds: How often each is measured.
        bounds: What is compared.
    """
    folder, bare_loop = folders[0], _of_this("bare", folders[0])
    costs = [
        (_archive(folder), _archive(folder, form="jsonl"), _cost(bare_loop), *_starts(one))
        for _ in range(rounds)
    ]
    archive, rows, bare, start, rows_start, bare_start = map(_best, zip(*costs, strict=True))
    part = _best(_archive(folders[1]) for _ in range(rounds))
    work = archive.cpu - start.cpu
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    hours = work / size * _TERABYTES * 1e12 / 3600
    print(
        f"{kind}: {size / 1e6:,.0f} MB in {work:.2f} s of the processor, {size / work / 1e6:.0f} MB/s; "
        f"{_TERABYTES} TB take {hours:.1f} hours of a core; {archive.peak / 1024:.0f} MiB"
    )
    cost = (rows.cpu - rows_start.cpu) / (bare.cpu - bare_start.cpu)
    bounds.most(f"{kind}: time, as a multiple of the bare loop's", cost, _MOST_COST)
    growth = archive.cpu / part.cpu / _PARTS  # the start included: without it, little is left of a small part
    bounds.most(f"{kind}: time, as a multiple of {_PARTS} parts", growth, _MOST_TIME)
    bounds.most(f"{kind}: memory, as a multiple of a part's", archive.peak / part.peak, _MOST_MEMORY)


def _starts(one: Path) -> tuple[Cost, Cost, Cost]:
    """What an archive of one log costs, with Parquet and with JSON Lines, and a bare loop over nothing."""
    return _archive(one), _archive(one, form="jsonl"), _cost(_of_this("bare", Path(os.devnull)))


@contextmanager
def _archives(logs: int, megabytes: int) -> Iterator[Callable[[str], Path]]:
    with tempfile.TemporaryDirectory(prefix="archive-") as folder:
        root = Path(folder)
        _write_small(root / "one", 1)
        _write_small(root / "small", logs)
        _write_small(root / "part of small", logs // _PARTS)
        _write_large(root / "large", megabytes)
        _write_large(root / "part of large", megabytes // _PARTS)
        yield lambda name: root / name


def main() -> None:
    """Measure, and print the figures and the bounds."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--logs", type=int, default=100_000, help="number of small logs")
    arguments.add_argument("--megabytes", type=int, default=5000, help="size of the large log")
    arguments.add_argument("--rounds", type=int, default=3, help="how often each figure is measured")
    text = "exit code 1 if a bound is missed by more than this factor; 1 on a machine with no other work"
    arguments.add_argument("--check", type=float, metavar="FACTOR", help=text)
    arguments.add_argument("--part", nargs=2, metavar=("PART", "FOLDER"), help="used by itself")
    given = arguments.parse_args()
    if given.part:
        {"bare": _bare, "count": _count}[given.part[0]](Path(given.part[1]))
        return
    bounds = _Bounds(given.check or 1)
    with _archives(given.logs, given.megabytes) as folder:
        _measure(
            f"{given.logs:,} small logs",
            (folder("small"), folder("part of small")),
            folder("one"),
            given.rounds,
            bounds,
        )
        _measure(
            "a large log", (folder("large"), folder("part of large")), folder("one"), given.rounds, bounds
        )
        gain, possible = _gain(folder("small"), given.rounds)
        print(f"two cores: {gain:.2f} times as fast as one; {possible:.2f} is possible now")
        possible = min(possible, 2)  # more is chance
        bounds.least("two cores: gain, as a share of the possible one", gain / possible, _LEAST_GAIN)
    sys.exit(int(given.check is not None and not bounds.are_met))


if __name__ == "__main__":
    main()
