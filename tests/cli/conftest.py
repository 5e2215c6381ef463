"""The command line, run within the process or as a program."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol.cli.app import cli
from tests.cli.harness import EXAMPLES, Call, Program, Run, Start, Terminal, invoke

DEADLINE = 30  # seconds until a program that hangs is ended, and its test fails


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "COLUMNS",
        "FORCE_COLOR",
        "GITHUB_ACTIONS",
        "NO_COLOR",
        "PY_COLORS",
        "TTY_COMPATIBLE",
        "TTY_INTERACTIVE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> Iterator[None]:
    """Background jobs of a shell ignore SIGINT, and their children would, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def examples() -> Path:
    return EXAMPLES


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder of logs in several formats, some of them damaged."""
    from tests.archive.harness import mixed_archive  # noqa: PLC0415  # heavy, and for few tests

    folder = tmp_path / "logs"
    mixed_archive(folder)
    return folder


@pytest.fixture
def run() -> Run:
    return invoke


@pytest.fixture
def call() -> Call:
    """Runs the command with the streams that `sys` holds, and gives its exit code."""

    def main(*args: str | Path) -> int:
        with pytest.raises(SystemExit) as end:
            cli.main([str(arg) for arg in args])
        assert isinstance(end.value.code, int)
        return end.value.code

    return main


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command as a program with pipes; one that hangs is ended."""
    running: list[tuple[Program, threading.Timer]] = []

    def popen(*args: str | Path) -> Program:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "planqk_protocol", *args]
        program = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        timer = threading.Timer(DEADLINE, program.kill)
        timer.start()
        running.append((program, timer))
        return program

    yield popen
    for program, timer in running:
        timer.cancel()
        program.kill()
        with program:
            pass


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.shown()
