r"""Anchors: places that tell at the speed of C which lines are worth a look.

A diagnosis must cost next to nothing on ordinary log text. Hardly any log line has
an anchor, but every marked line has one, and so has nearly every misspelt one:

*   ``QK``, ``Qk`` or ``nQ`` with what may stand around them in a marker, such as a
    colon, a blank, another alphabet or the NULs of UTF-16. A letter or a digit does
    not, so base64 has few anchors.
*   ``qk`` likewise, for markers in lower case.
*   ``:Job:``, for markers whose first part is misspelt.

Each pattern begins with a single letter. So `re` searches for this letter and tries
the rest only there: 3.6 GB/s where ``bytes.find`` reaches 2 for ``:Job:``, and 0.3
for one pattern with all three (CPython 3.11). Where a letter does not occur at all,
``bytes.find`` is faster still, so it goes first.
"""

from __future__ import annotations

import re

__all__ = ["LONGEST", "Anchors"]

_AROUND = rb"[ :_.;\-\0\x80-\xff]"  # what may stand beside the first part of a marker
_PATTERNS = {
    b"Q": re.compile(rb"Q(?:[Kk]%b|(?<=[nN\0\x80-\xff]Q)(?:[Kk]|%b))" % (_AROUND, _AROUND)),
    b"q": re.compile(rb"q(?:[Kk]%b|(?<=[nN]q)[Kk])" % _AROUND),
    b"J": re.compile(rb"J(?<=:J)ob:"),
}

LONGEST = 5
"""The most bytes that an anchor and what stands around it have."""


class Anchors:
    """Finds the anchors in bytes, from left to right.

    Args:
        data: The bytes.
        stop: Where to stop in them.
    """

    def __init__(self, data: bytes, stop: int) -> None:
        self._data = data
        self._stop = stop
        self._places = dict.fromkeys(_PATTERNS, -1)  # the next place of each pattern

    def find(self, at: int) -> int:
        """The place of the first anchor from `at` on; `stop` if there is none. `at` must not decrease."""
        for letter, place in self._places.items():
            if place < at:
                self._places[letter] = self._next(letter, at)
        return min(self._places.values())

    def _next(self, letter: bytes, at: int) -> int:
        first = self._data.find(letter, at, self._stop)
        match = _PATTERNS[letter].search(self._data, first, self._stop) if first >= 0 else None
        return match.start() if match else self._stop
