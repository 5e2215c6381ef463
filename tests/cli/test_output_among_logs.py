"""What ``planqk-protocol archive`` writes is none of the logs that it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.archive.harness import RESULT, write
from tests.cli.harness import Run

ARCHIVE = ["archive", "--executor", "threads", "--jobs", "1"]


def names_in(path: Path) -> list[str]:
    """The logs that have rows in an output."""
    if path.suffix == ".jsonl":
        urls = [json.loads(line)["url"] for line in path.read_text().splitlines()]
    else:
        files = sorted(path.glob("part-*.parquet")) if path.is_dir() else [path]
        urls = [url for file in files for url in pq.read_table(file).column("url").to_pylist()]
    return sorted(Path(url).name for url in urls)


@pytest.mark.parametrize("output", ["rows.jsonl", "rows.parquet", "rows/", "./"])
def test_an_output_among_the_logs(run: Run, tmp_path: Path, output: str) -> None:
    write(tmp_path, {"a.log": RESULT.encode(), "rows.log": b"", "rows.parquet.old": b""})
    (tmp_path / "link").symlink_to(tmp_path)
    logs = ["a.log", "rows.log", "rows.parquet.old"]
    for count in range(3):
        name = f"{tmp_path}/new-{count}.log"
        outcome = run(*ARCHIVE, "--output", f"{tmp_path}/link/{output}", "--resume", tmp_path)
        assert outcome.exit_code == 0
        assert names_in(tmp_path / output) == sorted(logs)
        Path(name).write_bytes(b"")
        logs.append(Path(name).name)


def test_what_a_killed_run_left_is_no_log(run: Run, tmp_path: Path) -> None:
    parts = ["rows.parquet.parts/copy.tmp", "rows.parquet.tmp"]
    write(tmp_path, dict.fromkeys(["a.log", *parts], b""))
    assert run(*ARCHIVE, "--output", tmp_path / "rows.parquet", "--resume", tmp_path).exit_code == 0
    assert names_in(tmp_path / "rows.parquet") == ["a.log"]


def test_standard_output_among_the_logs(tmp_path: Path) -> None:
    write(tmp_path, {"a.log": RESULT.encode()})
    output = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "planqk_protocol", *ARCHIVE, str(tmp_path)]
    with output.open("wb") as stdout:
        subprocess.run(command, stdout=stdout, check=True, timeout=60)
    assert names_in(output) == ["a.log"]
