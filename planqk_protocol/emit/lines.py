"""Log text and values to the bytes of the protocol.

These functions return bytes and print nothing. A parser with default limits
reads a value back as it was given, and each line of a text as log text. The JSON
is ASCII, because ASCII survives all the ways in which engines store logs.
"""

from __future__ import annotations

from typing import Any

from planqk_protocol.emit.json_values import Default, to_json
from planqk_protocol.grammar import load_table
from planqk_protocol.limits import Limits
from planqk_protocol.marked import PROTECTION

__all__ = [
    "interim_result_line",
    "log_line",
    "multiline_result_block",
    "result_bytes",
    "result_line",
    "within_limit",
]

_MAX_PAYLOAD = Limits().max_payload or 0
_LONGEST_LINE = 16 * 1024  # bytes that engines store in one piece


def log_line(text: str) -> bytes:
    r"""A text as log lines. The last line ends with LF, too.

    A parser makes `Log` events of the lines. Their texts, joined by LF, are `text`
    again, with two exceptions:

    * A line that begins with ``PlanQK:Job:``, as all markers do, gets a ``>`` in
      front. So untrusted text cannot pass for a result, whatever limits the
      parser has.
    * UTF-8 cannot encode a lone surrogate. It is written as its escape.

    A line longer than `Limits.max_line` comes back in pieces.

    Write the bytes at the beginning of a line. After ``print("PlanQK:", end="")``,
    they would continue the job's own line, and could complete a marker there.
    `Emitter.log` prevents that.

    Args:
        text: Any text, of any number of lines.

    Raises:
        TypeError: `text` is not a `str`.

    >>> log_line("PlanQK:Job:Result: 42")
    b'>PlanQK:Job:Result: 42\n'
    """
    if not isinstance(text, str):
        raise TypeError(f"log text is str, not {type(text).__name__}; convert it")
    lines = text.encode(errors="backslashreplace").split(b"\n")
    return b"".join(_as_log(line) for line in lines)


def _as_log(line: bytes) -> bytes:
    """A line that a parser takes for log text, with its terminator."""
    protection = PROTECTION if line.startswith(load_table().prefix) else b""
    # One CR before the LF belongs to the terminator. So a CR at the end of the text needs another one.
    return protection + line + (b"\r\n" if line.endswith(b"\r") else b"\n")


def interim_result_line(value: Any, *, default: Default | None = None) -> bytes:
    r"""An interim result (rule ``interim-line``).

    Args:
        value: A JSON value, made of `dict` with `str` keys, `list`, `tuple`, `str`,
            `int`, finite `float`, `bool` and ``None``, or of dataclasses, which
            become objects. A parser reads a tuple back as a list, and a pair of
            surrogates as the character that they encode.
        default: A function that is called with each part of `value` of another
            type, as for `json.dumps`. It returns what to print instead, or raises
            `TypeError`.

    Raises:
        TypeError: A part of `value` has another type. The message names its path.
        ValueError: A part of `value` has no JSON form, or exceeds the default
            `Limits`. The message names its path.

    >>> interim_result_line({"sum": 25.2})
    b'PlanQK:Job:InterimResult: {"sum": 25.2}\n'
    """
    return _line("interim_result", value, default)


def result_line(value: Any, *, default: Default | None = None) -> bytes:
    r"""The result, on one line (rule ``result-line``).

    Args:
        value: A JSON value, as for `interim_result_line`.
        default: As for `interim_result_line`.

    Raises:
        TypeError: As for `interim_result_line`.
        ValueError: As for `interim_result_line`.

    >>> result_line({"done": {3, 1}}, default=sorted)
    b'PlanQK:Job:Result: {"done": [1, 3]}\n'
    """
    return _line("result", value, default)


def result_bytes(value: Any, *, default: Default | None = None) -> bytes:
    """The result, on one line, or as a block if engines would cut that line into pieces.

    Args:
        value: A JSON value, as for `interim_result_line`.
        default: As for `interim_result_line`.
    """
    line = result_line(value, default=default)
    if len(line) <= _LONGEST_LINE:
        return line
    return multiline_result_block(value, 0, default=default)  # not indented, so hardly longer


def multiline_result_block(value: Any, indent: int = 2, *, default: Default | None = None) -> bytes:
    """The result, as a block (rule ``block``).

    Args:
        value: A JSON value, as for `interim_result_line`.
        indent: Spaces per level.
        default: As for `interim_result_line`.

    Raises:
        TypeError: As for `interim_result_line`.
        ValueError: As for `interim_result_line`.

    >>> print(multiline_result_block({"sum": 42}).decode(), end="")
    PlanQK:Job:MultilineResult
    {
      "sum": 42
    }
    PlanQK:Job:MultilineResult
    """
    fence = load_table().markers["multiline_result"]
    return within_limit(f"{fence}\n{to_json(value, indent, default)}\n{fence}\n")


def _line(role: str, value: Any, default: Default | None) -> bytes:
    """The line that has this role."""
    return within_limit(f"{load_table().markers[role]} {to_json(value, None, default)}\n")


def within_limit(text: str) -> bytes:
    """ASCII text as bytes, unless it is more than `Limits.max_payload`."""
    size = len(text)
    if size > _MAX_PAYLOAD:
        raise ValueError(
            f"value takes {size} bytes, more than the {_MAX_PAYLOAD} that parsers take; print less"
        )
    return text.encode()
