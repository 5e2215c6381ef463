"""``planqk-protocol archive``: rows of many logs, to Parquet, JSON Lines or standard output, and resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

import msgspec
import pyarrow.parquet as pq
import pytest

from planqk_protocol.archive import OutcomeRow, outcomes
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.archive.parquet import ParquetFile, ParquetFolder
from tests.archive.harness import (
    RESULT,
    Inline,
    mixed_archive,
    rows_in,
    untimed,
    write,
)
from tests.cli.harness import ESCAPE, Call, Run, Terminal

OUTPUTS: dict[str, type[ParquetFolder | JsonLinesFile]] = {
    "rows/": ParquetFolder,
    "rows.parquet": ParquetFile,
    "rows.jsonl": JsonLinesFile,
}


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    mixed_archive(folder)
    return folder


def archive(run: Run, *args: str | Path) -> Any:
    return run("archive", "--executor", "threads", "--jobs", "2", *args)


def decoded(lines: str) -> list[OutcomeRow]:
    return untimed(msgspec.json.decode(line, type=OutcomeRow) for line in lines.splitlines())


def in_words_of_the_command(rows: list[OutcomeRow]) -> list[OutcomeRow]:
    return [
        msgspec.structs.replace(row, error=row.error and row.error.replace("capture=", "--capture "))
        for row in rows
    ]


def stored(path: Path) -> list[dict[str, Any]]:
    """The rows of an output as plain data, without their seconds, in the order of their URLs."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        rows = pq.read_table(path).to_pylist(maps_as_pydicts="strict")
    return sorted(({**row, "seconds": 0} for row in rows), key=lambda row: str(row["url"]))


def test_rows_on_standard_output(run: Run, logs: Path) -> None:
    outcome = archive(run, logs)
    assert decoded(outcome.stdout) == in_words_of_the_command(rows_in(logs))
    assert outcome.exit_code == 1  # two cannot be read
    counts = [" ".join(line.split()[:-2]) for line in outcome.stderr.splitlines()]  # without the sizes
    assert counts[1:] == ["FAILED 1", "UNKNOWN 5", "UNKNOWN, damaged 1", "not read 2", "all 9"]


@pytest.mark.parametrize("output", OUTPUTS)
def test_rows_in_files(run: Run, logs: Path, tmp_path: Path, output: str) -> None:
    path = tmp_path / output
    assert archive(run, logs, "--output", f"{tmp_path}/{output}").stdout == ""
    assert [row["url"] for row in stored(path)] == [row.url for row in rows_in(logs)]


def test_all_is_read_is_success(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"a.log": RESULT.encode()})
    assert archive(run, tmp_path).exit_code == 0


def test_a_row_may_be_chosen_by_its_columns(run: Run, logs: Path) -> None:
    def chosen(*conditions: str) -> list[str]:
        args = [arg for condition in conditions for arg in ("--where", condition)]
        return [Path(row.url).name for row in decoded(archive(run, logs, *args).stdout)]

    assert chosen("status=FAILED") == ["a-json.log"]
    assert chosen("status=") == ["dangling", "doubtful.log"]
    assert chosen("findings=duplicate-result", "format=raw") == ["broken.gz", "plain.log"]
    assert chosen("exit_code=3", "suspect=false") == ["a-json.log"]
    assert chosen(f"files={logs}/noise") == ["noise"]
    assert chosen("suspect=true") == []


@pytest.mark.parametrize("condition", ["status", "state=FAILED", "=", ""])
def test_a_condition_that_is_none(run: Run, condition: str) -> None:
    outcome = archive(run, "x", "--where", condition)
    assert outcome.exit_code == 2
    assert "is not NAME=VALUE with the name of a column" in " ".join(outcome.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--executor", "dusk"], "is none of processes, threads, dask://HOST:PORT"),
        (
            ["--executor", "dask://a:1", "--jobs", "2"],
            "--jobs goes with --executor processes and threads only",
        ),
        (["--resume"], "--resume needs an --output that is a file or a folder"),
        (["--output", "rows.csv"], "ends with none of .parquet, .jsonl and /"),
    ],
)
def test_what_does_not_go_together(run: Run, args: list[str], said: str) -> None:
    outcome = run("archive", "x", *args)
    assert outcome.exit_code == 2
    assert said in " ".join(outcome.stderr.replace("│", " ").split())


@pytest.mark.parametrize("output", OUTPUTS)
def test_rows_that_are_there_are_not_lost(run: Run, logs: Path, tmp_path: Path, output: str) -> None:
    name = f"{tmp_path}/{output}"
    archive(run, logs, "--output", name)
    before = stored(tmp_path / output)
    outcome = archive(run, logs, "--output", name)
    assert outcome.exit_code == 2
    assert "is there already; go on with it by --resume, or choose another output" in outcome.stderr
    assert stored(tmp_path / output) == before


def test_an_empty_folder_is_an_output(run: Run, logs: Path, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    archive(run, logs, "--output", tmp_path / "rows")
    assert len(stored(tmp_path / "rows")) == 9


@pytest.mark.parametrize("count", range(0, 10, 3))
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_resumed_run_gives_what_one_run_gives(
    run: Run, logs: Path, tmp_path: Path, output: str, count: int
) -> None:
    path = tmp_path / output
    killed = OUTPUTS[output](path)
    for row in list(outcomes([str(logs)], executor=Inline()))[:count]:
        killed.write(row)
    if isinstance(killed, ParquetFolder):
        killed._store()  # noqa: SLF001  # what it did not store is made again
    del killed
    archive(run, logs, "--output", f"{tmp_path}/{output}", "--resume")
    whole = tmp_path / f"whole.{output}"
    archive(run, logs, "--output", f"{tmp_path}/whole.{output}")
    assert stored(path) == stored(whole)


def test_a_resumed_run_reads_only_what_is_new(run: Run, tmp_path: Path) -> None:
    logs, output = tmp_path / "logs", tmp_path / "rows.jsonl"
    write(logs, {"a.log": RESULT.encode(), "b.log": b"x\n"})
    archive(run, logs, "--output", output)
    first = output.read_bytes()
    outcome = archive(run, logs, "--output", output, "--resume")
    assert outcome.stderr.split() == ["status", "logs", "size", "all", "0", "0", "bytes"]
    assert output.read_bytes() == first
    write(logs, {"b.log": b"longer\n", "c.log": b""})
    archive(run, logs, "--output", output, "--resume")
    assert [(Path(row["url"]).name, row["bytes"]) for row in stored(output)] == [
        ("a.log", len(RESULT)),
        ("b.log", 7),
        ("c.log", 0),
    ]


def test_a_store_that_nobody_knows(run: Run) -> None:
    outcome = archive(run, "nostore://x")
    assert (outcome.exit_code, "Protocol not known: nostore" in outcome.stderr) == (2, True)


def test_without_its_libraries(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    outcome = archive(run, "x")
    assert outcome.stderr == (
        'planqk-protocol: fsspec.core is missing; run: pip install "planqk_protocol[archive]"\n'
    )


def test_without_dask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = run("archive", "x", "--executor", "dask://localhost:1")
    assert outcome.stderr == (
        'planqk-protocol: distributed is missing; run: pip install "planqk_protocol[dask]"\n'
    )


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
    assert "the executor ended before the work was done; go on by --resume with another" in outcome.stderr


@pytest.mark.slow
def test_processes(run: Run, logs: Path) -> None:
    assert decoded(run("archive", logs).stdout) == in_words_of_the_command(rows_in(logs))


def test_a_bar_with_a_rate_that_leaves_nothing_behind(
    call: Call, terminal: Terminal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("archive", "--executor", "threads", "--output", f"{logs.parent}/rows/", logs) == 1
    shown = terminal.shown()
    assert "logs, " in shown
    assert "not read" in shown
    assert "logs/s" in shown
    table = shown.split(f"{ESCAPE}[2K")[-1]  # which erases the line
    assert "logs/s" not in table
    assert "UNKNOWN" in table


def test_no_bar_among_rows(
    call: Call, terminal: Terminal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    monkeypatch.setattr(sys, "stdout", terminal.text())
    assert call("archive", "--executor", "threads", logs) == 1
    assert "logs/s" not in terminal.shown()


def test_the_help_imports_nothing_heavy() -> None:
    code = "import sys; from planqk_protocol.cli.commands import archive; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"pyarrow", "fsspec", "distributed"} & set(done.stdout.split())


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
    program = subprocess.Popen(command, stderr=subprocess.PIPE)
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
