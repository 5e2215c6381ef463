r"""Find keys, numbers and escapes in the text of a valid JSON payload, with their places.

The decoders of JSON give values without places, so unusual tokens are looked for in
the text. First, `masked` removes the only difficulty: it replaces each escaped
backslash and each escaped quote by two other bytes. From then on, every quote bounds
a string, every backslash begins another escape, and all offsets stay as they are.

Whether a token stands in a string is told by the number of quotes before it. They are
counted from one candidate to the next at C speed, so the cost for each candidate is
small, and no string is looked at by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import TypeAlias

import msgspec

__all__ = [
    "Path",
    "RepeatedKey",
    "lone_surrogates",
    "masked",
    "outside_strings",
    "repeated_keys",
    "spans_of_values",
]

_LONE_SURROGATE = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"  # a high one, and no low one follows
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"  # a low one, and none precedes
)
_OBJECT_TOKEN = re.compile(rb'[{}]|"[^"]*"(?P<colon>[ \t\r\n]*:)?')
_TOKEN = re.compile(rb'[{}\[\],]|"[^"]*"(?P<colon>[ \t\r\n]*:)?|[^][{},": \t\r\n]+')
_OPENING, _CLOSING = {b"{", b"["}, {b"}", b"]"}
_NO_KEY = ""  # between the members of an object

Path: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value within another one."""


class RepeatedKey(msgspec.Struct, frozen=True):
    """A key that stands in its object for the second time, or for a later one.

    Attributes:
        start: Offset of its opening quote in the payload.
        stop: Offset after its closing quote.
        first_start: Offset of the first such key in the object.
        first_stop: Offset after it.
    """

    start: int
    stop: int
    first_start: int
    first_stop: int


def masked(payload: bytes) -> bytes:
    r"""The payload with each escaped backslash and escaped quote replaced by two other bytes.

    >>> masked(rb'"a\\", "b\"c\n"')
    b'"a__", "b__c\\n"'
    """
    if b"\\" not in payload:
        return payload
    return payload.replace(rb"\\", b"__").replace(rb"\"", b"__")


def outside_strings(pattern: re.Pattern[bytes], text: bytes) -> Iterator[re.Match[bytes]]:
    """The matches of a pattern that do not begin in a string.

    Args:
        pattern: Matches no quote.
        text: A JSON text, masked.
    """
    at, in_string = 0, False
    for match in pattern.finditer(text):
        in_string ^= text.count(b'"', at, match.start()) % 2 == 1
        at = match.start()
        if not in_string:
            yield match


def lone_surrogates(text: bytes) -> Iterator[re.Match[bytes]]:
    r"""The escapes of a surrogate that has no partner.

    Args:
        text: A JSON text, masked.

    >>> [match.start() for match in lone_surrogates(rb'["\ud83d\ude00", "\ude00"]')]
    [18]
    """
    return _LONE_SURROGATE.finditer(text)


def repeated_keys(payload: bytes, text: bytes) -> Iterator[RepeatedKey]:
    """The keys that an object has already.

    Args:
        payload: A JSON text.
        text: The same text, masked.
    """
    objects: list[dict[bytes, tuple[int, int]]] = []
    for token in _OBJECT_TOKEN.finditer(text):
        start = token.start()
        if token["colon"] is not None:
            stop = token.start("colon")
            spans = objects[-1]
            first = spans.setdefault(_key(payload[start:stop]), (start, stop))
            if first[0] != start:
                yield RepeatedKey(start, stop, *first)
        elif text.startswith(b"{", start):
            objects.append({})
        elif text.startswith(b"}", start):
            objects.pop()


def spans_of_values(payload: bytes, paths: Collection[Path]) -> dict[Path, tuple[int, int]]:
    """Where some values stand in a payload: the first byte of each, and the first one after it.

    Of an object or an array, only the opening bracket is spanned. Of keys that
    stand in an object twice, the last one counts. The cost is some microseconds
    for each token of the payload.

    Args:
        payload: A JSON text.
        paths: The keys and indexes that lead to each of the values.

    >>> spans_of_values(b'{"a": [1, 22]}', {("a", 1), ()})
    {(): (0, 1), ('a', 1): (10, 12)}
    """
    found: dict[Path, tuple[int, int]] = {}
    here: list[str | int] = []  # the key or the index in each open object or array
    for token in _TOKEN.finditer(masked(payload)):
        mark = token[0][:1]
        if token["colon"] is not None:
            here[-1] = json.loads(payload[token.start() : token.start("colon")])
        elif mark in _CLOSING:
            here.pop()
        elif mark == b",":
            here[-1] = here[-1] + 1 if isinstance(here[-1], int) else _NO_KEY
        else:
            if (path := tuple(here)) in paths:
                found[path] = token.span()
            if mark in _OPENING:
                here.append(0 if mark == b"[" else _NO_KEY)
    return found


def _key(text: bytes) -> bytes:
    """What two spellings of a key have in common."""
    return (
        text
        if b"\\" not in text
        else json.dumps(json.loads(text), ensure_ascii=False).encode(errors="surrogatepass")
    )
