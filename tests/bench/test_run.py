"""The benchmark runs, has all rows, and writes a report that other programs can read."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.bench import run
from tests.bench.bounds import BOUNDS, judge
from tests.bench.comparisons import Options, all_comparisons
from tests.bench.measuring import Figure
from tests.bench.peers import PEERS

ROOT = Path(__file__).parents[2]
QUICK = ["few markers", "interim results", "events to JSON Lines", "payload: counts", "capture: cri"]


def figure(comparison: str, task: str, seconds: float, peak: int = 0) -> Figure:
    return Figure(comparison, task, "ours", seconds, size=100, lines=1, peak=peak, speed=1)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """All comparisons and their tasks, none of which is run."""
    folder = tmp_path_factory.mktemp("bench")
    comparisons = all_comparisons(folder, Options(megabytes=1, gigabytes=0.01, peers="python"))
    found = [(comparison.name, task.name) for comparison in comparisons for task in comparison.tasks]
    assert not list(folder.iterdir())
    return found


def test_each_task_has_a_name_of_its_own(tasks: list[tuple[str, str]]) -> None:
    assert len(set(tasks)) == len(tasks)


def test_the_bounds_are_on_tasks_that_there_are(tasks: list[tuple[str, str]]) -> None:
    tools = {"grep -n"}  # where it is installed
    assert {(bound.comparison, bound.task) for bound in BOUNDS} <= set(tasks)
    assert {(bound.comparison, bound.versus) for bound in BOUNDS if bound.versus not in tools} <= set(tasks)
    names = [(bound.comparison, bound.task, bound.versus, bound.of) for bound in BOUNDS]
    assert len(set(names)) == len(names)


@pytest.mark.slow
def test_the_table_has_a_row_for_each_task_and_each_bound_and_the_json_is_that_of_the_table(
    tasks: list[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "figures.json"
    chosen = [argument for name in QUICK for argument in ("--only", name)]
    assert run.main(["--megabytes", "1", "--rounds", "1", "--json", str(target), *chosen]) == 0
    report: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    measured = [(row["comparison"], row["task"]) for row in report["figures"]]
    assert measured == [place for place in tasks if any(name in place[0] for name in QUICK)]
    assert all(row["seconds"] > 0 and row["speed"] > 0 for row in report["figures"])
    figures, bounds = capsys.readouterr().out.split("\n\n")
    for row, (comparison, task) in zip(figures.splitlines()[1:], measured, strict=True):
        assert row.startswith(comparison)
        assert f" {task} " in row
    for row, bound in zip(bounds.splitlines()[1:], report["bounds"], strict=True):
        assert row.startswith(f"{bound['comparison']}: {bound['task']} / {bound['versus']}")
        assert row.endswith({True: "  met", False: "  NOT MET", None: "  not measured"}[bound["met"]])
    assert {"CPython", "msgspec", "planqk_protocol", "lark"} <= set(report["versions"])
    assert report["command"].startswith(".venv/bin/python tests/bench/run.py --megabytes 1 --rounds 1")


@pytest.mark.parametrize(
    ("comparison", "task", "versus", "values", "measured", "met"),
    [
        ("few markers", "events", "careful loop", (1.0, 1.45), 1.45, True),
        ("few markers", "events", "careful loop", (1.0, 1.44), 1.44, False),
        ("capture: cri", "capture", "its stdout", (2.5, 1.0), 2.5, True),
        ("capture: cri", "capture", "its stdout", (2.6, 1.0), 2.6, False),
    ],
)
def test_a_bound_is_judged(
    comparison: str, task: str, versus: str, values: tuple[float, float], measured: float, met: bool
) -> None:
    figures = [figure(comparison, task, values[0]), figure(comparison, versus, values[1])]
    [verdict] = [one for one in judge(figures) if one.measured is not None]
    assert (verdict.task, verdict.versus, verdict.met) == (task, versus, met)
    assert verdict.measured == pytest.approx(measured)


def test_growth_is_judged_by_time_and_by_memory() -> None:
    place = "growth: feed alone"
    figures = [figure(place, "a tenth", 1.0, peak=100), figure(place, "all", 1.0, peak=111)]
    assert {one.of: one.met for one in judge(figures) if one.comparison == place} == {
        "time": True,
        "memory": False,
    }


@pytest.mark.parametrize(("seconds", "exit_code"), [(2.5, 0), (2.6, 1)])
def test_check_fails_if_a_bound_that_was_measured_is_not_met(
    seconds: float, exit_code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = [figure("capture: cri", "capture", seconds), figure("capture: cri", "its stdout", 1.0)]
    monkeypatch.setattr(run, "measure_all", lambda *_: figures)
    assert run.main([]) == 0
    assert run.main(["--check"]) == exit_code


def test_the_peers_are_those_of_the_dependency_group() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    assert sorted(requirement.partition("==")[0] for requirement in groups["bench"]) == sorted(PEERS.values())
