"""How deep a payload nests, found out before any recursive decoder sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

__all__ = ["deeper_than", "where_deeper"]

# A backslash and the quote or backslash behind it are one unit, so that an
# escaped quote ends no string; a string that never ends reaches to the end.
_STRING = re.compile(rb'"[^"]*"?')
_TOKEN = re.compile(rb'\\["\\]|"(?:[^"\\]++|\\.)*+"?|[][{}]', re.DOTALL)

_BACKSLASH = 0x5C
_SLAB = 256 * 1024  # bytes searched at a time: they stay in the processor's cache
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_IGNORED = bytes(set(range(256)) - set(b'[]{}"'))


def deeper_than(level: int, data: bytes, start: int, stop: int) -> bool:
    """Whether the brackets outside strings in ``data[start:stop]`` nest deeper than `level`.

    The count goes up at ``[`` and ``{`` and down at ``]`` and ``}``, whatever
    stands between them: the text need not be JSON. The cost is linear, and
    next to nothing for a text with few brackets.
    """
    if stop - start <= level or not _opens_more_often(level, data, start, stop):
        return False
    return _depth(data, start, stop) > level


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


def _depth(data: bytes, start: int, stop: int) -> int:
    brackets = b"".join(_brackets(data, start, stop))
    if b'"' in brackets:
        brackets = _STRING.sub(b"", brackets.replace(b'""', b""))
    return max(accumulate(memoryview(brackets).cast("b"), initial=0))


def _brackets(data: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Brackets, as steps up and down, and the quotes that begin or end strings."""
    while start < stop:
        end = min(start + _SLAB, stop)
        while end < stop and data[end - 1] == _BACKSLASH:
            end += 1
        slab = data[start:end]
        if b"\\" in slab:
            slab = slab.replace(rb"\\", b"").replace(rb"\"", b"")
        yield slab.translate(_STEPS, _IGNORED)
        start = end


def where_deeper(level: int, text: bytes) -> int:
    """Offset of the first bracket that nests deeper than `level`, of which there is one."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token.group(), 0)
        if depth > level:
            return token.start()
    raise ValueError(f"no bracket nests deeper than {level}")
