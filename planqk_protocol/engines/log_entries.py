"""Find the new entries in the log of an execution, which each answer of the platform repeats whole.

The API says that a log has its oldest entry first (qhub-api 3.3.0,
qhub/api/service/service_api/raw_client.py, get_logs). So an answer should begin with the
answer before it. A platform can do otherwise: it may drop the oldest entries, answer from
a copy that lags behind, or sort in an entry that came late. An answer is compared with
the one before it, and there are four cases:

1.  It begins with that one. What follows is new.
2.  It is the beginning of that one: it lags behind, and nothing is new.
3.  Its beginning is the end of that one, and no older entry comes again: the oldest
    entries were dropped. What follows is new. If there are several ways to lay the two
    over each other, the longest overlap is taken, and the doubt is told.
4.  All else: entries that were there before are taken out, as often as they were there. The
    others are new. It is told that some may be missing, or in another order.

Entries are compared by message, severity and time stamp. Two equal entries are two entries.
Only the hashes of the latest answer are kept.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import msgspec

__all__ = ["LogEntries", "News", "NotALogError"]

_AMBIGUOUS = "the platform dropped old log entries, and as some are equal, others may be missing here"
_DISJOINT = "the platform dropped all log entries that were given; others may be missing here"
_REORDERED = (
    "the platform changed the order of its log entries, or sorted in late ones; those that follow "
    "may belong further up"
)


_Raw: TypeAlias = bytes | msgspec.Raw  # the JSON text of an entry


class NotALogError(Exception):
    """An answer is not a list of log entries."""


class News(NamedTuple):
    """What an answer brought.

    Attributes:
        entries: The new entries, each a JSON text on one line, without its LF.
        doubt: Why entries may be missing or misplaced before the first of them, if so.
    """

    entries: list[bytes]
    doubt: str | None = None


class _Identity(msgspec.Struct, frozen=True, eq=True):
    message: Any = None
    severity: Any = None
    timestamp: Any = None


class LogEntries:
    """The log entries that were given, and those that an answer brings.

    Attributes:
        is_behind: Whether the latest answer lacked entries that came before.
    """

    def __init__(self) -> None:
        self._known = array("q")  # hashes of the entries of the latest answer that did not lag behind
        self.is_behind = False

    @property
    def is_empty(self) -> bool:
        """Whether the latest answer that did not lag behind had no entry."""
        return not self._known

    def new(self, answer: bytes) -> News:
        """Tell the new entries of an answer.

        Args:
            answer: A JSON list of entries. No bytes, or ``null``, are an empty list.

        Raises:
            NotALogError: It is none of these.

        >>> entries = LogEntries()
        >>> entries.new(b'[{"message": "a"}]').entries
        [b'{"message": "a"}']
        >>> entries.new(b'[{"message": "a"}, {"message": "a"}]').entries
        [b'{"message": "a"}']
        """
        raws = _entries(answer)
        hashes = array("q", map(_hash, raws))
        known = self._known
        self.is_behind = len(hashes) < len(known) and known[: len(hashes)] == hashes
        if self.is_behind:
            return News([])
        self._known = hashes
        if hashes[: len(known)] == known:
            return News(_lines(raws[len(known) :]))
        size, is_ambiguous = _overlap(known, hashes)
        dropped = set(known[: len(known) - size])
        if size and dropped.isdisjoint(hashes[size:]):
            return News(_lines(raws[size:]), _AMBIGUOUS if is_ambiguous else None)
        left = Counter(known)
        new = [raw for raw, digest in zip(raws, hashes, strict=True) if not _take(left, digest)]
        return News(_lines(new), _DISJOINT if len(new) == len(raws) else _REORDERED)


def _entries(answer: bytes) -> Sequence[_Raw]:
    """The JSON text of each entry. Where msgspec refuses the list, Python writes them anew.

    msgspec 0.22 refuses lone surrogates, which Python and others write as escapes.
    """
    if not answer.strip():
        return []
    with suppress(ValueError, RecursionError):
        return msgspec.json.decode(answer, type=list[msgspec.Raw] | None) or []
    try:
        entries = json.loads(answer)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise NotALogError("the answer is not a list of log entries")
    return [json.dumps(entry).encode() for entry in entries]


def _hash(raw: _Raw) -> int:
    try:
        return hash(msgspec.json.decode(raw, type=_Identity))
    except (ValueError, TypeError):  # it is not an entry, or its members are not what they should be
        return hash(bytes(raw))


def _lines(raws: Sequence[_Raw]) -> list[bytes]:
    return [_in_one_line(bytes(raw)) for raw in raws]


def _in_one_line(entry: bytes) -> bytes:
    """An entry without LF and CR, which in JSON are white space."""
    return msgspec.json.format(entry, indent=-1) if b"\n" in entry or b"\r" in entry else entry


def _take(left: Counter[int], digest: int) -> bool:
    """Take one entry out of those left. Whether it was among them."""
    is_there = left[digest] > 0
    left[digest] -= is_there
    return is_there


def _overlap(known: array[int], hashes: array[int]) -> tuple[int, bool]:
    """How many of the last known entries an answer begins with, and whether fewer would fit as well.

    This is the search of Knuth, Morris and Pratt for the beginning of the answer. Its time
    is linear, however often entries repeat.
    """
    pattern = hashes[: len(known)]
    borders = array("q", [0])  # for each beginning of the pattern, the length of its longest border
    size = 0
    for digest in pattern[1:]:
        size = _longer(pattern, borders, size, digest)
        borders.append(size)
    size = 0
    for digest in known:
        size = _longer(pattern, borders, borders[size - 1] if size == len(pattern) else size, digest)
    return size, size > 0 and borders[size - 1] > 0


def _longer(pattern: array[int], borders: array[int], size: int, digest: int) -> int:
    """Length of the longest beginning that matches once one more entry has come."""
    while size and pattern[size] != digest:
        size = borders[size - 1]
    return size + 1 if pattern and pattern[size] == digest else size
