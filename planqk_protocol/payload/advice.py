"""Advice on payloads that are not JSON, by the mistakes that services make.

The place where a decoder stops shows which mistake it was: a quote of the wrong
sort, ``NaN``, a colour code. So patterns are tried at this place. Some of them are
evidence only where a value is expected, or only between the tokens of the text.
"""

from __future__ import annotations

import re

__all__ = ["advise"]

_SPACE = " \t\r\n"
_EMPTY = (
    "there is nothing to read; print the JSON on the marker's own line, or between the two lines of a block"
)
_CUT_SHORT = (
    "the JSON is cut short; all of it goes on the marker's own line, or between the two lines of a block"
)
_NUMBER = "JSON writes numbers without a plus, a leading zero or a bare point"
_COMMA = "remove the comma before the closing bracket"
_TRAILING_COMMA = re.compile(r",[ \t\r\n]*[]}]")


def _table(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), advice) for pattern, advice in pairs)


# The patterns are tried in this order at the place of the fault. The first that matches gives the advice.

# No JSON text has these outside strings. They are evidence wherever a decoder stops.
_ANYWHERE = _table(
    (r"\x1b", "this is a terminal colour code; print the JSON without colours"),
    (r"\ufeff", "this is a byte order mark; encode the text as utf-8, not as utf-8-sig"),
    (r"\x00", "this is a NUL byte; print the text in UTF-8, not in UTF-16"),
    (r"(?<=[0-9])\.|(?<=0)[0-9]", _NUMBER),
)
# These are written between the tokens of a JSON text. After its end, they are any text.
_BETWEEN = _table((r"//|/\*|#", "JSON has no comments; print the output of a JSON library"))
# These are written instead of a value or a key. After a value, they are any text.
_FOR_A_VALUE = _table(
    (
        r"-?(?i:nan|inf|infinity)\b",
        "find it with json.dumps(..., allow_nan=False), and print null or a string instead",
    ),
    (
        r"[bu]?'|[bu]\"|True\b|False\b|None\b|\(|<|[A-Za-z_][\w.]*\(",
        "this looks like Python's repr; use json.dumps: print(..., json.dumps(value))",
    ),
    (r"undefined\b", "this looks like JavaScript's undefined; give JSON.stringify a value that is set"),
    (r"\[?object ", "this looks like a JavaScript object as text; use JSON.stringify"),
    (r"map\[", "this looks like a Go map as text; use json.Marshal"),
    (r"\+|-?\.", _NUMBER),
)
_AFTER_THE_END = "Extra data"
_VALUE_EXPECTED = ("Expecting value", "Expecting property name", "NaN", "Infinity", "-Infinity")

# If no pattern matches: the beginning of the decoder's message, and the advice.
_BY_FAULT = (
    ("Invalid control", "escape control characters in strings, as a JSON library does"),
    ("Invalid \\", "a backslash in a string is written twice, as a JSON library does"),
    ("Expecting property name", "keys of JSON objects are strings in double quotes"),
    (_AFTER_THE_END, "the JSON text ends before this; print nothing after it"),
    ("Unterminated string", _CUT_SHORT),
)


def advise(text: str, at: int, fault: str) -> tuple[int, str]:
    """The place of a fault, and advice on it; the advice is empty if there is none.

    Args:
        text: The payload.
        at: Where the decoder stopped, in characters. That is the place of the
            fault, except for a trailing comma: there, some versions of Python stop
            at the comma and some at the bracket after it. The fault is the comma.
        fault: The decoder's message.

    >>> advise("{'a': 1}", 1, "Expecting property name enclosed in double quotes")
    (1, "this looks like Python's repr; use json.dumps: print(..., json.dumps(value))")
    """
    before = text[:at].rstrip(_SPACE)
    if not text.strip(_SPACE):
        return at, _EMPTY
    comma = len(before) - 1 if before.endswith(",") else at
    if _TRAILING_COMMA.match(text, comma):
        return comma, _COMMA
    between = () if fault.startswith(_AFTER_THE_END) else _BETWEEN
    for_a_value = _FOR_A_VALUE if fault.startswith(_VALUE_EXPECTED) else ()
    for pattern, advice in _ANYWHERE + between + for_a_value:
        if pattern.match(text, at):
            return at, advice
    if at >= len(text.rstrip(_SPACE)):
        return at, _CUT_SHORT
    return at, next((advice for beginning, advice in _BY_FAULT if fault.startswith(beginning)), "")
