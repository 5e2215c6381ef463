"""Print events on standard output: as JSON Lines for programs, as text for people."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from planqk_protocol import Event, InterimResult, Log, MultilineResult, Result, Violation
from planqk_protocol.cli.capture_messages import in_options
from planqk_protocol.cli.terminal import escape_controls, write_json, writing
from planqk_protocol.records import to_json_lines

if TYPE_CHECKING:
    import io

__all__ = ["Print", "indented", "print_json_lines", "text_printer"]

Print: TypeAlias = Callable[[Sequence[Event]], None]

_LOOKS: dict[type[Event], tuple[str, Style | None]] = {
    Log: ("", None),
    InterimResult: ("interim", Style(color="cyan")),
    Result: ("result", Style(color="green")),
    MultilineResult: ("result", Style(color="green")),
    Violation: ("violation", Style(color="red")),
}


def indented(text: bytes) -> bytes:
    """Format a JSON text with one item per line. Its tokens stay as they are."""
    # msgspec refuses a lone surrogate such as \ud800, which is valid JSON. So each \u becomes \\u, an
    # escaped backslash and a letter, and is restored afterwards. A backslash that the text itself escapes
    # is marked with a dot, \\., to tell the two apart.
    hidden = text.replace(rb"\\", rb"\\.").replace(rb"\u", rb"\\u")
    return msgspec.json.format(hidden, indent=2).replace(rb"\\u", rb"\u").replace(rb"\\.", rb"\\")


def print_json_lines(events: Sequence[Event]) -> None:
    """Print the records of events, one per line."""
    write_json(to_json_lines(_with_options(event) if type(event) is Violation else event for event in events))


def _with_options(event: Violation) -> Violation:
    """Replace the names of limits in a violation's message by the options of the command."""
    return msgspec.structs.replace(event, message=in_options(event.message))


def text_printer() -> Print:
    """Make a function that prints the lines of events, each with its number and the kind of its event.

    A character that the encoding of standard output lacks is printed as an escape.
    """
    cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    console = _Output(soft_wrap=True)

    def print_text(events: Sequence[Event]) -> None:
        with writing():
            console.print(Segments(_segments(events)), end="")

    return print_text


class _Output(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))  # rich would exit; `writing` handles it


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
