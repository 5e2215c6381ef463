"""Pages that a reader follows at a shell: files to save, commands, and what they print.

A paragraph that says ``as `NAME` `` (``Save this as `job.py` ``) is about the block below it: the text of a
file. A block of ``sh`` is run, and a block of ``text`` directly below shows what it prints, on both streams.
There, ``…`` stands for what differs from run to run. A command with nothing shown below it has to end with
exit code 0. A command with ``--follow`` is ended by Ctrl-C after it has printed as many lines as are shown.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import ROOT, Block, blocks

_SAVED = re.compile(r"\bas\s+`([\w.-]+)`")
_INSTALLS = re.compile(r"^python3 -m venv .venv$", re.MULTILINE)
_ENDS_BY_CTRL_C = "--follow"
_ALTERING = re.compile(r"PYTEST_|CI$|COV|COLUMNS|NO_COLOR|GITHUB_")  # what programs print by


class Step(NamedTuple):
    """What a reader does next: save a file, or run commands."""

    block: Block
    saved_as: str | None
    printed: str | None

    def __str__(self) -> str:
        """The step as the tests name it."""
        return f"line {self.block.line}"


def steps(page: Path) -> Iterator[Step]:
    """The steps of a page, without the installation."""
    lines = page.read_text(encoding="utf-8").splitlines()
    for block, below in pairwise([*blocks(page), Block("", "", 0)]):
        above = "\n".join(lines[: block.line - 2]).rstrip().rpartition("\n\n")[2]
        saved = _SAVED.findall(above)
        if saved:
            yield Step(block, saved[-1], None)
        elif block.language == "sh" and not _INSTALLS.search(block.text):
            yield Step(block, None, below.text if below.language == "text" else None)


def installation(page: Path) -> str | None:
    """The commands of a page that install the package."""
    return next((block.text for block in blocks(page) if _INSTALLS.search(block.text)), None)


def environment(folder: Path) -> dict[str, str]:
    """An environment in which a shell finds the command, this Python, and the Node that it has."""
    tools = folder / "tools"
    tools.mkdir()
    for name, module in (("planqk-protocol", "-m planqk_protocol "), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        (tools / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not _ALTERING.match(name)}
    path = [str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]
    return kept | {"PATH": os.pathsep.join(path), "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


def follow(page: Path, folder: Path) -> Iterator[tuple[Step, str]]:
    """Do what a page says in a folder. Yield each step with commands, and what they printed."""
    variables = environment(folder)
    place = folder / "here"
    place.mkdir(exist_ok=True)
    for step in steps(page):
        if step.saved_as:
            (place / step.saved_as).write_text(step.block.text, encoding="utf-8")
            continue
        is_endless = _ENDS_BY_CTRL_C in step.block.text
        with subprocess.Popen(
            ["sh", "-c", f"exec {step.block.text}" if is_endless else step.block.text],
            cwd=place,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            assert process.stdout
            printed = ""
            if is_endless:
                printed = "".join(process.stdout.readline() for _ in (step.printed or "").splitlines())
                process.send_signal(signal.SIGINT)
            printed += process.stdout.read()
        assert step.printed is not None or process.returncode == 0, f"{page.name}, {step}: {printed}"
        yield step, printed


def is_as_shown(printed: str, shown: str) -> bool:
    """Whether a command has printed what a page shows."""
    pattern = ".*".join(re.escape(part) for part in _lines(shown).split("…"))
    return re.fullmatch(pattern, _lines(printed), re.DOTALL) is not None


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())
