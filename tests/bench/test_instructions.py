"""Counts of instructions are read, stored and compared."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench import instructions
from tests.bench.instructions import STARTS, Baseline, Change, compare, count, report, store, stored
from tests.bench.workloads import WORKLOADS

# Writes what Callgrind writes: the counts before the first dump, those of two dumps, and those at the end.
VALGRIND = """\
#!/bin/sh
for argument in "$@"; do
  case $argument in --callgrind-out-file=*) target=${argument#*=} ;; esac
done
[ "$PYTHONHASHSEED" = 0 ] || exit 9
number=0
for total in COUNTS; do
  number=$((number + 1))
  printf 'version: 1\\ntotals: %s\\n' "$total" >"$target.$number"
done
printf 'totals: 9\\n' >"$target"
"""


@pytest.fixture
def valgrind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of Valgrind, which counts 1000 for each workload, and 9 for the only start."""
    path = tmp_path / "valgrind"
    path.write_text(VALGRIND.replace("COUNTS", "7 1000 " * len(WORKLOADS)), encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(instructions, "BASELINES", tmp_path / "instructions.json")
    monkeypatch.setattr(instructions, "STARTS", {"start": ["pass"]})
    return path


def baseline(interpreter: str = "3.11", lock: str = "a", counts: dict[str, int] | None = None) -> Baseline:
    return Baseline(interpreter, lock, {"feed": 100} if counts is None else counts)


def test_only_a_workload_beyond_the_margin_is_a_regression() -> None:
    found = {"same": 102, "more": 104, "less": 50, "new": 1}
    changes = compare(found, {"same": 100, "more": 100, "less": 100, "gone": 100})
    assert {change.workload: change.is_regression for change in changes} == {
        "same": False,
        "more": True,
        "less": False,
        "new": False,
    }
    assert report(changes).splitlines()[1].endswith("+4.00%  TOO MANY")
    assert report(changes).splitlines()[3].endswith("not in the baseline")


def test_a_baseline_takes_the_place_of_that_of_the_same_interpreter_only(tmp_path: Path) -> None:
    path = tmp_path / "baselines.json"
    assert stored(path) == []
    for new in (baseline("3.11", "a"), baseline("3.12", "a"), baseline("3.11", "b")):
        store(path, new)
    assert stored(path) == [baseline("3.12", "a"), baseline("3.11", "b")]


@pytest.mark.usefixtures("valgrind")
def test_the_counts_are_those_between_two_calls() -> None:
    assert count(Path("program.py")) == [1000] * len(WORKLOADS) + [9]


@pytest.mark.usefixtures("valgrind")
def test_without_a_baseline_nothing_fails_and_one_command_stores_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert instructions.main([]) == 0
    assert f"no baseline for {instructions.interpreter()}, lock file {instructions.lock()}" in (
        capsys.readouterr().out
    )
    assert instructions.main(["--store"]) == 0
    assert stored(instructions.BASELINES)[0].counts == dict.fromkeys(WORKLOADS, 1000) | {"start": 9}
    capsys.readouterr()
    assert instructions.main([]) == 0
    assert "--store" not in capsys.readouterr().out


def test_a_regression_fails_and_says_how_to_store_what_is_meant(
    valgrind: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert instructions.main(["--store"]) == 0
    valgrind.write_text(valgrind.read_text(encoding="utf-8").replace("7 1000", "7 1031", 1), encoding="utf-8")
    assert instructions.main([]) == 1
    said = capsys.readouterr().out
    assert f"{next(iter(WORKLOADS))} " in said
    assert "+3.10%  TOO MANY" in said
    assert instructions.STORE in said


def test_without_valgrind_the_step_says_that_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert instructions.main([]) == 0
    assert capsys.readouterr().out == "skipped: there is no valgrind here\n"


def test_a_failure_of_valgrind_is_told(valgrind: Path) -> None:
    valgrind.write_text("#!/bin/sh\necho 'no memory' >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="valgrind ended with 1: no memory"):
        count(Path("program.py"))


def test_the_starts_do_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = []
    environment = os.environ | {"PYTHONPATH": str(instructions.ROOT)}

    def run(folder: Path, arguments: list[str], expected: Sequence[int]) -> None:
        done = subprocess.run(
            arguments, cwd=folder, env=environment, capture_output=True, check=False, timeout=60
        )
        assert done.returncode in expected
        codes.append((done.returncode, b"Traceback" in done.stderr))
        (folder / "counts").write_text("totals: 1\n", encoding="utf-8")

    monkeypatch.setattr(instructions, "_run_counted", run)
    for arguments in STARTS.values():
        assert instructions._count_start(arguments) == 1  # noqa: SLF001  # the rest needs Valgrind
    assert codes == [("none there" in name, False) for name in STARTS]


def test_the_workloads_run() -> None:
    for work in WORKLOADS.values():
        work()


def test_a_change_without_a_baseline_has_no_share() -> None:
    assert compare({"feed": 5}, {}) == [Change("feed", 5, None)]
