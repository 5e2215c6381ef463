"""End a program together with all processes that it started.

A program runs in a process group of its own. A signal to the group reaches the
program and its children. But a child can leave the group (``setsid``), and its
parent can end before it. Then neither the group nor the tree of processes leads to
the child.

A process keeps the environment in which it was started. So each program gets a
variable with a *tag*, a value that no other program has, and its children
inherit it. Linux shows the environment of each process in ``/proc`` (proc(5)).
On other systems only the process group is reached. A process that clears its
environment and leaves the group is not found.
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

__all__ = ["kill_group", "kill_tagged", "tagged_environment", "terminate"]

_NAME = "PLANQK_PROTOCOL_PROGRAM"
_OWN = f"{os.getpid()}-{os.urandom(8).hex()}"  # the beginning of all tags that this process gives
_PROCESSES = Path("/proc")
_ROUNDS = 20  # a process may have started another one since the folder was listed
_numbers = count(1)


def tagged_environment() -> tuple[Mapping[str, str], str]:
    """An environment for a program, and the tag in it."""
    tag = f"{_NAME}={_OWN}-{next(_numbers)}-"
    return os.environ | {_NAME: tag.partition("=")[2]}, tag


def terminate(leader: subprocess.Popen[bytes], tag: str) -> None:
    """Ask a process, the group that it leads and all processes with its tag to end, by SIGTERM.

    Without process groups (Windows), end the process alone, and at once.
    """
    with suppress(OSError):  # it may have ended already, or belong to somebody else
        if sys.platform == "win32":
            leader.terminate()
        else:
            os.killpg(leader.pid, signal.SIGTERM)
    for folder in _PROCESSES.glob("[1-9]*"):
        _signal_if_tagged(folder, tag.encode(), signal.SIGTERM, beyond=leader.pid)


def kill_group(leader: subprocess.Popen[bytes]) -> None:
    """End a process and the group that it leads. Without process groups (Windows), end the process alone."""
    with suppress(OSError):  # it may have ended already, or belong to somebody else
        if sys.platform == "win32":
            leader.kill()
        else:
            os.killpg(leader.pid, signal.SIGKILL)


def kill_tagged(tag: str = f"{_NAME}={_OWN}-") -> None:
    """End all processes with a tag, if the system shows the environment of processes.

    Args:
        tag: A tag that `tagged_environment` gave. By default, all of its tags.
    """
    for _ in range(_ROUNDS):
        if not sum(
            [_signal_if_tagged(folder, tag.encode(), signal.SIGKILL) for folder in _PROCESSES.glob("[1-9]*")]
        ):
            return


def _signal_if_tagged(folder: Path, tag: bytes, number: int, *, beyond: int | None = None) -> bool:
    """Send a signal to a process if it has the tag. Return whether it has.

    Args:
        folder: The folder of the process in ``/proc``.
        tag: The tag.
        number: The signal.
        beyond: A process group whose processes are left out.
    """
    with suppress(OSError):  # it may have ended already, or belong to somebody else
        if tag in (folder / "environ").read_bytes():
            process = int(folder.name)
            if beyond is None or os.getpgid(process) != beyond:
                os.kill(process, number)
            return True
    return False
