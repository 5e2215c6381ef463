"""Entries of the journal: from fields to what the container printed."""

from __future__ import annotations

import msgspec

from planqk_protocol.captures.base import Decoder
from planqk_protocol.captures.output import NoticeKind, Stream

__all__ = ["FIELDS", "Entry", "JournalEntries"]

_LF = b"\n"
_MOST_DIGITS = 20  # of a number in 64 bits
_STREAMS = {b"6": Stream.STDOUT, b"3": Stream.STDERR}


class Entry(msgspec.Struct):
    """The fields of an entry that count; ``None`` where one is missing."""

    message: bytes | None = None
    priority: bytes | None = None
    container: bytes | None = None
    program: bytes | None = None
    partial: bytes | None = None
    partial_id: bytes | None = None
    partial_ordinal: bytes | None = None
    partial_last: bytes | None = None
    epoch: bytes | None = None
    ordinal: bytes | None = None
    time: bytes | None = None


FIELDS = {
    "MESSAGE": "message",
    "PRIORITY": "priority",
    "CONTAINER_ID_FULL": "container",
    "_COMM": "program",
    "CONTAINER_PARTIAL_MESSAGE": "partial",
    "CONTAINER_PARTIAL_ID": "partial_id",
    "CONTAINER_PARTIAL_ORDINAL": "partial_ordinal",
    "CONTAINER_PARTIAL_LAST": "partial_last",
    "CONTAINER_LOG_EPOCH": "epoch",
    "CONTAINER_LOG_ORDINAL": "ordinal",
    "__REALTIME_TIMESTAMP": "time",
}
"""The attribute of `Entry` for each field of the journal that counts."""


class JournalEntries(Decoder):
    """The common part of the decoders of journals.

    Docker's driver stores a line without its LF, and marks the pieces of a long
    one. conmon (Podman) stores what it read, LF included. Both tell stdout by
    priority 6 and stderr by priority 3.
    """

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._last: tuple[bytes, int] | None = None  # epoch and ordinal of the last entry
        self._open: dict[Stream, tuple[bytes, int]] = {}  # lines in pieces: their id, and the last ordinal

    def _take_entry(self, entry: Entry, offset: int) -> None:
        """Give what a whole entry holds; the record is counted already."""
        stream, lacks_head = Stream.UNKNOWN, False
        if is_ours := self._is_ours((entry.container or b"").decode(errors="replace"), offset):
            stream = self._stream_of(entry, offset)
            self._check_order(entry, offset)
            lacks_head = self._check_pieces(entry, stream, offset)
        if entry.message is None:
            message = "the entry has no text; call journalctl with --all, else it leaves out texts of 4 KiB"
            self._notice(NoticeKind.NULL_MESSAGE, message, offset=offset, stream=stream if is_ours else None)
            return
        is_piece = entry.partial == b"true" and entry.partial_last != b"true"
        is_verbatim = is_piece or entry.program == b"conmon"
        time = entry.time.decode() if entry.time and entry.time.isdigit() else None
        text = entry.message if is_verbatim else entry.message + _LF
        self._emit(stream, text, time, suspect=lacks_head)

    def _stream_of(self, entry: Entry, offset: int) -> Stream:
        stream = _STREAMS.get(entry.priority or b"", Stream.UNKNOWN)
        if stream is Stream.UNKNOWN:
            priority = (entry.priority or b"").decode(errors="replace")
            message = f"priority {priority!r} is neither 6 (stdout) nor 3 (stderr): the stream cannot be told"
            self._notice(NoticeKind.UNKNOWN_STREAM, message, offset=offset)
        return stream

    def _check_order(self, entry: Entry, offset: int) -> None:
        if entry.epoch is None or (number := _number(entry.ordinal)) is None:
            return
        last, self._last = self._last, (entry.epoch, number)
        before = last[1] if last and last[0] == entry.epoch else 0
        if number != before + 1:
            place = f"follows entry {before}" if before else "is the first one here of its run"
            message = f"entry {number} of the container {place}: others are missing"
            self._notice(NoticeKind.GAP, message, offset=offset)

    def _check_pieces(self, entry: Entry, stream: Stream, offset: int) -> bool:
        """Whether the entry is a piece of a line, and what comes before it in the line is missing."""
        before = self._open.pop(stream, None)
        number = _number(entry.partial_ordinal)
        if entry.partial_id is None or number is None:
            if before:
                self._report_missing_piece(stream, offset)
            return False
        is_next = (entry.partial_id, number) == (
            (before[0], before[1] + 1) if before else (entry.partial_id, 1)
        )
        if not is_next:
            self._report_missing_piece(stream, offset)
        if entry.partial_last != b"true":
            self._open[stream] = (entry.partial_id, number)
        return number > 1 and not is_next

    def _report_missing_piece(self, stream: Stream, offset: int) -> None:
        message = "a piece of a long line is missing before this entry"
        self._notice(NoticeKind.GAP, message, offset=offset, stream=stream)


def _number(digits: bytes | None) -> int | None:
    return int(digits) if digits and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
