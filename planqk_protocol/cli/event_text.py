"""Print events as text for people: their lines, each with its number and the kind of its event."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, cast

from rich.segment import Segment, Segments
from rich.style import Style

from planqk_protocol import Event, InterimResult, Log, MultilineResult, Result, Violation
from planqk_protocol.cli.console import OutputConsole
from planqk_protocol.cli.printing import Print
from planqk_protocol.cli.terminal import escape_controls, writing

if TYPE_CHECKING:
    import io

__all__ = ["text_printer"]

_LOOKS: dict[type[Event], tuple[str, Style | None]] = {
    Log: ("", None),
    InterimResult: ("interim", Style(color="cyan")),
    Result: ("result", Style(color="green")),
    MultilineResult: ("result", Style(color="green")),
    Violation: ("violation", Style(color="red")),
}


def text_printer() -> Print:
    """Make a function that prints the lines of events, each with its number and the kind of its event.

    A character that the encoding of standard output lacks is printed as an escape.
    """
    cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    console = OutputConsole(soft_wrap=True)

    def print_text(events: Sequence[Event]) -> None:
        with writing():
            console.print(Segments(_segments(events)), end="")

    return print_text


def _segments(events: Sequence[Event]) -> Iterator[Segment]:
    for kind, run in groupby(events, type):
        name, style = _LOOKS[kind]
        lines = [f"{number:>7} {name:<9}  {text}" for event in run for number, text in _lines(event)]
        text = escape_controls("\n".join(lines))
        if style:
            for line in text.split("\n"):  # a segment per line, so that the colour ends with its line
                yield Segment(line, style)
                yield Segment.line()
        else:
            yield Segment(f"{text}\n")


def _lines(event: Event) -> Iterator[tuple[int, str]]:
    if isinstance(event, Log):
        yield event.line, event.text
        return
    text = event.raw.decode(errors="replace").removesuffix("\n")
    for number, line in enumerate(text.split("\n"), event.line):
        yield number, line.removesuffix("\r")
