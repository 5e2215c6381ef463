r"""``cri``: the log files of Kubernetes (containerd, CRI-O) and of Podman.

A record is ``TIME STREAM TAG CONTENT\n``; tag ``F`` ends a line with it, tag
``P`` does not. The content is the container's own bytes, whatever they are.
"""

from __future__ import annotations

import re

from planqk_protocol.captures.format import Format
from planqk_protocol.captures.lines import LineDecoder
from planqk_protocol.captures.output import Chunk, NoticeKind, Pieces, Stream

__all__ = ["FORMAT", "CriDecoder"]

_LF = b"\n"
_TIME = rb"\d{4}-\d\d-\d\dT[\d:.+Z-]{9,26}"
_RECORD = re.compile(rb"(%b) (\S+) ([FP])(?::\S*)? " % _TIME)
_LINES_OF_STDOUT = re.compile(rb"\n(%b) stdout F " % _TIME)
_RECORDS = re.compile(rb"\n(%b) (stdout|stderr) ([FP])(?::[^\s]*)? " % _TIME)
_AFTER_NULS = re.compile(rb"(?<!\0)\0++(?=%b std(?:out|err) [FP][ :])" % _TIME)
_LOST_HEAD = re.compile(rb"(?=%b std(?:out|err) [FP][ :])" % _TIME)
_STREAMS = {b"stdout": Stream.STDOUT, b"stderr": Stream.STDERR}


class CriDecoder(LineDecoder):
    """Decodes the files of the container runtime interface."""

    max_record = 64 * 1024 * 1024  # containerd can be told not to split lines

    def _block(self, block: bytes) -> None:
        if b"\0" in block or not self._decode_healthy(block):
            super()._block(block)

    def _decode_healthy(self, block: bytes) -> bool:
        """Decode a block in which every line is a record; else do nothing."""
        framed = _LF + block[:-1]
        count = block.count(_LF)
        parts = _LINES_OF_STDOUT.split(framed)
        if len(parts) == 2 * count + 1 and not parts[0]:
            times, texts = parts[1::2], parts[2::2]
            data = _LF.join(texts) + _LF
            self._emit_chunk(Chunk(Stream.STDOUT, data, records=Pieces(texts, times, extra=1)))
        else:
            parts = _RECORDS.split(framed)
            if len(parts) != 4 * count + 1 or parts[0]:
                return False
            for time, stream, tag, text in zip(
                parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True
            ):
                self._emit(_STREAMS[stream], text + _LF if tag == b"F" else text, time)
        self._record += count
        self._offset += len(block)
        return True

    def _line(self, line: bytes, end: bytes) -> None:
        at = 0
        while at < len(line):
            at = self._pass_nuls(line, at)
            record = _RECORD.match(line, at)
            if not record:
                at = self._pass_damage(line, at, at_end=not end)
                continue
            torn = _AFTER_NULS.search(line, record.end())
            stop = torn.start() if torn else len(line)
            content = line[record.end() : stop]
            self._take_record(record, content, at_end=not end, is_torn=torn is not None)
            at = stop

    def _take_record(self, record: re.Match[bytes], content: bytes, *, at_end: bool, is_torn: bool) -> None:
        self._record += 1
        offset = self._offset + record.start()
        time, name, tag = record.groups()
        stream = _STREAMS.get(name, Stream.UNKNOWN)
        concerned = None if name == b"stdin" else stream  # any other name may be a damaged stdout
        if stream is Stream.UNKNOWN:
            message = f"the record's stream is {name.decode(errors='replace')!r}, neither stdout nor stderr"
            self._notice(NoticeKind.UNKNOWN_STREAM, message, offset=offset, stream=concerned)
        if not (is_torn or at_end):
            self._emit(stream, content + _LF if tag == b"F" else content, time)
            return
        self._emit(stream, content, time, suspect=True)
        kind = NoticeKind.TORN if is_torn else NoticeKind.TRUNCATED
        message = "the record breaks off; what it holds is given, without the end of its line"
        self._notice(kind, message, offset=offset, stream=concerned)

    def _pass_nuls(self, line: bytes, at: int) -> int:
        end = at
        while end < len(line) and line[end] == 0:
            end += 1
        if end > at:
            message = "NUL bytes in place of records, as a power loss leaves them; what stood there is lost"
            self._notice(NoticeKind.NUL_RUN, message, offset=self._offset + at, record=self._record + 1)
        return end

    def _pass_damage(self, line: bytes, at: int, *, at_end: bool) -> int:
        """Pass what is no record, up to where one begins in the line."""
        following = _LOST_HEAD.search(line, at + 1)
        stop = following.start() if following else len(line)
        if at == stop:
            return stop
        self._record += 1
        if at_end and not following:
            kind, message = NoticeKind.TRUNCATED, "the record breaks off before its text"
        else:
            kind, message = NoticeKind.CORRUPT, "not a record; left out, up to the next one"
        self._notice(kind, message, offset=self._offset + at)
        return stop


_HEAD = re.compile(rb"\0*%b std(?:out|err) [FP][ :]" % _TIME)


def _sniff(head: bytes) -> bool:
    return _HEAD.match(head) is not None


FORMAT = Format(
    id="cri",
    title="log files of Kubernetes (containerd, CRI-O) and of Podman's k8s-file driver",
    source="/var/log/pods/…/CONTAINER/N.log; podman run --log-driver k8s-file --log-opt path=FILE IMAGE",
    loses="with containerd one CR before each LF; nothing else",
    decoder=CriDecoder,
    sniff=_sniff,
)
