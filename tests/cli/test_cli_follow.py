"""``parse --follow``: a growing file, by its name, until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from planqk_protocol.cli import sources

from .harness import Run, Start

Script = Iterator[None]


@pytest.fixture
def follow(run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, Script], Result]:
    """Follows a file; the script goes on a step whenever there is nothing to read, then Ctrl-C comes."""

    def play(path: Path, script: Script) -> Result:
        def next_step(_seconds: float) -> None:
            try:
                next(script)
            except StopIteration:
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(time, "sleep", next_step)
        return run("parse", "--follow", path)

    return play


Follow = Callable[[Path, Script], Result]


def texts(outcome: Result) -> list[str]:
    return [json.loads(line).get("text", "result") for line in outcome.stdout.splitlines()]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_it_reads_on_as_the_file_grows(follow: Follow, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"first\nsec")

    def script() -> Script:
        append(path, b"ond\n")
        yield
        yield
        append(path, b"PlanQK:Job:Result: 1")
        yield

    outcome = follow(path, script())
    assert texts(outcome) == ["first", "second", "result"]
    assert outcome.stderr == ""
    assert outcome.exit_code == 0


def test_ctrl_c_ends_with_the_verdict(follow: Follow, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"first\n")
    outcome = follow(path, iter(()))
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"{path}: no result in 1 line; ")


def test_ctrl_c_is_heard_before_all_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"first\nsecond\n")
    monkeypatch.setattr(sources, "_CHUNK", 6)
    chunks = iter([None])

    def print_and_interrupt(_events: object) -> None:
        next(chunks)  # a second chunk would find this empty
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("planqk_protocol.cli.commands.parse.print_json_lines", print_and_interrupt)
    assert run("parse", "--follow", path).exit_code == 1


def test_a_truncated_file_is_read_from_its_start(follow: Follow, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"1\n2\n3\n")

    def script() -> Script:
        path.write_bytes(b"4\n")
        yield
        append(path, b"PlanQK:Job:Result: no\n")
        yield

    outcome = follow(path, script())
    assert texts(outcome) == ["1", "2", "3", "4", "PlanQK:Job:Result: no"]
    first, second, _ = outcome.stderr.splitlines()
    assert first == f"{path}: truncated; reading it from its start"
    assert second.startswith(f"{path}:2:20: invalid-json: ")


def test_a_replaced_file_is_read_to_its_end_and_the_new_one_from_its_start(
    follow: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"1\n")

    def script() -> Script:
        old = path.rename(tmp_path / "job.log.1")
        append(old, b"2\n")
        path.write_bytes(b"PlanQK:Job:Result: 3\n")
        yield

    outcome = follow(path, script())
    assert texts(outcome) == ["1", "2", "result"]
    assert outcome.stderr == f"{path}: replaced by another file; reading it from its start\n"
    assert outcome.exit_code == 0


def test_a_file_that_is_not_there_is_waited_for(follow: Follow, tmp_path: Path) -> None:
    path = tmp_path / "job.log"

    def script() -> Script:
        yield
        path.write_bytes(b"PlanQK:Job:Result: 1\n")
        yield

    outcome = follow(path, script())
    assert texts(outcome) == ["result"]
    assert outcome.stderr == f"{path}: not there; waiting for it\n"


def test_a_file_that_never_comes(follow: Follow, tmp_path: Path) -> None:
    outcome = follow(tmp_path / "job.log", iter([None]))
    assert outcome.stdout == ""
    assert outcome.stderr.count("not there") == 1
    assert "no result in 0 lines" in outcome.stderr
    assert outcome.exit_code == 1


def test_a_file_that_goes_and_comes_back(follow: Follow, tmp_path: Path) -> None:
    path, away = tmp_path / "job.log", tmp_path / "away"
    path.write_bytes(b"1\n")

    def script() -> Script:
        path.rename(away)
        yield
        append(away, b"2\n")
        yield
        yield
        away.rename(path)
        yield
        append(path, b"PlanQK:Job:Result: 3\n")
        yield

    outcome = follow(path, script())
    assert texts(outcome) == ["1", "2", "result"]
    assert outcome.stderr == f"{path}: not there; waiting for it\n"


@pytest.mark.parametrize("args", [(), ("-",), ("a", "b")])
def test_it_takes_one_file(run: Run, args: tuple[str, ...]) -> None:
    outcome = run("parse", "--follow", *args)
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert "--follow" in outcome.stderr


@pytest.mark.parametrize("make", [Path.mkdir, pytest.param(getattr(os, "mkfifo", None), id="mkfifo")])
def test_only_regular_files_grow(run: Run, tmp_path: Path, make: Callable[[Path], None] | None) -> None:
    if make is None:
        pytest.skip("this system has no named pipes")
    make(tmp_path / "odd")
    outcome = run("parse", "--follow", tmp_path / "odd")
    reason = "it is no regular file; leave out --follow"
    assert outcome.stderr == f"planqk-protocol: cannot follow {tmp_path / 'odd'}: {reason}\n"
    assert outcome.exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.rule("latency")
def test_a_program_follows_until_ctrl_c(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"first\n")
    program = start("parse", "--follow", path)
    assert program.stdout
    assert program.stderr
    assert b'"first"' in program.stdout.readline()
    append(path, b"PlanQK:Job:Result: 42\n")
    assert program.stdout.readline() == b'{"type":"result","line":2,"value":42}\n'
    program.send_signal(signal.SIGINT)
    assert (program.wait(), program.stderr.read()) == (0, b"")
