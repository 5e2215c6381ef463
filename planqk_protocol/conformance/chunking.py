r"""Ways to cut a stream into the pieces in which it is written.

>>> cut(b"one\ntwo\n", "lines")
[b'one\n', b'two\n']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import pairwise

from planqk_protocol.grammar import load_table

__all__ = ["CHUNKINGS", "cut"]

CHUNKINGS = ("whole", "lines", "bytes")
"""``whole``: all at once. ``lines``: line by line. ``bytes``: byte by byte around the markers."""

_MANY = 100  # places: each costs a pause
_SHORT = 100  # bytes; a shorter stream is cut everywhere
# Where decoders err: around line ends, and inside characters of several bytes.
_DELICATE = re.compile(rb"\r?\n|[\xc2-\xf4][\x80-\xbf]+|[\x80-\xff]")


def cut(data: bytes, chunking: str) -> list[bytes]:
    """The pieces of a stream, none of them empty.

    Args:
        data: The stream.
        chunking: One of `CHUNKINGS`.
    """
    borders = [0, *_PLACES[chunking](data), len(data)]
    return [data[start:stop] for start, stop in pairwise(borders) if start < stop]


def _line_ends(data: bytes) -> list[int]:
    places: list[int] = []
    at = data.find(b"\n") + 1
    while 0 < at < len(data) and len(places) < _MANY:
        places.append(at)
        at = data.find(b"\n", at) + 1
    return places


def _bytewise(data: bytes) -> list[int]:
    if len(data) <= _SHORT:
        return list(range(1, len(data)))
    table = load_table()
    marker = re.escape(table.prefix) + rb"\w+:?"
    places: set[int] = set()
    for found in re.finditer(marker + b"|" + _DELICATE.pattern, data):
        places.update(range(max(1, found.start() - 1), min(found.end() + 2, len(data))))
        if len(places) >= _MANY:
            break
    places.update(range(len(data) - 8, len(data)))
    return sorted(places)


_PLACES: dict[str, Callable[[bytes], Iterable[int]]] = {
    "whole": lambda _: (),
    "lines": _line_ends,
    "bytes": _bytewise,
}
