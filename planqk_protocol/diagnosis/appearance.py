"""Text as people see it: without colour codes and invisible characters, and with look-alikes replaced.

A marker that was copied from a web page or a word processor may hold a full-width
colon, a Cyrillic letter, or a space of no width. At a terminal, the code of a
colour does not show either. People cannot see the difference, so the diagnosis
compares the text that they see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["ESCAPE_CODE", "FOREIGN", "character_name", "places", "seen"]

ESCAPE_CODE = re.compile(
    r"\x1b(?:\[[0-9;:?]*[ -/]?[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78cM])"
)
"""A code for a terminal: a control sequence of ECMA-48, or a short code of the VT100."""

# Each letter of a marker with the letters of other alphabets that look the same.
_TWINS = {
    "I": "\u0399\u0406\u04c0",
    "J": "\u0408",
    "M": "\u039c\u041c",
    "P": "\u03a1\u0420",
    "K": "\u039a\u041a\u212a",
    "Q": "\u051a",
    "a": "\u0251\u03b1\u0430",
    "b": "\u042c",
    "e": "\u0435\u212e",
    "i": "\u0131\u03b9\u0456",
    "l": "\u04cf\u217c\u2113",
    "m": "\u217f",
    "n": "\u0578",
    "o": "\u03bf\u043e\u0585",
    "s": "\u0455",
    "u": "\u03c5\u057d",
    ":": "\u02d0\u02f8\u0589\u05c3\u2236\ua789\ufe13\ufe30\ufe55",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
}
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
_FULL_WIDTH = 0xFEE0  # from an ASCII character to its full-width form

_ASCII = {ord(twin): letter for letter, twins in _TWINS.items() for twin in twins}
_ASCII |= {code + _FULL_WIDTH: chr(code) for code in range(0x21, 0x7F)}

FOREIGN = re.compile(f"[{_INVISIBLE}{''.join(map(chr, _ASCII))}]+")
"""One or more characters that look like another one, or like nothing."""


_HIDDEN = re.compile(f"(?:{ESCAPE_CODE.pattern}|[{_INVISIBLE}])+")


def seen(text: str) -> str:
    r"""The text as people see it.

    Each foreign character is replaced by the one that it resembles. Invisible ones
    and codes for terminals are left out.

    >>> seen("\u200bPl\u0430nQK\uff1a")
    'PlanQK:'
    """
    if text.isascii():
        return _HIDDEN.sub("", text) if "\x1b" in text else text
    text = _HIDDEN.sub("", text)
    return text.translate(_ASCII) if FOREIGN.search(text) else text


def places(text: str) -> Sequence[int]:
    """Index in the text of each character that people see, and of the end of the text."""
    seen_places: list[int] = []
    start = 0
    for hidden in _HIDDEN.finditer(text):
        seen_places += range(start, hidden.start())
        start = hidden.end()
    return [*seen_places, *range(start, len(text) + 1)] if start else range(len(text) + 1)


def character_name(character: str) -> str:
    r"""The code point of a character, and its name.

    >>> character_name("\u200b")
    'U+200B (zero width space)'
    """
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'unnamed').lower()})"
