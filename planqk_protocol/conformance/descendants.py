"""End a program together with all processes that it started.

A program under test runs in a process group of its own. A signal to the group
ends the program and its children. But a child can leave the group (``setsid``),
and its parent can end before it. Then neither the group nor the tree of
processes leads to the child.

A process keeps the environment in which it was started. So each program gets a
variable with a *tag*, a value that no other program has, and its children
inherit it. Linux shows the environment of each process in ``/proc`` (proc(5)).
On other systems only the process group is ended.
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

__all__ = ["kill_group", "kill_tagged", "tagged_environment"]

_NAME = "PLANQK_PROTOCOL_CONFORMANCE"
_KIT = f"{os.getpid()}-{os.urandom(8).hex()}"  # the beginning of all tags that this process gives
_PROCESSES = Path("/proc")
_ROUNDS = 20  # a process may have started another one since the folder was listed
_numbers = count(1)


def tagged_environment() -> tuple[Mapping[str, str], str]:
    """An environment for a program, and the tag in it."""
    tag = f"{_NAME}={_KIT}-{next(_numbers)}-"
    return os.environ | {_NAME: tag.partition("=")[2]}, tag


def kill_group(leader: subprocess.Popen[bytes]) -> None:
    """End a process and the group that it leads. Without process groups (Windows), end the process alone."""
    with suppress(OSError):  # it may have ended already, or belong to somebody else
        if sys.platform == "win32":
            leader.kill()
        else:
            os.killpg(leader.pid, signal.SIGKILL)


def kill_tagged(tag: str = f"{_NAME}={_KIT}-") -> None:
    """End all processes with a tag, if the system shows the environment of processes.

    Args:
        tag: A tag that `tagged_environment` gave. By default, all of its tags.
    """
    for _ in range(_ROUNDS):
        if not sum([_kill_if_tagged(folder, tag.encode()) for folder in _PROCESSES.glob("[1-9]*")]):
            return


def _kill_if_tagged(process: Path, tag: bytes) -> bool:
    """End a process if it has the tag. Return whether it has."""
    with suppress(OSError):  # it may have ended already, or belong to somebody else
        if tag in (process / "environ").read_bytes():
            os.kill(int(process.name), signal.SIGKILL)
            return True
    return False
