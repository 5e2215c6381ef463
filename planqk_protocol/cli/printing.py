"""Events to standard output: as JSON Lines for programs, as text for people."""

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

from planqk_protocol import Event, InterimResult, Log, MultilineResult, Result, Violation, to_json_line
from planqk_protocol.cli.hints import in_options
from planqk_protocol.cli.terminal import escape_controls, write_json, writing

if TYPE_CHECKING:
    import io

__all__ = ["Print", "indented", "print_json_lines", "text_printer"]


def indented(text: bytes) -> bytes:
    """A JSON text with one item per line, its tokens as they are."""
    # msgspec refuses \u escapes of lone surrogates, which are valid. So it gets to see escaped
    # backslashes in their place, told from the text's own by the dot behind those.
    hidden = text.replace(rb"\\", rb"\\.").replace(rb"\u", rb"\\u")
    return msgspec.json.format(hidden, indent=2).replace(rb"\\u", rb"\u").replace(rb"\\.", rb"\\")


Print: TypeAlias = Callable[[Sequence[Event]], None]

_LOOKS: dict[type[Event], tuple[str, Style | None]] = {
    Log: ("", None),
    InterimResult: ("interim", Style(color="cyan")),
    Result: ("result", Style(color="green")),
    MultilineResult: ("result", Style(color="green")),
    Violation: ("violation", Style(color="red")),
}


def print_json_lines(events: Sequence[Event]) -> None:
    """Print the records of events."""
    write_json(b"".join(map(to_json_line, map(_in_options, events))))


def _in_options(event: Event) -> Event:
    """The event, its message in the words of the command line."""
    if not isinstance(event, Violation):
        return event
    return msgspec.structs.replace(event, message=in_options(event.message))


def text_printer() -> Print:
    """A function that prints events as they were printed, with line numbers and what each is.

    A character that the encoding of standard output lacks is written as its escape.
    """
    cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    console = _Output(soft_wrap=True)

    def print_text(events: Sequence[Event]) -> None:
        with writing():
            console.print(Segments(_segments(events)), end="")

    return print_text


class _Output(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))  # `writing` deals with it


def _segments(events: Sequence[Event]) -> Iterator[Segment]:
    for kind, run in groupby(events, type):
        name, style = _LOOKS[kind]
        lines = [f"{number:>7} {name:<9}  {text}" for event in run for number, text in _lines(event)]
        text = escape_controls("\n".join(lines))
        if style:
            for line in text.split("\n"):  # no colour reaches beyond its line
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
