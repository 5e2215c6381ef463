"""Bounds of payloads: how deep they nest, and how long their integers are (rule ``json-limits``).

A payload is measured before anything decodes it. JSON decoders recurse once for
each level, so a deep payload could overflow the stack. And Python takes more than
linear time for a long integer, so one of some megabytes could take minutes.

Measuring has to cost little compared with decoding, so no Python code runs for
each byte. `find_deeper` works like this:

1.  Most payloads have few brackets. ``bytes.find`` looks for opening brackets, and
    if there are no more than the limit allows, no place can be too deep.
2.  Otherwise the payload is taken in slabs. A slab without strings and with few brackets, as in
    long lists of numbers, is measured by such searches, too, until a slab has many brackets.
    In all others, ``bytes.replace`` removes escaped backslashes and escaped quotes. From
    then on, each quote bounds a string.
3.  ``bytes.translate`` removes all bytes but brackets and quotes, and makes the
    brackets steps: +1 for an opening one, -1 for a closing one, as signed bytes.
4.  ``bytes.split`` at the quotes gives pieces in turns outside and inside strings.
    Joining every second one leaves the steps outside strings.
5.  The depth is the running sum of the steps. If a slab has enough steps up, its
    peak is ``max(accumulate(…))``, which runs in C, too.
6.  Only in the slab that goes too deep, a regular expression finds the place,
    bracket by bracket. This happens once for a payload.

Long integers are found by a single search for a run of digits (`has_longer`). The
search also finds digits in strings. Such a hit costs only time: the slower way that
is then taken tells integers from strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate

__all__ = ["SAFE_DIGITS", "deeper_than", "find_deeper", "has_longer", "to_int"]

_SLAB = 256 * 1024  # bytes measured at a time, so few that they stay in the processor's cache
_FEW = 128  # closing brackets that are searched for one by one
_OPENING, _CLOSING = (b"[", b"{"), (b"]", b"}")
_UP = b"\x01"
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # 0xff is -1 as a signed byte
_IGNORED = bytes(set(range(256)) - set(b'[]{}"'))
_TOKEN = re.compile(rb'\\["\\]|["\[\]{}]')
_STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}

SAFE_DIGITS = 600
"""A number of digits that `int` always takes: no setting of the interpreter limits it to fewer than 640."""


def deeper_than(level: int, data: bytes, start: int, stop: int) -> bool:
    """Whether the brackets in ``data[start:stop]`` nest deeper than `level`.

    Brackets in strings do not count. The others are counted up at ``[`` and ``{``
    and down at ``]`` and ``}``, whatever stands between them: the text need not be
    JSON. The cost is linear, and very small for a text with few brackets.
    """
    return find_deeper(level, data, start, stop) >= 0


def find_deeper(level: int, data: bytes, start: int, stop: int) -> int:
    """Offset in `data` of the first bracket that nests deeper than `level`; -1 if there is none.

    Args:
        level: The greatest depth that is allowed.
        data: Bytes that hold the text.
        start: Where the text begins.
        stop: Where the text ends.
    """
    if stop - start <= level or _number_up_to(level, _OPENING, data, start, stop) <= level:
        return -1
    depth = 0
    in_string = False
    is_sparse = True  # no slab before had many brackets
    while start < stop:
        slab = _slab(data, start, stop)
        if is_sparse and not in_string and b'"' not in slab:
            ups = _number_up_to(level - depth, _OPENING, slab, 0, len(slab))
            downs = _number_up_to(_FEW, _CLOSING, slab, 0, len(slab))
            is_sparse = depth + ups <= level and downs <= _FEW
            if is_sparse:
                depth += ups - downs
                start += len(slab)
                continue
        marks = _marks(slab)
        steps = _outside_strings(marks, in_string=in_string)
        ups = steps.count(_UP)
        # Counting the steps up is cheap. If there are too few of them, the peak need not be computed.
        if depth + ups > level and depth + _peak(steps) > level:
            return start + _place_of_deeper(level, slab, depth, in_string=in_string)
        depth += 2 * ups - len(steps)  # the steps up less the steps down
        in_string ^= marks.count(b'"') % 2 == 1
        start += len(slab)
    return -1


def _number_up_to(most: int, brackets: Iterable[bytes], data: bytes, start: int, stop: int) -> int:
    """How many of some brackets there are, inside and outside strings; ``most + 1`` if there are more."""
    seen = 0
    for bracket in brackets:
        at = data.find(bracket, start, stop)
        while at >= 0:
            seen += 1
            if seen > most:
                return seen
            at = data.find(bracket, at + 1, stop)
    return seen


def _slab(data: bytes, start: int, stop: int) -> bytes:
    """The next slab. It never ends within an escape, so each slab can be measured alone."""
    end = min(start + _SLAB, stop)
    slab = data[start:end]
    backslashes = len(slab) - len(slab.rstrip(b"\\"))
    return slab + data[end : min(end + 1, stop)] if backslashes % 2 else slab


def _marks(slab: bytes) -> bytes:
    """The brackets as steps up and down, and the quotes that bound strings, in order."""
    if b"\\" in slab:
        slab = slab.replace(rb"\\", b"").replace(rb"\"", b"")
    return slab.translate(_STEPS, _IGNORED)


def _outside_strings(marks: bytes, *, in_string: bool) -> bytes:
    """The steps outside strings, from marks that begin inside a string or outside."""
    if b'"' not in marks:
        return b"" if in_string else marks
    # Two quotes side by side have no bracket between them. Removing both leaves less to split, and does
    # not change which of the following bytes are inside strings.
    return b"".join(marks.replace(b'""', b"").split(b'"')[in_string::2])


def _peak(steps: bytes) -> int:
    """The greatest value of the running sum of the steps; at least 0."""
    return max(accumulate(memoryview(steps).cast("b"), initial=0))


def _place_of_deeper(level: int, slab: bytes, depth: int, *, in_string: bool) -> int:
    """Offset in a slab of the first bracket that nests deeper than `level`. There is one.

    Args:
        level: The greatest depth that is allowed.
        slab: The slab.
        depth: The depth before the slab.
        in_string: Whether the slab begins inside a string.
    """
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


def to_int(digits: str) -> int:
    """The integer with these decimal digits, of any number, with or without a minus.

    `int` refuses many digits (``sys.set_int_max_str_digits``), and takes quadratic
    time for them on CPython 3.11. So the two halves of a long integer are converted
    separately and joined by one multiplication. Python multiplies by Karatsuba's
    method. For n digits, that takes time in proportion to n to the power of 1.58.
    """
    return -_positive(digits[1:]) if digits.startswith("-") else _positive(digits)


def _positive(digits: str) -> int:
    """The integer with these decimal digits, without a sign."""
    if len(digits) <= SAFE_DIGITS:
        return int(digits)
    half = len(digits) // 2
    return int(_positive(digits[:-half]) * 10**half + _positive(digits[-half:]))


def has_longer(count: int, data: bytes, start: int, stop: int) -> bool:
    """Whether ``data[start:stop]`` has more than `count` digits in a row, inside or outside strings."""
    return run_of_digits(count + 1).search(data, start, stop) is not None


def run_of_digits(least: int) -> re.Pattern[bytes]:
    """A pattern of `least` digits in a row.

    The lookbehind lets it begin at the first digit of a row only. Without it, the
    pattern would be tried at each digit of a shorter row, so that a row of n digits
    would cost the square of n.
    """
    return re.compile(rb"(?<![0-9])[0-9]{%d}" % least)
