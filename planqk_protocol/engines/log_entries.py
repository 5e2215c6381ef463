"""Find the new entries in the log of an execution, which each answer of the platform repeats whole.

The API says that a log has its oldest entry first (qhub-api 3.3.0,
qhub/api/service/service_api/raw_client.py, get_logs). So an answer should begin with the
answer before it. A platform can do otherwise: it may drop the oldest entries, answer from
a copy that lags behind, or sort in an entry that came late. Several copies may answer in turn.
There are four cases:

1.  The answer begins with all entries that were given. What follows is new.
2.  It is the beginning of the latest answer: it lags behind, and nothing is new.
3.  Its beginning is the end of the latest answer, or all of it, and no older entry comes again:
    the oldest entries were dropped. What follows is new. If there are several ways to lay the two
    over each other, the longest overlap is taken, and the doubt is told.
4.  All else: entries that were given before are taken out, as often as they were given. The
    others are new. It is told that some may be missing, or in another order. If no entry is
    new, the answer comes from another copy; that its order is another one is told once.

Entries are compared by message, severity and time stamp, which all entries have in the API. Two
equal entries in one answer are two entries. An entry that equals one that was dropped is not new.
Of the entries that were given, only the hashes are kept: 8 bytes each.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import msgspec

__all__ = ["MIXED", "LogEntries", "News", "NotALogError"]

MIXED = "the log comes from the platform: stderr may be mixed into stdout, and lines may be in another order"
"""The caveat of all logs that a platform gives."""

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
        is_behind: Whether the latest answer lacked entries that came before, other than the oldest ones.
        is_disjoint: Whether the latest answer lacked all entries that came before, and had others.
    """

    def __init__(self) -> None:
        self._given = array("q")  # hashes of all entries that were given, in the order of the platform
        self._latest = array("q")  # hashes of the entries of the latest answer that did not lag behind
        self._is_order_doubted = False  # whether a doubt of case 4 was told
        self.is_behind = False
        self.is_disjoint = False

    @property
    def is_empty(self) -> bool:
        """Whether no answer had an entry."""
        return not self._given

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
        given, latest = self._given, self._latest
        self.is_disjoint = False
        if hashes[: len(given)] == given:
            return self._continued(raws, hashes, len(given))
        self.is_behind = len(hashes) < len(latest) and latest[: len(hashes)] == hashes
        if self.is_behind:
            return News([])
        size, is_ambiguous = _overlap(latest, hashes) if _ends_with(given, latest) else (0, False)
        if size and set(given[: len(given) - size]).isdisjoint(hashes[size:]):
            return self._continued(raws, hashes, size, _AMBIGUOUS if is_ambiguous else None)
        return self._compared(raws, hashes)

    def _continued(
        self, raws: Sequence[_Raw], hashes: array[int], size: int, doubt: str | None = None
    ) -> News:
        """Take an answer that goes on after so many known entries."""
        self.is_behind = False
        self._latest = hashes
        self._given += hashes[size:]
        return News(_lines(raws[size:]), doubt)

    def _compared(self, raws: Sequence[_Raw], hashes: array[int]) -> News:
        """Take an answer whose entries were dropped, sorted in, or given in another order."""
        left = Counter(self._given)
        new = [at for at, digest in enumerate(hashes) if not _take(left, digest)]
        self.is_behind = not new and bool(Counter(self._latest) - Counter(hashes))
        if self.is_behind:
            return News([])
        is_doubtful = bool(new) or not (self._is_order_doubted or _is_within(hashes, self._given))
        self._is_order_doubted = self._is_order_doubted or is_doubtful
        self._latest = hashes
        self._given = array("q", (digest for digest in self._given if _take(left, digest))) + hashes
        self.is_disjoint = len(new) == len(raws)
        doubt = _DISJOINT if self.is_disjoint else _REORDERED
        return News(_lines([raws[at] for at in new]), doubt if is_doubtful else None)


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
    except (ValueError, TypeError):  # half a character, members that are lists, or no object at all
        return hash(_canonical(bytes(raw)))


def _canonical(raw: bytes) -> str:
    """The members that make up an entry, as text. It is the same however the entry is written."""
    try:
        value = json.loads(raw)
        if isinstance(value, dict):
            value = [value.get(name) for name in ("message", "severity", "timestamp")]
        return json.dumps(value, sort_keys=True)
    except (ValueError, RecursionError):
        return repr(raw)


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


def _ends_with(known: array[int], hashes: array[int]) -> bool:
    return known[len(known) - len(hashes) :] == hashes


def _is_within(hashes: array[int], known: array[int]) -> bool:
    """Whether all entries are among the known ones, in the same order."""
    rest = iter(known)
    return all(digest in rest for digest in hashes)


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
