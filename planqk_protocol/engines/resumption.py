"""Read a log over several connections, and give each byte of it exactly once.

Connections to engines break: proxies and API servers end them after minutes or
hours, and engines restart. The reader then asks for the log again, and the engine
sends records again that the reader has already given to its caller. This module
finds out which records are new. It does no I/O and reads no clock.

**An example.** A pod prints three lines. The first connection breaks within the
third one. The second connection sends the log again, from ten seconds before that
line::

    connection  received                                    given
    first       2024-05-01T10:00:20.000000001Z one LF       one LF
                2024-05-01T10:00:20.000000002Z two LF       two LF
                2024-05-01T10:00:21.000000000Z thr          thr
    second      2024-05-01T10:00:20.000000001Z one LF       nothing: known
                2024-05-01T10:00:20.000000002Z two LF       nothing: known
                2024-05-01T10:00:21.000000000Z three LF     ee LF

If the log was rotated in between, the second connection may begin with a fourth
line. That line is new, but the end of the third line is lost: there is a gap.

**What engines send.** If time stamps are asked for, each record is ``STAMP text``: a
stamp of RFC 3339 with nine decimals, a space, and what the container printed. A record
of Kubernetes is a line (Kubernetes, staging/src/k8s.io/cri-client/pkg/logs/logs.go,
logWriter.write). A record of Docker is a frame, which may hold a part of a line (moby,
daemon/server/httputils/logstream/logstream.go, Write). Both leave out records whose
stamp is before the time that was asked for (Kubernetes, the same function; moby,
daemon/logger/loggerutils/logfile.go, forwarder).

**Which time to ask for.** The API server of Kubernetes passes whole seconds on to
the kubelet (Kubernetes, pkg/registry/core/pod/strategy.go, LogLocation). So whole
seconds are asked for everywhere. They begin ten seconds before the last record
(`remembered._OVERLAP`), for two reasons. Runtimes copy stdout and stderr in a thread
each, so neighbours may be in the wrong order by microseconds (moby,
daemon/logger/copier.go; containerd, internal/cri/io/logger.go). And a clock may be
set back a little. If it is set back by more than ten seconds while no connection is
open, the output of that time looks older than what was asked for. It is lost without
a notice.

**What is remembered.** For each record that was given: its time, and a digest of its
stamp and text. That is 24 bytes for each record. At least the latest 64 Ki records are
remembered (`remembered._MOST_RECORDS`). If only a part of the last record was given:
the size and the digest of that part. Texts are not remembered.

**What is new.** The remembered records from the time asked for on are *expected*:
the engine has to send them again, each as often as it was given. An expected record
is left out, in whatever order they come, so nothing is given twice. If only a part of
the last record was given, the record that begins with the same bytes is taken for it,
and its rest is given. Any other record is new, except these three, which are left out:

- a record that is older than the time asked for;
- a record that comes before the last record has come again, if not all records of its
  second are remembered any more;
- the end of an older line (see below).

**The states of a connection**, and what happens to the next record in each::

    state              in the code                expected record       any other record
    all is new         `_expected` is None        cannot come           given
    before the last    `_is_at_last` is false     left out              lines: held back
                                                                        frames: given after a gap
    one held back      `_held_back` is a record   left out, and so is   both are given after a gap
                                                  the one held back
    at the last        `_is_at_last` is true      left out              given

*The last* is the record that was given last. Once it has come again, the next record
that is not expected follows it directly, without a gap. A connection begins in the state "all is
new" if nothing was given before, else in "before the last". It changes to "all is new"
when no expected record can come any more: all of them have come, or a record has come
that is later than all of them.

**Gaps.** A new record has to follow the last one directly. Otherwise bytes may be
missing, and there is a *gap* before it. There are three cases:

- The log was rotated, and the last record is gone.
- The log was rotated, and its first record now has the stamp and the text of the last
  one. It may be that one, or a later one that looks alike. In the second case the
  records between the two are gone. The second case is excluded if a record with an
  earlier stamp comes, too, or if all expected records come.
- An earlier connection left records out, as Docker's does where a log is rotated
  while it is followed. They come now, too late. A gap separates them from the known
  records before and after them.

**Older lines.** A runtime stores a long line in parts, each with a time of its own
(containerd, internal/cri/io/logger.go), and Kubernetes filters the parts by time. So
the end of an older line can come without its beginning, mostly as the first record. It
has no stamp, unless its text begins like one. So where records are lines, a record
that is not expected is held back until the next one comes. If that one is expected, the
one held back is left out as the end of an older line. If known records came before it,
this is a gap, as it may also be a line that an earlier connection left out.

**Times that go back within a connection.** Docker may send its newest file again from
the beginning if it rotates the log while the log is followed. Measured with Docker
20.10 and files of 4 KiB: records 0 to 53, then 384 to 399, and these again. The records
of one stream have their times in order (moby, daemon/logger/copier.go). So where the
time goes back, all that was given from that second on is expected once more. If one of
these records comes, there is a gap, as others may have been left out. If none comes, the
clock was set back, and the records are new. If the newest file has one record only, that comes
twice in a row. Two lines never have the same stamp, as Docker reads the clock for each (the same
file). Only the parts of a long line do, but these have no LF, or lines on Windows, whose stamps
are multiples of 100 ns. So any other record that comes twice in a row is left out, too.

**The end.** Nothing is ever removed from the end of a log. So an answer that stops
between expected records, or within one, is not the whole log.
"""

from __future__ import annotations

import msgspec

from planqk_protocol.engines.remembered import ExpectedRecords, GivenRecords, PartialRecord, Record

__all__ = ["Resumption"]

_MOST_HELD = 1024 * 1024  # bytes of text that are kept of a record while it is compared


class Resumption:
    r"""Gives the new part of a log whose records come again with each connection.

    Call `restart` for each connection, `feed` for each part of a record, and
    `close` once the log has ended and all of it has come.

    Args:
        has_lines: Whether a record is a line, as with Kubernetes. Then the end of an
            older line may come without its beginning. Otherwise it is a frame.

    Attributes:
        is_gap: Whether bytes of the log are missing, or may be, directly before
            what the latest `feed` or `close` returned.

    >>> log = Resumption(has_lines=True)
    >>> log.restart()
    >>> log.feed(b"2024-05-01T10:00:20.000000001Z one\n", ends=True)
    b'one\n'
    >>> log.feed(b"2024-05-01T10:00:20.000000002Z two\n", ends=True)
    b'two\n'
    >>> log.feed(b"2024-05-01T10:00:21.000000000Z thr", ends=False)
    b'thr'
    >>> log.restart()
    1714557611
    >>> log.feed(b"2024-05-01T10:00:20.000000001Z one\n", ends=True)
    b''
    >>> log.feed(b"2024-05-01T10:00:20.000000002Z two\n", ends=True)
    b''
    >>> log.feed(b"2024-05-01T10:00:21.000000000Z three\n", ends=True)
    b'ee\n'
    """

    def __init__(self, *, has_lines: bool) -> None:
        self.is_gap = False
        self._has_lines = has_lines
        self._gap_is_reported = False  # a gap was reported, and nothing was given since
        self._given = GivenRecords()
        self._partial: PartialRecord | None = None  # the last record, if only a part of it was given
        self._expected: ExpectedRecords | None = None
        self._begin_connection()

    def _begin_connection(self) -> None:
        self._latest: tuple[int, Record] | None = None  # this connection's latest record, and its time
        self._has_gone_back = False  # the time went back on this connection
        self._is_at_last = False  # the latest record that came is the one given last
        self._has_met_last = False  # the record given last has come on this connection
        self._held_back: _EndedRecord | None = None  # until the next record shows whether it is new
        self._begin_record()

    def _begin_record(self) -> None:
        self._record = Record()
        self._is_new = False  # the record is new, so its rest is given as it comes
        self._text: bytearray | None = bytearray()  # while the record is compared; `None` if too long

    def restart(self) -> int | None:
        """Begin a connection.

        Returns:
            The time from which on to ask for records, in whole seconds since
            1970; ``None`` to ask for all there are.
        """
        record = self._record
        if (self._is_new or self._expected is None) and record.size > record.start:
            self._partial = PartialRecord(
                record.size, record.size - record.start, record.digest(), record.time
            )
        self._begin_connection()
        self._expected = self._given.expected_again(self._partial)
        return self._expected.since if self._expected else None

    @property
    def is_catching_up(self) -> bool:
        """Whether this connection still has to send again what was given."""
        return self._expected is not None and not self._is_at_last

    @property
    def is_incomplete(self) -> bool:
        """Whether this connection has sent only a part of what was given, so the log cannot end here."""
        expected = self._expected
        if expected is None or self._has_met_last:
            return False
        return expected.has_come or self._is_cut_known_record(expected)

    def _is_cut_known_record(self, expected: ExpectedRecords) -> bool:
        """Whether the record that has not ended may be a part of an expected one."""
        record = self._record
        is_later = record.time is not None and record.time > expected.newest
        return record.size > 0 and not (record.is_resumed or is_later)

    def feed(self, data: bytes, *, ends: bool) -> bytes:
        """Take the next bytes of a record, its stamp included, and return the text that is new.

        Args:
            data: Any number of bytes, all of one record.
            ends: Whether the record ends with them.
        """
        self.is_gap = False
        if self._expected and not self._is_new:
            text = self._compare(data, self._expected, ends=ends)
        else:
            text = self._give(data, ends=ends)
        self._gap_is_reported &= not text
        return text

    def close(self) -> bytes:
        """End the log, after a connection that has sent all of it, and return the text that was held back."""
        self.is_gap = False
        expected, text = self._expected, b""
        if self._record.size and not (expected and self._is_cut_known_record(expected)):
            text = self.feed(b"", ends=True)
        elif self._record.size:  # the log ends within a record that was given, so its end is missing
            self._is_at_last = False
        if self._expected and not self._is_at_last:
            self._report_gap()
            text += self._release_held_back(after=self._expected.newest)
        self._expected = self._partial = None
        return text

    def _report_gap(self) -> None:
        """Set `is_gap`, unless a gap was reported and nothing was given since."""
        self.is_gap = self.is_gap or not self._gap_is_reported
        self._gap_is_reported = True

    def _give(self, data: bytes, *, ends: bool) -> bytes:
        """Give the bytes of a record without comparing them, unless the time goes back."""
        text = self._record.feed(data, ends=ends)
        if ends and (expected := self._expect_again_if_time_went_back()):
            self._set_is_at_last(value=True)
            self._keep_text(text)
            return self._settle_record(expected)
        if ends:
            self._given.add(self._record.time, self._record.digest())
            self._begin_record()
        return text

    def _compare(self, data: bytes, expected: ExpectedRecords, *, ends: bool) -> bytes:
        """Compare the bytes of a record with what was given."""
        record, partial = self._record, self._partial
        if partial and record.size < partial.size <= record.size + len(data):  # the part ends in this data
            stop = partial.size - record.size
            self._keep_text(record.feed(data[:stop], ends=False))
            data = data[stop:]
            record.is_resumed = record.digest() == partial.digest
        text = record.feed(data, ends=ends)
        if record.is_resumed and (expected.last_has_come or not self._can_keep(text)):
            return self._give_rest(text, expected, ends=ends)
        self._keep_text(text)
        return self._settle_record(self._expect_again_if_time_went_back() or expected) if ends else b""

    def _expect_again_if_time_went_back(self) -> ExpectedRecords | None:
        """If the time went back, or the record comes again, expect all that was given since its time."""
        before, record, time = self._latest, self._record, self._record.time
        if self._has_lines or time is None:
            return None
        self._latest = (time, record)
        if before is None or before[0] < time:
            return None
        if before[0] == time and not (record.is_unlike_others and record.digest() == before[1].digest()):
            return None
        self._has_gone_back = True
        self._expected = self._given.expected_since(time)
        return self._expected

    def _can_keep(self, text: bytes) -> bool:
        return self._text is not None and len(self._text) + len(text) <= _MOST_HELD

    def _keep_text(self, text: bytes) -> None:
        """Keep text of the record that is compared, unless it is too long."""
        if self._text is not None and self._can_keep(text):
            self._text += text
        else:
            self._text = None

    def _give_rest(self, text: bytes, expected: ExpectedRecords, *, ends: bool) -> bytes:
        """Give the rest of the last record, of which a part was given before."""
        if self._text is not None and self._partial:
            text = bytes(self._text[self._partial.text_size :]) + text
        if not expected.is_last_certain:
            self._report_gap()
        self._partial = self._held_back = None
        self._is_new = True
        self._set_is_at_last(value=True)
        expected.note_last(self._record.time)
        if expected.is_over:
            self._stop_comparing(expected)
        expected.note_new(self._record.time)
        if ends:
            self._give(b"", ends=True)
        return text

    def _settle_record(self, expected: ExpectedRecords) -> bytes:
        """Decide whether the record, which has ended, is new; return the text to give."""
        record = self._record
        text = b""
        if record.is_before(expected.since) and not self._has_gone_back:
            pass  # older than the time that was asked for
        elif expected.match(record.digest(), record.time):
            self._leave_out_known(expected)
        elif record.is_resumed:
            return self._give_rest(b"", expected, ends=True)
        elif not self._is_at_last and (record.time is None or record.is_before(expected.known_from)):
            pass  # the end of an older line, or a record that is not remembered any more
        elif self._has_lines and not self._is_at_last and not self._held_back:
            self._held_back = self._ended_record(is_first=not expected.has_come)
        else:
            text = self._give_new(expected)
        self._begin_record()
        return text

    def _set_is_at_last(self, *, value: bool) -> None:
        self._is_at_last = value
        self._has_met_last |= value

    def _leave_out_known(self, expected: ExpectedRecords) -> None:
        """Leave out a record that was given, and the one held back before it."""
        if self._has_gone_back or (self._held_back and not self._held_back.is_first):
            self._report_gap()
        self._held_back = None
        self._set_is_at_last(value=expected.last_has_come and expected.is_last_certain and not self._partial)
        if expected.is_over and not self._partial:
            self._stop_comparing(expected)
            if not self._is_at_last:
                self._report_gap()

    def _give_new(self, expected: ExpectedRecords) -> bytes:
        """Give a record that is new, and the one held back before it."""
        if not self._is_at_last:
            self._report_gap()
        text = self._release_held_back()
        record = self._ended_record(is_first=False)
        self._given.add(record.time, record.digest)
        self._partial = None
        # A text that was too long to be kept is lost, so a gap comes before the next record.
        self._set_is_at_last(value=record.text is not None)
        expected.note_new(record.time)
        is_later = record.time is not None and record.time > expected.newest
        if self._is_at_last and (is_later or expected.is_over):
            self._stop_comparing(expected)
        return text + (record.text or b"")

    def _stop_comparing(self, expected: ExpectedRecords) -> None:
        """Go on to the state in which all is new."""
        if not self._has_gone_back:
            self._given.forget_rotated(expected)
        self._expected = None

    def _release_held_back(self, after: int | None = None) -> bytes:
        """Give the record that was held back, if there is one and it is later than `after`."""
        record, self._held_back = self._held_back, None
        if record is None or (after is not None and (record.time is None or record.time <= after)):
            return b""
        self._given.add(record.time, record.digest)
        return record.text or b""

    def _ended_record(self, *, is_first: bool) -> _EndedRecord:
        text = None if self._text is None else bytes(self._text)
        return _EndedRecord(self._record.time, self._record.digest(), text, is_first)


class _EndedRecord(msgspec.Struct, frozen=True):
    """A record that has ended, and was compared.

    Attributes:
        time: Of its stamp, if it has one.
        digest: Of its stamp and text.
        text: Its text; ``None`` if it was too long to be kept.
        is_first: Whether no expected record came before it.
    """

    time: int | None
    digest: bytes
    text: bytes | None
    is_first: bool
