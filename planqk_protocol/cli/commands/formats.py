"""``planqk-protocol formats``: list the formats of captured logs."""

from __future__ import annotations

import sys
from textwrap import TextWrapper

import click
import msgspec
from rich.console import Console
from rich.text import Text

from planqk_protocol import captures
from planqk_protocol.captures import Format
from planqk_protocol.cli.rich_help import Command
from planqk_protocol.cli.terminal import check_output, write, writing

__all__ = ["formats"]

_LABELS = {"title": "What it is", "source": "How to get it", "loses": "What it loses"}
_FIELDS = ("id", *_LABELS)
_INDENT = 17
_encode = msgspec.json.Encoder().encode


@click.command(cls=Command)
def formats() -> None:
    """List the formats of captured logs.

    A terminal gets a text. A file or a pipe gets JSON Lines, with the fields id,
    title, source and loses.

    Examples:
        planqk-protocol formats
        planqk-protocol formats | jq -r .id
    """
    check_output()
    items = captures.formats().values()
    if not sys.stdout.isatty():
        rows = ({name: getattr(item, name) for name in _FIELDS} for item in items)
        write(b"".join(_encode(row) + b"\n" for row in rows))
        return
    console = Console(soft_wrap=True, highlight=False)
    with writing():
        console.print(Text("\n").join(_described(item, console.width) for item in items), end="")


def _described(item: Format, width: int) -> Text:
    """A paragraph about a format. Lines break between words only, so that commands can be copied."""
    text = Text.assemble((item.id, "bold"), "\n")
    for name, label in _LABELS.items():
        wrapper = TextWrapper(
            width,
            initial_indent=f"  {label}".ljust(_INDENT),
            subsequent_indent=" " * _INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
        text.append(wrapper.fill(getattr(item, name)) + "\n")
    return text
