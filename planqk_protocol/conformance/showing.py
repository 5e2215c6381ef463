r"""Texts for reports: escaped, shortened, and alike for what is expected and what a program gave.

>>> show_bytes(b"one\r\n")
"'one\\r\\n'"
>>> show_json({"b": [1, "\u00e9"], "a": None})
'{"a":null,"b":[1,"\\u00e9"]}'
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["shorten", "shorten_both", "show_bytes", "show_json"]

_MOST_SHOWN = 200  # characters
_HALF = _MOST_SHOWN // 2


def shorten(text: str, around: int | None = None) -> str:
    """Shorten a long text to its beginning and one other part.

    Args:
        text: The text.
        around: The place in the text that the other part shows. By default,
            the end of the text.

    >>> shorten("x" * 1000)[90:120]
    'xxxxxxxxxx…(800 more)…xxxxxxxx'
    """
    if len(text) <= _MOST_SHOWN:
        return text
    middle = len(text) if around is None else around
    start = max(_HALF, min(middle - _HALF // 2, len(text) - _HALF))
    left, right = start - _HALF, len(text) - start - _HALF
    gap = f"…({left} more)…" if left else ""
    rest = f"…({right} more)" if right else ""
    return f"{text[:_HALF]}{gap}{text[start : start + _HALF]}{rest}"


def shorten_both(one: str, other: str) -> tuple[str, str]:
    """Shorten two texts so that both show the first place where they differ."""
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return shorten(one, place), shorten(other, place)


def show_bytes(data: bytes) -> str:
    """Bytes as a quoted text in ASCII, shortened."""
    if len(data) > 2 * _MOST_SHOWN:  # every byte has at least one character: the middle is left out anyway
        beginning, end = ascii(data[:_HALF])[1:-1], ascii(data[-_HALF:])[2:]
        return f"{beginning}…({len(data) - 2 * _HALF} more bytes)…{end}"
    return shorten(ascii(data)[1:])


def show_json(value: Any) -> str:
    """A JSON value in ASCII, with sorted keys and without white space. Numbers are shown by ``str``."""
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{show_json(value[key])}" for key in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(show_json, value)) + "]"
    if value is None or isinstance(value, str | bool):
        return json.dumps(value)
    return str(value)
