"""Docker's stored logs, read over several connections, each byte exactly once.

A log object takes what each connection sends, and returns items for
`ContainerOutput`: bytes of its format, and notices of what is missing. There
are two classes, as the Engine API sends two kinds of answers. Neither does I/O.

**Frames** (containers without a terminal). Each frame is one stored record:
with ``timestamps=1`` a stamp of nine decimals, a space, and the text (moby,
daemon/server/httputils/logstream/logstream.go, Write). The text is a line, or 16 KiB
of one (moby, daemon/logger/copier.go). The stamp always stands at the beginning of a
frame, so nothing that a job prints can be taken for a stamp. `Resumption` tells which
records are new. They are given in the form of CRI, as that has a place for the stamp
and tells whether an LF follows the text.

**Plain bytes** (containers with a terminal). Nothing marks where a record begins, so a
stamp within a long line could not be told from the job's own text. So no stamps are
asked for. Each connection sends the log from its beginning. The bytes that were given
before are compared by their size and digest, and left out. The frames of other
engines with this API are read in the same way, as their stamps are coarser: those of
Podman are whole seconds (podman, pkg/api/handlers/compat/containers_logs.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from planqk_protocol.buffer import LF
from planqk_protocol.captures import CaptureNotice, NoticeKind, StdStream
from planqk_protocol.captures.prefix_decoder import STAMP
from planqk_protocol.engines.container import OutputItem, shortened
from planqk_protocol.engines.resumption import Resumption

__all__ = ["FrameError", "Frames", "PlainLog", "StampedLog"]

# A frame's header has 8 bytes: the type, three zeros, the size of the payload (moby, api/pkg/stdcopy).
_HEADER_SIZE = 8
_STDOUT = (0, 1)  # type 0 is stdin; readers have to write it to stdout (moby, api/pkg/stdcopy)
_SYSTEM_ERROR = 3
# Bytes of a payload. Those of moby have 16 KiB; other engines may send a whole line in one frame.
_MAX_PAYLOAD = 64 * 1024 * 1024

# Drivers whose log moby reads from its `local` format: that driver itself, and drivers without a reader
# of their own, whose log moby caches in that format (daemon/logger/loggerutils/cache). Up to Docker 20.10
# the reader leaves out the LF of a line that was stored in parts (daemon/logger/local/read.go). All parts
# of a line have one stamp (daemon/logger/copier.go), so a record with another stamp begins another line.
_DRIVERS_WITHOUT_LF = {"local", "awslogs", "fluentd", "gcplogs", "gelf", "splunk", "syslog", "etwlogs"}

_ROTATED = "the engine no longer has the output that followed, so it is lost; its log may have been rotated"
_CHANGED = (
    "the engine's log no longer begins with the output that was read, as it may have been rotated; the new "
    "part of it cannot be found, and is left out"
)


class FrameError(Exception):
    """The answer is not a multiplexed stream, or its records have no time stamps."""


class Frame(NamedTuple):
    """A frame of the multiplexed stream: its type and its payload."""

    kind: int
    payload: bytes


class Frames:
    r"""Splits one answer of the Engine API into its frames.

    >>> frames = Frames()
    >>> list(frames.feed(b"\1\0\0\0\0\0\0\2h")), list(frames.feed(b"i"))
    ([], [Frame(kind=1, payload=b'hi')])
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = _HEADER_SIZE  # bytes in `_rest` before a frame can be complete

    @property
    def is_within(self) -> bool:
        """Whether the last frame is incomplete."""
        return bool(self._rest)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes, and yield the frames that they complete.

        Raises:
            FrameError: The bytes are not frames.
        """
        rest = self._rest
        rest += data
        if len(rest) < self._needed:
            return
        at = 0
        while len(rest) - at >= _HEADER_SIZE:
            kind, size = rest[at], int.from_bytes(rest[at + 4 : at + _HEADER_SIZE])
            if kind > _SYSTEM_ERROR or size > _MAX_PAYLOAD:
                raise FrameError(f"a frame of type {kind} and {size} bytes: this is no multiplexed stream")
            stop = at + _HEADER_SIZE + size
            if stop > len(rest):
                break
            yield Frame(kind, bytes(rest[at + _HEADER_SIZE : stop]))
            at = stop
        del rest[:at]
        if len(rest) >= _HEADER_SIZE:
            self._needed = _HEADER_SIZE + int.from_bytes(rest[4:_HEADER_SIZE])
        else:
            self._needed = _HEADER_SIZE


class StampedLog:
    r"""The log of a container without a terminal.

    Args:
        driver: The container's logging driver.

    Attributes:
        error: The error that the engine reported on this connection; empty if none.

    >>> log = StampedLog("json-file")
    >>> log.restart()
    {'timestamps': 1}
    >>> log.feed(b"\1\0\0\0\0\0\0\x21" + b"2024-05-01T10:00:00.000000000Z hi")
    [b'2024-05-01T10:00:00.000000000Z stdout P hi\n']
    """

    capture = "cri"
    is_lost = False

    def __init__(self, driver: str) -> None:
        self._log = Resumption(has_lines=False)
        self._frames = Frames()
        self._may_lack_lf = driver in _DRIVERS_WITHOUT_LF
        self._stamp = b""  # of the latest record
        self._unterminated = b""  # stamp of the record that was given last, if no LF ends it
        self._records = 0  # number of records of CRI that were given
        self._size = 0  # of these records, in bytes
        self.error = ""

    @property
    def is_within(self) -> bool:
        """Whether the last record is incomplete."""
        return self._frames.is_within

    @property
    def is_catching_up(self) -> bool:
        """Whether this connection still has to send again what was given."""
        return self._log.is_catching_up

    def restart(self) -> dict[str, int]:
        """Begin a connection, and return the parameters of its request."""
        self._frames = Frames()
        self.error = ""
        since = self._log.restart()
        return {"timestamps": 1} | ({} if since is None else {"since": since})

    def feed(self, data: bytes) -> list[OutputItem]:
        """Take the next bytes of the answer, and return what is new.

        Raises:
            FrameError: The bytes are not frames, or a record has no time stamp.
        """
        items: list[OutputItem] = []
        records: list[bytes] = []
        for kind, payload in self._frames.feed(data):
            if kind == _SYSTEM_ERROR:
                self.error = shortened(payload.decode(errors="replace")) or "an error"
            elif kind in _STDOUT:
                self._stamp = _stamp_of(payload)
                text = self._log.feed(payload, ends=True)
                if self._log.is_gap:
                    items += self._count_and_join(records)
                    records = []
                    items.append(self._notice(NoticeKind.GAP, _ROTATED))
                if text:
                    records += self._cri_records(text)
        return items + self._count_and_join(records)

    def close(self) -> list[OutputItem]:
        """End the log, after a connection that has sent all of it; return the notices at its end."""
        self._log.close()  # it returns no text: frames are whole, and none of them is held back
        items: list[OutputItem] = [self._notice(NoticeKind.GAP, _ROTATED)] if self._log.is_gap else []
        if self.error:
            items.append(self._notice(NoticeKind.SYSTEM_ERROR, f"the engine says: {self.error}"))
        return items

    def _cri_records(self, text: bytes) -> Iterator[bytes]:
        """The records of CRI for the text of the latest record."""
        stamp = self._stamp
        if self._may_lack_lf and self._unterminated not in (b"", stamp):
            yield b"%b stdout F \n" % self._unterminated
        self._unterminated = b"" if text.endswith(LF) else stamp
        *lines, rest = text.split(LF)
        for line in lines:
            yield b"%b stdout F %b\n" % (stamp, line)
        if rest:
            yield b"%b stdout P %b\n" % (stamp, rest)

    def _count_and_join(self, records: list[bytes]) -> list[OutputItem]:
        if not records:
            return []
        self._records += len(records)
        data = b"".join(records)
        self._size += len(data)
        return [data]

    def _notice(self, kind: NoticeKind, message: str) -> CaptureNotice:
        return CaptureNotice(kind, self._records + 1, self._size, message, StdStream.STDOUT)


def _stamp_of(payload: bytes) -> bytes:
    """The time stamp of a record."""
    found = STAMP.match(payload)
    if not found:
        raise FrameError("the engine sends records without time stamps, though they were asked for")
    return found[1]


class PlainLog:
    """The log of a container with a terminal, or of an engine whose stamps are too coarse.

    Args:
        capture: The format of its bytes.

    >>> log = PlainLog("raw")
    >>> log.restart(), log.feed(b"ab")
    ({}, [b'ab'])
    >>> log.restart(), log.feed(b"abc")
    ({}, [b'c'])

    Attributes:
        is_lost: Whether nothing more can be read of it, as its beginning has changed.
    """

    is_within = False
    error = ""

    def __init__(self, capture: str) -> None:
        self.capture = capture
        self._size = 0  # number of bytes given so far
        self._digest = blake2b()  # of these bytes
        self._to_skip = 0  # bytes that this connection still has to send again
        self._skipped = blake2b()  # digest of the bytes that it has sent again
        self.is_lost = False

    @property
    def is_catching_up(self) -> bool:
        """Whether this connection still has to send again what was given."""
        return bool(self._to_skip)

    def restart(self) -> dict[str, int]:
        """Begin a connection, and return the parameters of its request."""
        self._to_skip = self._size
        self._skipped = blake2b()
        return {}

    def feed(self, data: bytes) -> list[OutputItem]:
        """Take the next bytes of the answer, and return what is new."""
        if self.is_lost:
            return []
        if self._to_skip:
            known, data = data[: self._to_skip], data[self._to_skip :]
            self._skipped.update(known)
            self._to_skip -= len(known)
            if not self._to_skip and self._skipped.digest() != self._digest.digest():
                return self._give_up()
        if not data:
            return []
        self._digest.update(data)
        self._size += len(data)
        return [data]

    def close(self) -> list[OutputItem]:
        """End the log, after a connection that has sent all of it; return a notice if its end is lost."""
        return self._give_up() if self._to_skip and not self.is_lost else []

    def _give_up(self) -> list[OutputItem]:
        self.is_lost = True
        return [CaptureNotice(NoticeKind.GAP, 1, self._size, _CHANGED, StdStream.STDOUT)]
