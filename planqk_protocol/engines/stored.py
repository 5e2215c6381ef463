"""Docker's stored logs, read over several connections, each byte exactly once.

A log object takes what each connection sends, and gives pieces for
`ContainerOutput`: bytes of its format, and notices of what is missing. There
are two, as the Engine API sends two kinds of answers. Neither does I/O.

**Frames** (containers without a terminal). Each frame is one stored record:
with ``timestamps=1`` a stamp of nine decimals, a space, and the text, which is
a line, or 16 KiB of one (moby, daemon/server/httputils/logstream and
daemon/logger/copier.go). So nothing that a job prints can be taken for a stamp.
`Resumption` tells which records are new. They are given in the form of CRI,
which has a place for the stamp and tells whether LF ends the text.

**Plain bytes** (containers with a terminal). There are no borders of records:
a stamp in the middle of a long line could not be told from the job's own text.
So no stamps are asked for. Each connection sends the log from its beginning,
and what was given before is compared by its size and digest, and left out. So
are the frames of other engines with this API, whose stamps are coarser: those
of Podman are whole seconds (podman, pkg/api/handlers/compat/containers_logs.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from planqk_protocol.captures import CaptureNotice, NoticeKind, Stream
from planqk_protocol.captures.prefix import STAMP
from planqk_protocol.engines.resumption import Resumption

__all__ = ["FrameError", "Frames", "Piece", "PlainLog", "StampedLog"]

Piece: TypeAlias = bytes | CaptureNotice

_LF = b"\n"
_HEADER = 8
_STDOUT = (0, 1)  # 0 is stdin, which moby writes to stdout
_SYSTEM_ERROR = 3
_MOST_SHOWN = 300  # characters of what the engine says
_LONGEST = 64 * 1024 * 1024  # payload; moby's are of 16 KiB, those of other engines may hold a whole line

# Drivers whose log moby reads from its `local` format. Up to 20.10 (daemon/logger/local/read.go) it
# leaves out the LF of a line that was stored in pieces. All pieces of a line have one stamp
# (daemon/logger/copier.go), so a record with another stamp begins another line.
_DROP_LF = {"local", "awslogs", "fluentd", "gcplogs", "gelf", "splunk", "syslog", "etwlogs"}

_ROTATED = (
    "the engine no longer has what followed, as where its log was rotated meanwhile; those bytes are lost"
)
_CHANGED = (
    "the engine's log no longer begins with what was read, as where it was rotated; what follows cannot be "
    "told from what was read, and is left out"
)


class FrameError(Exception):
    """What came is no multiplexed stream."""


class Frame(NamedTuple):
    """A frame of the multiplexed stream."""

    kind: int
    payload: bytes


class Frames:
    r"""The frames of one answer of the Engine API.

    >>> frames = Frames()
    >>> list(frames.feed(b"\1\0\0\0\0\0\0\2h")), list(frames.feed(b"i"))
    ([], [Frame(kind=1, payload=b'hi')])
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = _HEADER

    @property
    def is_within(self) -> bool:
        """Whether the last frame is incomplete."""
        return bool(self._rest)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete.

        Raises:
            FrameError: These are no frames.
        """
        rest = self._rest
        rest += data
        if len(rest) < self._needed:
            return
        at = 0
        while len(rest) - at >= _HEADER:
            kind, size = rest[at], int.from_bytes(rest[at + 4 : at + _HEADER])
            if kind > _SYSTEM_ERROR or size > _LONGEST:
                raise FrameError(f"a frame of type {kind} and {size} bytes: this is no multiplexed stream")
            stop = at + _HEADER + size
            if stop > len(rest):
                break
            yield Frame(kind, bytes(rest[at + _HEADER : stop]))
            at = stop
        del rest[:at]
        self._needed = _HEADER + int.from_bytes(rest[4:_HEADER]) if len(rest) >= _HEADER else _HEADER


class StampedLog:
    r"""The log of a container without a terminal.

    Args:
        driver: The container's logging driver.

    Attributes:
        error: What the engine says that went wrong on this connection.

    >>> log = StampedLog("json-file")
    >>> log.restart()
    {'timestamps': 1}
    >>> log.feed(b"\1\0\0\0\0\0\0\x21" + b"2024-05-01T10:00:00.000000000Z hi")
    [b'2024-05-01T10:00:00.000000000Z stdout P hi\n']
    """

    capture = "cri"
    is_lost = False

    def __init__(self, driver: str) -> None:
        self._log = Resumption(has_pieces=False)
        self._frames = Frames()
        self._may_lack_lf = driver in _DROP_LF
        self._stamp = b""  # of the latest record
        self._unended = b""  # the stamp of the latest one that was given, if no LF ends it
        self._records = 0
        self._size = 0
        self.error = ""

    @property
    def is_within(self) -> bool:
        """Whether the last record is incomplete."""
        return self._frames.is_within

    @property
    def is_behind(self) -> bool:
        """Whether this connection has still to send again what was given."""
        return self._log.is_behind

    def restart(self) -> dict[str, int]:
        """A connection begins: what to ask the engine for."""
        self._frames = Frames()
        self.error = ""
        since = self._log.restart()
        return {"timestamps": 1} | ({} if since is None else {"since": since})

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes of the answer, and give what is new.

        Raises:
            FrameError: These are no frames.
        """
        pieces: list[Piece] = []
        given: list[bytes] = []
        for kind, payload in self._frames.feed(data):
            if kind == _SYSTEM_ERROR:
                self.error = payload.decode(errors="replace").strip()[:_MOST_SHOWN] or "an error"
            elif kind in _STDOUT:
                self._stamp = _stamp(payload)
                text = self._log.take(payload, ends=True)
                if self._log.is_gap:
                    pieces += self._joined(given)
                    given = []
                    pieces.append(self._notice(NoticeKind.GAP, _ROTATED))
                if text:
                    given += self._encoded(text)
        return pieces + self._joined(given)

    def close(self) -> list[Piece]:
        """The log has ended, and all of it has come."""
        self._log.close()  # records are whole, so none of them is held back
        pieces: list[Piece] = [self._notice(NoticeKind.GAP, _ROTATED)] if self._log.is_gap else []
        if self.error:
            pieces.append(self._notice(NoticeKind.SYSTEM_ERROR, f"the engine says: {self.error}"))
        return pieces

    def _encoded(self, text: bytes) -> Iterator[bytes]:
        """The records of CRI for the text of the latest record."""
        stamp = self._stamp
        if self._may_lack_lf and self._unended not in (b"", stamp):
            yield b"%b stdout F \n" % self._unended
        self._unended = b"" if text.endswith(_LF) else stamp
        *lines, rest = text.split(_LF)
        for line in lines:
            yield b"%b stdout F %b\n" % (stamp, line)
        if rest:
            yield b"%b stdout P %b\n" % (stamp, rest)

    def _joined(self, records: list[bytes]) -> list[Piece]:
        if not records:
            return []
        self._records += len(records)
        data = b"".join(records)
        self._size += len(data)
        return [data]

    def _notice(self, kind: NoticeKind, message: str) -> CaptureNotice:
        return CaptureNotice(kind, self._records + 1, self._size, message, Stream.STDOUT)


def _stamp(payload: bytes) -> bytes:
    """The stamp of a record."""
    found = STAMP.match(payload)
    if not found:
        raise FrameError("the engine sends records without time stamps, though they were asked for")
    return found[1]


class PlainLog:
    """The log of a container with a terminal, or of an engine with other stamps: see `StampedLog`.

    Args:
        capture: The format of its bytes.

    >>> log = PlainLog("raw")
    >>> log.restart(), log.feed(b"ab")
    ({}, [b'ab'])
    >>> log.restart(), log.feed(b"abc")
    ({}, [b'c'])

    Attributes:
        is_lost: Whether nothing more can be read of it.
    """

    is_within = False
    error = ""

    def __init__(self, capture: str) -> None:
        self.capture = capture
        self._size = 0
        self._digest = blake2b()
        self._behind = 0  # bytes that this connection still has to send again
        self._again = blake2b()
        self.is_lost = False

    @property
    def is_behind(self) -> bool:
        """Whether this connection has still to send again what was given."""
        return bool(self._behind)

    def restart(self) -> dict[str, int]:
        """A connection begins: what to ask the engine for."""
        self._behind = self._size
        self._again = blake2b()
        return {}

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes of the answer, and give what is new."""
        if self.is_lost:
            return []
        if self._behind:
            known, data = data[: self._behind], data[self._behind :]
            self._again.update(known)
            self._behind -= len(known)
            if not self._behind and self._again.digest() != self._digest.digest():
                return self._lose()
        if not data:
            return []
        self._digest.update(data)
        self._size += len(data)
        return [data]

    def close(self) -> list[Piece]:
        """The log has ended, and all of it has come."""
        return self._lose() if self._behind and not self.is_lost else []

    def _lose(self) -> list[Piece]:
        self.is_lost = True
        return [CaptureNotice(NoticeKind.GAP, 1, self._size, _CHANGED, Stream.STDOUT)]
