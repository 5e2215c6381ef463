"""Finds the end of a JSON object in text that comes in pieces, at C speed.

A JSON parser takes whole texts only. To parse what has come so far again and again
would take quadratic time. So an object is scanned first, and parsed when its end has
come. The scan knows as little of JSON as that takes: where strings begin and end, how
deep the brackets outside them nest, and which bytes can stand inside and outside of
strings at all. The first byte that cannot stand where it stands is a fault. Faults of
any other kind are found by `has_fault`, which parses what has come so far.

No Python code runs for each byte:

1.  The text is taken in slabs, each larger than the one before. ``bytes.replace``
    overwrites escaped backslashes and escaped quotes. From then on, each quote bounds
    a string.
2.  A regular expression matches up to the first fault.
3.  Every second piece between quotes is outside of strings. Of these pieces,
    ``bytes.translate`` leaves the brackets, as steps: +1 and -1, as signed bytes.
4.  The depth is the running sum of the steps. Where it comes to 0, the object ends.
    Only then, a regular expression finds the byte at which that bracket stands.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto
from itertools import accumulate, islice

from planqk_protocol.captures.json_text import is_too_deep, to_text
from planqk_protocol.state import Resumable

__all__ = ["OpenObject", "Scan", "has_fault"]

_FIRST_SLAB = 512  # bytes: more than most objects have, so that little is scanned after their ends
_GROWTH = 4
_LARGEST_SLAB = 64 * 1024
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # 0xff is -1 as a signed byte
_IGNORED = bytes(set(range(256)) - set(b"[]{}"))
_BETWEEN = rb"[\t\n\r ,:\[\]{}\-+.0-9eEtrufalsn]*"  # white space, punctuation, numbers, true, false, null
_INSIDE = rb'[^"\0-\x1f]*'
_SOUND = re.compile(rb'%b(?:"%b"%b)*(?:"%b)?' % (_BETWEEN, _INSIDE, _BETWEEN, _INSIDE))
_TO_BRACKET = re.compile(rb'[^"\[\]{}]*(?:"[^"]*"[^"\[\]{}]*)*[\[\]{}]')
_parse = json.JSONDecoder(parse_int=float, object_pairs_hook=tuple).raw_decode
_END = "\1"  # a control character, which no JSON text holds
_TOKEN = 16  # characters; the parser reports a fault at most so far before the character that causes it


class Scan(Enum):
    """What a scan found."""

    OPEN = auto()
    """Neither an end nor a fault in the text so far."""
    END = auto()
    """The end of the object."""
    FAULT = auto()
    """A byte that cannot stand where it stands."""


class OpenObject(Resumable):
    """A JSON object whose end has not come yet."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False
        self._after_backslash = False

    def scan(self, data: bytes, start: int, stop: int) -> tuple[Scan, int]:
        """Scan the next bytes of the object. The first call begins at its opening brace.

        Args:
            data: Bytes that hold the next bytes of the object.
            start: Where they begin.
            stop: Where to stop, if not before.

        Returns:
            What was found, and where: after the end of the object, or at the fault.
        """
        stop = min(stop, len(data))
        size = _FIRST_SLAB
        while start < stop:
            found, scanned = self._scan_slab(data[start : min(start + size, stop)])
            start += scanned
            if found is not Scan.OPEN:
                return found, start
            size = min(_GROWTH * size, _LARGEST_SLAB)
        return Scan.OPEN, stop

    def _scan_slab(self, slab: bytes) -> tuple[Scan, int]:
        if self._after_backslash and slab[0] >= ord(" "):
            slab = b"_" + slab[1:]
        slab = slab.replace(rb"\\", b"__").replace(rb"\"", b"__")
        self._after_backslash = slab.endswith(b"\\")
        before = int(self._in_text)
        slab = b'"' * before + slab
        match = _SOUND.match(slab)
        sound = slab[: match.end()] if match else b""
        steps = b"".join(sound.split(b'"')[::2]).translate(_STEPS, _IGNORED)
        depths = list(accumulate(memoryview(steps).cast("b"), initial=self._depth))
        if 0 in depths[1:]:
            brackets = _TO_BRACKET.finditer(sound)
            last = next(islice(brackets, depths.index(0, 1) - 1, None))
            return Scan.END, last.end() - before
        if len(sound) < len(slab):
            return Scan.FAULT, len(sound) - before
        self._depth = depths[-1]
        self._in_text = sound.count(b'"') % 2 == 1
        return Scan.OPEN, len(slab) - before


def has_fault(data: bytes) -> bool:
    """Whether the beginning of an object can be the beginning of no object, or nests too deep.

    This takes time in proportion to the data. So call it when the data has become
    twice as long, not for each piece.

    Args:
        data: The beginning of an object.
    """
    if is_too_deep(data):
        return True
    text, _ = to_text(data)
    try:
        _parse(text + _END)
    except json.JSONDecodeError as error:
        return error.pos < len(text) - _TOKEN
    return True
