"""``planqk-protocol formats``: the formats of captured logs."""

from __future__ import annotations

import sys

import msgspec
import rich_click as click
from rich import box
from rich.console import Console
from rich.table import Table

from planqk_protocol import captures
from planqk_protocol.cli.terminal import check_output, write, writing

__all__ = ["formats"]

_COLUMNS = {"id": "ID", "title": "What it is", "source": "How to get it", "loses": "What it loses"}
_encode = msgspec.json.Encoder().encode


@click.command()
def formats() -> None:
    """Show the formats of captured logs that can be read.

    At a terminal it is a table; else JSON Lines, with the fields id, title,
    source and loses.

    \b
    Examples:
      planqk-protocol formats
      planqk-protocol formats | jq -r .id
    """  # noqa: D301  # \b keeps click from wrapping
    check_output()
    rows = [{name: getattr(item, name) for name in _COLUMNS} for item in captures.formats().values()]
    if not sys.stdout.isatty():
        write(b"".join(_encode(row) + b"\n" for row in rows))
        return
    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    for title in _COLUMNS.values():
        table.add_column(title, overflow="fold", no_wrap=title == _COLUMNS["id"])
    for row in rows:
        table.add_row(*row.values())
    with writing():
        Console(markup=False, highlight=False).print(table)
