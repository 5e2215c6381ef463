"""``planqk-protocol archive``: what its exit code, table and messages say of logs that are damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec

from planqk_protocol.archive import OutcomeRow
from tests.archive.harness import RESULT, cri, json_file, write
from tests.cli.harness import Run

THREADS = ("archive", "--executor", "threads")


def test_damage_is_in_the_exit_code_and_in_the_table(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"cut.log.gz": gzip.compress(RESULT.encode())[:-1], "sound.log": RESULT.encode()})
    outcome = run(*THREADS, tmp_path)
    assert outcome.exit_code == 1
    assert "UNKNOWN, damaged" in outcome.stderr
    (tmp_path / "cut.log.gz").unlink()
    outcome = run(*THREADS, tmp_path)
    assert (outcome.exit_code, "damaged" in outcome.stderr) == (0, False)


def test_logs_without_a_result_are_counted_apart(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"none.log": b"starting\n", "sound.log": RESULT.encode()})
    table = run(*THREADS, tmp_path).stderr.splitlines()
    assert [line.split("  ")[0] for line in table[1:3]] == ["UNKNOWN", "UNKNOWN, no result"]


def test_a_description_that_is_broken_is_no_error_of_its_log(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"a-json.log": json_file(RESULT), "config.v2.json": b"{"})
    outcome = run(*THREADS, tmp_path)
    assert (outcome.exit_code, "not read" in outcome.stderr) == (0, False)


def test_an_error_names_options_of_the_command(run: Run, tmp_path: Path) -> None:
    write(tmp_path, {"a.log": cri("x\n") + RESULT.encode()})
    row = msgspec.json.decode(run(*THREADS, tmp_path).stdout, type=OutcomeRow)
    assert "say --capture raw if the job printed all of it, else --capture cri" in str(row.error)
