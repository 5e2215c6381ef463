r"""``cri``: the log files of Kubernetes (containerd, CRI-O) and of Podman.

A record is ``TIME STREAM TAG CONTENT\n``; tag ``F`` ends a line with it, tag
``P`` does not. The content is the container's own bytes, whatever they are.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import accumulate, chain, groupby

from planqk_protocol.captures.format import Format
from planqk_protocol.captures.head import behind_filler
from planqk_protocol.captures.lines import LineDecoder
from planqk_protocol.captures.output import Chunk, NoticeKind, Pieces, Stream
from planqk_protocol.captures.stamps import nanoseconds

__all__ = ["FORMAT", "CriDecoder"]

_LF = b"\n"
_STREAMS = {b"stdout": Stream.STDOUT, b"stderr": Stream.STDERR}
_ENDS = {b"F": _LF, b"P": b""}

_TIME = rb"\d{4}-\d\d-\d\dT[0-9:.+Z-]{9,26}"
_RECORD = re.compile(rb"(%b) (\S+) ([FP])(?::\S*)? " % _TIME)
_NULS = re.compile(rb"\0++")
_AFTER_NULS = re.compile(rb"(?<!\0)\0++(?=%b std(?:out|err) [FP][ :])" % _TIME)
_LOST_HEAD = re.compile(rb"(?=%b std(?:out|err) [FP][ :])" % _TIME)
_HEAD_WITHIN = re.compile(rb"(%b) (std(?:out|err)) [FP][ :]" % _TIME)

# Of whole blocks. Beside the records of one stream, those of the other match with an empty text.
_STREAM_AND_TAG = re.compile(rb" std(?:out|err) [FP][ :]")
_RECORD_OF_BLOCK = re.compile(rb"\n(%b) (stdout|stderr) ([FP])(?::\S*)? " % _TIME)
_OTHERS = {Stream.STDOUT: b"stderr", Stream.STDERR: b"stdout"}
_LINES = {
    stream: re.compile(
        rb"(?m)^%b (?:%b F (.*\n)|%b [FP](?::\S*)? .*\n)" % (_TIME, stream.value.encode(), other)
    )
    for stream, other in _OTHERS.items()
}
_LINES_AND_PIECES = {
    stream: re.compile(
        rb"(?m)^%b (?:%b (?:F(?::\S*)? (.*\n)|P(?::\S*)? (.*)\n)|%b [FP](?::\S*)? .*\n)"
        % (_TIME, stream.value.encode(), other)
    )
    for stream, other in _OTHERS.items()
}


class _Records:
    """The records of one stream in a block, taken apart once more when their times are asked for."""

    def __init__(self, block: bytes, stream: Stream) -> None:
        self._block = block
        self._stream = stream

    def ends(self) -> list[int]:
        return list(accumulate(size for size, _ in self._sizes_and_times))

    def times(self) -> list[str]:
        return [time.decode() for _, time in self._sizes_and_times]

    @cached_property
    def _sizes_and_times(self) -> list[tuple[int, bytes]]:
        parts = _RECORD_OF_BLOCK.split(_LF + self._block[:-1])
        records = zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True)
        return [
            (len(text) + len(_ENDS[tag]), time)
            for time, name, tag, text in records
            if _STREAMS[name] is self._stream
        ]


class CriDecoder(LineDecoder):
    """Decodes the files of the container runtime interface."""

    max_record = 64 * 1024 * 1024  # containerd can be told not to split lines

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._has_pieces = False

    def _block(self, block: bytes) -> None:
        if b"\0" in block or not self._decode_healthy(block):
            super()._block(block)

    def _decode_healthy(self, block: bytes) -> bool:
        """Decode a block in which every line is a record, and no other one stands in it; else do nothing."""
        count = block.count(_LF)
        if block.count(b" std") != count and len(_STREAM_AND_TAG.findall(block)) != count:
            return False
        if self._only or b" stderr " not in block:
            is_healthy = self._decode_one(block, count, self._only or Stream.STDOUT)
        else:
            is_healthy = self._decode_both(block, count)
        if is_healthy:
            self._record += count
            self._offset += len(block)
        return is_healthy

    def _decode_one(self, block: bytes, count: int, stream: Stream) -> bool:
        texts = [] if self._has_pieces else _LINES[stream].findall(block)
        if len(texts) != count:
            pairs = _LINES_AND_PIECES[stream].findall(block)
            if len(pairs) != count:
                return False
            self._has_pieces = True  # so they are looked for at once in the next block
            texts = list(chain.from_iterable(pairs))
        self._emit_chunk(Chunk(stream, b"".join(texts), records=_Records(block, stream)))
        return True

    def _decode_both(self, block: bytes, count: int) -> bool:
        before, *parts = _RECORD_OF_BLOCK.split(_LF + block[:-1])
        if before or len(parts) != 4 * count:
            return False
        times = parts[0::4]
        texts = list(map(bytes.__add__, parts[3::4], map(_ENDS.__getitem__, parts[2::4])))
        start = 0
        for name, run in groupby(parts[1::4]):
            stop = start + len(list(run))
            records = Pieces(texts[start:stop], times[start:stop])
            self._emit_chunk(Chunk(_STREAMS[name], b"".join(records.pieces), records=records))
            start = stop
        return True

    def _line(self, line: bytes, end: bytes) -> None:
        if not line:
            self._record += 1
            self._notice(NoticeKind.CORRUPT, "an empty line, which is no record; left out")
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
        breaks_off = is_torn or at_end
        within = _later_record(time, content)
        end = b"" if breaks_off else _ENDS[tag]
        self._emit(stream, content + end, time, suspect=breaks_off or within is not None)
        if within:
            message = (
                "a later record stands in the text of this one, as where writing it broke off, or the "
                "container printed it so; the text is given as it is"
            )
            concerned_too = concerned if within == name else Stream.UNKNOWN
            self._notice(NoticeKind.TORN, message, offset=offset, stream=concerned_too)
        if breaks_off:
            kind = NoticeKind.TORN if is_torn else NoticeKind.TRUNCATED
            message = "the record breaks off; what it holds is given, without the end of its line"
            self._notice(kind, message, offset=offset, stream=concerned)

    def _pass_nuls(self, line: bytes, at: int) -> int:
        nuls = _NULS.match(line, at)
        end = nuls.end() if nuls else at
        if end > at:
            self._notice_nuls(offset=self._offset + at, record=self._record + 1)
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


def _later_record(time: bytes, content: bytes) -> bytes | None:
    """The stream of the first record in a text that was written after the text's own one.

    What a container quotes was written before.
    """
    own = nanoseconds(time.decode())
    for match in _HEAD_WITHIN.finditer(content):
        other = nanoseconds(match[1].decode())
        if own is not None and other is not None and own < other:
            return match[2]
    return None


def _sniff(head: bytes) -> bool:
    return _LOST_HEAD.match(behind_filler(head)) is not None


FORMAT = Format(
    id="cri",
    title="log files of Kubernetes (containerd, CRI-O) and of Podman's k8s-file driver",
    source="/var/log/pods/…/CONTAINER/N.log; podman run --log-driver k8s-file --log-opt path=FILE IMAGE",
    loses="with containerd one CR before each LF; nothing else",
    decoder=CriDecoder,
    sniff=_sniff,
)
