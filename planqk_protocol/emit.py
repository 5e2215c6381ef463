"""The other direction: log text and values to the bytes a job prints.

Pure functions that give bytes and print nothing. A parser with default limits
reads the value of a result back as it was given, and every line of a text as
log. The JSON is ASCII, which survives every way in which engines store logs.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

from planqk_protocol.grammar import load_table
from planqk_protocol.limits import MAX_DEPTH, Limits

__all__ = ["interim_result_line", "log_line", "multiline_result_block", "result_line"]

_SHOWN = 240  # characters of a value that a message shows
_LIMITS = Limits()
_MAX_PAYLOAD = _LIMITS.max_payload or 0
_MAX_DIGITS = _LIMITS.max_digits or 0


def log_line(text: str) -> bytes:
    r"""A text as log lines, the last one ended by LF.

    The texts of the `Log` events that a parser makes of it, joined by LF, are
    `text`, save for two things: a line that begins with ``PlanQK:Job:``, as all
    markers do, gets a space in front, so that untrusted text cannot pass for a
    result, whatever limits the parser has; and a lone surrogate, which UTF-8
    cannot encode, is written as its escape. (A line longer than
    `Limits.max_line` comes back in pieces.)

    Write it where a line begins: behind ``print("PlanQK:", end="")``, a text
    ends the job's own line, and no function sees what that becomes.

    Args:
        text: Any text, of any number of lines.

    Raises:
        TypeError: `text` is not a `str`.

    >>> log_line("PlanQK:Job:Result: 42")
    b' PlanQK:Job:Result: 42\n'
    """
    if not isinstance(text, str):
        raise TypeError(f"log_line() takes str, not {type(text).__name__}")
    lines = text.encode(errors="backslashreplace").split(b"\n")
    return b"".join(_harmless(line) for line in lines)


def _harmless(line: bytes) -> bytes:
    mark = b" " if line.startswith(load_table().prefix) else b""
    # The parser takes one CR before the LF for a part of the terminator: it needs one of its own.
    return mark + line + (b"\r\n" if line.endswith(b"\r") else b"\n")


def interim_result_line(value: Any) -> bytes:
    r"""An interim result (rule ``interim-line``).

    Args:
        value: A JSON value of `dict` with `str` keys, `list`, `tuple`, `str`,
            `int`, finite `float`, `bool` and ``None``. A tuple reads back as a
            list, two surrogates that make a pair as the character they encode.

    Raises:
        TypeError: A part of `value` is of another type; the message names its path.
        ValueError: A part of `value` has no JSON form, or is beyond the default
            `Limits`; the message names its path.

    >>> interim_result_line({"sum": 25.2})
    b'PlanQK:Job:InterimResult: {"sum": 25.2}\n'
    """
    return _within_limit(b"PlanQK:Job:InterimResult: " + _json(value) + b"\n")


def result_line(value: Any) -> bytes:
    r"""The result, on one line (rule ``result-line``).

    Args:
        value: A JSON value, as for `interim_result_line`.

    Raises:
        TypeError: As for `interim_result_line`.
        ValueError: As for `interim_result_line`.

    >>> result_line({"sum": 42})
    b'PlanQK:Job:Result: {"sum": 42}\n'
    """
    return _within_limit(b"PlanQK:Job:Result: " + _json(value) + b"\n")


def multiline_result_block(value: Any, indent: int = 2) -> bytes:
    """The result, as a block (rule ``block``).

    Args:
        value: A JSON value, as for `interim_result_line`.
        indent: Spaces per level.

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
    fence = b"PlanQK:Job:MultilineResult\n"
    return _within_limit(fence + _json(value, indent) + b"\n" + fence)


def _within_limit(data: bytes) -> bytes:
    if len(data) > _MAX_PAYLOAD:
        size = len(data)
        raise ValueError(
            f"value takes {size} bytes, more than the {_MAX_PAYLOAD} that parsers take; print less"
        )
    return data


def _json(value: Any, indent: int | None = None) -> bytes:
    _check(value, [])
    return json.dumps(value, indent=indent).encode()


def _check(value: Any, path: list[str | int]) -> None:
    """Raise for whatever `json.dumps` would refuse without a place, or bend without a word."""
    if isinstance(value, dict | list | tuple):
        if len(path) >= MAX_DEPTH:
            place = _shown(path[:8])
            raise ValueError(f"{place}… nests deeper than {MAX_DEPTH} levels, or contains itself; flatten it")
        for key, item in _items(value, path):
            path.append(key)
            _check(item, path)
            path.pop()
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f"{_shown(path)} is {value}, which JSON does not have; print None or a string instead"
        )
    elif isinstance(value, int) and (digits := _too_many_digits(value)):
        raise ValueError(f"{_shown(path)} is an integer of more than {digits} digits; print a string instead")
    elif value is not None and not isinstance(value, str | int | float):
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        raise TypeError(
            f"{_shown(path)} is of type {kind}, which JSON does not have; convert it, as .tolist() does"
        )


def _too_many_digits(value: int) -> int:
    """The number of digits that `value` has more than: of what parsers take, or the interpreter converts."""
    digits = min(_MAX_DIGITS, sys.get_int_max_str_digits() or _MAX_DIGITS)
    return digits if value.bit_length() > 3 * digits and abs(value) >= 10**digits else 0


def _items(value: Any, path: list[str | int]) -> Iterator[tuple[str | int, Any]]:
    if not isinstance(value, dict):
        yield from enumerate(value)
        return
    for key, item in value.items():
        if not isinstance(key, str):
            shown = f"{_shown(path)} has the key {_short(repr(key))}"
            raise TypeError(f"{shown}; keys of JSON objects are strings: use str(key)")
        yield key, item


def _shown(path: list[str | int]) -> str:
    return _short("value" + "".join(f"[{key!r}]" for key in path))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}…{text[-_SHOWN // 4 :]}"
