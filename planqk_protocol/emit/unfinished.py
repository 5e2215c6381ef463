r"""Log text after a line that another writer left unfinished.

Somebody else's output may end in the middle of a line: a progress bar, a C
library, a thread that was interrupted. The next bytes continue that line. If the
unfinished part is the beginning of a marked line, log text can complete it, and a
text such as ``42`` would become a result. An LF before the log text prevents that.
But an LF before every log text would put an empty line between all of them. So an
LF is only put before a text that could complete a marked line, whatever stands
before it. This module says which ones could.

The first line of the text could, if it is the end of a marked line that is valid:

    [rest of a marker] [rest of a string] tokens of JSON and white space

*   The rest of a marker is what is missing of one that was begun: ``Result:`` after
    ``PlanQK:Job:``. It may be missing in whole or in part, or not at all.
*   If the unfinished part ends within a string of JSON, the text up to the first quote
    that is not escaped is the rest of the string. If it ends after a backslash,
    a first quote is escaped.
*   Only tokens of JSON can follow, or pieces of a number or of ``true``, ``false`` and
    ``null`` at the beginning. Their order is not looked at, so some harmless lines
    get an LF, too. A blank line counts, as it completes a fence.

A sentence is none of these, as its words are no tokens. A number is, and so is a
line of JSON. In the pattern, the next byte decides how to go on, so the time is
proportional to the length of the line.
"""

from __future__ import annotations

import functools
import re

from planqk_protocol.emit.lines import log_line
from planqk_protocol.grammar import load_table

__all__ = ["FRESH_LINE", "fresh_log_line", "may_complete"]

FRESH_LINE = b"\n"
"""Ends a line that another writer left unfinished. If there is none, it is an empty line."""

_IN_STRING = rb'(?:[^"\\]++|\\.)*"'
_TOKENS = rb'(?:[ \t\r\[\]{},:0-9+\-.eE]++|true|false|null|"%b)*' % _IN_STRING
_REST_OF_LITERAL = rb"(?:rue|alse|ull|ue|lse|ll|se|l)?"
_REST_OF_STRING = rb'(?:["\\])?%b' % _IN_STRING


def fresh_log_line(text: str) -> bytes:
    r"""A text as log lines that stay log text, whatever another writer left unfinished.

    Raises:
        TypeError: `text` is not a `str`.

    >>> fresh_log_line("step 42"), fresh_log_line("42")
    (b'step 42\n', b'\n42\n')
    """
    data = log_line(text)
    return FRESH_LINE + data if may_complete(data[: data.find(b"\n")]) else data


def may_complete(line: bytes) -> bool:
    """Whether log text could complete a marked line that another writer left unfinished.

    Args:
        line: The text up to its first LF.

    >>> may_complete(b"42"), may_complete(b"step 42"), may_complete(b'Result: {"sum": 42}')
    (True, False, True)
    """
    return _pattern().fullmatch(line) is not None


@functools.cache
def _pattern() -> re.Pattern[bytes]:
    heads = load_table().literals
    rests = sorted({head[at:] for head in heads for at in range(1, len(head))}, key=len, reverse=True)
    rest_of_marker = b"|".join(map(re.escape, rests))
    payload = b"(?:%b%b|%b%b)" % (_REST_OF_STRING, _TOKENS, _REST_OF_LITERAL, _TOKENS)
    return re.compile(b"(?:%b)?%b" % (rest_of_marker, payload), re.DOTALL)
