"""What a job prints: log text, interim results and results as bytes of the protocol.

These functions return bytes and print nothing. A parser with default limits
reads a value back as it was given, and each line of a text as log text. The JSON
is ASCII, because ASCII survives all the ways in which engines store logs.
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

_MOST_SHOWN = 240  # characters of a value that a message shows
_LIMITS = Limits()
_MAX_PAYLOAD = _LIMITS.max_payload or 0
_MAX_DIGITS = _LIMITS.max_digits or 0


def log_line(text: str) -> bytes:
    r"""A text as log lines. The last line ends with LF, too.

    A parser makes `Log` events of the lines. Their texts, joined by LF, are `text`
    again, with two exceptions:

    * A line that begins with ``PlanQK:Job:``, as all markers do, gets a space in
      front. So untrusted text cannot pass for a result, whatever limits the
      parser has.
    * UTF-8 cannot encode a lone surrogate. It is written as its escape.

    A line longer than `Limits.max_line` comes back in pieces.

    Write the bytes at the beginning of a line. After ``print("PlanQK:", end="")``,
    they would continue the job's own line, and could complete a marker there.

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
    return b"".join(_as_log(line) for line in lines)


def _as_log(line: bytes) -> bytes:
    """A line that a parser takes for log text, with its terminator."""
    indent = b" " if line.startswith(load_table().prefix) else b""
    # One CR before the LF belongs to the terminator. So a CR at the end of the text needs another one.
    return indent + line + (b"\r\n" if line.endswith(b"\r") else b"\n")


def interim_result_line(value: Any) -> bytes:
    r"""An interim result (rule ``interim-line``).

    Args:
        value: A JSON value, made of `dict` with `str` keys, `list`, `tuple`, `str`,
            `int`, finite `float`, `bool` and ``None``. A parser reads a tuple back
            as a list, and a pair of surrogates as the character that they encode.

    Raises:
        TypeError: A part of `value` has another type. The message names its path.
        ValueError: A part of `value` has no JSON form, or exceeds the default
            `Limits`. The message names its path.

    >>> interim_result_line({"sum": 25.2})
    b'PlanQK:Job:InterimResult: {"sum": 25.2}\n'
    """
    return _line("interim_result", value)


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
    return _line("result", value)


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
    fence = load_table().markers["multiline_result"]
    return _within_limit(f"{fence}\n{_json(value, indent)}\n{fence}\n")


def _line(role: str, value: Any) -> bytes:
    """The line that has this role."""
    return _within_limit(f"{load_table().markers[role]} {_json(value)}\n")


def _within_limit(text: str) -> bytes:
    """ASCII text as bytes, unless it is more than `Limits.max_payload`."""
    size = len(text)
    if size > _MAX_PAYLOAD:
        raise ValueError(
            f"value takes {size} bytes, more than the {_MAX_PAYLOAD} that parsers take; print less"
        )
    return text.encode()


def _json(value: Any, indent: int | None = None) -> str:
    _check(value, [])
    return json.dumps(value, indent=indent)


def _check(value: Any, path: list[str | int]) -> None:
    """Refuse what is no JSON value, and name its path.

    `json.dumps` does not name the path of what it refuses, and it accepts more than
    it should: it writes NaN, and makes strings of keys that are numbers.
    """
    if isinstance(value, dict | list | tuple):
        if len(path) >= MAX_DEPTH:
            place = _path_text(path[:8])
            raise ValueError(f"{place}… nests deeper than {MAX_DEPTH} levels, or contains itself; flatten it")
        for key, item in _items(value, path):
            path.append(key)
            _check(item, path)
            path.pop()
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(
            f"{_path_text(path)} is {value}, which JSON does not have; print None or a string instead"
        )
    elif isinstance(value, int) and (digits := _exceeded_digits(value)):
        raise ValueError(
            f"{_path_text(path)} is an integer of more than {digits} digits; print a string instead"
        )
    elif value is not None and not isinstance(value, str | int | float):
        kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
        raise TypeError(
            f"{_path_text(path)} is of type {kind}, which JSON does not have; convert it, as .tolist() does"
        )


def _exceeded_digits(value: int) -> int:
    """The limit of digits that an integer exceeds; 0 if it exceeds none.

    Parsers have a limit, and so has the interpreter when it converts an integer to
    text (`sys.set_int_max_str_digits`).
    """
    digits = min(_MAX_DIGITS, sys.get_int_max_str_digits() or _MAX_DIGITS)
    # 10**digits is large. An integer of 3 * digits bits is less than 8**digits, so it needs no comparison.
    return digits if value.bit_length() > 3 * digits and abs(value) >= 10**digits else 0


def _items(value: Any, path: list[str | int]) -> Iterator[tuple[str | int, Any]]:
    """The keys or indices of an object or array, with the values there."""
    if not isinstance(value, dict):
        yield from enumerate(value)
        return
    for key, item in value.items():
        if not isinstance(key, str):
            shown = f"{_path_text(path)} has the key {_shorten(repr(key))}"
            raise TypeError(f"{shown}; keys of JSON objects are strings: use str(key)")
        yield key, item


def _path_text(path: list[str | int]) -> str:
    """A path as a message shows it: ``value['a'][0]``."""
    return _shorten("value" + "".join(f"[{key!r}]" for key in path))


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN // 2]}…{text[-_MOST_SHOWN // 4 :]}"
