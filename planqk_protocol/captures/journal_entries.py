"""Entries of the systemd journal: from their fields to what the container printed.

Two programs write containers' output into the journal, and their entries differ:

- Docker's ``journald`` driver (moby, ``daemon/logger/journald/journald.go``)
  stores a line without its LF. It splits a line of more than 16 KiB into pieces
  and marks each with ``CONTAINER_PARTIAL_MESSAGE=true``. Since Docker 20.10
  (moby#41407) it numbers them, and ``CONTAINER_PARTIAL_LAST`` marks the last one.
  ``CONTAINER_LOG_ORDINAL`` counts the entries of one run of the container, and
  ``CONTAINER_LOG_EPOCH`` names the run, so missing entries show.
- conmon, which Podman uses (``src/ctr_logging.c``), stores what it has read, LF
  included. Nothing is added to its texts. It does not number anything.

Both write standard output with priority 6 and standard error with priority 3.
Newer versions of conmon take ``<N>`` at the beginning of a line as the priority
instead; then the stream is unknown.
"""

from __future__ import annotations

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import Fault
from planqk_protocol.captures.line_pieces import LinePiece, PieceOrder, lacks_beginning
from planqk_protocol.excerpts import excerpt
from planqk_protocol.state import Resumable

__all__ = ["FIELDS", "Entry", "JournalEntries", "PrintedText"]

_MOST_DIGITS = 20  # of a number in 64 bits
_PRIORITIES = {b"6": StdStream.STDOUT, b"3": StdStream.STDERR}


class Entry(msgspec.Struct):
    """The fields of an entry that decoding needs; ``None`` where one is missing."""

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
"""The attribute of `Entry` for each field of the journal that decoding needs."""


class PrintedText(msgspec.Struct, frozen=True):
    """The text of a container in one entry of the journal.

    Attributes:
        stream: The stream on which it was printed; ``UNKNOWN`` for another container's entry.
        data: The bytes; empty if the entry has no text.
        time: When the journal received it, in microseconds since 1970.
        suspect: Whether the beginning of its line is missing.
        faults: The damage and the losses that the entry shows.
    """

    stream: StdStream
    data: bytes
    time: str | None
    suspect: bool
    faults: list[Fault]


class JournalEntries(Resumable):
    """Reads entries in the order of the journal, and finds out which ones are missing."""

    def __init__(self) -> None:
        self._order = PieceOrder()
        self._last: tuple[bytes, int] | None = None  # epoch and ordinal of the last entry

    def read(self, entry: Entry, *, is_ours: bool) -> PrintedText:
        """Read the next entry.

        Args:
            entry: Its fields.
            is_ours: Whether it belongs to the container that is read.
        """
        stream, lacks_start = StdStream.UNKNOWN, False
        faults: list[Fault | None] = []
        if is_ours:
            stream = _PRIORITIES.get(entry.priority or b"", StdStream.UNKNOWN)
            piece = _piece(entry)
            missing_piece = self._order.check(piece, stream)
            lacks_start = lacks_beginning(piece, missing_piece)
            faults = [_unknown_stream(entry, stream), self._missing_entries(entry), missing_piece]
        if entry.message is None:
            message = "the entry has no text; call journalctl with --all, else it leaves out texts of 4 KiB"
            faults.append(Fault(NoticeKind.NULL_MESSAGE, message, stream if is_ours else None))
        time = entry.time.decode() if entry.time and entry.time.isdigit() else None
        return PrintedText(stream, _data(entry), time, lacks_start, [fault for fault in faults if fault])

    def _missing_entries(self, entry: Entry) -> Fault | None:
        """The fault if, by Docker's count, entries before this one are missing."""
        if entry.epoch is None or (number := _number(entry.ordinal)) is None:
            return None
        last, self._last = self._last, (entry.epoch, number)
        before = last[1] if last and last[0] == entry.epoch else 0
        if number == before + 1:
            return None
        place = f"follows entry {before}" if before else "is the first one here of its run"
        return Fault(NoticeKind.GAP, f"entry {number} of the container {place}: others are missing")


def _unknown_stream(entry: Entry, stream: StdStream) -> Fault | None:
    if stream is not StdStream.UNKNOWN:
        return None
    priority = excerpt(entry.priority or b"")
    message = f"priority {priority} is neither 6 (stdout) nor 3 (stderr): the stream cannot be told"
    return Fault(NoticeKind.UNKNOWN_STREAM, message)


def _data(entry: Entry) -> bytes:
    """The bytes that the container printed; Docker does not store the LF that ends a line."""
    if entry.message is None:
        return b""
    is_piece = entry.partial == b"true" and entry.partial_last != b"true"
    is_verbatim = is_piece or entry.program == b"conmon"
    return entry.message if is_verbatim else entry.message + LF


def _piece(entry: Entry) -> LinePiece | None:
    """The place of an entry in a line of several entries; ``None`` if it is not a numbered piece."""
    ordinal = _number(entry.partial_ordinal)
    if entry.partial_id is None or ordinal is None:
        return None
    return LinePiece(entry.partial_id, ordinal, entry.partial_last == b"true")


def _number(digits: bytes | None) -> int | None:
    return int(digits) if digits and digits.isdigit() and len(digits) <= _MOST_DIGITS else None
