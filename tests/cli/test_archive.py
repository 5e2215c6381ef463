"""``planqk-protocol archive``: rows of many logs, to Parquet, JSON Lines or standard output, and resumed."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from planqk_protocol.archive import outcomes
from planqk_protocol.archive.parquet import ParquetFolder
from planqk_protocol.errors import missing_extra
from tests.archive.harness import (
    RESULT,
    Inline,
    rows_in,
    write,
)
from tests.cli.archives import OUTPUTS, archive, decoded, in_words_of_the_command, stored
from tests.cli.harness import ESCAPE, Call, Run, Terminal


def test_rows_on_standard_output(run: Run, logs: Path) -> None:
    outcome = archive(run, logs)
    assert decoded(outcome.stdout) == in_words_of_the_command(rows_in(logs))
    assert outcome.exit_code == 1  # two cannot be read
    counts = [" ".join(line.split()[:-2]) for line in outcome.stderr.splitlines()]  # without the sizes
    assert "the column 'error' says why a log was not read" in outcome.stderr.splitlines()[-1]
    assert counts[1:-1] == [
        "FAILED 1",
        "UNKNOWN 2",
        "UNKNOWN, damaged 1",
        "UNKNOWN, no result 3",
        "not read 2",
        "all 9",
    ]


@pytest.mark.parametrize("output", OUTPUTS)
def test_rows_in_files(run: Run, logs: Path, tmp_path: Path, output: str) -> None:
    path = tmp_path / output
    assert archive(run, logs, "--output", f"{tmp_path}/{output}").stdout == ""
    assert [row["url"] for row in stored(path)] == [row.url for row in rows_in(logs)]


def test_all_is_read_is_success(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"a.log": RESULT.encode()})
    outcome = archive(run, tmp_path)
    assert (outcome.exit_code, "the column 'error'" in outcome.stderr) == (0, False)


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
        killed._write_part()  # noqa: SLF001  # what it did not store is made again
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


def test_a_store_whose_library_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    outcome = archive(run, "gs://bucket/logs")
    assert outcome.exit_code == 2
    assert "gcsfs" in outcome.stderr


def test_an_output_that_cannot_be_written(
    run: Run, logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("planqk_protocol.archive.json_lines.JsonLinesFile.write", full)
    outcome = archive(run, logs, "--output", tmp_path / "rows.jsonl")
    said = f"planqk-protocol: {tmp_path / 'rows.jsonl'}: No space left on device\n"
    assert (outcome.exit_code, outcome.stderr) == (2, said)


def test_without_its_libraries(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    outcome = archive(run, "x")
    assert outcome.stderr == f"planqk-protocol: {missing_extra('fsspec.core', 'archive')}\n"


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
