"""Print JSON on standard output: the records of events as JSON Lines, and payloads with indentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from planqk_protocol import Event, Violation, to_json_line, to_json_lines
from planqk_protocol.captures import Captured
from planqk_protocol.cli.capture_messages import in_options
from planqk_protocol.cli.terminal import write_json

__all__ = ["Print", "indented", "json_lines_printer"]

Print: TypeAlias = Callable[[Sequence[Event]], None]


def indented(text: bytes) -> bytes:
    """Format a JSON text with one item per line. Its tokens stay as they are."""
    # msgspec refuses a lone surrogate such as \ud800, which is valid JSON. So each \u becomes \\u, an
    # escaped backslash and a letter, and is restored afterwards. A backslash that the text itself escapes
    # is marked with a dot, \\., to tell the two apart.
    hidden = text.replace(rb"\\", rb"\\.").replace(rb"\u", rb"\\u")
    return msgspec.json.format(hidden, indent=2).replace(rb"\\u", rb"\u").replace(rb"\\.", rb"\\")


def print_json_lines(events: Sequence[Event]) -> None:
    """Print the records of events, one per line."""
    write_json(to_json_lines(events, change=_with_options))


def json_lines_printer(captured: Captured) -> Print:
    """Make a function that prints the records of the events of a call, in their order.

    If the capture has severities, the records hold them, and the times beside them.
    """
    if not captured.has_severities:
        return print_json_lines
    stamps = zip(captured.times, captured.times_ns, captured.severities, strict=True)

    def print_stamped(events: Sequence[Event]) -> None:
        lines = [
            to_json_line(_with_options(event), time=None if time_ns is None else time, severity=severity)
            for event, (time, time_ns, severity) in zip(events, stamps, strict=False)
        ]
        write_json(b"".join(lines))

    return print_stamped


def _with_options(event: Event) -> Event:
    """Replace the names of limits in a violation's message by the options of the command."""
    if not isinstance(event, Violation):
        return event
    return msgspec.structs.replace(event, message=in_options(event.message))
