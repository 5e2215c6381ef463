"""The records of a log that a reader remembers, and those that have to come again.

`resumption` explains why they are remembered. Times are in nanoseconds since 1970, as signed
integers of 64 bits. A time that does not fit counts as the nearest one that does.
"""

from __future__ import annotations

from array import array
from collections import Counter
from hashlib import blake2b

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures.prefix_decoder import STAMP
from planqk_protocol.captures.timestamps import nanoseconds

__all__ = ["LONGEST_STAMP", "ExpectedRecords", "GivenRecords", "PartialRecord", "Record"]

LONGEST_STAMP = len("2024-05-01T10:00:00.000000000+02:00 ")
"""Bytes after which it is known whether a record begins with a time stamp."""

_OVERLAP = 10  # seconds that are asked for before the last record
_MOST_RECORDS = 64 * 1024  # when there are twice as many, the older half is forgotten
_DIGEST = 16  # bytes
_SECOND = 1_000_000_000
_WINDOWS_TICK = 100  # nanoseconds, in which the clock of Windows counts (Microsoft, FILETIME)
_FIRST, _LAST = -(2**63), 2**63 - 1  # the first time that fits, and the last one


class PartialRecord(msgspec.Struct, frozen=True):
    """The part of a record that was given before its connection broke.

    Attributes:
        size: Bytes of that part, the stamp included.
        text_size: Bytes of that part without the stamp.
        digest: Of that part, the stamp included.
        time: Of the stamp, if it has one.
    """

    size: int
    text_size: int
    digest: bytes
    time: int | None


class Record:
    """The record that is being read: its time, and the size and digest of the bytes that have come."""

    def __init__(self) -> None:
        self._head: bytes | None = b""  # its first bytes, until it is known whether a stamp stands there
        self._hash = blake2b(digest_size=_DIGEST)
        self.size = 0
        self.start = 0  # where its text begins; equal to `size` until that is known
        self.time: int | None = None  # of its stamp, if it has one
        self.is_resumed = False  # it begins with the part that was given before
        self._ends_with_lf = False

    def feed(self, data: bytes, *, ends: bool) -> bytes:
        """Take its next bytes, and return those that are known to be text."""
        self._hash.update(data)
        self._ends_with_lf = data.endswith(LF) if data else self._ends_with_lf
        self.size += len(data)
        if self._head is None:
            return data
        head = self._head + data
        stamp = STAMP.match(head)
        if not stamp and not ends and len(head) < LONGEST_STAMP:
            self._head, self.start = head, self.size
            return b""
        self._head, self.start = None, 0
        time = nanoseconds(stamp[1].decode()) if stamp else None
        if not stamp or time is None:
            return head
        self.start, self.time = stamp.end(), min(max(time, _FIRST), _LAST)
        return head[stamp.end() :]

    def is_before(self, second: int) -> bool:
        """Whether it has a stamp, and that is before a second."""
        return self.time is not None and self.time // _SECOND < second

    def digest(self) -> bytes:
        """The digest of the bytes that have come, the stamp included."""
        return self._hash.digest()

    @property
    def is_unlike_others(self) -> bool:
        """Whether no other record has the same stamp and text: see `resumption`, "Times that go back"."""
        return self._ends_with_lf and self.time is not None and self.time % _WINDOWS_TICK != 0


class GivenRecords:
    """The times and digests of the latest records that were given as a whole, in their order."""

    def __init__(self) -> None:
        self._times = array("q")
        self._digests = bytearray()
        self._forgotten = _FIRST  # the latest time of the records that are not remembered any more

    def add(self, time: int | None, digest: bytes) -> None:
        """Remember a record. One without a stamp gets the time of the record before it."""
        times = self._times
        if time is None:
            time = times[-1] if times else 0
        times.append(time)
        self._digests += digest
        if len(times) == 2 * _MOST_RECORDS:
            self._forgotten = max(self._forgotten, *times[:_MOST_RECORDS])
            del times[:_MOST_RECORDS]
            del self._digests[: _MOST_RECORDS * _DIGEST]

    def forget_rotated(self, expected: ExpectedRecords) -> None:
        """Forget the records that the log no longer has, so that they are not expected again."""
        times, count = self._times, 0
        while count < len(times) and times[count] < expected.log_begin:
            count += 1
        del times[:count]
        del self._digests[: count * _DIGEST]

    def expected_again(self, partial: PartialRecord | None) -> ExpectedRecords | None:
        """The records that a new connection has to send again; ``None`` if nothing was given.

        Args:
            partial: The last record, if only a part of it was given.
        """
        times = self._times
        last = partial.time if partial else None
        if last is None and times:
            last = times[-1]
        if last is None and not partial:
            return None
        last = last or 0
        second = last // _SECOND
        # The overlap is shorter where not all of its records are remembered, but never negative.
        return self._expected(max(0, second - _OVERLAP, min(second, self._known_from)), last)

    def expected_since(self, time: int) -> ExpectedRecords:
        """The records that were given since the beginning of the second in which a time lies."""
        return self._expected(time // _SECOND, self._times[-1])

    @property
    def _known_from(self) -> int:
        """The first second of which all records are remembered."""
        return self._forgotten // _SECOND + 1

    def _expected(self, since: int, last: int) -> ExpectedRecords:
        times = self._times
        places = [at for at, time in enumerate(times) if time >= since * _SECOND]
        digests = b"".join(self._digests[at * _DIGEST : (at + 1) * _DIGEST] for at in places)
        expected = array("q", (times[at] for at in places))
        return ExpectedRecords(expected, digests, last, since=since, known_from=self._known_from)


class ExpectedRecords:
    """The records that a connection has to send again, and how many of them have come.

    They are compared in their order first, which costs little. Once a record comes out of
    order, the missing ones are counted by their digests.

    Args:
        times: Of the records, in the order in which they were given.
        digests: Of the records, joined in the same order.
        last: The time of the record that was given last, as a whole or in part.
        since: The second from which on records were asked for.
        known_from: The first second of which all records are remembered.

    Attributes:
        since: As the argument.
        known_from: As the argument.
        newest: The latest time of all of them.
        last_has_come: Whether the latest record that came is the one given last.
    """

    def __init__(self, times: array[int], digests: bytes, last: int, *, since: int, known_from: int) -> None:
        self._times = times
        self._digests = digests
        self._matched = 0  # bytes of the digests of those that have come
        self._is_in_order = True
        self._missing: Counter[bytes] | None = None  # those still to come, once one was out of order
        self._earliest = _LAST  # the earliest time of the records that have come
        self._last = last
        self._new_has_come = False
        self.since = since
        self.known_from = known_from
        self.newest = max(last, *times) if times else last
        self.last_has_come = not digests

    @property
    def has_come(self) -> bool:
        """Whether any of them has come."""
        return self._matched > 0

    @property
    def _have_all_come(self) -> bool:
        return self._matched == len(self._digests)

    @property
    def is_last_certain(self) -> bool:
        """Whether the record taken for the last one is certainly not a later one that looks alike."""
        if self._is_in_order and self._have_all_come:
            return True
        return self._earliest < self._last and not self._is_one_left_out

    @property
    def _is_one_left_out(self) -> bool:
        """Whether a record has not come that lies between the earliest that came and the last one."""
        missing = self._missing or Counter()
        return any(
            self._earliest < time < self._last and missing[self._digests[at * _DIGEST : (at + 1) * _DIGEST]]
            for at, time in enumerate(self._times)
        )

    @property
    def is_over(self) -> bool:
        """Whether none of them can come any more."""
        return self._have_all_come or (self.last_has_come and self._last == self.newest)

    @property
    def log_begin(self) -> int:
        """The time at which the log begins now; the first time of all if no record is missing."""
        return _FIRST if self._have_all_come else self._earliest

    def match(self, digest: bytes, time: int | None) -> bool:
        """Whether the next record of the connection is one of them. It is then no longer expected."""
        is_next = self._is_in_order and self._digests.startswith(digest, self._matched)
        missing = self._missing
        if missing is None and not is_next:
            starts = range(self._matched, len(self._digests), _DIGEST)
            missing = self._missing = Counter(self._digests[at : at + _DIGEST] for at in starts)
        if missing is not None:
            if not missing[digest]:
                return False
            missing[digest] -= 1
        self._is_in_order = is_next
        self._matched += _DIGEST
        self._note_time(time)
        is_last = (
            self._have_all_come if missing is None else not missing[digest] and self._digests.endswith(digest)
        )
        self.last_has_come = is_last and not self._new_has_come
        return True

    def note_last(self, time: int | None) -> None:
        """Note that the last record has come, of which only a part was given before."""
        self._note_time(time)
        self.last_has_come = True

    def note_new(self, time: int | None) -> None:
        """Note that a new record was given, so that none of these is the last one any more."""
        self._note_time(time)
        self._new_has_come = True
        self.last_has_come = False

    def _note_time(self, time: int | None) -> None:
        self._earliest = min(self._earliest, _LAST if time is None else time)
