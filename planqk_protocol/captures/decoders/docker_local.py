"""``docker-local``: Docker's local log driver.

A record is the length of its entry in four bytes (big-endian), the entry (a
protocol buffer), and the length once more. The text is the container's own
bytes, without the LF that ends its line. The pieces of a long line are numbered.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from planqk_protocol.buffer import Buffer
from planqk_protocol.captures.bounds import shown
from planqk_protocol.captures.format import Format
from planqk_protocol.captures.long_lines import LinePiece, LongLineDecoder
from planqk_protocol.captures.output import NoticeKind, Stream
from planqk_protocol.captures.stamps import rfc3339

__all__ = ["FORMAT", "DockerLocalDecoder"]

_SIZE = 4
_LF = b"\n"
_STREAMS = {b"stdout": Stream.STDOUT, b"stderr": Stream.STDERR}
_HEAD = re.compile(rb"\0[\0-\x0f][\0-\xff]{2}\x0a\x06std(?:out|err)")  # a length, and the field source
_HEAD_SIZE = 12

# Keys of fields: their number times eight, plus the type of their value.
_SOURCE, _TIME, _LINE, _IS_PARTIAL, _METADATA, _ATTRIBUTES = 0x0A, 0x10, 0x1A, 0x20, 0x2A, 0x32
_IS_LAST, _ID, _ORDINAL = 0x08, 0x12, 0x18  # of the metadata
_KEYS = frozenset({_SOURCE, _TIME, _LINE, _IS_PARTIAL, _METADATA, _ATTRIBUTES})
_NEXT_KEY = 0x38  # where keys begin that later versions may add
_SIZED = 2  # the type of values with a length
_BITS = 70  # ten bytes of seven bits hold the longest number
_MORE = 0x80  # the bit of a number's byte that says that more follow


class DockerLocalDecoder(LongLineDecoder):
    """Decodes the files of Docker's local driver."""

    max_record = 1_000_000  # Docker's own bound

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._held = Buffer()  # begins at the current offset
        self._begin_file()

    def _begin_file(self) -> None:
        self._needed = _SIZE  # bytes held before it is worth looking
        self._lost = False  # looking for the next record
        self._in_doubt = False  # the next record was looked for, and may be none

    def _decode(self, data: bytes) -> None:
        self._held.append(data, 0, len(data))
        if len(self._held) >= self._needed:
            self._take(at_end=False)

    def _end(self) -> None:
        self._take(at_end=True)
        self._held.take()
        self._begin_file()

    def _take(self, *, at_end: bool) -> None:
        """Take all records that are whole, and hold the rest."""
        data, at = self._held.take(), 0
        while done := self._take_record(data, at, at_end=at_end):
            at += done
            self._offset += done
        self._held.append(data, at, len(data))

    def _take_record(self, data: bytes, at: int, *, at_end: bool) -> int:
        """Take what stands at a place, and tell how many bytes are done; 0 where it is not whole."""
        left = len(data) - at
        if self._lost:
            found = _HEAD.search(data, at)
            self._lost = not found
            self._needed = _HEAD_SIZE
            done = found.start() - at if found else max(0, left - _HEAD_SIZE + 1)
            if done or not found:
                return done
        size = int.from_bytes(data[at : at + _SIZE])
        if left >= _SIZE and not 0 < size <= self.max_record:
            return self._leave(size)
        self._needed = size + 2 * _SIZE if left >= _SIZE else _SIZE
        if left < self._needed:
            return self._take_tail(data, at, size) if at_end and left else 0
        end = at + _SIZE + size
        if data[at : at + _SIZE] != data[end : end + _SIZE]:
            message = "the record is not what its length says; left out, up to the next one"
            return self._lose(NoticeKind.TORN, message)
        self._take_entry(data[at + _SIZE : end])
        return self._needed

    def _take_entry(self, data: bytes) -> None:
        """Take an entry, before and behind which the same length stands."""
        self._record += 1
        entry = _entry(data)
        if entry is None:
            self._notice(NoticeKind.CORRUPT, "the record is damaged within; left out")
            return
        stream = _STREAMS.get(entry.source, Stream.UNKNOWN)
        if stream is Stream.UNKNOWN:
            message = f"the record's stream is {shown(entry.source)}, neither stdout nor stderr"
            self._notice(NoticeKind.UNKNOWN_STREAM, message)
        lacks_head = self._check_order(entry.piece, stream, self._offset)
        text = entry.line + _LF if entry.piece is None or entry.piece.is_last else entry.line
        self._emit(stream, text, entry.time, suspect=self._in_doubt or lacks_head)
        self._in_doubt = False

    def _take_tail(self, data: bytes, at: int, size: int) -> int:
        """Take a record that the end of the file cuts off, or that another one follows all the same."""
        if _HEAD.search(data, at + 1):
            return self._lose(NoticeKind.TORN, "the record breaks off; left out, up to the next one")
        self._record += 1
        fields = _message(data[at + _SIZE : at + _SIZE + size])
        stream = _STREAMS.get(fields.texts.get(_SOURCE, b""), Stream.UNKNOWN)
        self._emit(stream, fields.texts.get(_LINE, b""), _time(fields), suspect=True)
        message = "the capture ends within a record; what it holds is given, without the end of its line"
        self._notice(NoticeKind.TRUNCATED, message, stream=stream)
        return len(data) - at

    def _leave(self, size: int) -> int:
        """Leave out what no record can begin with."""
        if size:
            message = f"a record of {size} bytes where {self.max_record} are the most; left out"
            return self._lose(NoticeKind.OVERSIZE, message)
        self._look_for_next()
        self._notice_nuls()
        return 1

    def _lose(self, kind: NoticeKind, message: str) -> int:
        """Look for the next record, from the next byte on."""
        self._look_for_next()
        self._notice(kind, message)
        return 1

    def _look_for_next(self) -> None:
        self._record += 1
        self._lost = self._in_doubt = True


class _Message(NamedTuple):
    """The fields of a message by their keys, the last one of each."""

    numbers: dict[int, int]
    texts: dict[int, bytes]
    is_whole: bool


class _Entry(NamedTuple):
    source: bytes
    time: str | None
    line: bytes
    piece: LinePiece | None


def _entry(data: bytes) -> _Entry | None:
    """An entry; ``None`` where it is none, or none that can be trusted."""
    numbers, texts, is_whole = fields = _message(data)
    unknown = (numbers.keys() | texts.keys()) - _KEYS
    if not is_whole or (unknown and (_LINE not in texts or min(unknown) < _NEXT_KEY)):
        return None
    piece = None
    if _METADATA in texts:
        metadata = _message(texts[_METADATA])
        line = metadata.texts.get(_ID), numbers.get(_TIME)
        piece = LinePiece(line, metadata.numbers.get(_ORDINAL, 0), bool(metadata.numbers.get(_IS_LAST)))
    if bool(numbers.get(_IS_PARTIAL)) != (piece is not None):
        return None
    return _Entry(texts.get(_SOURCE, b""), _time(fields), texts.get(_LINE, b""), piece)


def _time(fields: _Message) -> str | None:
    time = fields.numbers.get(_TIME)
    return rfc3339(time) if time else None


def _message(data: bytes) -> _Message:
    """A message; a text that is cut off has what there is of it."""
    numbers: dict[int, int] = {}
    texts: dict[int, bytes] = {}
    at, size = 0, len(data)
    while at < size:  # most numbers have one byte, and calls for these would double the time
        key, at = (data[at], at + 1) if data[at] < _MORE else _varint(data, at)
        value, at = (data[at], at + 1) if at < size and data[at] < _MORE else _varint(data, at)
        if key & 7 == _SIZED:
            texts[key] = data[at : at + value]
            at += value
        elif key & 7:
            return _Message(numbers, texts, is_whole=False)
        else:
            numbers[key] = value
    return _Message(numbers, texts, is_whole=at == size)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number at a place, and the place behind it, which is beyond the data where it has no end."""
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
    if not _HEAD.match(head):
        return False
    size = head[:_SIZE]
    behind = _SIZE + int.from_bytes(size)
    if len(head) < behind:
        return True
    return size.startswith(head[behind : behind + _SIZE]) and _entry(head[_SIZE:behind]) is not None


FORMAT = Format(
    id="docker-local",
    title="Docker's local log driver, and its cache beside drivers that cannot be read",
    source="/var/lib/docker/containers/ID/local-logs/container.log",
    loses="nothing",
    decoder=DockerLocalDecoder,
    sniff=_sniff,
)
