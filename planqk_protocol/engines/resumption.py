"""A log that is read over several connections, each byte of it exactly once.

Connections to engines break: proxies and API servers end them after minutes or
hours, engines restart. The reader then asks for the log again, and the engine
sends records that the reader has passed on already. This module tells which.
It does no I/O and knows no clock.

**What engines send.** With time stamps asked for, each record is
``STAMP text``: a stamp of RFC 3339 with nine decimals, a space, and what the
container printed. For Kubernetes a record is a line; for Docker it is a frame,
which may hold a piece of a line. Both filter by time: a record is sent if its
stamp is not before the time that was asked for.

**What to ask for.** Kubernetes takes whole seconds, so the reader asks for
whole seconds everywhere. It asks for `_OVERLAP` seconds more than it needs:
the runtime stamps stdout and stderr separately, so neighbours may be in the
wrong order by microseconds, and a clock may be set back a little. If it is set
back by more than that while no connection is open, then the engine's filter
hides what was printed meanwhile, and nothing tells.

**What is remembered.** For each record its second and a digest of stamp and
text: 24 bytes, for the latest `_MOST_RECORDS` records at least. Of a record
that was passed on in part: how many bytes, and their digest. No contents.

**How the place is found.** The records that the engine has to send again are
known: the remembered ones that are not before the time asked for, in their
order. They are *expected*. What comes is compared with them:

- All come again, in order: the log goes on behind the last one. If a part of
  the last one was passed on, that many bytes are compared and left out.
- The first ones are missing, as where the log was rotated meanwhile: the first
  record that comes is found among the expected ones, and the rest has to follow.
- Something else comes. Then the engine no longer has what followed the last
  record, or it is not known whether it has: a *gap*.

Two things may come beside the expected records. One is older: an engine may
send more than it was asked for; its second tells. The other is the end of an
older line: a container runtime stores a long line in pieces, each with a time
of its own, and Kubernetes filters the pieces. What is left of the line, mostly
before all else, has no stamp, or a text in it looks like one. So a record that
is not expected is held until the next one tells: if that one is expected, the
first cannot be new. Otherwise there is a gap, and both are new.

Records that bear one stamp and one text cannot be told apart. They are counted.
"""

from __future__ import annotations

from array import array
from functools import cached_property
from hashlib import blake2b

import msgspec

from planqk_protocol.captures.prefix_decoder import STAMP
from planqk_protocol.captures.timestamps import nanoseconds

__all__ = ["Resumption"]

_OVERLAP = 10  # seconds
_MOST_RECORDS = 64 * 1024
_MOST_HELD = 1024 * 1024  # bytes of a record that may turn out to be new
_DIGEST = 16  # bytes
_LONGEST_STAMP = len("2024-05-01T10:00:00.000000000+02:00 ")
_SECOND = 1_000_000_000
_NEVER = -(2**62)  # a second before all others


class Resumption:
    r"""Passes on the new part of a log's records, whatever connections send again.

    Call `restart` for each connection, `take` for each part of a record, and
    `close` once the log has ended and all of it has come.

    Attributes:
        is_gap: Whether bytes of the log are missing, or may be, directly before
            what the latest `take` or `close` gave.

    >>> log = Resumption()
    >>> log.restart()
    >>> log.take(b"2024-05-01T10:00:20.000000001Z one\n", ends=True)
    b'one\n'
    >>> log.take(b"2024-05-01T10:00:20.000000002Z tw", ends=False)
    b'tw'
    >>> log.restart()
    1714557610
    >>> log.take(b"2024-05-01T10:00:20.000000001Z one\n", ends=True)
    b''
    >>> log.take(b"2024-05-01T10:00:20.000000002Z two\n", ends=True)
    b'o\n'
    """

    def __init__(self) -> None:
        self.is_gap = False
        self._given = _Given()
        self._open: _Opened | None = None  # the last record, if a part of it was passed on
        self._expected: _Expected | None = None  # while a connection sends again what is known
        self._begin_connection()

    def _begin_connection(self) -> None:
        self._doubt: _Whole | None = None  # a record that was not expected, until the next one tells
        self._begin_record()

    def _begin_record(self) -> None:
        self._record = _Record()
        self._held: bytearray | None = bytearray()  # its text, while it is compared; `None` if it is too long

    def restart(self) -> int | None:
        """A connection begins.

        Returns:
            The time from which on to ask for records, in whole seconds since
            1970; ``None`` for all there are.
        """
        record = self._record
        if self._expected is None and record.size > record.start:
            self._open = _Opened(record.size, record.size - record.start, record.digest(), record.second)
        self._begin_connection()
        self._expected = self._given.expected(self._open)
        return self._expected.since if self._expected else None

    @property
    def is_behind(self) -> bool:
        """Whether this connection has still to send again what was passed on."""
        return self._expected is not None

    def take(self, data: bytes, *, ends: bool) -> bytes:
        """Take the next bytes of a record, its stamp included, and give the text that is new.

        Args:
            data: Any number of bytes, all of one record.
            ends: Whether the record ends with them.
        """
        self.is_gap = False
        if self._expected:
            return self._compare(data, self._expected, ends=ends)
        return self._pass(data, ends=ends)

    def close(self) -> bytes:
        """The log has ended, and this connection has sent all of it: give what was held back."""
        self.is_gap = False
        text = self.take(b"", ends=True) if self._record.size else b""
        self.is_gap |= self.is_behind
        text += self._settle_doubt()
        self._expected = self._open = None
        return text

    def _pass(self, data: bytes, *, ends: bool) -> bytes:
        """Pass on bytes of a record that is new."""
        text = self._record.take(data, ends=ends)
        if ends:
            self._given.add(self._record.second, self._record.digest())
            self._begin_record()
        return text

    def _compare(self, data: bytes, expected: _Expected, *, ends: bool) -> bytes:
        """Compare bytes of a record with what was passed on."""
        record, opened = self._record, self._open
        if opened and record.size < opened.size <= record.size + len(data):
            stop = opened.size - record.size
            self._hold(record.take(data[:stop], ends=False))
            data = data[stop:]
            record.is_resumed = record.digest() == opened.digest
        text = record.take(data, ends=ends)
        if record.is_resumed and (expected.is_met or not self._can_hold(text)):
            return self._go_on(text, ends=ends)
        self._hold(text)
        return self._judge(expected) if ends else b""

    def _can_hold(self, text: bytes) -> bool:
        return self._held is not None and len(self._held) + len(text) <= _MOST_HELD

    def _hold(self, text: bytes) -> None:
        if self._held is not None and self._can_hold(text):
            self._held += text
        else:
            self._held = None

    def _go_on(self, text: bytes, *, ends: bool) -> bytes:
        """Pass on what follows the part of the record that was passed on."""
        if self._held is not None and self._open:
            text = bytes(self._held[self._open.text_size :]) + text
        self._expected = self._open = self._doubt = None
        if ends:
            self._pass(b"", ends=True)
        return text

    def _judge(self, expected: _Expected) -> bytes:
        """Give of a record that has ended what is new."""
        record = self._record
        if record.second is not None and record.second < expected.since:
            pass  # older than what was asked for
        elif expected.meets(record.digest()):
            self._doubt = None
            if expected.is_met and not self._open:
                self._expected = None
        elif record.is_resumed:
            return self._go_on(b"", ends=True)
        elif record.second is None or expected.may_follow(record.second):
            pass  # the end of an older line, or one of those that were forgotten
        elif not self._doubt:
            self._doubt = self._whole()
        else:
            return self._miss(expected)
        self._begin_record()
        return b""

    def _miss(self, expected: _Expected) -> bytes:
        """Give a record that is new, though what was expected before it has not come."""
        self.is_gap = not expected.was_met_late or self._open is not None
        text = self._settle_doubt()
        whole = self._whole()
        self._given.add(whole.second, whole.digest)
        self._expected = self._open = None
        self._begin_record()
        return text + whole.text

    def _settle_doubt(self) -> bytes:
        """Give the record that was held back, if there is one."""
        whole, self._doubt = self._doubt, None
        if whole is None:
            return b""
        self._given.add(whole.second, whole.digest)
        return whole.text

    def _whole(self) -> _Whole:
        return _Whole(self._record.second, self._record.digest(), bytes(self._held or b""))


class _Whole(msgspec.Struct, frozen=True):
    """A record that has ended."""

    second: int | None
    digest: bytes
    text: bytes


class _Opened(msgspec.Struct, frozen=True):
    """A record of which a part was passed on: the size of that part, with and without its stamp."""

    size: int
    text_size: int
    digest: bytes
    second: int | None


class _Record:
    """A record that is being read: how much of it has come, and the digest of that."""

    def __init__(self) -> None:
        self._head: bytes | None = b""  # its first bytes, until they are known to be a stamp or none
        self._hash = blake2b(digest_size=_DIGEST)
        self.size = 0
        self.start = 0  # of its text; all of it, until that is known
        self.second: int | None = None  # of its stamp, if it has one
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
        self.start, self.second = stamp.end(), time // _SECOND
        return head[stamp.end() :]

    def digest(self) -> bytes:
        """The digest of what has come."""
        return self._hash.digest()


class _Given:
    """The latest records that were passed on whole."""

    def __init__(self) -> None:
        self._seconds = array("q")
        self._digests = bytearray()
        self._forgotten = _NEVER  # the latest second of the records before them

    def add(self, second: int | None, digest: bytes) -> None:
        """Remember a record; one without a stamp counts as of the second of the one before."""
        seconds = self._seconds
        if second is None:
            second = seconds[-1] if seconds else 0
        seconds.append(second)
        self._digests += digest
        if len(seconds) == 2 * _MOST_RECORDS:
            self._forgotten = max(self._forgotten, *seconds[:_MOST_RECORDS])
            del seconds[:_MOST_RECORDS]
            del self._digests[: _MOST_RECORDS * _DIGEST]

    def expected(self, opened: _Opened | None) -> _Expected | None:
        """What a new connection has to send again; ``None`` if nothing was passed on."""
        seconds = self._seconds
        last = opened.second if opened else None
        if last is None and seconds:
            last = seconds[-1]
        if last is None and not opened:
            return None
        last = last or 0
        since = max(0, last - _OVERLAP, min(last, self._forgotten + 1))
        digests = b"".join(
            self._digests[at * _DIGEST : (at + 1) * _DIGEST]
            for at, second in enumerate(seconds)
            if second >= since
        )
        return _Expected(digests, since, self._forgotten)


class _Expected:
    """What a connection has to send again, and how much of it has come.

    Args:
        digests: Of the records, in their order.
        since: The second that was asked for.
        forgotten: The latest second of records that may come before them.
    """

    def __init__(self, digests: bytes, since: int, forgotten: int) -> None:
        self._digests = digests
        self._first = 0  # where the digest of the first one that came is
        self._next = 0  # where the digest of the one that has to come is
        self._forgotten = forgotten
        self.since = since

    @cached_property
    def _all(self) -> frozenset[bytes]:
        return frozenset(self._digests[at : at + _DIGEST] for at in range(0, len(self._digests), _DIGEST))

    @property
    def is_met(self) -> bool:
        """Whether all of them have come."""
        return self._next == len(self._digests)

    @property
    def was_met_late(self) -> bool:
        """Whether those that came are the last ones, where records are alike."""
        return self._next > self._first and self._digests.endswith(self._digests[self._first : self._next])

    def meets(self, digest: bytes) -> bool:
        """Whether the next record that comes is the next one of them, or the first one that is not gone."""
        if not self._digests.startswith(digest, self._next):
            if digest not in self._all:
                return False
            came = self._digests[self._first : self._next]
            first = self._digests.find(came + digest, self._first + 1)  # behind the place that was tried
            if first < 0:
                return False
            self._first, self._next = first, first + len(came)
        self._next += _DIGEST
        return True

    def may_follow(self, second: int) -> bool:
        """Whether they may follow a record of this second that was forgotten."""
        return self._next == self._first and second <= self._forgotten
