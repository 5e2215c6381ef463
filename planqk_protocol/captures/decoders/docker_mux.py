"""``docker-mux``: the frames of Docker's Engine API.

A frame is one byte for the stream, three that are 0, the length of the payload
in four (big-endian), and the payload (moby, api/pkg/stdcopy). Frames are cut
anywhere. Docker's own reader does not look at the three; here they are what
there is to tell a frame from other bytes.
"""

from __future__ import annotations

import re

from planqk_protocol.captures.base import Decoder
from planqk_protocol.captures.bounds import shown
from planqk_protocol.captures.format import Format
from planqk_protocol.captures.output import NoticeKind, Stream

__all__ = ["FORMAT", "DockerMuxDecoder"]

_HEADER = 8
_SYSTEM_ERROR = 3
# 0 is stdin, which Docker's reader gives as stdout. But no engine sends it, so a NUL stands there in place of
# a number that is lost.
_STREAMS = (Stream.STDOUT, Stream.STDOUT, Stream.STDERR, Stream.UNKNOWN)
_NULS = re.compile(rb"\0*")
# As detection looks at frames: that of a daemon is a read of 32 KiB or a stored record, and far from 16 MiB.
_FIRST_HEADER = re.compile(rb"[\1-\3]\0{4}")
_NEXT_HEADER = re.compile(rb"(?:[\0-\3](?:\0{0,3}|\0{4}[\0-\xff]{0,3}))?")
_MOST_SHOWN = 300  # of a system error, in bytes


class DockerMuxDecoder(Decoder):
    """Decodes the multiplexed stream of attach and logs."""

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._begin_file()

    def _begin_file(self) -> None:
        self._header = b""  # of a frame, while it is incomplete
        self._left = 0  # bytes of the payload still to come
        self._type = 0
        self._error = b""  # what the engine says in the current frame
        self._start = 0  # offset of the current frame
        self._in_nuls = False  # behind a header of NULs, up to the next frame
        self._lost = False  # past a header that is none
        self._in_doubt = False  # what is taken for headers may be text

    def _decode(self, data: bytes) -> None:
        at, size = 0, len(data)
        while at < size:
            if self._lost:
                self._emit(Stream.UNKNOWN, data[at:], suspect=True)
                at = size
            elif self._in_nuls:
                at = self._pass_nuls(data, at)
            elif self._left:
                stop = min(size, at + self._left)
                self._take_payload(data[at:stop])
                at = stop
            else:
                stop = at + _HEADER - len(self._header)
                self._header += data[at:stop]
                at = min(size, stop)
                if len(self._header) == _HEADER or self._header[0] > _SYSTEM_ERROR:
                    self._begin_frame()

    def _begin_frame(self) -> None:
        header, self._header = self._header, b""
        self._start = self._offset
        self._record += 1
        self._type = header[0]
        if self._type > _SYSTEM_ERROR or any(header[1:4]):
            self._lost = True
            found = header[:1] if self._type > _SYSTEM_ERROR else header[:4]
            message = (
                f"{shown(found)} where a frame should begin: this is no multiplexed stream, or bytes of it "
                "are missing; the rest is given as unknown (of a container with a TTY, the API gives raw)"
            )
            self._notice(NoticeKind.BAD_STREAM_TYPE, message)
            self._emit(Stream.UNKNOWN, header, suspect=True)
            return
        if not self._type:
            self._notice_nuls("frames" if not any(header) else "a frame's stream")
            self._in_nuls = not any(header)
            self._in_doubt = True
        self._offset += _HEADER
        self._left = int.from_bytes(header[4:])
        if self._type == _SYSTEM_ERROR and not self._left:
            self._report_error()

    def _pass_nuls(self, data: bytes, at: int) -> int:
        """Pass NULs up to the next frame, which begins with another byte, as the engine sends no stdin.

        Nothing tells a frame from text that looks like one, and a length that is
        wrong leads to the next. So all that follows is in doubt.
        """
        nuls = _NULS.match(data, at)
        end = nuls.end() if nuls else at
        self._offset += end - at
        self._in_nuls = end == len(data)
        return end

    def _take_payload(self, payload: bytes) -> None:
        self._offset += len(payload)
        self._left -= len(payload)
        if self._type != _SYSTEM_ERROR:
            self._emit(_STREAMS[self._type], payload, suspect=self._in_doubt)
            return
        self._error = (self._error + payload)[:_MOST_SHOWN]
        if not self._left:
            self._report_error()

    def _report_error(self) -> None:
        text, self._error = self._error.decode(errors="replace").strip(), b""
        message = f"the engine says: {text}" if text else "the engine reports an error, but not which"
        self._notice(NoticeKind.SYSTEM_ERROR, message, offset=self._start)

    def _end(self) -> None:
        if self._left and self._type == _SYSTEM_ERROR:
            self._report_error()
        if self._header:
            self._record += 1
            self._notice(NoticeKind.TRUNCATED, "the capture ends within the header of a frame")
        if self._left:
            message = f"the capture ends within a frame, of which {self._left} bytes are missing"
            self._notice(NoticeKind.TRUNCATED, message, offset=self._start, stream=_STREAMS[self._type])
        self._begin_file()


def _sniff(head: bytes) -> bool:
    if len(head) < _HEADER or not _FIRST_HEADER.match(head):
        return False
    behind = _HEADER + int.from_bytes(head[4:_HEADER])
    return _NEXT_HEADER.fullmatch(head[behind : behind + _HEADER]) is not None


FORMAT = Format(
    id="docker-mux",
    title="the multiplexed stream of Docker's Engine API",
    source="curl --unix-socket /var/run/docker.sock 'http://localhost/containers/CONTAINER/logs?stdout=1&stderr=1'",
    loses="nothing; of a container with a TTY the API gives raw",
    decoder=DockerMuxDecoder,
    sniff=_sniff,
    rank=1,
)
