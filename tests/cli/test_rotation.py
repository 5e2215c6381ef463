"""Rotated files: from the oldest to the newest, or not at all."""

from __future__ import annotations

import gzip
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.cli import capture_messages
from planqk_protocol.cli.app import cli
from planqk_protocol.cli.rotation import check_order
from planqk_protocol.cli.terminal import Failure
from tests.cli.harness import Run

# From the oldest to the newest.
FAMILIES = {
    "docker": [f"abc-json.log.{number}.gz" for number in range(12, 1, -1)]
    + ["abc-json.log.1", "abc-json.log"],
    "docker-local": [f"container.log.{number}.gz" for number in (10, 9, 2, 1)] + ["container.log"],
    "kubernetes": [
        "0.log.20231231-235959.gz",
        "0.log.20240101-000000.gz",
        "0.log.20240101-000001",
        "0.log",
    ],
    "logrotate": ["job.log.3.gz", "job.log.2.gz", "job.log.1", "job.log"],
    "logrotate, dates": ["job.log-20231231.gz", "job.log-20240101", "job.log"],
    "logrotate, no suffix": ["messages.2.gz", "messages.1", "messages"],
    "conmon": ["ctr.log.2", "ctr.log.1", "ctr.log"],
}


@st.composite
def _given(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Some files of a few families in any order, and in the right one."""
    families = draw(st.lists(st.sampled_from(sorted(FAMILIES)), min_size=1, max_size=2, unique=True))
    chosen = [
        (family, place, f"{family}/{name}")
        for family in families
        for place, name in enumerate(FAMILIES[family])
        if draw(st.booleans()) or name == FAMILIES[family][-1]
    ]
    names = draw(st.permutations(chosen))
    right: list[str] = []
    left = {family: sorted(place for other, place, _ in names if other == family) for family in families}
    for family, _, _ in names:
        right.append(f"{family}/{FAMILIES[family][left[family].pop(0)]}")
    return [name for _, _, name in names], right


@given(_given())
def test_only_the_right_order_is_taken_and_else_it_is_named(files: tuple[list[str], list[str]]) -> None:
    names, right = files
    if names == right:
        check_order(names)
        return
    with pytest.raises(Failure) as refusal:
        check_order(names)
    assert f": {shlex.join(right)} (" in str(refusal.value)
    check_order(right)


@pytest.mark.parametrize(
    "names",
    [
        ("job.log", "job.log"),
        ("b.log", "a.log"),
        ("run.1", "run.2"),  # neither a log, nor beside the file that was rotated away
        ("job.log.00", "job.log.01", "job.log.02"),  # as split makes them
        ("job.log.1.txt", "job.log"),
        ("job.log", "other.log.1"),
        ("-", "job.log.1"),
    ],
)
def test_other_names_tell_nothing(names: tuple[str, ...]) -> None:
    check_order(names)


def test_the_same_file_before_and_after_compression(run: Run, tmp_path: Path) -> None:
    for first, second in (
        ("job.log.1", "job.log.1.gz"),
        ("0.log.20240101-000000.tmp", "0.log.20240101-000000"),
    ):
        for name in (first, second):
            (tmp_path / name).write_bytes(b"log\n")
        outcome = run("result", tmp_path / first, tmp_path / second)
        assert outcome.exit_code == 2
        assert "are the same file, before and after it was compressed; give one of them" in outcome.stderr


def cri(*pairs: tuple[int, str]) -> bytes:
    return b"".join(
        b"2024-05-01T10:00:%02d.5Z stdout F %b\n" % (second, text.encode()) for second, text in pairs
    )


@pytest.mark.parametrize("command", ["result", "parse", "unwrap"])
def test_the_order_of_the_shell_is_refused_and_the_right_one_can_be_pasted(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    old, new = "a folder/0.log.20240501-100010.gz", "a folder/0.log"
    Path(old).write_bytes(gzip.compress(cri((1, "PlanQK:Job:Result: 1"))))
    Path(new).write_bytes(cri((20, "PlanQK:Job:Result: 2")))
    outcome = run(command, *sorted(str(path) for path in Path("a folder").glob("0.log*")))
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    pasted = shlex.split(outcome.stderr.partition("first: ")[2].partition(" (")[0])
    assert pasted == [old, new]
    assert run(command, *pasted).stdout.startswith(
        {"result": "1\n", "parse": '{"type":"result"'}.get(command, "Plan")
    )


@pytest.mark.parametrize("args", [("result",), ("parse",), ("unwrap",), ("unwrap", "--stream", "both")])
def test_time_that_runs_backwards_from_file_to_file_is_said(
    run: Run, tmp_path: Path, args: tuple[str, ...]
) -> None:
    one, two, three = tmp_path / "one", tmp_path / "two", tmp_path / "three"
    one.write_bytes(cri((1, "log"), (5, "log")))
    two.write_bytes(b"")
    three.write_bytes(cri((5, "PlanQK:Job:Result: 2"), (9, "log")))
    assert run(*args, one, two, three).stderr == ""
    outcome = run(*args, three, two, one)
    assert outcome.exit_code == 1
    assert outcome.stderr == f"{one}: disorder: {capture_messages.backwards(str(three))}\n"
    assert outcome.stdout


def test_time_within_a_file_may_run_as_it_likes(run: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(cri((5, "log"), (1, "log"), (2, "log")))
    two.write_bytes(cri((3, "PlanQK:Job:Result: 2"), (1, "log")))
    assert run("result", one, two).stderr == ""


def test_files_without_stamps_are_taken_in_any_order(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"PlanQK:Job:InterimResult: 1\n")
    assert run("result", "--interim", tmp_path / "b", tmp_path / "a").exit_code == 0


RECORDS = {
    "cri": lambda at: b"2024-05-01T10:00:%02d.5Z stdout F log\n" % at,
    "docker-json-file": lambda at: (
        b'{"log":"log\\n","stream":"stdout","time":"2024-05-01T10:00:%02d.5Z"}\n' % at
    ),
    "docker-logs-timestamps": lambda at: b"2024-05-01T10:00:%02d.000000000Z log\n" % at,
    "journald-json": lambda at: (
        b'{"MESSAGE":"log","PRIORITY":"6","CONTAINER_ID_FULL":"c","__REALTIME_TIMESTAMP":"17145576%02d000000"}\n'
        % at
    ),
}


@pytest.mark.parametrize("format_id", RECORDS)
@given(times=st.lists(st.integers(0, 59), min_size=2, max_size=5))
def test_the_exit_code_tells_whether_files_are_in_the_order_of_their_stamps(
    tmp_path_factory: pytest.TempPathFactory, format_id: str, times: list[int]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    paths = [folder / f"part {number}" for number in range(len(times))]
    for path, at in zip(paths, times, strict=True):
        path.write_bytes(RECORDS[format_id](at))
    outcome = CliRunner().invoke(cli, ["unwrap", "--capture", format_id, *map(str, paths)])
    assert outcome.stdout == "log\n" * len(times)
    assert outcome.exit_code == (times != sorted(times))
