r"""Byte strings as the vectors write them down: texts, base64, and how to make the large ones.

>>> expand({"concat": ["[", {"repeat": "0,", "times": 3}, "0]\n", {"base64": "/w=="}]})
b'[0,0,0,0]\n\xff'
"""

from __future__ import annotations

import base64
from typing import Any, TypeAlias

__all__ = ["Expression", "expand", "shown"]

Expression: TypeAlias = str | dict[str, Any]
"""A text, or an object with ``base64``, ``repeat`` and ``times``, or ``concat``."""

_SHOWN = 200  # characters


def expand(expression: Expression) -> bytes:
    """The bytes that an expression stands for.

    Args:
        expression: A text, which stands for its UTF-8; ``{"base64": text}``;
            ``{"repeat": expression, "times": n}``; or ``{"concat":
            [expression, ...]}``.
    """
    if isinstance(expression, str):
        return expression.encode()
    if "base64" in expression:
        return base64.b64decode(expression["base64"], validate=True)
    if "repeat" in expression:
        return expand(expression["repeat"]) * int(expression["times"])
    return b"".join(map(expand, expression["concat"]))


def shown(text: str) -> str:
    """A text for people, its middle left out where it is long.

    >>> shown("x" * 1000)[90:120]
    'xxxxxxxxxx…(800 more)…xxxxxxxx'
    """
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    return f"{text[:half]}…({len(text) - _SHOWN} more)…{text[-half:]}"
