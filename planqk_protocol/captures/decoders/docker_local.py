"""``docker-local``: Docker's local log driver.

A record is the length of its entry in four bytes (big-endian), the entry, and the
length once more (moby, ``daemon/logger/local/local.go``). The entry is a protocol
buffer (``daemon/logger/internal/logdriver/entry.pb.go``): stream, time, text, and, if
the text is a piece of a long line, its number in the line. The text is the
container's own bytes, without the LF that ends its line.

Docker's own reader stops at the first damaged record (moby#46699). This decoder
searches for the next one: a length below 16 MiB, and after it the field with the name
of a stream. A job cannot print such a header: it contains 0x0A, which is LF, and a text
holds no LF. But damage may resemble one, so the first record that a search finds is
``suspect``.

The module parses the entries itself: a library for protocol buffers skips unknown
fields, and here these are evidence of damage.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from planqk_protocol.buffer import LF, Buffer
from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import STREAMS, CatalogueEntry, Decoder
from planqk_protocol.captures.line_pieces import LinePiece, PieceOrder, lacks_beginning
from planqk_protocol.captures.timestamps import rfc3339

__all__ = ["FORMAT", "DockerLocalDecoder"]

_SIZE = 4
# What a record begins with: a length, and the field with the name of the stream.
_HEADER = re.compile(rb"\0[\0-\x0f][\0-\xff]{2}\x0a\x06std(?:out|err)")
_HEADER_SIZE = 12

# Keys of fields: their number times eight, plus the type of their value.
_SOURCE, _TIME, _LINE, _IS_PARTIAL, _METADATA, _ATTRIBUTES = 0x0A, 0x10, 0x1A, 0x20, 0x2A, 0x32
_IS_LAST, _ID, _ORDINAL = 0x08, 0x12, 0x18  # of the metadata
_KEYS = frozenset({_SOURCE, _TIME, _LINE, _IS_PARTIAL, _METADATA, _ATTRIBUTES})
_NEXT_KEY = 0x38  # later versions of Docker may add this key and higher ones
_SIZED = 2  # the type of values with a length
_BITS = 70  # ten bytes of seven bits hold the longest number
_MORE = 0x80  # this bit is set in all bytes of a number but the last


class DockerLocalDecoder(Decoder):
    """Decodes log files of Docker's local driver."""

    max_record = 1_000_000  # Docker's own bound (moby, daemon/logger/local/read.go)

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._order = PieceOrder()
        self._held = Buffer()  # the bytes from the current offset on
        self._begin_file()

    def _begin_file(self) -> None:
        self._needed = _SIZE  # bytes to hold before decoding is tried again
        self._is_searching = False  # after damage, until the next record is found
        self._in_doubt = False  # whether the next record is one that a search found

    def _decode(self, data: bytes) -> None:
        self._held.append(data, 0, len(data))
        if len(self._held) >= self._needed:
            self._decode_held(at_end=False)

    def _end(self) -> None:
        self._decode_held(at_end=True)
        self._held.take()
        self._begin_file()

    def _decode_held(self, *, at_end: bool) -> None:
        """Decode all records that are whole, and hold the rest."""
        data, at = self._held.take(), 0
        while done := self._decode_record(data, at, at_end=at_end):
            at += done
            self._offset += done
        self._held.append(data, at, len(data))

    def _decode_record(self, data: bytes, at: int, *, at_end: bool) -> int:
        """Decode a record, and return the number of bytes consumed; 0 if the record is incomplete."""
        left = len(data) - at
        if self._is_searching:
            found = _HEADER.search(data, at)
            self._is_searching = not found
            self._needed = _HEADER_SIZE
            done = found.start() - at if found else max(0, left - _HEADER_SIZE + 1)
            if done or not found:
                return done
        size = int.from_bytes(data[at : at + _SIZE])
        if left >= _SIZE and not 0 < size <= self.max_record:
            return self._skip_wrong_length(size)
        self._needed = size + 2 * _SIZE if left >= _SIZE else _SIZE
        if left < self._needed:
            return self._decode_tail(data, at, size) if at_end and left else 0
        end = at + _SIZE + size
        if data[at : at + _SIZE] != data[end : end + _SIZE]:
            message = "the record is not what its length says; left out, up to the next one"
            return self._report_and_search(NoticeKind.TORN, message)
        self._decode_entry(data[at + _SIZE : end])
        return self._needed

    def _decode_entry(self, data: bytes) -> None:
        """Decode an entry whose two lengths agree."""
        self._record += 1
        entry = _parse_entry(data)
        if entry is None:
            self._notice(NoticeKind.CORRUPT, "the record is damaged within; left out")
            return
        stream = self._stream_named(entry.source)
        if missing_piece := self._order.check(entry.piece, stream):
            self._notice_fault(missing_piece)
        lacks_start = lacks_beginning(entry.piece, missing_piece)
        text = entry.line + LF if entry.piece is None or entry.piece.is_last else entry.line
        self._emit(stream, text, entry.time, suspect=self._in_doubt or lacks_start)
        self._in_doubt = False

    def _decode_tail(self, data: bytes, at: int, size: int) -> int:
        """Decode a record that the end of the file cuts off. If a record follows it, its length is wrong."""
        if _HEADER.search(data, at + 1):
            return self._report_and_search(
                NoticeKind.TORN, "the record breaks off; left out, up to the next one"
            )
        self._record += 1
        fields = _parse_fields(data[at + _SIZE : at + _SIZE + size])
        stream = STREAMS.get(fields.texts.get(_SOURCE, b""), StdStream.UNKNOWN)
        self._emit(stream, fields.texts.get(_LINE, b""), _time_of(fields), suspect=True)
        message = "the capture ends within a record; what it holds is given, without the end of its line"
        self._notice(NoticeKind.TRUNCATED, message, stream=stream)
        return len(data) - at

    def _skip_wrong_length(self, size: int) -> int:
        """Give a notice that no length of a record stands here, and search for the next record."""
        if size:
            message = f"a record of {size} bytes where {self.max_record} are the most; left out"
            return self._report_and_search(NoticeKind.OVERSIZE, message)
        self._search_from_next_byte()
        self._notice_nuls()
        return 1

    def _report_and_search(self, kind: NoticeKind, message: str) -> int:
        """Give a notice, and search for the next record from the next byte on; return 1: the byte skipped."""
        self._search_from_next_byte()
        self._notice(kind, message)
        return 1

    def _search_from_next_byte(self) -> None:
        self._record += 1
        self._is_searching = self._in_doubt = True


class _Fields(NamedTuple):
    """The fields of a protocol buffer by their keys. If a field occurs several times, the last one counts."""

    numbers: dict[int, int]
    texts: dict[int, bytes]
    is_whole: bool


class _Entry(NamedTuple):
    source: bytes
    time: str | None
    line: bytes
    piece: LinePiece | None


def _parse_entry(data: bytes) -> _Entry | None:
    """Parse an entry; ``None`` if it is damaged."""
    numbers, texts, is_whole = fields = _parse_fields(data)
    unknown = (numbers.keys() | texts.keys()) - _KEYS
    if not is_whole or (unknown and (_LINE not in texts or min(unknown) < _NEXT_KEY)):
        return None
    piece = None
    if _METADATA in texts:
        metadata = _parse_fields(texts[_METADATA])
        line = metadata.texts.get(_ID), numbers.get(_TIME)
        piece = LinePiece(line, metadata.numbers.get(_ORDINAL, 0), bool(metadata.numbers.get(_IS_LAST)))
    if bool(numbers.get(_IS_PARTIAL)) != (piece is not None):
        return None
    return _Entry(texts.get(_SOURCE, b""), _time_of(fields), texts.get(_LINE, b""), piece)


def _time_of(fields: _Fields) -> str | None:
    time = fields.numbers.get(_TIME)
    return rfc3339(time) if time else None


def _parse_fields(data: bytes) -> _Fields:
    """Parse a protocol buffer. A text that is cut off is kept as far as it goes."""
    numbers: dict[int, int] = {}
    texts: dict[int, bytes] = {}
    at, size = 0, len(data)
    while at < size:  # most numbers have one byte; a call for each would double the time
        key, at = (data[at], at + 1) if data[at] < _MORE else _varint(data, at)
        value, at = (data[at], at + 1) if at < size and data[at] < _MORE else _varint(data, at)
        if key & 7 == _SIZED:
            texts[key] = data[at : at + value]
            at += value
        elif key & 7:
            return _Fields(numbers, texts, is_whole=False)
        else:
            numbers[key] = value
    return _Fields(numbers, texts, is_whole=at == size)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Parse a number, and return it with the place after it: beyond the data if the number has no end."""
    value = shift = 0
    while at < len(data) and shift < _BITS:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < _MORE:
            return value, at
    return 0, len(data) + 1


def _sniff(head: bytes) -> bool:
    if not _HEADER.match(head):
        return False
    size = head[:_SIZE]
    end = _SIZE + int.from_bytes(size)
    if len(head) < end:
        return True
    return size.startswith(head[end : end + _SIZE]) and _parse_entry(head[_SIZE:end]) is not None


FORMAT = CatalogueEntry(
    id="docker-local",
    title="Docker's local log driver, and its cache for drivers that cannot be read back",
    source="/var/lib/docker/containers/ID/local-logs/container.log",
    loses="nothing",
    decoder=DockerLocalDecoder,
    sniff=_sniff,
)
