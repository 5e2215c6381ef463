"""``planqk-protocol archive --executor``: what reads the logs, and what ends it."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

import pytest

from planqk_protocol.archive import outcomes
from planqk_protocol.errors import missing_extra
from tests.archive.harness import RESULT, Inline, rows_in, untimed, write
from tests.cli.archives import decoded, in_words_of_the_command
from tests.cli.harness import Run


def test_without_dask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = run("archive", "x", "--executor", "dask://localhost:1")
    assert outcome.stderr == f"planqk-protocol: {missing_extra('distributed', 'dask')}\n"


class FakeClient:
    """A client of Dask without a cluster."""

    closed: ClassVar[list[str]] = []

    def __init__(self, address: str) -> None:
        self.address = address
        if "nobody" in address:
            raise OSError("timed out")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.closed.append(self.address)

    def get_executor(self) -> Executor:
        return BrokenInline() if "broken" in self.address else Inline()

    def nthreads(self) -> dict[str, int]:
        return {"tcp://a:1": 2, "tcp://b:1": 4}


class BrokenInline(Inline):
    def submit(self, *_args: Any, **_kwargs: Any) -> Any:
        raise BrokenExecutor


@pytest.fixture
def _dask(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("distributed")
    vars(module)["Client"] = FakeClient
    monkeypatch.setitem(sys.modules, "distributed", module)


@pytest.mark.usefixtures("_dask")
def test_a_cluster(run: Run, logs: Path) -> None:
    outcome = run("archive", logs, "--executor", "dask://host:8786")
    assert decoded(outcome.stdout) == in_words_of_the_command(rows_in(logs))
    assert FakeClient.closed == ["tcp://host:8786"]
    outcome = run("archive", logs, "--executor", "dask://nobody:1")
    assert outcome.stderr == "planqk-protocol: no scheduler of Dask answers at nobody:1: timed out\n"
    outcome = run("archive", logs, "--executor", "dask://broken:1")
    assert outcome.exit_code == 2
    assert "the executor ended before the work was done; run it again with another" in outcome.stderr
    outcome = run("archive", logs, "--executor", "dask://broken:1", "--output", f"{logs.parent}/rows.jsonl")
    assert "the executor ended before the work was done; go on by --resume with another" in outcome.stderr


def test_processes_that_cannot_start(run: Run, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor.submit", refused)
    outcome = run("archive", logs)
    assert outcome.stderr == (
        "planqk-protocol: worker processes cannot start, or end at once; choose --executor threads\n"
    )


@pytest.mark.slow
def test_processes(run: Run, logs: Path) -> None:
    assert decoded(run("archive", logs).stdout) == in_words_of_the_command(rows_in(logs))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another signal for Ctrl-C")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_ends_the_work_in_its_middle(tmp_path: Path, executor: str) -> None:
    logs, output = tmp_path / "logs", tmp_path / "rows.jsonl"
    long = gzip.compress(b"PlanQK:Job:Result: wrong\n" * 10_000) * 1_000  # takes minutes
    write(logs, {"long.log.gz": long, "short.log": RESULT.encode()})
    command = [sys.executable, "-m", "planqk_protocol", "archive", str(logs), "--output", str(output)]
    program = subprocess.Popen(
        [*command, "--executor", executor, "--jobs", "2"], stderr=subprocess.PIPE, text=True
    )
    while not (output.exists() and output.read_bytes()):
        assert program.poll() is None
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 130
    # A worker that was about to start may say that it lost its parent, before this or after it.
    assert "planqk-protocol: interrupted" in errors.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_in_the_middle_is_resumed(tmp_path: Path, stop: signal.Signals) -> None:
    logs, output = tmp_path / "logs", tmp_path / "rows.jsonl"
    write(logs, {f"{number:04}.log": (RESULT + "x\n" * 50_000).encode() for number in range(600)})
    command = [
        sys.executable,
        "-m",
        "planqk_protocol",
        "archive",
        str(logs),
        "--output",
        str(output),
        "--jobs",
        "2",
    ]
    # coverage.py keeps its lock, and so hangs, if Ctrl-C comes within its Collector.lock_data (7.17).
    env = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    program = subprocess.Popen(command, stderr=subprocess.PIPE, env=env)
    deadline = time.monotonic() + 120
    while program.poll() is None and time.monotonic() < deadline:
        if output.exists() and output.read_bytes().count(b"\n") >= 20:
            break
        time.sleep(0.01)
    program.send_signal(stop)
    program.communicate(timeout=60)
    assert len(output.read_bytes().splitlines()) >= 20
    done = subprocess.run([*command, "--resume"], check=True, capture_output=True, timeout=120)
    assert b"all" in done.stderr
    rows = decoded(output.read_text())
    assert rows == untimed(outcomes([str(logs)], executor=Inline()))
    assert len(rows) == 600
