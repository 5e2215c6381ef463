"""What a reader remembers of a log: its latest records, and what of them has to come again.

Times are in nanoseconds since 1970, within what 64 bits hold: later and earlier
ones count as the last and the first of these. See `resumption` for what it is for.
"""

from __future__ import annotations

from array import array
from collections import Counter
from hashlib import blake2b

import msgspec

from planqk_protocol.captures.prefix import STAMP
from planqk_protocol.captures.stamps import nanoseconds

__all__ = ["Expected", "Given", "Opened", "Record"]

_OVERLAP = 10  # seconds
_MOST_RECORDS = 64 * 1024
_DIGEST = 16  # bytes
_LONGEST_STAMP = len("2024-05-01T10:00:00.000000000+02:00 ")
_SECOND = 1_000_000_000
_FIRST, _LAST = -(2**63), 2**63 - 1


class Opened(msgspec.Struct, frozen=True):
    """A record of which a part was passed on: the size of that part, with and without its stamp."""

    size: int
    text_size: int
    digest: bytes
    time: int | None


class Record:
    """A record that is being read: how much of it has come, and the digest of that."""

    def __init__(self) -> None:
        self._head: bytes | None = b""  # its first bytes, until they are known to be a stamp or none
        self._hash = blake2b(digest_size=_DIGEST)
        self.size = 0
        self.start = 0  # of its text; all of it, until that is known
        self.time: int | None = None  # of its stamp, if it has one
        self.is_resumed = False  # it begins with the part that was passed on

    def take(self, data: bytes, *, ends: bool) -> bytes:
        """Take its next bytes, and give those of its text."""
        self._hash.update(data)
        self.size += len(data)
        if self._head is None:
            return data
        head = self._head + data
        stamp = STAMP.match(head)
        if not stamp and not ends and len(head) < _LONGEST_STAMP:
            self._head, self.start = head, self.size
            return b""
        self._head, self.start = None, 0
        time = nanoseconds(stamp[1].decode()) if stamp else None
        if not stamp or time is None:
            return head
        self.start, self.time = stamp.end(), min(max(time, _FIRST), _LAST)
        return head[stamp.end() :]

    def is_before(self, second: int) -> bool:
        """Whether its stamp is before a second."""
        return self.time is not None and self.time // _SECOND < second

    def digest(self) -> bytes:
        """The digest of what has come."""
        return self._hash.digest()


class Given:
    """The latest records that were passed on whole."""

    def __init__(self) -> None:
        self._times = array("q")
        self._digests = bytearray()
        self._forgotten = _FIRST  # the latest time of the records before them

    def add(self, time: int | None, digest: bytes) -> None:
        """Remember a record; one without a stamp counts as of the time of the one before."""
        times = self._times
        if time is None:
            time = times[-1] if times else 0
        times.append(time)
        self._digests += digest
        if len(times) == 2 * _MOST_RECORDS:
            self._forgotten = max(self._forgotten, *times[:_MOST_RECORDS])
            del times[:_MOST_RECORDS]
            del self._digests[: _MOST_RECORDS * _DIGEST]

    def forget_gone(self, expected: Expected) -> None:
        """Forget what the log no longer has, so that it is not missed again."""
        times, count = self._times, 0
        while count < len(times) and times[count] < expected.begin:
            count += 1
        del times[:count]
        del self._digests[: count * _DIGEST]

    def expected(self, opened: Opened | None) -> Expected | None:
        """What a new connection has to send again; ``None`` if nothing was passed on."""
        times = self._times
        last = opened.time if opened else None
        if last is None and times:
            last = times[-1]
        if last is None and not opened:
            return None
        last = last or 0
        second = last // _SECOND
        return self._from(max(0, second - _OVERLAP, min(second, self._known_from)), last)

    def since(self, time: int) -> Expected:
        """What was passed on since the second of a time."""
        return self._from(time // _SECOND, self._times[-1])

    @property
    def _known_from(self) -> int:
        return self._forgotten // _SECOND + 1

    def _from(self, since: int, last: int) -> Expected:
        times = self._times
        places = [at for at, time in enumerate(times) if time >= since * _SECOND]
        digests = b"".join(self._digests[at * _DIGEST : (at + 1) * _DIGEST] for at in places)
        expected = array("q", (times[at] for at in places))
        return Expected(expected, digests, last, since=since, known_from=self._known_from)


class Expected:
    """What a connection has to send again, and how much of it has come.

    Args:
        times: Of the records, in their order.
        digests: Likewise.
        last: The time of the record that was passed on last, or a part of it.
        since: The second that was asked for.
        known_from: The second from which on all records are known.

    Attributes:
        since: Likewise.
        known_from: Likewise.
        newest: The latest time of all.
        is_at_last: Whether the latest one that came is the last one.
    """

    def __init__(self, times: array[int], digests: bytes, last: int, *, since: int, known_from: int) -> None:
        self._times = times
        self._digests = digests
        self._came = 0  # bytes of their digests
        self._is_in_order = True
        self._left: Counter[bytes] | None = None  # how often each has still to come, once another one came
        self._earliest = _LAST
        self._last = last
        self._is_passed_by = False
        self.since = since
        self.known_from = known_from
        self.newest = max(last, *times) if times else last
        self.is_at_last = not digests

    @property
    def has_come(self) -> bool:
        """Whether any of them has come."""
        return self._came > 0

    @property
    def _have_all_come(self) -> bool:
        return self._came == len(self._digests)

    @property
    def is_sure(self) -> bool:
        """Whether nothing of the time of the last one can be gone."""
        if self._is_in_order and self._have_all_come:
            return True
        return self._earliest < self._last and not self._is_one_left_out

    @property
    def _is_one_left_out(self) -> bool:
        """Whether one has not come though earlier and later ones have."""
        left = self._left or Counter()
        return any(
            self._earliest < time < self._last and left[self._digests[at * _DIGEST : (at + 1) * _DIGEST]]
            for at, time in enumerate(self._times)
        )

    @property
    def is_over(self) -> bool:
        """Whether none of them can come any more."""
        return self._have_all_come or (self.is_at_last and self._last == self.newest)

    @property
    def begin(self) -> int:
        """The time at which the log begins now, as far as is known."""
        return _FIRST if self._have_all_come else self._earliest

    def _see(self, time: int | None) -> None:
        self._earliest = min(self._earliest, _LAST if time is None else time)

    def meets(self, digest: bytes, time: int | None) -> bool:
        """Whether the next record that comes is one of them."""
        is_next = self._is_in_order and self._digests.startswith(digest, self._came)
        left = self._left
        if left is None and not is_next:
            starts = range(self._came, len(self._digests), _DIGEST)
            left = self._left = Counter(self._digests[at : at + _DIGEST] for at in starts)
        if left is not None:
            if not left[digest]:
                return False
            left[digest] -= 1
        self._is_in_order = is_next
        self._came += _DIGEST
        self._see(time)
        is_last = self._have_all_come if left is None else not left[digest] and self._digests.endswith(digest)
        self.is_at_last = is_last and not self._is_passed_by
        return True

    def reach(self, time: int | None) -> None:
        """The record of this time has come of which a part was passed on last."""
        self._see(time)
        self.is_at_last = True

    def pass_by(self, time: int | None) -> None:
        """A record of this time was passed on: none of these is the last one any more."""
        self._see(time)
        self._is_passed_by = True
        self.is_at_last = False
