"""``docker-local``: Docker's local log driver.

A record is the length of its entry in four bytes (big-endian), the entry (a
protocol buffer), and the length once more. The text is the container's own
bytes, without the LF that ends its line.
"""

from __future__ import annotations

import re

import msgspec

from planqk_protocol.buffer import Buffer
from planqk_protocol.captures.base import Decoder
from planqk_protocol.captures.format import Format
from planqk_protocol.captures.output import NoticeKind, Stream
from planqk_protocol.captures.stamps import rfc3339

__all__ = ["FORMAT", "DockerLocalDecoder"]

_SIZE = 4
_LF = b"\n"
_STREAMS = {b"stdout": Stream.STDOUT, b"stderr": Stream.STDERR}
_HEAD = re.compile(rb"\0[\0-\x0f][\0-\xff]{2}\x0a\x06std(?:out|err)")  # a length, and the field source
_HEAD_SIZE = 12
_SIZED = 2  # the type of fields with a length
_BITS = 70  # ten bytes of seven bits hold the longest number
_MORE = 0x80  # the bit of a number's byte that says that more follow


class DockerLocalDecoder(Decoder):
    """Decodes the files of Docker's local driver."""

    max_record = 1_000_000  # Docker's own bound

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._held = Buffer()  # begins at the current offset
        self._needed = _SIZE  # bytes held before it is worth looking
        self._lost = False  # looking for the next record

    def _decode(self, data: bytes) -> None:
        self._held.append(data, 0, len(data))
        if len(self._held) >= self._needed:
            self._take(at_end=False)

    def _end(self) -> None:
        self._take(at_end=True)
        self._held.take()
        self._needed, self._lost = _SIZE, False

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
            return self._take_tail(data, at) if at_end and left else 0
        return self._take_entry(data[at + _SIZE : at + self._needed], size)

    def _take_entry(self, entry: bytes, size: int) -> int:
        """Take an entry, behind which its length stands once more."""
        fields = _fields(entry[:size])
        if fields is None or int.from_bytes(entry[size:]) != size:
            message = "the record is not what its length says; left out, up to the next one"
            return self._lose(NoticeKind.TORN, message)
        self._give(fields, is_whole=True)
        return size + 2 * _SIZE

    def _take_tail(self, data: bytes, at: int) -> int:
        """Take a record that the end of the file cuts off, or that another one follows all the same."""
        if _HEAD.search(data, at + 1):
            return self._lose(NoticeKind.TORN, "the record breaks off; left out, up to the next one")
        fields = _fields(data[at + _SIZE :]) or _Entry()
        stream = self._give(fields, is_whole=False)
        message = "the capture ends within a record; what it holds is given, without the end of its line"
        self._notice(NoticeKind.TRUNCATED, message, stream=stream)
        return len(data) - at

    def _leave(self, size: int) -> int:
        """Leave out what no record can begin with."""
        if size:
            message = f"a record of {size} bytes where {self.max_record} are the most; left out"
            return self._lose(NoticeKind.OVERSIZE, message)
        message = "NUL bytes in place of records, as a power loss leaves them; what stood there is lost"
        return self._lose(NoticeKind.NUL_RUN, message)

    def _lose(self, kind: NoticeKind, message: str) -> int:
        """Look for the next record, from the next byte on."""
        self._record += 1
        self._notice(kind, message)
        self._lost = True
        return 1

    def _give(self, entry: _Entry, *, is_whole: bool) -> Stream:
        self._record += 1
        stream = _STREAMS.get(entry.source, Stream.UNKNOWN)
        if stream is Stream.UNKNOWN and is_whole:
            name = entry.source.decode(errors="replace")
            message = f"the record's stream is {name!r}, neither stdout nor stderr"
            self._notice(NoticeKind.UNKNOWN_STREAM, message)
        ends_line = is_whole and (entry.is_last or not entry.is_partial)
        time = rfc3339(entry.time) if entry.time else None
        self._emit(stream, entry.line + _LF if ends_line else entry.line, time, suspect=not is_whole)
        return stream


class _Entry(msgspec.Struct):
    source: bytes = b""
    time: int = 0
    line: bytes = b""
    is_partial: bool = False
    is_last: bool = False


def _fields(data: bytes) -> _Entry | None:
    """An entry; ``None`` where it is none. A field that is cut off has what there is of it."""
    entry = _Entry()
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        if key & 7 == 0:
            value, at = _varint(data, at)
        elif key & 7 == _SIZED:
            size, at = _varint(data, at)
            value = data[at : at + size]
            at += size
        else:
            return None
        match key, value:
            case 0x0A, bytes():
                entry.source = value
            case 0x10, int():
                entry.time = value
            case 0x1A, bytes():
                entry.line = value
            case 0x20, int():
                entry.is_partial = bool(value)
            case 0x2A, bytes():
                entry.is_last = value.startswith(b"\x08\x01")
            case _:
                pass
    return entry


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length at a place, and the place behind it."""
    value = shift = 0
    while at < len(data) and shift < _BITS:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < _MORE:
            break
    return value, at


def _sniff(head: bytes) -> bool:
    return _HEAD.match(head) is not None


FORMAT = Format(
    id="docker-local",
    title="Docker's local log driver, and its cache beside drivers that cannot be read",
    source="/var/lib/docker/containers/ID/local-logs/container.log",
    loses="nothing",
    decoder=DockerLocalDecoder,
    sniff=_sniff,
)
