"""What stands after a marker: nothing, the beginning of a value, or other text.

Sentences mention markers, too. So a misplaced or misspelt marker counts only if
something follows that a job would print there.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from planqk_protocol.diagnosis.appearance import ESCAPE_CODE, FOREIGN

__all__ = ["Continuation", "continuation", "is_sentence"]


class Continuation(Enum):
    """A kind of text after a marker."""

    NOTHING = auto()
    STRUCTURE = auto()  # it begins like an object or an array
    SCALAR = auto()  # it begins like a string, a number, or another value
    TEXT = auto()


_PLACEHOLDER = re.compile(r"[{\[]\s*(?:\.\.\.|\u2026|[a-z_]+(?:\([^()]*\))?)\s*[}\]]\Z|\{\{|\{%")
# The end of a value, which may stand in quotes, or before a remark in brackets or after a comment sign.
_END = r"""\s*(?:$|["'`\\,;#(/}\]])"""
_SCALAR = re.compile(
    rf"""
      [-+]? (?:\d[\d_.,]*|\.\d+) (?:[eE][-+]?\d+)? [jJ]? {_END}
    | [-+]? (?:true|false|null|nil|none|None|True|False|NaN|nan|Infinity|inf|undefined) {_END}
    | \\? ["'\u2018\u201c\u201e\u00ab] (?!\s*[-+,.);:]) (?=.)
    | [bBuU] ['"] .
    | < (?:class\b | [\w.]+ \s+ object\b | [\w.]+: )
    | \( \s* [-\d"'(\[{{]
    | (?!json|JSON) [A-Za-z_][\w.]{{0,40}} \( [^()]* (?:\([^()]*\)[^()]*)? \) \s* $
    """,
    re.VERBOSE,
)
# rich writes the place in the source code at the end of a line, after the message.
_PLACE_IN_SOURCE = re.compile(r" {2,}[\w.<>-]{1,80}:\d{1,9}[ \t\r]*\Z")
_WORDS = re.compile(r"[A-Za-z]{2,}")
_FEWEST_WORDS = 3  # of a sentence


def continuation(text: str) -> Continuation:
    """Tell what kind of text follows a marker.

    Args:
        text: The rest of the line, without a closing quote that belongs to the line.
    """
    text = _PLACE_IN_SOURCE.sub("", ESCAPE_CODE.sub("", text))
    text = FOREIGN.sub("", text).strip(" \t\r").lstrip("*] \t")
    if not text:
        return Continuation.NOTHING
    if text[0] in "{[":
        return Continuation.TEXT if _PLACEHOLDER.match(text) else Continuation.STRUCTURE
    return Continuation.SCALAR if _SCALAR.match(text) else Continuation.TEXT


def is_sentence(text: str) -> bool:
    """Whether a text ends with prose: with some words after the last bracket or quote."""
    after = text[max(map(text.rfind, "}]\"'")) + 1 :]
    return len(_WORDS.findall(after)) >= _FEWEST_WORDS
