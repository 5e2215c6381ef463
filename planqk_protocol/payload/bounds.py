"""Bounds of payloads: how deep they nest, and how long their integers are."""

from __future__ import annotations

import re
from itertools import accumulate

__all__ = ["SHORT", "deeper_than", "find_deeper", "has_longer", "to_int"]

_SLAB = 256 * 1024  # bytes looked at in a time: they stay in the processor's cache
_UP = b"\x01"
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_IGNORED = bytes(set(range(256)) - set(b'[]{}"'))
_TOKEN = re.compile(rb'\\["\\]|["\[\]{}]')
_STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


def deeper_than(level: int, data: bytes, start: int, stop: int) -> bool:
    """Whether the brackets outside strings in ``data[start:stop]`` nest deeper than `level`.

    The count goes up at ``[`` and ``{`` and down at ``]`` and ``}``, whatever
    stands between them: the text need not be JSON (rule ``json-limits``). The
    cost is linear, and next to nothing for a text with few brackets.
    """
    return find_deeper(level, data, start, stop) >= 0


def find_deeper(level: int, data: bytes, start: int, stop: int) -> int:
    """Offset in `data` of the first bracket that nests deeper than `level`; -1 if none does.

    Args:
        level: The depth that is allowed.
        data: Bytes that hold the text.
        start: Where the text begins.
        stop: Where the text ends.
    """
    if stop - start <= level or not _opens_more_often(level, data, start, stop):
        return -1
    depth = 0
    in_string = False
    while start < stop:
        slab = _slab(data, start, stop)
        marks = _marks(slab)
        steps = _outside_strings(marks, in_string=in_string)
        ups = steps.count(_UP)
        if depth + ups > level and depth + _peak(steps) > level:
            return start + _place(level, slab, depth, in_string=in_string)
        depth += 2 * ups - len(steps)
        in_string ^= marks.count(b'"') % 2 == 1
        start += len(slab)
    return -1


def _opens_more_often(level: int, data: bytes, start: int, stop: int) -> bool:
    seen = 0
    for bracket in (b"[", b"{"):
        at = data.find(bracket, start, stop)
        while at >= 0:
            seen += 1
            if seen > level:
                return True
            at = data.find(bracket, at + 1, stop)
    return False


def _slab(data: bytes, start: int, stop: int) -> bytes:
    """The next bytes; a backslash that takes the next byte along is not the last of them."""
    end = min(start + _SLAB, stop)
    slab = data[start:end]
    backslashes = len(slab) - len(slab.rstrip(b"\\"))
    return slab + data[end : min(end + 1, stop)] if backslashes % 2 else slab


def _marks(slab: bytes) -> bytes:
    """Brackets, as steps up and down, and the quotes that begin or end strings."""
    if b"\\" in slab:
        slab = slab.replace(rb"\\", b"").replace(rb"\"", b"")
    return slab.translate(_STEPS, _IGNORED)


def _outside_strings(marks: bytes, *, in_string: bool) -> bytes:
    """The steps outside strings."""
    if b'"' not in marks:
        return b"" if in_string else marks
    # Of two quotes side by side, either both bound a string without brackets or both part two strings.
    return b"".join(marks.replace(b'""', b"").split(b'"')[in_string::2])


def _peak(steps: bytes) -> int:
    return max(accumulate(memoryview(steps).cast("b"), initial=0))


def _place(level: int, slab: bytes, depth: int, *, in_string: bool) -> int:
    """Where in the slab the depth, `depth` before it, goes beyond `level`, as it does."""
    tokens = _TOKEN.finditer(slab)
    at = 0
    while depth <= level:
        token = next(tokens)
        at, mark = token.start(), token.group()
        if mark == b'"':
            in_string = not in_string
        elif not in_string:
            depth += _STEP.get(mark, 0)
    return at


SHORT = 600
"""Number of digits that `int` takes in every configuration of the interpreter, whose least limit is 640."""


def to_int(digits: str) -> int:
    """The integer that a JSON text spells, however long it is.

    The two halves of a long one are converted alone and put together by a
    multiplication, which costs Python n to the power of 1.58 for n digits. `int`
    itself, where the interpreter lets it, costs the square of n on CPython 3.11.
    """
    return -_positive(digits[1:]) if digits.startswith("-") else _positive(digits)


def _positive(digits: str) -> int:
    if len(digits) <= SHORT:
        return int(digits)
    half = len(digits) // 2
    return int(_positive(digits[:-half]) * 10**half + _positive(digits[-half:]))


def has_longer(count: int, data: bytes, start: int, stop: int) -> bool:
    """Whether more than `count` digits stand in a row in ``data[start:stop]``."""
    return run_of_digits(count + 1).search(data, start, stop) is not None


def run_of_digits(least: int) -> re.Pattern[bytes]:
    """A pattern of `least` digits in a row, tried once for each row: at its first digit."""
    return re.compile(rb"(?<![0-9])[0-9]{%d}" % least)
