"""A real cluster of Dask: a scheduler and two workers, of which some are killed in the middle."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from planqk_protocol.archive import OutcomeRow, json_lines, outcomes, to_table
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.archive.listing import Listed, listed_captures
from planqk_protocol.archive.pools import CallersExecutor
from planqk_protocol.archive.work import read_captures
from tests.archive.harness import OPTIONS, RESULT, DeadlyStore, Inline, mixed_archive, rows_in, untimed, write

pytestmark = pytest.mark.archive

DEADLINE = 120  # seconds until a cluster that does not come up is a failure
ROOT = Path(__file__).parents[2]


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._file = folder / "scheduler.json"
        self._stack = stack
        self.scheduler = self._start("dask_scheduler", "--port", "0")
        wait_until(lambda: self._file.exists() and self._file.read_bytes().endswith(b"}"))
        self.workers = [self.add_worker() for _ in range(2)]

    def _start(self, name: str, *args: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{name}", "--scheduler-file", str(self._file)]
        process = subprocess.Popen(
            [*command, "--no-dashboard", *args],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"},
        )
        self._stack.callback(process.wait, DEADLINE)
        self._stack.callback(process.kill)
        return process

    def add_worker(self) -> subprocess.Popen[bytes]:
        return self._start("dask_worker", "--nthreads", "1", "--death-timeout", "60")

    @property
    def address(self) -> str:
        address: str = json.loads(self._file.read_text())["address"]
        return address.removeprefix("tcp://")


def wait_until(is_there: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not is_there():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    write(folder, {f"{number:03}.log": (RESULT + "x\n" * 1000).encode() for number in range(300)})
    mixed_archive(folder)
    return folder


def test_a_cluster_gives_what_a_loop_gives_also_if_a_worker_is_killed(cluster: Cluster, logs: Path) -> None:
    from distributed import Client  # noqa: PLC0415  # heavy

    with Client(f"tcp://{cluster.address}") as client:
        found = outcomes([str(logs)], executor=client.get_executor(), batch=1)
        rows: list[OutcomeRow] = [next(found) for _ in range(20)]
        cluster.workers[0].kill()
        rows += found
    assert untimed(rows) == rows_in(logs)


def stored_rows(logs: Path, output: Path, executor: Executor) -> Iterator[int]:
    """Store the rows that are not there yet, as the command does, and count them."""
    file = JsonLinesFile(output)
    listed = listed_captures([str(logs)])
    new = (item for item in listed if file.earlier.must_be_read(item.capture, OPTIONS))
    for number, row in enumerate(read_captures(new, OPTIONS, 1, CallersExecutor(executor))):
        file.write(row)
        yield number
    file.close()


def sorted_table(output: Path) -> bytes:
    """The rows as Parquet, sorted and without `OutcomeRow.seconds`."""
    rows = [msgspec.json.decode(line, type=OutcomeRow) for line in output.read_bytes().splitlines()]
    sink = io.BytesIO()
    pq.write_table(to_table(untimed(rows)).drop_columns(["seconds"]), sink)
    return sink.getvalue()


def test_the_table_of_a_run_with_faults_is_that_of_a_plain_loop_to_the_byte(
    cluster: Cluster, logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is killed, and then the scheduler. Another cluster goes on with what is left."""
    from distributed import Client  # noqa: PLC0415  # heavy

    monkeypatch.setattr(json_lines, "_LONGEST_WAIT", 0)  # each row is stored at once
    faulty, plain = tmp_path / "faulty.jsonl", tmp_path / "plain.jsonl"
    with Client(f"tcp://{cluster.address}", timeout=5) as client, suppress(CancelledError, BrokenExecutor):
        for number in stored_rows(logs, faulty, client.get_executor()):
            if number == 20:
                cluster.workers[0].kill()
            if number == 60:
                cluster.scheduler.kill()
    before = faulty.read_bytes().count(b"\n")
    (tmp_path / "second").mkdir()
    with ExitStack() as stack, Client(f"tcp://{Cluster(tmp_path / 'second', stack).address}") as client:
        added = sum(1 for _ in stored_rows(logs, faulty, client.get_executor()))
    total = sum(1 for _ in stored_rows(logs, plain, Inline()))
    assert 60 < before < total
    assert added < total
    assert sorted_table(faulty) == sorted_table(plain)


def test_a_file_that_kills_its_workers_has_an_error(cluster: Cluster, tmp_path: Path) -> None:
    from distributed import Client  # noqa: PLC0415  # heavy

    logs = tmp_path / "logs"
    write(logs, {f"{number}.log": RESULT.encode() for number in range(5)} | {"deadly.log": b"x"})
    listed = [Listed(DeadlyStore(), item.capture) for item in listed_captures([str(logs)])]
    with Client(f"tcp://{cluster.address}") as client:
        rows = untimed(read_captures(listed, OPTIONS, 10**7, CallersExecutor(client.get_executor())))
    assert [row.result for row in rows] == ["42"] * 5 + [None]
    assert "KilledWorker" in str(rows[-1].error)
    assert len(str(rows[-1].error)) < 300


def test_without_its_scheduler_the_work_ends(cluster: Cluster, logs: Path) -> None:
    from distributed import Client  # noqa: PLC0415  # heavy

    with Client(f"tcp://{cluster.address}", timeout=5) as client:
        found = outcomes([str(logs)], executor=client.get_executor(), batch=1)
        next(found)
        cluster.scheduler.kill()
        with pytest.raises((CancelledError, BrokenExecutor)):
            list(found)
