r"""``docker-json-file``: Docker's default log driver, one JSON object per line.

A record is ``{"log":"…","stream":"stdout","time":"…"}``, its ``log`` at most
16 KiB of a line. A line is complete where ``log`` ends in LF, so plain
concatenation gives the stream back. All pieces of a line bear the same time.

Healthy blocks are decoded whole. Whatever deviates, be it a record in pieces, a
replacement character or damage, is taken record by record.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any

import msgspec

from planqk_protocol.captures.format import Format
from planqk_protocol.captures.head import behind_filler, first_object
from planqk_protocol.captures.json_records import (
    KEYS,
    Block,
    Part,
    Text,
    object_at,
    record_of,
    records_of,
    stamp,
)
from planqk_protocol.captures.lines import LineDecoder
from planqk_protocol.captures.output import Chunk, NoticeKind, Stream
from planqk_protocol.captures.text import REPLACEMENT, decode, encode

__all__ = ["FORMAT", "DockerJsonFileDecoder"]

_LF = b"\n"
_STREAMS: dict[str | None, Stream] = {"stdout": Stream.STDOUT, "stderr": Stream.STDERR}

_unescape = json.JSONDecoder(strict=False).decode
_WHITE = re.compile(r"[ \t\r\n]*")
_PARTS = re.compile(r'(?=\{"log":")')  # where records begin, as in a string these quotes would be escaped
_BEHIND_FAULT = re.compile(r'\n|(?=\{"log":")')
_MANY_LINES = 100  # of one record; with fewer, as where a program has indented it, each may be the last
_TORN = re.compile(
    r"""
    \{ "log" : "
    ( (?: [^"\\]++ | \\ (?: ["\\/bfnrt] | u[0-9a-fA-F]{4} ) )*+ )  # what there is of the text
    (?: "  (?: .* "stream" : "(stdout|stderr)" )? )?               # and its stream, if that is whole
    """,
    re.VERBOSE | re.DOTALL,
)


class DockerJsonFileDecoder(LineDecoder):
    """Decodes the files of Docker's json-file driver."""

    nul_ends_line = True

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._open: dict[Stream, str] = {}  # streams whose last record ended no line, and its time

    def _block(self, block: bytes) -> None:
        if not self._decode_healthy(block):
            super()._block(block)

    def _decode_healthy(self, block: bytes) -> bool:
        """Decode a block in which every record is a whole line; else do nothing."""
        if self._open or self._held:
            return False
        try:
            records, is_stdout = records_of(block)
            logs = [log for record in records if (log := record.log)[-1] == "\n"]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError):
            return False
        text = "".join(logs)
        if len(logs) < len(records) or REPLACEMENT in text:
            return False
        shared = Block(block)
        if is_stdout:
            self._emit_chunk(Chunk(Stream.STDOUT, text.encode(), records=Part(shared, range(len(logs)))))
        elif self._only:
            self._emit_part(
                self._only, [i for i, r in enumerate(records) if r.stream == self._only], logs, shared
            )
        else:
            for stream, run in groupby(range(len(records)), lambda index: records[index].stream):
                self._emit_part(_STREAMS[stream], list(run), logs, shared)
        self._record += len(records)
        self._offset += len(block)
        return True

    def _emit_part(self, stream: Stream, indices: list[int], logs: list[str], block: Block) -> None:
        data = "".join([logs[index] for index in indices]).encode()
        self._emit_chunk(Chunk(stream, data, records=Part(block, indices)))

    def _line(self, line: bytes, end: bytes) -> None:
        try:
            record = record_of(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
            message = f"the record's stream is {stream_name!r}, neither stdout nor stderr"
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
        text, at, offset = Text(text), 0, self._offset
        while (start := _end_of_white(text, at)) < len(text):
            offset += start - at
            value, at = object_at(text, start)
            if value is not None:
                self._take_fields(value, offset, errors)
            elif at == len(text) and end == _LF:
                self._hold_rest(text[start:].encode(errors=errors))
            else:
                behind = _BEHIND_FAULT.search(text, at)
                at = behind.start() if behind else len(text)
                self._take_damaged(text[start:at], offset, errors, at_end=end == b"" and at == len(text))
            offset += len(text[start:at].encode(errors=errors))

    def _take_damaged(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Take what begins with no record, though some may be in it.

        It is read once more from where each of them would begin, but no further
        than to the next one. So the cost is that of its length.
        """
        torn, *parts = filter(None, _PARTS.split(text))
        self._take_torn(torn, offset, errors, at_end=at_end and not parts)
        offset += len(torn.encode(errors=errors))
        for number, part in enumerate(parts, 1):
            self._take_part(part, offset, errors, at_end=at_end and number == len(parts))
            offset += len(part.encode(errors=errors))

    def _take_part(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        value, at = object_at(text, 0)
        if value is not None:
            self._take_fields(value, offset, errors)
            at = _end_of_white(text, at)
            offset += len(text[:at].encode(errors=errors))
            text = text[at:]
        if text:
            self._take_torn(text, offset, errors, at_end=at_end)

    def _hold_rest(self, rest: bytes) -> None:
        self._rest = rest
        if rest.count(_LF) >= _MANY_LINES:
            self._enough = 2 * len(rest)

    def _take_fields(self, fields: dict[str, Any], offset: int, errors: str) -> None:
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
        self._take_record(data, str(stream), time, offset, suspect=not is_valid)

    def _take_torn(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Take a record that breaks off, or what is none."""
        self._record += 1
        if not text.startswith("{"):
            message = "not a record; left out, up to the next one"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
            return
        match = _TORN.match(text)
        log, stream_name = match.groups() if match else ("", None)
        stream = _STREAMS.get(stream_name, Stream.UNKNOWN)
        data = encode(_unescape(f'"{log}"'), errors) if log else b""
        self._emit(stream, data, suspect=True)
        self._open.pop(stream, None)
        where = f"is given as {stream.value}" if data else "is lost"
        message = f"the record breaks off; what it holds of the text {where}"
        self._notice(
            NoticeKind.TRUNCATED if at_end else NoticeKind.TORN, message, offset=offset, stream=stream
        )


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
    is_of_docker = fields.get(b"stream") in _STREAM_NAMES and (b"log" in fields or b"time" in fields)
    return is_of_docker and record.rest[:1] in b"{\0"


FORMAT = Format(
    id="docker-json-file",
    title="Docker's json-file log driver, its default",
    source="/var/lib/docker/containers/ID/ID-json.log (docker inspect --format '{{.LogPath}}' CONTAINER)",
    loses="invalid UTF-8, and characters cut at 16 KiB of a line: both become U+FFFD",
    decoder=DockerJsonFileDecoder,
    sniff=_sniff,
)
