"""The progress bar: for long files, at a terminal, where it is in nobody's way."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.harness import ESCAPE, Call, Terminal

LONG = 16 * 1024 * 1024
BAR = "reading"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A long log: a result and, for as many bytes as may be read without a bar, holes."""
    path = tmp_path / "job.log"
    with path.open("wb") as file:
        file.write(b"PlanQK:Job:InterimResult: oops\nPlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: 42\n")
        file.truncate(LONG)
    return path


def test_a_bar_with_a_rate_that_leaves_nothing_behind(
    call: Call,
    terminal: Terminal,
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("result", log) == 1
    assert capsys.readouterr().out == "42\n"
    shown = terminal.shown()
    assert BAR in shown
    assert re.search(r"\d/16\.8 MB", shown)
    assert shown.endswith(f"{ESCAPE}[2K")  # which erases the line
    note = next(line for line in shown.splitlines() if "invalid-json" in line)
    assert BAR not in note


@pytest.mark.parametrize(
    "args", [["result"], ["conformance", "encoder", "--rule", "log", "--", sys.executable, "-I", "-c", ""]]
)
def test_the_cursor_is_never_hidden_as_a_signal_would_leave_it_so(
    call: Call, terminal: Terminal, log: Path, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call(*args, *([log] if args == ["result"] else [])) == 1
    shown = terminal.shown()
    assert (BAR if args == ["result"] else "testing") in shown
    assert f"{ESCAPE}[?25" not in shown


def test_no_bar_for_short_files(
    call: Call, terminal: Terminal, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.open("r+b") as file:
        file.truncate(LONG - 1)
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("result", log) == 1
    assert BAR not in terminal.shown()


def test_the_sizes_of_several_files_count_together(
    call: Call, terminal: Terminal, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.open("r+b") as file:
        file.truncate(LONG // 2)
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("result", log, log) == 1
    assert BAR in terminal.shown()


@pytest.mark.parametrize(
    ("args", "is_shown"),
    [
        (("result",), True),
        (("result", "--interim-last"), True),
        (("result", "--interim"), False),
        (("parse", "--no-logs"), False),
    ],
)
def test_a_bar_beside_output_at_the_terminal_only_before_it(
    call: Call,
    terminal: Terminal,
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    is_shown: bool,
) -> None:
    monkeypatch.setattr(sys, "stdout", terminal.text())
    monkeypatch.setattr(sys, "stderr", sys.stdout)
    assert call(*args, log) == 1
    shown = terminal.shown()
    assert (BAR in shown) == is_shown
    if args == ("result",):
        assert shown.endswith(f"{ESCAPE}[2K42\r\n")  # the bar is erased before


def test_a_bar_while_events_go_to_a_file(
    call: Call, terminal: Terminal, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("parse", "--no-logs", log) == 1
    assert BAR in terminal.shown()


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("TTY_INTERACTIVE", "0")])
def test_no_bar_where_it_cannot_move(
    call: Call,
    terminal: Terminal,
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("result", log) == 1
    assert BAR not in terminal.shown()


def test_no_bar_off_terminals_even_if_colour_is_forced(
    call: Call, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert call("result", log) == 1
    assert BAR not in capsys.readouterr().err


def test_no_bar_where_the_size_is_unknown(
    call: Call, terminal: Terminal, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    assert call("result", log, "/dev/null") == 1
    assert BAR not in terminal.shown()


def test_standard_input_that_is_a_file_has_a_size(
    call: Call, terminal: Terminal, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal.text())
    with log.open(encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert call("result") == 1
    assert BAR in terminal.shown()
