"""The parts of pages that the code gives: the help texts in ``cli.md``, the list of formats, the grammar.

Run it from the root of the repository after a change of a command, of a format or of the grammar:
``.venv/bin/python docs/parts.py``. The parts stand between comments in the pages, and are
kept in the repository, so that they can be read there.
"""  # noqa: INP001  # a script

from __future__ import annotations

import re
from pathlib import Path

import click
from click.testing import CliRunner

from planqk_protocol import captures
from planqk_protocol.cli.app import cli
from planqk_protocol.grammar import grammar_text

__all__ = ["PAGES", "parts", "updated"]

PAGES = ("cli.md", "captures/index.md", "grammar.md")
_DOCS = Path(__file__).parent
_PART = re.compile(r"(?<=<!-- part: )([a-z -]+)( -->\n\n).*?(?=\n\n<!-- end of part -->)", re.DOTALL)


def parts() -> dict[str, str]:
    """The parts by their names."""
    return {
        "help": _help(),
        **{f"help {name}": _help(name) for name in cli.commands},
        "formats": _formats(),
        "grammar": f"```text\n{grammar_text().rstrip()}\n```",
    }


def _help(*command: str) -> str:
    """What a command says about itself."""
    shown = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": None}).invoke(
        cli, [*command, "--help"], prog_name="planqk-protocol", catch_exceptions=False
    )
    lines = click.unstyle(shown.output).strip().splitlines()
    return "\n".join(["```text", *(line.rstrip() for line in lines), "```"])


def _formats() -> str:
    """The formats of captures as a table; the pages of `captures/` are named by their ids."""
    rows = [
        f"| [`{item.id}`]({item.id}.md) | {item.title} | {item.loses} |"
        for item in captures.formats().values()
    ]
    return "\n".join(["| Format | What it is | What it loses |", "| --- | --- | --- |", *rows])


def updated(page: str) -> str:
    """The text of a page with its parts as they have to be."""
    current = parts()
    return _PART.sub(lambda part: part[1] + part[2] + current[part[1]], page)


if __name__ == "__main__":
    for name in PAGES:
        path = _DOCS / name
        path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
