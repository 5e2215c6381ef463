"""``parse --follow``: a growing file, by its name, until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.cli import sources
from planqk_protocol.inputs.input import CutOff
from tests.cli.harness import Run, Start
from tests.module_copies import copy_with

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

        monkeypatch.setattr(sources, "time", copy_with(time, sleep=next_step))
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
        append(path, b"PlanQK:Job:Result: 1\n")
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
    assert outcome.stderr.startswith(f"{path}: no-result: ")


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

    monkeypatch.setattr("planqk_protocol.cli.printing.print_json_lines", print_and_interrupt)
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
    assert first.startswith(f"{path}: truncated; what was written to it just before may be lost")
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
    assert f"{tmp_path / 'job.log'}: no-result: " in outcome.stderr
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


def lines(count: int) -> bytes:
    """Lines of which none was ever made before."""
    return b"".join(b"%d\n" % next(NUMBERS) for _ in range(count))


NUMBERS = count(10_000_000)
SIZES = st.sampled_from(
    [0, 1, 2, 3, 400, 455, 456, 500, 1000]
)  # lines of 9 bytes; 456 are more than are compared
STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(["append", "rewrite", "rename", "delete", "link"])), SIZES), max_size=8
)


class Followed:
    """A file to which things happen while it is followed, and what has to come of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "job.log"
        self.files = (folder / f"file-{number}" for number in count())
        self.written = b""
        self.told: list[str] = []
        self.path.touch()
        self._is_empty = True

    def write(self, data: bytes, path: Path, mode: str) -> None:
        with path.open(mode) as file:
            file.write(data)
        self.written += data
        self._is_empty = not data and (self._is_empty or mode == "wb")

    def append(self, data: bytes) -> None:
        self.write(data, self.path, "ab")

    def rewrite(self, data: bytes) -> None:
        self.told += [] if self._is_empty else ["truncated"]
        self.write(data, self.path, "wb")

    def rename(self, data: bytes) -> None:
        old = self.path.rename(next(self.files))
        self.write(data, old, "ab")
        self._new()

    def delete(self, _data: bytes) -> None:
        self.path.unlink()
        self._new()

    def link(self, data: bytes) -> None:
        target = next(self.files)
        target.touch()
        new = next(self.files)
        new.symlink_to(target)
        new.replace(self.path)
        self._new()
        self.append(data)

    def _new(self) -> None:
        self.path.touch()
        self.told.append("replaced")
        self._is_empty = True


@given(steps=STEPS, chunk=st.sampled_from([1000, 4096, 100_000]))
def test_nothing_is_lost_or_doubled_whatever_happens_to_the_file(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]], chunk: int
) -> None:
    followed = Followed(tmp_path_factory.mktemp("followed"))
    looks = 0

    def look(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks % 3 == 0 and steps:  # all is read by then, and a file that is replaced was looked at twice
            name, size = steps.pop(0)
            getattr(followed, name)(lines(size))

    told: list[str] = []
    read = b""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "_CHUNK", chunk)
        patch.setattr(sources, "time", copy_with(time, sleep=look))
        total = 3 * len(steps) + 6
        for _, chunks in sources.follow(
            str(followed.path),
            lambda: looks > total,
            lambda _name, what: told.append(what.split()[0].strip(";")),
        ):
            with suppress(CutOff):
                for data in chunks:
                    read += data
    assert read == followed.written
    assert told == followed.told


@pytest.mark.parametrize("grown", [-1, 0, 1])
@pytest.mark.parametrize("size", [3, 455, 456, 5000])
def test_a_file_that_was_rewritten_is_read_from_its_start_whatever_its_size(
    follow: Follow, tmp_path: Path, size: int, grown: int
) -> None:
    path = tmp_path / "job.log"
    old, new = lines(size), lines(size + grown)
    path.write_bytes(old)

    def script() -> Script:
        path.write_bytes(new)
        yield

    outcome = follow(path, script())
    assert texts(outcome) == (old + new).decode().split()
    assert f"{path}: truncated; " in outcome.stderr


def test_what_comes_behind_a_truncation_is_not_known_to_be_the_first_result(
    follow: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"first\nPlanQK:Job:Interim")

    def script() -> Script:
        path.write_bytes(b"Result: 1\nlog\nPlanQK:Job:Result: 2\n")
        yield

    outcome = follow(path, script())
    interim, _, result = map(json.loads, outcome.stdout.splitlines()[1:])
    assert interim["suspect"]
    assert result["after_loss"]
    assert outcome.exit_code == 1


def test_a_result_in_an_unfinished_line_may_be_cut_short(follow: Follow, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"PlanQK:Job:Result: 12")
    outcome = follow(path, iter(()))
    assert '"value":12' in outcome.stdout
    assert "no LF ends it, and the job may have printed more than was read" in outcome.stderr
    assert outcome.exit_code == 1


def test_an_interim_result_in_an_unfinished_line_matters_to_those_who_ask_for_it(
    follow: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"PlanQK:Job:Result: 1\nPlanQK:Job:InterimResult: 12")
    outcome = follow(path, iter(()))
    assert outcome.exit_code == 0
    assert json.loads(outcome.stdout.splitlines()[-1])["terminated"] is False


def test_a_file_that_is_gone_at_the_end(follow: Follow, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"PlanQK:Job:Result: 12\n")

    def script() -> Script:
        path.unlink()
        yield
        yield

    outcome = follow(path, script())
    assert outcome.stderr == f"{path}: not there; waiting for it\n"
    assert outcome.exit_code == 0


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
    reason = "it is not a regular file; leave out --follow"
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
