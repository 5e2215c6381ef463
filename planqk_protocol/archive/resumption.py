"""Which rows of an interrupted run are still valid, and which are out of date.

A row is found again by its URL, the size of its files and when they were modified. A row
with an error is not kept: what was wrong may have passed, so its files are read again.
Of two rows with one URL, the later one counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from planqk_protocol.archive.stored import StoredCapture

__all__ = ["RowKey", "key_of", "known", "microseconds", "outdated"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST = 16  # bytes; the set of a million takes some 100 MB


class RowKey(NamedTuple):
    """What a row is found again by.

    Attributes:
        url: As in `OutcomeRow`.
        size: Likewise.
        modified: Likewise, in microseconds since 1970.
        has_error: Whether the row has an error.
    """

    url: str
    size: int
    modified: int | None
    has_error: bool = False

    @property
    def digest(self) -> bytes:
        """The files as they were when they were read, in a few bytes."""
        return _digest(f"{self.url}\n{self.size}\n{self.modified}")


def key_of(capture: StoredCapture) -> RowKey:
    """The key of the row that a capture will have, unless it is a tar: that has the rows of its members."""
    return RowKey(capture.url, capture.size, microseconds(capture.modified))


def microseconds(modified: datetime | None) -> int | None:
    """A time in microseconds since 1970."""
    return None if modified is None else (modified - _EPOCH) // timedelta(microseconds=1)


def known(keys: Iterable[RowKey]) -> set[bytes]:
    """The digests of the rows that need not be made again."""
    return {key.digest for key in keys if not key.has_error}


def outdated(keys: Iterable[RowKey], before: int) -> set[int]:
    """The numbers of the rows that are to be dropped.

    Args:
        keys: The keys of all rows, in their order.
        before: How many of them an earlier run left: of these, no row with an error is kept.
    """
    dropped: set[int] = set()
    last: dict[bytes, int] = {}
    for number, key in enumerate(keys):
        url = _digest(key.url)
        if url in last:
            dropped.add(last[url])
        last[url] = number
        if key.has_error and number < before:
            dropped.add(number)
    return dropped


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_DIGEST).digest()
