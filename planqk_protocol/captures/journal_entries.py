"""Entries of the journal: from fields to what the container printed."""

from __future__ import annotations

import msgspec

from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import shown
from planqk_protocol.captures.line_pieces import LinePiece, LongLineDecoder

__all__ = ["FIELDS", "Entry", "JournalEntries"]

_LF = b"\n"
_MOST_DIGITS = 20  # of a number in 64 bits
_STREAMS = {b"6": StdStream.STDOUT, b"3": StdStream.STDERR}


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


class JournalEntries(LongLineDecoder):
    """The common part of the decoders of journals.

    Docker's driver stores a line without its LF, and marks the pieces of a long
    one. conmon (Podman) stores what it read, LF included. Both tell stdout by
    priority 6 and stderr by priority 3.
    """

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._last: tuple[bytes, int] | None = None  # epoch and ordinal of the last entry

    def _take_entry(self, entry: Entry, offset: int, *, suspect: bool = False) -> None:
        """Give what a whole entry holds; the record is counted already."""
        stream, lacks_head = StdStream.UNKNOWN, False
        if is_ours := self._is_ours(entry.container or b"", offset):
            stream = self._stream_of(entry, offset)
            self._check_count(entry, offset)
            lacks_head = self._check_order(_piece(entry), stream, offset)
        if entry.message is None:
            message = "the entry has no text; call journalctl with --all, else it leaves out texts of 4 KiB"
            self._notice(NoticeKind.NULL_MESSAGE, message, offset=offset, stream=stream if is_ours else None)
            return
        is_piece = entry.partial == b"true" and entry.partial_last != b"true"
        is_verbatim = is_piece or entry.program == b"conmon"
        time = entry.time.decode() if entry.time and entry.time.isdigit() else None
        text = entry.message if is_verbatim else entry.message + _LF
        self._emit(stream, text, time, suspect=suspect or lacks_head)

    def _stream_of(self, entry: Entry, offset: int) -> StdStream:
        stream = _STREAMS.get(entry.priority or b"", StdStream.UNKNOWN)
        if stream is StdStream.UNKNOWN:
            priority = shown(entry.priority or b"")
            message = f"priority {priority} is neither 6 (stdout) nor 3 (stderr): the stream cannot be told"
            self._notice(NoticeKind.UNKNOWN_STREAM, message, offset=offset)
        return stream

    def _check_count(self, entry: Entry, offset: int) -> None:
        if entry.epoch is None or (number := _number(entry.ordinal)) is None:
            return
        last, self._last = self._last, (entry.epoch, number)
        before = last[1] if last and last[0] == entry.epoch else 0
        if number != before + 1:
            place = f"follows entry {before}" if before else "is the first one here of its run"
            message = f"entry {number} of the container {place}: others are missing"
            self._notice(NoticeKind.GAP, message, offset=offset)


def _piece(entry: Entry) -> LinePiece | None:
    """The place of an entry in a line of several; ``None`` where it is no piece, or not numbered."""
    ordinal = _number(entry.partial_ordinal)
    if entry.partial_id is None or ordinal is None:
        return None
    return LinePiece(entry.partial_id, ordinal, entry.partial_last == b"true")


def _number(digits: bytes | None) -> int | None:
    return int(digits) if digits and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
