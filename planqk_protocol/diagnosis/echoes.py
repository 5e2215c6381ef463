r"""Copies of marked lines, as shells and loggers make them.

With ``set -x``, a shell prints ``+ echo 'PlanQK:Job:Result: 42'`` before it runs
the command, and a JSON logger may repeat the line as
``{"msg": "PlanQK:Job:Result: {\"sum\": 42}"}``. If the line itself stands nearby,
such a copy is no mistake. Two copies are recognised by a key: the text without all
that shells, loggers and languages add to it or take from it.
"""

from __future__ import annotations

import contextlib
import json
import re

__all__ = ["echo_key", "unquoted"]

_MOST_READ = 8192  # bytes of a line
_MOST_KEPT = 1024  # bytes of a key
_NO_DIFFERENCE = b" \t\r\n\v\f\"'`\\:,;"
_ESCAPE_CODE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
# A text in quotes up to its end, with its escapes. The text may be cut.
_IN_QUOTES = {quote: re.compile(rf"(?:[^\\{quote}]+|\\.)*", re.DOTALL) for quote in "\"'`"}


def echo_key(marked: bytes) -> bytes:
    r"""What two copies of a marked line have in common: its text without white space, quotes and escapes.

    What follows the last bracket is left out, as loggers may append the place in
    the source. A long line is told by its beginning.

    >>> echo_key(b'PlanQK:Job:Result: {"sum": 42}') == echo_key(rb'PlanQK:Job:Result: {\"sum\":42} job.py:7')
    True
    """
    read = marked[:_MOST_READ]
    if b"\x1b" in read:
        read = _ESCAPE_CODE.sub(b"", read)
    key = read.translate(None, _NO_DIFFERENCE)
    if len(key) >= _MOST_KEPT:
        return key[:_MOST_KEPT]
    return key[: max(key.rfind(b"}"), key.rfind(b"]")) + 1 or None]


def unquoted(text: str, quote: str) -> tuple[str, str]:
    r"""Split the rest of a text in quotes: its content without escapes, and what follows the closing quote.

    >>> unquoted(r'{\"sum\": 42}", "level": "info"}', '"')
    ('{"sum": 42}', ', "level": "info"}')
    """
    stop = _IN_QUOTES[quote].match(text).end()  # type: ignore[union-attr]  # matches anything
    content = text[:stop]
    if quote == '"':
        with contextlib.suppress(ValueError):  # escapes of another language
            content = json.loads(f'"{content}"', strict=False)
    return content.removesuffix("\n").removesuffix("\\n"), text[stop + 1 :]
