"""``docker-mux``: the multiplexed stream of Docker's Engine API.

The API sends frames (moby, ``api/pkg/stdcopy/stdcopy.go``). A frame has a header of
eight bytes: the stream, three zero bytes, and the length of the payload (big-endian).
The payload follows. Frames end anywhere: a payload is neither a line nor a record.
The streams are stdin (0), stdout (1), stderr (2) and errors of the engine itself (3).

Frames have no mark at their beginning. Docker's own reader ignores the three zero
bytes. Here they are checked: nothing else tells frames from other bytes.
"""

from __future__ import annotations

import re
import struct
from operator import eq

from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import CatalogueEntry, Decoder
from planqk_protocol.excerpts import excerpt

__all__ = ["FORMAT", "DockerMuxDecoder"]

_HEADER = 8
_SYSTEM_ERROR = 3
# The streams by the first byte of a header. Docker's reader writes stdin (0) to standard output. But no
# engine sends stdin, so a NUL stands there in place of a number that is lost.
_STREAM_TYPES = (StdStream.STDOUT, StdStream.STDOUT, StdStream.STDERR, StdStream.UNKNOWN)
_STREAM_BYTES = {b"\1": StdStream.STDOUT, b"\2": StdStream.STDERR}
# Most frames hold one line: the API sends each stored record as a frame. Such frames are found in one search:
# the stream, the length and the line of each. Where no such frame stands, all that follows is matched.
_FRAMES_OF_LINES = re.compile(rb"([\1\2])\0{3}((?s:.{4}))(.*+\n)|(?s:.++)")
_BLOCK = 64 * 1024  # bytes searched at a time
_LF = ord("\n")
_NULS = re.compile(rb"\0*")
# For detection: a frame of a daemon holds a read of 32 KiB or a stored record, so it is far below 16 MiB.
_FIRST_HEADER = re.compile(rb"[\1-\3]\0{4}")
_NEXT_HEADER = re.compile(rb"(?:[\0-\3](?:\0{0,3}|\0{4}[\0-\xff]{0,3}))?")
_MOST_KEPT = 300  # bytes of an error of the engine


class DockerMuxDecoder(Decoder):
    """Decodes the multiplexed stream that the API sends for attach and for logs."""

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._begin_file()

    def _begin_file(self) -> None:
        self._header = b""  # of a frame, while it is incomplete
        self._left = 0  # bytes of the payload still to come
        self._type = 0
        self._error = b""  # the engine's error in the current frame
        self._start = 0  # offset of the current frame
        self._in_nuls = False  # after a header of NULs, up to the next frame
        self._is_unframed = False  # after bytes that are no header, all is given as unknown
        self._in_doubt = False  # whether headers from here on may be text of the job

    def _decode(self, data: bytes) -> None:
        at, size = 0, len(data)
        while at < size:
            if self._is_unframed:
                self._emit(StdStream.UNKNOWN, data[at:], suspect=True)
                at = size
            elif self._in_nuls:
                at = self._skip_nuls(data, at)
            elif self._left:
                stop = min(size, at + self._left)
                self._decode_payload(data[at:stop])
                at = stop
            elif not self._header and (stop := self._decode_frames(data, at)) > at:
                at = stop
            else:
                stop = at + _HEADER - len(self._header)
                self._header += data[at:stop]
                at = min(size, stop)
                if len(self._header) == _HEADER or self._header[0] > _SYSTEM_ERROR:
                    self._begin_frame()

    def _decode_frames(self, data: bytes, at: int) -> int:
        """Decode whole frames of stdout and stderr with a line each; return where the first other one begins.

        A search tries the rest of its block for an LF. So it begins only at a frame that ends with one.
        """
        first_stop = at + _HEADER + int.from_bytes(data[at + 4 : at + _HEADER])
        if not at + _HEADER < first_stop <= len(data) or data[first_stop - 1] != _LF:
            return at
        found = _FRAMES_OF_LINES.findall(data, at, max(first_stop, at + _BLOCK))
        if not found[-1][0]:
            found.pop()  # what is no such frame
        lengths = [len(text) for _, _, text in found]
        sizes: tuple[int, ...] = struct.unpack(f">{len(found)}I", b"".join([size for _, size, _ in found]))
        count = [*map(eq, sizes, lengths), False].index(False)  # a line of another length is no frame
        if self._only_stream:
            ours = [text for name, _, text in found[:count] if _STREAM_BYTES[name] is self._only_stream]
            self._emit(self._only_stream, b"".join(ours), suspect=self._in_doubt)
        else:
            for name, _, text in found[:count]:
                self._emit(_STREAM_BYTES[name], text, suspect=self._in_doubt)
        size = _HEADER * count + sum(sizes[:count])
        self._record += count
        self._offset += size
        return at + size

    def _begin_frame(self) -> None:
        """Read the header of a frame, or give a notice if the bytes are not a header."""
        header, self._header = self._header, b""
        self._start = self._offset
        self._record += 1
        self._type = header[0]
        if self._type > _SYSTEM_ERROR or any(header[1:4]):
            self._is_unframed = True
            found = header[:1] if self._type > _SYSTEM_ERROR else header[:4]
            message = (
                f"{excerpt(found)} where a frame should begin: this is no multiplexed stream, or some bytes "
                "are missing; the rest is left out, as its stream is not known (of a container with a TTY, "
                "the log is raw)"
            )
            self._notice(NoticeKind.BAD_STREAM_TYPE, message)
            self._emit(StdStream.UNKNOWN, header, suspect=True)
            return
        if not self._type:
            self._notice_nuls("frames" if not any(header) else "a frame's stream")
            self._in_nuls = not any(header)
            self._in_doubt = True
        self._offset += _HEADER
        self._left = int.from_bytes(header[4:])
        if self._type == _SYSTEM_ERROR and not self._left:
            self._report_error()

    def _skip_nuls(self, data: bytes, at: int) -> int:
        """Skip NULs up to the next frame. A frame does not begin with NUL, as the engine sends no stdin.

        Text can look like a frame, and a wrong length leads to the next wrong
        frame. So everything from here on is in doubt.
        """
        nuls = _NULS.match(data, at)
        end = nuls.end() if nuls else at
        self._offset += end - at
        self._in_nuls = end == len(data)
        return end

    def _decode_payload(self, payload: bytes) -> None:
        """Give bytes of a frame, or collect them if they are an error of the engine."""
        self._offset += len(payload)
        self._left -= len(payload)
        if self._type != _SYSTEM_ERROR:
            self._emit(_STREAM_TYPES[self._type], payload, suspect=self._in_doubt)
            return
        self._error = (self._error + payload)[:_MOST_KEPT]
        if not self._left:
            self._report_error()

    def _report_error(self) -> None:
        """Give a notice with the error of the engine."""
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
            self._notice(NoticeKind.TRUNCATED, message, offset=self._start, stream=_STREAM_TYPES[self._type])
        self._begin_file()


def _sniff(head: bytes) -> bool:
    if len(head) < _HEADER or not _FIRST_HEADER.match(head):
        return False
    end = _HEADER + int.from_bytes(head[4:_HEADER])
    return _NEXT_HEADER.fullmatch(head[end : end + _HEADER]) is not None


FORMAT = CatalogueEntry(
    id="docker-mux",
    title="the multiplexed stream of Docker's Engine API",
    source="curl --unix-socket /var/run/docker.sock 'http://localhost/containers/CONTAINER/logs?stdout=1&stderr=1'",
    loses="nothing; for a container with a TTY, the API sends raw instead",
    decoder=DockerMuxDecoder,
    sniff=_sniff,
)
