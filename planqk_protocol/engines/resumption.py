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

**What is remembered.** For each record its time and a digest of stamp and
text: 24 bytes, for the latest `_MOST_RECORDS` records at least. Of a record
that was passed on in part: how many bytes, and their digest. No contents.

**What is new.** The records that the engine has to send again are known: the
remembered ones that are not before the time asked for. They are *expected*, each
as often as it was passed on, and what comes is compared with them. What is
expected is left out, in whatever order it comes, so nothing comes twice. What is
not expected is new. If only a part of the last record was passed on, that many
bytes are compared and left out.

**Where bytes may be missing.** What is new has to stand directly behind the
record that was passed on last. Else there is a *gap* before it. There are three
cases:

- The log was rotated meanwhile, and that last record is gone.
- The log was rotated, and its first record now has the stamp of that last one.
  Records of one stamp and one text cannot be told apart: the one that comes may
  be a later one, and those between may be gone. If a record of an earlier time
  comes, or all that is expected, then nothing of that stamp is gone.
- The connection before left records out, as Docker's do where a log is rotated
  while it is followed. They come now, too late, and each change between them and
  what is known is a gap.

No record that is later than all expected ones is followed by one of them, so from
there on all is new, and nothing more is compared.

**Within a connection.** Docker that rotates a log while it is followed may send
the newest file again from its beginning. Measured with 20.10 and files of 4 KiB:
records 0 to 53, then 384 to 399, and these again. Its records of one stream are
in the order of their times. So where time goes back, what comes is compared with
what was passed on from that second on. It may be new all the same, as where the
clock was set back.

**Older lines.** An engine may send more than it was asked for; the time of a
record tells. A container runtime stores a long line in pieces, each with a time
of its own, and Kubernetes filters the pieces. What is left of the line, mostly
before all else, has no stamp, or a text in it looks like one. So where records
are lines, one that is not expected is held until the next one tells. If that one
is expected, the held one is left out; behind a record that is known, this is a
gap, as it may have been left out before. Otherwise both are new.

**The end.** Nothing is removed from the end of a log. So an answer that stops
between records that are expected, or within one, is not the whole log.
"""

from __future__ import annotations

import msgspec

from planqk_protocol.engines.remembered import Expected, Given, Opened, Record

__all__ = ["Resumption"]

_MOST_HELD = 1024 * 1024  # bytes of a record that may turn out to be new


class Resumption:
    r"""Passes on the new part of a log's records, whatever connections send again.

    Call `restart` for each connection, `take` for each part of a record, and
    `close` once the log has ended and all of it has come.

    Args:
        has_pieces: Whether what is left of an older record may come, without
            the stamp of that record.

    Attributes:
        is_gap: Whether bytes of the log are missing, or may be, directly before
            what the latest `take` or `close` gave.

    >>> log = Resumption(has_pieces=True)
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

    def __init__(self, *, has_pieces: bool) -> None:
        self.is_gap = False
        self._has_pieces = has_pieces
        self._is_told = False  # a gap, where the output ends now
        self._given = Given()
        self._open: Opened | None = None  # the last record, if a part of it was passed on
        self._expected: Expected | None = None  # while a connection may send again what is known
        self._begin_connection()

    def _begin_connection(self) -> None:
        self._latest: int | None = None  # time of a record on this connection
        self._has_gone_back = False
        self._is_at_end = False  # the latest record that came is the one that was passed on last
        self._has_reached = False  # it has been so on this connection
        self._doubt: _Whole | None = None  # a record that was not expected, until the next one tells
        self._begin_record()

    def _begin_record(self) -> None:
        self._record = Record()
        self._is_passed = False  # it is new, and is not compared any more
        self._held: bytearray | None = bytearray()  # its text, while it is compared; `None` if it is too long

    def restart(self) -> int | None:
        """A connection begins.

        Returns:
            The time from which on to ask for records, in whole seconds since
            1970; ``None`` for all there are.
        """
        record = self._record
        if (self._is_passed or self._expected is None) and record.size > record.start:
            self._open = Opened(record.size, record.size - record.start, record.digest(), record.time)
        self._begin_connection()
        self._expected = self._given.expected(self._open)
        return self._expected.since if self._expected else None

    @property
    def is_behind(self) -> bool:
        """Whether this connection has still to send again what was passed on."""
        return self._expected is not None and not self._is_at_end

    @property
    def is_short(self) -> bool:
        """Whether this connection has stopped amid what was passed on: that cannot be the log's end."""
        expected = self._expected
        if expected is None or self._has_reached:
            return False
        return expected.has_come or self._is_cut(expected)

    def _is_cut(self, expected: Expected) -> bool:
        """Whether the record that has not ended may be a part of an expected one."""
        record = self._record
        is_later = record.time is not None and record.time > expected.newest
        return record.size > 0 and not (record.is_resumed or is_later)

    def take(self, data: bytes, *, ends: bool) -> bytes:
        """Take the next bytes of a record, its stamp included, and give the text that is new.

        Args:
            data: Any number of bytes, all of one record.
            ends: Whether the record ends with them.
        """
        self.is_gap = False
        if self._expected and not self._is_passed:
            text = self._compare(data, self._expected, ends=ends)
        else:
            text = self._pass(data, ends=ends)
        self._is_told &= not text
        return text

    def close(self) -> bytes:
        """The log has ended, and this connection has sent all of it: give what was held back."""
        self.is_gap = False
        expected, text = self._expected, b""
        if self._record.size and not (expected and self._is_cut(expected)):
            text = self.take(b"", ends=True)
        elif self._record.size:
            self._is_at_end = False
        if self._expected and not self._is_at_end:
            self._tell_gap()
            text += self._settle_doubt(self._expected.newest)
        self._expected = self._open = None
        return text

    def _tell_gap(self) -> None:
        self.is_gap = self.is_gap or not self._is_told
        self._is_told = True

    def _pass(self, data: bytes, *, ends: bool) -> bytes:
        """Pass on bytes of a record that is new."""
        text = self._record.take(data, ends=ends)
        if ends and (expected := self._went_back()):
            self._reach(is_at_end=True)
            self._hold(text)
            return self._judge(expected)
        if ends:
            self._given.add(self._record.time, self._record.digest())
            self._begin_record()
        return text

    def _compare(self, data: bytes, expected: Expected, *, ends: bool) -> bytes:
        """Compare bytes of a record with what was passed on."""
        record, opened = self._record, self._open
        if opened and record.size < opened.size <= record.size + len(data):
            stop = opened.size - record.size
            self._hold(record.take(data[:stop], ends=False))
            data = data[stop:]
            record.is_resumed = record.digest() == opened.digest
        text = record.take(data, ends=ends)
        if record.is_resumed and (expected.is_at_last or not self._can_hold(text)):
            return self._go_on(text, expected, ends=ends)
        self._hold(text)
        return self._judge(self._went_back() or expected) if ends else b""

    def _went_back(self) -> Expected | None:
        """What may come again, if the engine began again to send what it sent on this connection."""
        before, time = self._latest, self._record.time
        if self._has_pieces or time is None:
            return None
        self._latest = time
        if before is None or before <= time:
            return None
        self._has_gone_back = True
        self._expected = self._given.since(time)
        return self._expected

    def _can_hold(self, text: bytes) -> bool:
        return self._held is not None and len(self._held) + len(text) <= _MOST_HELD

    def _hold(self, text: bytes) -> None:
        if self._held is not None and self._can_hold(text):
            self._held += text
        else:
            self._held = None

    def _go_on(self, text: bytes, expected: Expected, *, ends: bool) -> bytes:
        """Pass on what follows the part of the record that was passed on."""
        if self._held is not None and self._open:
            text = bytes(self._held[self._open.text_size :]) + text
        if not expected.is_sure:
            self._tell_gap()
        self._open = self._doubt = None
        self._is_passed = True
        self._reach(is_at_end=True)
        expected.reach(self._record.time)
        if expected.is_over:
            self._leave(expected)
        expected.pass_by(self._record.time)
        if ends:
            self._pass(b"", ends=True)
        return text

    def _judge(self, expected: Expected) -> bytes:
        """Give of a record that has ended what is new."""
        record = self._record
        text = b""
        if record.is_before(expected.since) and not self._has_gone_back:
            pass  # older than what was asked for
        elif expected.meets(record.digest(), record.time):
            self._know(expected)
        elif record.is_resumed:
            return self._go_on(b"", expected, ends=True)
        elif not self._is_at_end and (record.time is None or record.is_before(expected.known_from)):
            pass  # the end of an older line, or one of those that were forgotten
        elif self._has_pieces and not self._is_at_end and not self._doubt:
            self._doubt = self._whole(is_first=not expected.has_come)
        else:
            text = self._renew(expected)
        self._begin_record()
        return text

    def _reach(self, *, is_at_end: bool) -> None:
        self._is_at_end = is_at_end
        self._has_reached |= is_at_end

    def _know(self, expected: Expected) -> None:
        """A record has come that was passed on."""
        if self._doubt and not self._doubt.is_first:
            self._tell_gap()
        self._doubt = None
        self._reach(is_at_end=expected.is_at_last and expected.is_sure and not self._open)
        if expected.is_over and not self._open:
            self._leave(expected)
            if not self._is_at_end:
                self._tell_gap()

    def _renew(self, expected: Expected) -> bytes:
        """Give a record that is new, though something may be missing before it."""
        if not self._is_at_end:
            self._tell_gap()
        text = self._settle_doubt()
        whole = self._whole(is_first=False)
        self._given.add(whole.time, whole.digest)
        self._open = None
        self._reach(is_at_end=whole.text is not None)
        expected.pass_by(whole.time)
        is_later = whole.time is not None and whole.time > expected.newest
        if self._is_at_end and (is_later or expected.is_over):
            self._leave(expected)
        return text + (whole.text or b"")

    def _leave(self, expected: Expected) -> None:
        """All that comes on this connection is new from here on."""
        if not self._has_gone_back:
            self._given.forget_gone(expected)
        self._expected = None

    def _settle_doubt(self, behind: int | None = None) -> bytes:
        """Give the record that was held back, if there is one, and if it is behind a time."""
        whole, self._doubt = self._doubt, None
        if whole is None or (behind is not None and (whole.time is None or whole.time <= behind)):
            return b""
        self._given.add(whole.time, whole.digest)
        return whole.text or b""

    def _whole(self, *, is_first: bool) -> _Whole:
        text = None if self._held is None else bytes(self._held)
        return _Whole(self._record.time, self._record.digest(), text, is_first)


class _Whole(msgspec.Struct, frozen=True):
    """A record that has ended, its text if it could be held, and whether nothing known came before it."""

    time: int | None
    digest: bytes
    text: bytes | None
    is_first: bool
