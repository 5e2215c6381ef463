"""Calls on a thread with the smallest stack, in a process that may crash."""

from __future__ import annotations

import os
import pickle
import pkgutil
import subprocess
import sys
import threading
from typing import Any

__all__ = ["KIB", "on_a_small_stack"]

KIB = 64  # of stack: the default of no system, and what threads of some runtimes have


def on_a_small_stack(target: str, cases: list[Any]) -> list[Any]:
    """What a function answers to each case.

    Args:
        target: The function, as ``module:name``; the module is one of the tests.
        cases: Its arguments, one by one; they and the answers are pickled.
    """
    code = f"from tests import small_stack; small_stack._main({target!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(cases),
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr.decode()[-2000:]}"
    answers: list[Any] = pickle.loads(done.stdout)  # noqa: S301  # our own bytes
    return answers


def _main(target: str) -> None:
    cases = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  # our own bytes
    function = pkgutil.resolve_name(target)
    answers: list[Any] = []
    threading.stack_size(KIB * 1024)
    thread = threading.Thread(target=lambda: answers.extend(map(function, cases)))
    thread.start()
    thread.join()
    sys.stdout.buffer.write(pickle.dumps(answers))
