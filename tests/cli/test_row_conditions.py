"""``planqk-protocol archive --where``: rows with some values."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.harness import RESULT, write
from tests.cli.archives import archive, decoded
from tests.cli.harness import Run


def test_a_row_may_be_chosen_by_its_columns(run: Run, logs: Path) -> None:
    def chosen(*conditions: str) -> list[str]:
        args = [arg for condition in conditions for arg in ("--where", condition)]
        return sorted(Path(row.url).name for row in decoded(archive(run, logs, *args).stdout))

    assert chosen("status=FAILED") == ["a-json.log"]
    assert chosen("status=") == ["dangling", "doubtful.log"]
    assert chosen("findings=duplicate-result", "format=raw") == ["broken.gz", "plain.log"]
    assert chosen("exit_code=3", "suspect=false") == ["a-json.log"]
    assert chosen(f"files={logs}/noise") == ["noise"]
    assert chosen("suspect=true") == []
    assert chosen("notices=truncated") == ["broken.gz"]
    assert chosen("violations=", "exit_code=", "result=42") == ["1.log"]
    assert chosen("error!=") == ["dangling", "doubtful.log"]
    assert chosen("status!=UNKNOWN") == ["a-json.log", "dangling", "doubtful.log"]
    assert chosen("status!=UNKNOWN", "error=") == ["a-json.log"]
    assert chosen("violations!=") == ["0.log", "broken.gz", "plain.log"]
    assert chosen("violations!=", "findings!=duplicate-result") == ["0.log"]


def test_the_rows_that_were_chosen_are_counted(run: Run, logs: Path) -> None:
    assert archive(run, logs, "--where", "status=FAILED").stderr.endswith("\nrows written, by --where: 1\n")
    assert "--where" not in archive(run, logs).stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("status=FAILURE", "status is one of RUNNING, SUCCEEDED, FAILED, CANCELLED, UNKNOWN."),
        ("findings=no-such-rule", "findings is one of "),
        ("violations=no-result", "violations is one of "),
        ("notices=lost", "notices is one of "),
        ("format=json", "format is one of "),
        ("suspect=True", "suspect is one of true, false."),
        ("exit_code=abc", "exit_code is a number."),
        ("lines=1,000", "lines is a number."),
    ],
)
def test_a_condition_that_no_row_can_meet(run: Run, given: str, said: str) -> None:
    outcome = run("archive", "x", "--where", given)
    assert outcome.exit_code == 2
    said_in_words = " ".join(outcome.stderr.replace("│", " ").split())
    assert f"'{given}' can be true of no row: {said}" in said_in_words


@pytest.mark.parametrize("given", ["status=", "seconds=0.5", "exit_code=-1", "notices=disorder", "pod=x"])
def test_a_condition_that_a_row_may_meet(run: Run, tmp_path: Path, given: str) -> None:
    write(tmp_path, {"a.log": RESULT.encode()})
    assert archive(run, tmp_path, "--where", given).exit_code == 0


def test_a_condition_that_every_row_meets(run: Run) -> None:
    outcome = run("archive", "x", "--where", "suspect!=no")
    assert outcome.exit_code == 2
    said_in_words = " ".join(outcome.stderr.replace("│", " ").split())
    assert "'suspect!=no' is true of every row: suspect is one of true, false." in said_in_words


@pytest.mark.parametrize("condition", ["status", "state=FAILED", "state!=FAILED", "status!", "!=", "=", ""])
def test_a_condition_that_is_none(run: Run, condition: str) -> None:
    outcome = archive(run, "x", "--where", condition)
    assert outcome.exit_code == 2
    said_in_words = " ".join(outcome.stderr.replace("│", " ").split())
    assert "is neither NAME=VALUE nor NAME!=VALUE with the name of a column" in said_in_words
