r"""``cri``: the log files of Kubernetes (containerd, CRI-O) and of Podman.

A record is ``TIME STREAM TAG TEXT\n``. The *header* is everything before the text.
Tag ``F`` means that the text ends a line of the container, tag ``P`` that it does
not. The time is RFC 3339: containerd writes its local zone and leaves out trailing
zeros, conmon writes nine decimals and a numeric offset.

The text is the container's own bytes, whatever they are: containerd
(``internal/cri/io/logger.go``) and conmon (``src/ctr_logging.c``, for CRI-O and
Podman) escape nothing. They cut the output at LF, so a text holds no LF. They also
split lines: containerd every 16 KiB (``max_container_log_line_size``), conmon after
each read of up to 8 KiB. containerd drops one CR before each LF.

The module follows two rules. Everything else in it is there for speed.

*An LF ends a record, and nothing else does.* All bytes between a header and its LF
are text of the stream that the header names. A job can print any bytes on a stream,
NULs and headers of records included. If a record could begin inside a text, a job
that quotes a record on standard error would forge a result on standard output.

*A header stands at the beginning of a line. If other bytes stand there, the capture
is damaged.* NULs come from a power loss, which left a block of the disk unwritten.
Any other bytes are what remains of a damaged header. The decoder then searches the
line for the next header. What it finds may be a record, or text of the job that
looks like one, so it is given as ``suspect``.

One kind of damage cannot be seen. If a write broke off inside a text, as on a full
disk, the next record stands on the same line, and is given as text of the record
before. Nothing in the line proves that: a job can print a header with a later time,
or NULs before a header. If the decoder gave a notice for it, text that a job quotes
could make good results suspect. The damage stays within the line. The line begins
with the text that broke off, so no marker appears, and a payload with a header
inside is hardly ever JSON.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from itertools import accumulate, groupby

from planqk_protocol.buffer import LF
from planqk_protocol.captures.chunks import Chunk, NoticeKind, StampedRecords, StdStream
from planqk_protocol.captures.decoding import STREAMS, CatalogueEntry
from planqk_protocol.captures.line_decoder import NUL, LineDecoder
from planqk_protocol.captures.sniffing import after_filler

__all__ = ["FORMAT", "CriDecoder"]

_ENDS = {b"F": LF, b"P": b""}

_DATE = rb"\d{4}-\d\d-\d\dT"
_TIME = _DATE + rb"[0-9:.+Z-]{9,26}"
# At the beginning of a line, the header of a record may name any stream; a notice says if it is neither
# stdout nor stderr. A search in damage and `detect` need surer evidence, so they accept these two only.
_HEADER = re.compile(rb"(%b) (\S+) ([FP])(?::\S*)? " % _TIME)
_SURE_HEADER = re.compile(rb"(%b) (stdout|stderr) ([FP])(?::\S*)? " % _TIME)

_BEFORE_DAMAGE = re.compile(rb"\n(?!%b|\Z)" % _SURE_HEADER.pattern)
_RECORD_OF_BLOCK = re.compile(rb"\n%b" % _SURE_HEADER.pattern)
_OTHER_NAME = {StdStream.STDOUT: b"stderr", StdStream.STDERR: b"stdout"}
_LARGE_BLOCK = 16 * 1024  # bytes: decoding so many takes longer than compiling an expression for their date
_DATE_OF_BLOCK = re.compile(_DATE)
_ANY_DATE = b"1970-01-01T"


@lru_cache(32)
def _texts_of(stream: StdStream, date: bytes, *, has_pieces: bool) -> re.Pattern[bytes]:
    """The expression that finds the texts of one stream in a block.

    It matches every record of both streams, and captures the text of those of `stream`. Where no
    record stands, it matches all that follows, and captures nothing.

    Args:
        stream: The stream whose texts are captured.
        date: The date of the records, with the T after it, as a regular expression.
            If it has no wildcards, a record takes an eighth less time.
        has_pieces: Whether a second group captures the text of pieces of lines, and
            tags may have more than one letter.
    """
    text = rb"(?:F(?::\S*+)? (.*+\n)|P(?::\S*+)? (.*+)\n)" if has_pieces else rb"F (.*+\n)"
    return re.compile(
        rb"%b[0-9:.+Z-]{9,26}+ (?:%b %b|%b [FP](?::\S*+)? .*+\n)|(?s:.++)"
        % (date, stream.value.encode(), text, _OTHER_NAME[stream])
    )


class _RecordsOfBlock:
    """The records of one stream in a block. They are parsed again, but only if their times are asked for."""

    def __init__(self, block: bytes, stream: StdStream) -> None:
        self._block = block
        self._stream = stream

    def ends(self) -> list[int]:
        return list(accumulate(size for size, _ in self._sizes_and_times))

    def times(self) -> list[str]:
        return [time.decode() for _, time in self._sizes_and_times]

    def time_span(self) -> tuple[str, str]:
        ends = self._block[: self._block.find(LF)], self._block[self._block.rfind(LF, 0, -1) + 1 :]
        (first, of_first, _), (last, of_last, _) = (line.split(b" ", 2) for line in ends)
        if STREAMS[of_first] is STREAMS[of_last] is self._stream:
            return first.decode(), last.decode()
        times = self.times()
        return times[0], times[-1]

    @cached_property
    def _sizes_and_times(self) -> list[tuple[int, bytes]]:
        parts = _RECORD_OF_BLOCK.split(LF + self._block[:-1])
        records = zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True)
        return [
            (len(text) + len(_ENDS[tag]), time)
            for time, name, tag, text in records
            if STREAMS[name] is self._stream
        ]


class CriDecoder(LineDecoder):
    """Decodes log files of the Container Runtime Interface (CRI)."""

    max_record = 64 * 1024 * 1024  # an option of containerd turns off the splitting of lines

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._has_pieces = False  # whether a block had pieces of lines; then later blocks may have some, too

    def _decode_block(self, block: bytes) -> None:
        if self._decode_healthy(block):
            return
        at = 0
        while at < len(block):
            damaged = _damaged_line(block, at)
            if damaged > at:
                self._decode_healthy(block[at:damaged])
            at = block.find(LF, damaged) + 1 or len(block)
            super()._decode_block(block[damaged:at])

    def _decode_healthy(self, block: bytes) -> bool:
        """Decode a block if every line is a record of stdout or stderr; return whether it was decoded."""
        if self._only_stream or b" stderr " not in block:
            count = self._decode_one_stream(block, self._only_stream or StdStream.STDOUT)
        else:
            count = self._decode_both_streams(block)
        if count:
            self._record += count
            self._offset += len(block)
        return count > 0

    def _decode_one_stream(self, block: bytes, stream: StdStream) -> int:
        """Decode one stream of a healthy block; return the number of all records, 0 for a damaged block."""
        match = _DATE_OF_BLOCK.match(block) if len(block) >= _LARGE_BLOCK else None
        date = match[0] if match else None
        ways = [(date, self._has_pieces), (None, self._has_pieces), (None, True)]
        for date_of_all, has_pieces in dict.fromkeys(ways):
            texts = _texts(block, stream, date_of_all, has_pieces=has_pieces)
            if texts is not None:
                self._has_pieces = has_pieces  # once there were pieces, blocks are searched for them at once
                self._emit_chunk(Chunk(stream, b"".join(texts), records=_RecordsOfBlock(block, stream)))
                return len(texts)
        return 0

    def _decode_both_streams(self, block: bytes) -> int:
        """Decode a healthy block; return the number of records, 0 for a damaged block."""
        before, *parts = _RECORD_OF_BLOCK.split(LF + block[:-1])
        count = len(parts) // 4
        if before or count != block.count(LF):
            return 0
        times = parts[0::4]
        texts = list(map(bytes.__add__, parts[3::4], map(_ENDS.__getitem__, parts[2::4])))
        start = 0
        for name, run in groupby(parts[1::4]):
            stop = start + len(list(run))
            records = StampedRecords(texts[start:stop], times[start:stop])
            self._emit_chunk(Chunk(STREAMS[name], b"".join(records.texts), records=records))
            start = stop
        return count

    def _decode_line(self, line: bytes, end: bytes) -> None:
        if not line:
            self._record += 1
            self._notice(NoticeKind.CORRUPT, "an empty line, which is no record; left out")
            return
        start = self._skip_nuls(line)
        record = _HEADER.match(line, start)
        if not record and start < len(line):
            record = self._skip_damage(line, start, at_end=not end)
        if record:
            self._emit_record(record, line[record.end() :], at_end=not end, is_from_search=record.start() > 0)

    def _emit_record(
        self, record: re.Match[bytes], text: bytes, *, at_end: bool, is_from_search: bool
    ) -> None:
        """Give the text of a record, with a notice if the record breaks off."""
        self._record += 1
        offset = self._offset + record.start()
        time, name, tag = record.groups()
        is_stdin = name == b"stdin"  # any other unknown name may be a damaged stdout
        stream = self._stream_named(name, offset=offset, concerns=None if is_stdin else StdStream.UNKNOWN)
        self._emit(stream, text if at_end else text + _ENDS[tag], time, suspect=at_end or is_from_search)
        if at_end:
            message = "the record breaks off; what it holds is given, without the end of its line"
            self._notice(NoticeKind.TRUNCATED, message, offset=offset, stream=None if is_stdin else stream)

    def _skip_nuls(self, line: bytes) -> int:
        """Skip NULs at the beginning of a line, and return their number."""
        nuls = len(line) - len(line.lstrip(NUL))
        if nuls:
            self._notice_nuls(record=self._record + 1)
        return nuls

    def _skip_damage(self, line: bytes, at: int, *, at_end: bool) -> re.Match[bytes] | None:
        """Skip damage within a line, and find the record after it, if there is one."""
        self._record += 1
        record = _SURE_HEADER.search(line, at)
        if at_end and not record:
            kind, message = NoticeKind.TRUNCATED, "the record breaks off before its text"
        else:
            kind, message = NoticeKind.CORRUPT, "not a record; left out, up to the next one"
        self._notice(kind, message, offset=self._offset + at)
        return record


def _texts(block: bytes, stream: StdStream, date: bytes | None, *, has_pieces: bool) -> list[bytes] | None:
    """The texts of the records of one stream in a block, and empty ones for the other records.

    A record with the text LF is put after the block. If it comes back, every line
    before it is a record: see `_texts_of`. So the lines need not be counted.

    Args:
        block: Whole lines.
        stream: The stream.
        date: The date of all records; ``None`` if it is not known.
        has_pieces: Whether the block may have pieces of lines.

    Returns:
        The texts; ``None`` if not all lines are such records.
    """
    shape = _texts_of(stream, date or _DATE, has_pieces=has_pieces)
    last = (date or _ANY_DATE) + b"00:00:00Z %b F \n" % stream.value.encode()
    found = shape.findall(block + last)
    texts = [line or piece for line, piece in found] if has_pieces else found
    return texts if texts.pop() else None


def _damaged_line(block: bytes, at: int) -> int:
    """Offset of the first line from `at` on that is not a record; the end if all lines are records."""
    if not _SURE_HEADER.match(block, at):
        return at
    found = _BEFORE_DAMAGE.search(block, at)
    return found.end() if found else len(block)


def _sniff(head: bytes) -> bool:
    return _SURE_HEADER.match(after_filler(head)) is not None


FORMAT = CatalogueEntry(
    id="cri",
    title="log files of Kubernetes (containerd, CRI-O) and of Podman's k8s-file driver",
    source="/var/log/pods/…/CONTAINER/N.log; podman run --log-driver k8s-file --log-opt path=FILE IMAGE",
    loses="one CR before each LF, with containerd; nothing else",
    decoder=CriDecoder,
    sniff=_sniff,
)
