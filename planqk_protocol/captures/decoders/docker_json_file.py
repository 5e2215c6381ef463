r"""``docker-json-file``: Docker's default log driver, one JSON object per line.

A record is ``{"log":"…","stream":"stdout","time":"…"}``, its ``log`` at most
16 KiB of a line. A line is complete where ``log`` ends in LF, so plain
concatenation gives the stream back. All pieces of a line bear the same time.

Blocks of records are decoded whole. Records in pieces, and those with a
replacement character, are then taken one at a time. Of a block with damage, the
halves are tried, and so on; what is left is taken line by line.

A line that is no proper record may hold several: a write broke off, and the
next record was appended. No text of a container holds ``{"log":"``, as quotes
are escaped in JSON. But a label of that name does, so what this search finds is
``suspect``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from planqk_protocol.captures.bounds import is_too_deep, shown
from planqk_protocol.captures.format import Format
from planqk_protocol.captures.head import behind_filler, first_object
from planqk_protocol.captures.json_records import (
    KEYS,
    Part,
    Record,
    object_at,
    record_of,
    records_of,
    stamp,
)
from planqk_protocol.captures.lines import LineDecoder
from planqk_protocol.captures.output import Chunk, NoticeKind, Stream
from planqk_protocol.captures.text import REPLACEMENT, decode, encode
from planqk_protocol.limits import MAX_DEPTH

__all__ = ["FORMAT", "DockerJsonFileDecoder"]

_LF = b"\n"
_STREAMS: dict[str | None, Stream] = {"stdout": Stream.STDOUT, "stderr": Stream.STDERR}

_unescape = json.JSONDecoder(strict=False).decode
_WHITE = re.compile(r"[ \t\r\n]*")
_HEAD = '{"log":"'
_HEADS = re.compile(r'(?=\{"log":")')
_BEHIND_FAULT = re.compile(r'\n|(?=\{"log":")')
_MANY_LINES = 100  # of one record; a shorter one, as where a program has indented it, is tried at each line
_SMALL_BLOCK = 4096  # bytes: one that is smaller is taken line by line
# Behind pairs of backslashes: where the text of a string ends, or has an escape that is none.
_END_OF_TEXT = re.compile(r'(?<!\\)"|\\(?!["/bfnrt]|u[0-9a-fA-F]{4})')
_STREAM = re.compile(r'.*"stream":"(stdout|stderr)"', re.DOTALL)


class DockerJsonFileDecoder(LineDecoder):
    """Decodes the files of Docker's json-file driver."""

    nul_ends_line = True
    _in_place = ("_met", "_open")

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._open: dict[Stream, str] = {}  # streams whose last record ended no line, and its time

    def _block(self, block: bytes) -> None:
        if self._held or not self._decode_healthy(block):
            middle = block.find(_LF, len(block) // 2) + 1
            if len(block) > _SMALL_BLOCK and 0 < middle < len(block):
                self._block(block[:middle])
                self._block(block[middle:])
            else:
                super()._block(block)

    def _decode_healthy(self, block: bytes) -> bool:
        """Decode a block in which every line is a record; else do nothing."""
        try:
            records, is_stdout = records_of(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        logs = [log for record in records if (log := record.log)[-1:] == "\n"]
        text = "".join(logs)
        is_open = bool(self._open) and (not is_stdout or Stream.STDOUT in self._open)
        if is_open or len(logs) < len(records) or REPLACEMENT in text:
            return self._decode_in_runs(block, records)
        if is_stdout:
            self._emit_chunk(Chunk(Stream.STDOUT, text.encode(), records=Part(records)))
        else:
            self._emit_run(records)
        self._record += len(records)
        self._offset += len(block)
        return True

    def _decode_in_runs(self, block: bytes, records: Sequence[Record]) -> bool:
        """Decode a block in which some records are to be taken one at a time; else do nothing.

        Each line has to be one of the records. Within an object, no line ends in
        a brace where the next one begins with one: a comma stands between.
        """
        begins = block.count(b"\n{") + block.startswith(b"{")
        if not len(records) == block.count(_LF) == block.count(b"}\n") == begins:
            return False
        lines = block.split(_LF)[:-1]
        start = 0
        for number, record in enumerate(records):
            if record.stream in self._open or record.log[-1:] != "\n" or REPLACEMENT in record.log:
                self._take_run(records[start:number], lines[start:number])
                self._pass(lines[number], _LF)
                start = number + 1
        self._take_run(records[start:], lines[start:])
        return True

    def _take_run(self, records: Sequence[Record], lines: list[bytes]) -> None:
        self._emit_run(records)
        self._record += len(records)
        self._offset += sum(map(len, lines)) + len(lines)

    def _emit_run(self, records: Sequence[Record]) -> None:
        """Give whole lines."""
        if self._only:
            self._emit_part(self._only, [record for record in records if record.stream == self._only])
            return
        for name, part in groupby(records, lambda record: record.stream):
            self._emit_part(_STREAMS[name], list(part))

    def _emit_part(self, stream: Stream, records: list[Record]) -> None:
        data = "".join([record.log for record in records]).encode()
        self._emit_chunk(Chunk(stream, data, records=Part(records)))

    def _line(self, line: bytes, end: bytes) -> None:
        try:
            record = record_of(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._recover(line, end)
        else:
            self._take_record(record.log.encode(), record.stream, record.time, self._offset)

    def _take_record(
        self, data: bytes, stream_name: str, time: object, offset: int, *, suspect: bool = False
    ) -> None:
        self._record += 1
        time = stamp(time)
        stream = _STREAMS.get(stream_name, Stream.UNKNOWN)
        if stream is Stream.UNKNOWN:
            message = f"the record's stream is {shown(stream_name)}, neither stdout nor stderr"
            self._notice(NoticeKind.UNKNOWN_STREAM, message, offset=offset)
        if self._open.get(stream, time) != time:
            message = (
                "the record before on this stream ended within a line, but this one bears another time: "
                "records in between were dropped, or the container was started again"
            )
            self._notice(NoticeKind.GAP, message, offset=offset, stream=stream)
        if not data.isascii() and REPLACEMENT.encode() in data:
            suspect = True
            message = (
                "U+FFFD in the record: Docker puts it in place of bytes it cannot store, such as a "
                "character cut at 16 KiB; print ASCII only, as json.dumps does by default"
            )
            self._notice(NoticeKind.REPLACEMENT_CHAR, message, offset=offset, stream=stream)
        self._emit(stream, data, time or None, suspect=suspect)
        if data.endswith(_LF):
            self._open.pop(stream, None)
        elif data and time:
            self._open[stream] = time

    def _recover(self, line: bytes, end: bytes) -> None:
        """Take a line that is not one proper record: several, a part of one, damaged ones, or none."""
        text, errors = decode(line)
        at, offset, is_found = 0, self._offset, False
        while (start := _end_of_white(text, at)) < len(text):
            offset += start - at
            value, at = object_at(text, start)
            if value is not None:
                self._take_fields(value, offset, errors, is_found=is_found)
            elif at == len(text) and end == _LF:
                self._hold_rest(text[start:].encode(errors=errors))
            else:
                behind = _BEHIND_FAULT.search(text, at)
                at = behind.start() if behind else len(text)
                is_found = _LF.decode() not in text[at - 1 : at + 1]
                self._take_damaged(text[start:at], offset, errors, at_end=end == b"" and at == len(text))
            offset += len(text[start:at].encode(errors=errors))

    def _take_damaged(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Take what begins with no record, though some may be in it.

        It is read once more from where each of them would begin, but no further
        than to the next one. So the cost is that of its length.
        """
        torn, *parts = filter(None, _HEADS.split(text))
        self._take_torn(torn, offset, errors, at_end=at_end and not parts)
        offset += len(torn.encode(errors=errors))
        for number, part in enumerate(parts, 1):
            self._take_part(part, offset, errors, at_end=at_end and number == len(parts))
            offset += len(part.encode(errors=errors))

    def _take_part(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        value, at = object_at(text, 0)
        if value is not None:
            self._take_fields(value, offset, errors, is_found=True)
            at = _end_of_white(text, at)
            offset += len(text[:at].encode(errors=errors))
            text = text[at:]
        if text:
            self._take_torn(text, offset, errors, at_end=at_end)

    def _hold_rest(self, rest: bytes) -> None:
        self._rest = rest
        if rest.count(_LF) >= _MANY_LINES:
            self._enough = 2 * len(rest)

    def _take_fields(self, fields: dict[str, Any], offset: int, errors: str, *, is_found: bool) -> None:
        """Take an object, which is a record if Docker's own reader finds one in it."""
        log = fields.get("log", "")
        stream, time = fields.get("stream", ""), fields.get("time")
        is_empty_record = isinstance(time, str) and fields.keys() <= KEYS  # a text that is empty is left out
        if not isinstance(log, str) or not (log or is_empty_record):
            self._record += 1
            self._notice(NoticeKind.CORRUPT, "an object that is no record; left out", offset=offset)
            return
        data = encode(log, errors)
        is_valid = errors == "strict" or decode(data)[1] == "strict"
        if not is_valid:
            message = (
                "the record is not valid UTF-8, which Docker never writes; its bytes are given as they are"
            )
            self._notice(NoticeKind.CORRUPT, message, offset=offset, record=self._record + 1)
        self._take_record(data, str(stream), time, offset, suspect=is_found or not is_valid)

    def _take_torn(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Take a record that breaks off, or what is none."""
        self._record += 1
        if not text.startswith("{"):
            message = "not a record; left out, up to the next one"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
            return
        log, stream = _torn_record(text)
        data = encode(_unescape(f'"{log}"'), errors) if log else b""
        self._emit(stream, data, suspect=True)
        self._open.pop(stream, None)
        where = f"is given as {stream.value}" if data else "is lost"
        if is_too_deep(text.encode(errors=errors)):
            kind, fault = NoticeKind.CORRUPT, f"nests deeper than {MAX_DEPTH} levels"
        else:
            kind, fault = NoticeKind.TRUNCATED if at_end else NoticeKind.TORN, "breaks off"
        message = f"the record {fault}; what it holds of the text {where}"
        self._notice(kind, message, offset=offset, stream=stream)


def _torn_record(text: str) -> tuple[str, Stream]:
    """What there is of the text of a record that breaks off, still escaped, and its stream."""
    if not text.startswith(_HEAD):
        return "", Stream.UNKNOWN
    end = _END_OF_TEXT.search(text.replace("\\\\", ".."), len(_HEAD))
    stop = end.start() if end else len(text)
    stream = _STREAM.match(text, stop) if text.startswith('"', stop) else None
    return text[len(_HEAD) : stop], _STREAMS[stream[1]] if stream else Stream.UNKNOWN


def _end_of_white(text: str, at: int) -> int:
    match = _WHITE.match(text, at)
    return match.end() if match else at


_NAMES = {key.encode() for key in KEYS}
_STREAM_NAMES = (b'"stdout"', b'"stderr"')


def _sniff(head: bytes) -> bool:
    record = first_object(behind_filler(head).lstrip(b" \t\r\n"))
    if not record or record.fields.keys() - _NAMES:
        return False
    fields = record.fields
    if record.rest is None:
        return fields.get(b"log", b"").startswith(b'"')
    log, time = fields.get(b"log", b'""'), fields.get(b"time", b"")
    has_text = log.startswith(b'"') and (log != b'""' or time.startswith(b'"'))
    is_of_docker = fields.get(b"stream") in _STREAM_NAMES and has_text
    return is_of_docker and record.rest[:1] in b"{\0"


FORMAT = Format(
    id="docker-json-file",
    title="Docker's json-file log driver, its default",
    source="/var/lib/docker/containers/ID/ID-json.log (docker inspect --format '{{.LogPath}}' CONTAINER)",
    loses="invalid UTF-8, and characters cut at 16 KiB of a line: both become U+FFFD",
    decoder=DockerJsonFileDecoder,
    sniff=_sniff,
)
