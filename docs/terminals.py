"""Pictures of the command at a terminal, in the folder ``terminals``: each is made from a real run.

Run it from the root of the repository after a change of what the commands print:
``.venv/bin/python docs/terminals.py``. Each command runs at a pseudo-terminal of 80 columns, so it
needs Linux or macOS. What it prints becomes an SVG, with the fonts of the reader and without a network.
"""  # noqa: INP001  # a script

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

__all__ = ["PICTURES", "Picture", "drawn"]

_FOLDER = Path(__file__).parent / "terminals"
_COLUMNS, _ROWS = 80, 24
_ERASED = re.compile(r"[^\n]*\r\x1b\[K")  # what a program wrote to a line before it erased the line
_SECONDS = re.compile(r"(?<=running for )\d+(?= s)")  # they differ from run to run
_DECIDING = (
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
)  # about colours and width

# Each colour, and the text made dim, has a contrast of 4.5 or more to the background.
_THEME = TerminalTheme(
    (41, 41, 41),
    (255, 255, 255),
    [
        (41, 41, 41),
        (224, 119, 123),
        (152, 168, 75),
        (208, 179, 68),
        (123, 163, 201),
        (190, 140, 190),
        (104, 160, 179),
        (197, 200, 198),
    ],
)

_LOG = """\
adding 2 numbers
  PlanQK:Job:InterimResult: {"sum": 25.2}
PlanQK:Job:Result: {"sum": 42, "loss": NaN}
"""
_JOB = """\
import json, time
print("looking for a short tour")
for step, cost in enumerate([871.5, 740.0, 702.25], 1):
    print("PlanQK:Job:InterimResult:", json.dumps({"step": step, "cost": cost}), flush=True)
time.sleep(600)
"""

_SVG = """\
<svg viewBox="0 0 {{width}} {{height}}" role="img" xmlns="http://www.w3.org/2000/svg">
<title>{title}</title>
<style>
.{{unique_id}}-matrix {{{{ font: {{char_height}}px ui-monospace, Consolas, "DejaVu Sans Mono", monospace }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}"/>
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""


class Picture(NamedTuple):
    """What to run, and how much of its output to show.

    Attributes:
        command: The command as a person types it.
        files: The files in its folder, by their names.
        until: What is on the screen when the picture is taken, as the command goes on for long; otherwise
            it is taken at the end.
        most: The most lines to show.
    """

    command: str
    files: dict[str, str]
    until: str = ""
    most: int = 200


PICTURES = {
    "check": Picture("planqk-protocol check job.log", {"job.log": _LOG}),
    "run": Picture(
        "planqk-protocol run -- python job.py", {"job.py": _JOB}, until='result {"step": 3, "cost": 702.25}'
    ),
    "formats": Picture("planqk-protocol formats", {}, most=14),
}


def drawn(name: str) -> str:
    """The picture of this name as SVG: its command is run."""
    picture = PICTURES[name]
    with TemporaryDirectory() as folder:
        for file, text in picture.files.items():
            Path(folder, file).write_text(text, encoding="utf-8")
        shown = _screen(picture, folder).rstrip()
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), legacy_windows=False)
    console.print(Text.assemble(("$ ", "green"), picture.command), highlight=False)
    lines = [part for line in AnsiDecoder().decode(shown) for part in _folded(line)]
    for line in lines[: picture.most]:
        console.print(line, highlight=False)
    if len(lines) > picture.most:
        console.print("…", style="dim")
    svg = console.export_svg(
        title="",
        theme=_THEME,
        code_format=_SVG.format(title=escape(picture.command)),
        unique_id=f"terminal-{name}",
    )
    return "".join(f"{line.strip()}\n" for line in svg.splitlines() if line.strip())


def _folded(line: Text) -> Sequence[Text]:
    """A line as a terminal breaks it: at the last column."""
    return line.divide(range(_COLUMNS, len(line), _COLUMNS))


def _screen(picture: Picture, folder: str) -> str:
    """Run a command at a terminal, and give what is on it at the time of the picture."""
    words = [sys.executable if word == "python" else word for word in picture.command.split()[1:]]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in _DECIDING}
    program = subprocess.Popen(  # noqa: S603  # our own commands
        [sys.executable, "-m", "planqk_protocol", *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=env | {"TERM": "xterm-256color", "COLORTERM": "", "PYTHONIOENCODING": "utf-8"},
    )
    os.close(slave)
    try:
        return _read(master, picture.until)
    finally:
        program.terminate()
        program.wait(60)
        os.close(master)


def _read(master: int, until: str) -> str:
    """What a terminal shows at last, or as soon as it shows a text."""
    written = b""
    shown = ""
    while not (until and until in shown):
        try:
            data = os.read(master, 65536)
        except OSError:  # how Linux says that no program has the terminal open
            data = b""
        if not data:
            break
        written += data
        shown = _ERASED.sub("", written.decode(errors="replace").replace("\r\n", "\n"))
    return _SECONDS.sub("3", shown)


if __name__ == "__main__":
    _FOLDER.mkdir(exist_ok=True)
    for name in PICTURES:
        (_FOLDER / f"{name}.svg").write_text(drawn(name), encoding="utf-8")
