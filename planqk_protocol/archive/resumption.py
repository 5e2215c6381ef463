"""Which rows of earlier runs stay in an output, and which logs need not be read again.

Three rules make a resumed run give what one run gives:

*   A log is read again unless its row is there with the same fingerprint: that of the
    same files, read in the same way (`ReadOptions.fingerprint`). A row with an error, and
    that of a container that ran, have none. A tar has only the rows of its members, so
    it is always read again.
*   An earlier row goes if this run found one of its files, unless that log was not read
    again. So it does not matter whether the new row is written, whether a rotation gave
    the log another name, or whether a member left its tar.
*   Of two earlier rows with a file in common, the later one counts. A run that was
    killed leaves both, as rows go only at the end of a run.

A row stays if all of its files are gone, or if this run did not look for them. A row
without files is about what an earlier run was given, such as a pattern without a match:
it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from planqk_protocol.archive.reading import ReadOptions
from planqk_protocol.archive.stored import StoredCapture

__all__ = ["EarlierRows", "RowKey"]

_DIGEST = 16  # bytes; the set of a million takes some 100 MB


class RowKey(NamedTuple):
    """What tells which files a row is of. The attributes are those of `OutcomeRow`."""

    url: str
    files: tuple[str, ...]
    fingerprint: str | None


class EarlierRows:
    """The rows that an output held when a run began.

    Args:
        keys: Their keys, in their order.

    Attributes:
        count: Their number.
    """

    def __init__(self, keys: Iterable[RowKey] = ()) -> None:
        fingerprints: list[bytes | None] = []
        last: dict[bytes, int] = {}  # the number of the last row with a file
        self._superseded: set[int] = set()  # numbers of rows
        for number, key in enumerate(keys):
            for name in map(_digest, {key.url, *key.files}):
                if name in last:
                    self._superseded.add(last[name])
                last[name] = number
            fingerprints.append(_packed(key.fingerprint))
        self.count = len(fingerprints)
        current = (found for number, found in enumerate(fingerprints) if number not in self._superseded)
        self._known = {found for found in current if found}
        self._kept: set[bytes] = set()  # fingerprints of the logs that this run found and need not read
        self._found: set[bytes] = (
            set()
        )  # digests of the names of files that this run found, and of their folders

    def must_be_read(self, capture: StoredCapture, options: ReadOptions) -> bool:
        """Whether a capture must be read. Each one that a run finds has to be asked about.

        Args:
            capture: The capture.
            options: How the run reads it.
        """
        if not self.count:
            return True
        self._found.update(_digest(file.url) for file in capture.files)
        fingerprint = _packed(options.fingerprint(capture))
        if fingerprint is None or fingerprint not in self._known:
            return True
        self._kept.add(fingerprint)
        return False

    def stays(self, number: int, key: RowKey) -> bool:
        """Whether a row stays. This is known when all that must be read has been read.

        Args:
            number: The number of the row, from 0.
            key: Its key.
        """
        if number in self._superseded or not key.files:
            return False
        return _packed(key.fingerprint) in self._kept or not any(
            _digest(name) in self._found for name in _names(key)
        )


def _names(key: RowKey) -> Iterator[str]:
    """The names of the files of a row: for a member of a tar, its own and that of the tar."""
    for name in (key.url, *key.files):
        yield name
        if name.startswith("tar://"):
            yield name.partition("::")[2]


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_DIGEST).digest()


def _packed(fingerprint: str | None) -> bytes | None:
    return bytes.fromhex(fingerprint) if fingerprint else None
