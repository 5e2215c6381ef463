"""Programs that are ended together with all that they started.

A program under test runs in a process group of its own, and a signal to the
group ends it and its children. A child can leave the group (``setsid``), and
its parent can end before it: then neither the group nor the tree of processes
leads to it. What it cannot help but keep is the environment in which it was
started, so each program gets a mark there. Linux shows the environment of each
process in ``/proc`` (proc(5)); elsewhere the group has to do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

__all__ = ["kill_group", "kill_marked", "marked_environment"]

_NAME = "PLANQK_PROTOCOL_CONFORMANCE"
_RUN = f"{os.getpid()}-{os.urandom(8).hex()}"
_PROCESSES = Path("/proc")
_ROUNDS = 20  # a process may have started another one since it was looked for
_numbers = count(1)


def marked_environment() -> tuple[Mapping[str, str], str]:
    """An environment for a program, and the mark in it that no other program has."""
    mark = f"{_NAME}={_RUN}-{next(_numbers)}-"
    return os.environ | {_NAME: mark.partition("=")[2]}, mark


def kill_group(leader: subprocess.Popen[bytes]) -> None:
    """End a process and the group that it leads; without process groups (Windows), the process alone."""
    with suppress(OSError):  # it may be gone already, or belong to somebody else
        if sys.platform == "win32":
            leader.kill()
        else:
            os.killpg(leader.pid, signal.SIGKILL)


def kill_marked(mark: str = f"{_NAME}={_RUN}-") -> None:
    """End all processes that were started with a mark, where the system shows it.

    Args:
        mark: As `marked_environment` gave it; by default, any of its marks.
    """
    for _ in range(_ROUNDS):
        if not sum([_kill(folder, mark.encode()) for folder in _PROCESSES.glob("[1-9]*")]):
            return


def _kill(process: Path, mark: bytes) -> bool:
    """End a process if it has the mark; whether it has."""
    with suppress(OSError):  # it may be gone, or belong to somebody else
        if mark in (process / "environ").read_bytes():
            os.kill(int(process.name), signal.SIGKILL)
            return True
    return False
