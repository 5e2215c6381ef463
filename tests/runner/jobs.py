"""Jobs for the tests of the runner: programs in Python, and what is left of them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from planqk_protocol import Event
from planqk_protocol.runner import Run

if TYPE_CHECKING:
    import pytest


def python(code: str, *args: str | Path) -> list[str]:
    """A command that runs a program, and starts as fast as Python can."""
    return [sys.executable, "-I", "-S", "-c", code, *map(str, args)]


def wait_for(is_there: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: str) -> bool:
    command = ["ps", "-o", "state=", "-p", pid]
    state = subprocess.run(command, capture_output=True, check=False, text=True).stdout.strip()[:1]
    return state not in {"", "Z"}


def assert_all_are_gone(pids: Path) -> None:
    wait_for(lambda: not any(is_running(pid) for pid in pids.read_text().split()))


def use_own_temporary_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test and its programs make temporary files in a folder that no other test uses."""
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)


def input_folders() -> set[str]:
    """The folders of inputs in the temporary folder of the test."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("planqk-input-*")}


# A program with a child in its group, which holds the pipes, and, where such processes can be found, one
# outside of it. All of them ignore SIGTERM if they are told to.
TREE = """
import os, signal, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    if sys.platform.startswith("linux") and not os.fork():
        os.setsid()
open(sys.argv[1], "a").write(f"{os.getpid()} ")
"""
PROCESSES = 3 if sys.platform.startswith("linux") else 2


def events_of(job: Run) -> list[Event]:
    with job:
        return list(job)
