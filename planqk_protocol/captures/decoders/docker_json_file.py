r"""``docker-json-file``: Docker's default log driver, one JSON object per line.

A record is ``{"log":"…","stream":"stdout","time":"…"}``. Docker splits a line of
more than 16 KiB into several records (moby, ``daemon/logger/copier.go``). ``log``
ends with LF only where the line ends, so the texts of a stream, joined, are the
stream. The pieces are not numbered, but all pieces of a line bear the same time. If
the time changes within a line, a record is missing, or the container was started
again.

Docker writes the JSON by code of its own (``jsonfilelog/jsonlog/jsonlogbytes.go``).
Each byte that is not UTF-8 becomes U+FFFD, also the parts of a character that the
split at 16 KiB cuts in two (moby#13517). The bytes are lost, and the JSON of a
result still parses. So such a record is ``suspect``.

The decoder works at three speeds. A block of healthy records is decoded as a whole.
If some of its records are pieces of lines or hold U+FFFD, these are decoded one at
a time, and the records around them as a whole. If a block has damage, its two halves
are tried, and so on, down to 4 KiB; then each line is decoded alone.

A line that is not one proper record may hold several: a write broke off, and the
next record was appended to it, as after a full disk or a power loss (moby#29511).
Docker's own reader then drops the rest of the file. This decoder searches for
``{"log":"``, the beginning of the next record. No text of a container holds it, as
quotes in JSON strings are escaped. But a label named ``log`` among the record's
attributes looks the same, so what the search finds is ``suspect``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures.chunks import Chunk, NoticeKind, StdStream
from planqk_protocol.captures.decoders.docker_json_records import (
    KEYS,
    ParsedRecords,
    Record,
    object_at,
    record_of,
    records_of,
    stamp,
)
from planqk_protocol.captures.decoding import STREAMS, CatalogueEntry, fate_of_text
from planqk_protocol.captures.json_text import REPLACEMENT, is_too_deep, to_bytes, to_text
from planqk_protocol.captures.line_decoder import LineDecoder
from planqk_protocol.captures.sniffing import after_filler, first_object
from planqk_protocol.limits import MAX_DEPTH

__all__ = ["FORMAT", "DockerJsonFileDecoder"]


_unescape = json.JSONDecoder(strict=False).decode
_LAST = itemgetter(-1)
_LFS = {"\n"}
_WHITE = re.compile(r"[ \t\r\n]*")
_RECORD_START = '{"log":"'
_RECORD_STARTS = re.compile(r'(?=\{"log":")')
_AFTER_FAULT = re.compile(r'\n|(?=\{"log":")')
_MANY_LINES = 100  # of one record; if it has fewer, decoding is tried again after every line
# The end of a JSON string, or a wrong escape in it. Pairs of backslashes are replaced before the search.
_END_OF_TEXT = re.compile(r'(?<!\\)"|\\(?!["/bfnrt]|u[0-9a-fA-F]{4})')
_STREAM = re.compile(r'.*"stream":"(stdout|stderr)"', re.DOTALL)


class DockerJsonFileDecoder(LineDecoder):
    """Decodes log files of Docker's json-file driver."""

    nul_ends_line = True

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._open: dict[StdStream, str] = {}  # the time of the unfinished line of each stream

    def _decode_block(self, block: bytes) -> None:
        if self._held or not self._decode_healthy(block):
            self._decode_halves(block)

    def _decode_healthy(self, block: bytes) -> bool:
        """Decode a block if every line of it is a record; return whether it was decoded."""
        try:
            records, is_stdout = records_of(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        logs = [record.log for record in records]
        text = "".join(logs)
        is_open = bool(self._open) and (not is_stdout or StdStream.STDOUT in self._open)
        if is_open or not _are_lines(logs) or REPLACEMENT in text:
            return self._decode_around_odd_records(block, records)
        if is_stdout:
            self._emit_chunk(Chunk(StdStream.STDOUT, text.encode(), records=ParsedRecords(records)))
        else:
            self._emit_whole_lines(records)
        self._record += len(records)
        self._offset += len(block)
        return True

    def _decode_around_odd_records(self, block: bytes, records: Sequence[Record]) -> bool:
        """Decode a block with records that have to be decoded alone; return whether each line is a record.

        A record may extend over several lines, if a program indented it. The
        counts below exclude that: within an object, no line that ends with a brace
        is followed by one that begins with a brace, as a comma stands between.
        """
        begins = block.count(b"\n{") + block.startswith(b"{")
        if not len(records) == block.count(LF) == block.count(b"}\n") == begins:
            return False
        lines = block.split(LF)[:-1]
        start = 0
        for number, record in enumerate(records):
            if record.stream in self._open or record.log[-1:] != "\n" or REPLACEMENT in record.log:
                self._decode_whole_lines(records[start:number], lines[start:number])
                self._decode_and_advance(lines[number], LF)
                start = number + 1
        self._decode_whole_lines(records[start:], lines[start:])
        return True

    def _decode_whole_lines(self, records: Sequence[Record], lines: list[bytes]) -> None:
        self._emit_whole_lines(records)
        self._record += len(records)
        self._offset += sum(map(len, lines)) + len(lines)

    def _emit_whole_lines(self, records: Sequence[Record]) -> None:
        """Emit records that are whole lines."""
        if self._only_stream:
            name = self._only_stream.value  # a plain string, which is compared faster
            self._emit_stream(self._only_stream, [record for record in records if record.stream == name])
            return
        for name, part in groupby(records, lambda record: record.stream):
            self._emit_stream(STREAMS[name], list(part))

    def _emit_stream(self, stream: StdStream, records: list[Record]) -> None:
        data = "".join([record.log for record in records]).encode()
        self._emit_chunk(Chunk(stream, data, records=ParsedRecords(records)))

    def _decode_line(self, line: bytes, end: bytes) -> None:
        try:
            record = record_of(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._decode_odd_line(line, end)
        else:
            self._emit_record(record.log.encode(), record.stream, record.time, self._offset)

    def _emit_record(
        self, data: bytes, stream_name: str, time: object, offset: int, *, suspect: bool = False
    ) -> None:
        """Give the text of a record, and notices of what is wrong with it."""
        self._record += 1
        time = stamp(time)
        stream = self._stream_named(stream_name, offset=offset)
        if self._open.get(stream, time) != time:
            message = (
                "the record before on this stream ended within a line, but this one has another time: "
                "records in between were dropped, or the container was started again"
            )
            self._notice(NoticeKind.GAP, message, offset=offset, stream=stream)
        if not data.isascii() and REPLACEMENT.encode() in data:
            suspect = True
            message = (
                "U+FFFD in the record: Docker puts it in place of bytes it cannot store, such as a "
                "character cut at 16 KiB"
            )
            self._notice(NoticeKind.REPLACEMENT_CHAR, message, offset=offset, stream=stream)
        self._emit(stream, data, time or None, suspect=suspect)
        if data.endswith(LF):
            self._open.pop(stream, None)
        elif data and time:
            self._open[stream] = time

    def _decode_odd_line(self, line: bytes, end: bytes) -> None:
        """Decode a line that is not one proper record: it may hold several, a part of one, or damage."""
        text, errors = to_text(line)
        at, offset, is_from_search = 0, self._offset, False
        while (start := _after_white(text, at)) < len(text):
            offset += start - at
            value, at = object_at(text, start)
            if value is not None:
                self._decode_object(value, offset, errors, is_from_search=is_from_search)
            elif at == len(text) and end == LF:
                self._leave_unread(text[start:].encode(errors=errors))
            else:
                next_record = _AFTER_FAULT.search(text, at)
                at = next_record.start() if next_record else len(text)
                # A record at the beginning of a line was not found by a search.
                is_from_search = LF.decode() not in text[at - 1 : at + 1]
                self._decode_damaged(text[start:at], offset, errors, at_end=end == b"" and at == len(text))
            offset += len(text[start:at].encode(errors=errors))

    def _decode_damaged(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Decode text that begins with damage, and may hold records after it.

        The text is split wherever a record may begin, and each part is decoded
        alone. So the cost grows with the length of the text, and no faster.
        """
        torn, *parts = filter(None, _RECORD_STARTS.split(text))
        self._decode_torn(torn, offset, errors, at_end=at_end and not parts)
        offset += len(torn.encode(errors=errors))
        for number, part in enumerate(parts, 1):
            self._decode_part(part, offset, errors, at_end=at_end and number == len(parts))
            offset += len(part.encode(errors=errors))

    def _decode_part(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Decode text that begins like a record and holds at most one record."""
        value, at = object_at(text, 0)
        if value is not None:
            self._decode_object(value, offset, errors, is_from_search=True)
            at = _after_white(text, at)
            offset += len(text[:at].encode(errors=errors))
            text = text[at:]
        if text:
            self._decode_torn(text, offset, errors, at_end=at_end)

    def _leave_unread(self, rest: bytes) -> None:
        """Leave the rest of a line to be decoded together with the next line, where its record may go on."""
        self._unread = rest
        if rest.count(LF) >= _MANY_LINES:  # wait until it has doubled, so that the cost stays linear
            self._needed = 2 * len(rest)

    def _decode_object(
        self, fields: dict[str, Any], offset: int, errors: str, *, is_from_search: bool
    ) -> None:
        """Decode an object: a record if Docker's own reader accepts it as one, else damage."""
        log = fields.get("log", "")
        stream, time = fields.get("stream", ""), fields.get("time")
        is_empty_record = isinstance(time, str) and fields.keys() <= KEYS  # Docker leaves out an empty text
        if not isinstance(log, str) or not (log or is_empty_record):
            self._record += 1
            self._notice(NoticeKind.CORRUPT, "an object that is no record; left out", offset=offset)
            return
        data = to_bytes(log, errors)
        is_valid = errors == "strict" or to_text(data)[1] == "strict"
        if not is_valid:
            message = (
                "the record is not valid UTF-8, which Docker never writes; its bytes are given as they are"
            )
            self._notice(NoticeKind.CORRUPT, message, offset=offset, record=self._record + 1)
        self._emit_record(data, str(stream), time, offset, suspect=is_from_search or not is_valid)

    def _decode_torn(self, text: str, offset: int, errors: str, *, at_end: bool) -> None:
        """Decode a record that breaks off, or leave out text that is no record."""
        self._record += 1
        if not text.startswith("{"):
            message = "not a record; left out, up to the next one"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
            return
        log, stream = _torn_record(text)
        data = to_bytes(_unescape(f'"{log}"'), errors) if log else b""
        self._emit(stream, data, suspect=True)
        self._open.pop(stream, None)
        if is_too_deep(text.encode(errors=errors)):
            kind, fault = NoticeKind.CORRUPT, f"nests deeper than {MAX_DEPTH} levels"
        else:
            kind, fault = NoticeKind.TRUNCATED if at_end else NoticeKind.TORN, "breaks off"
        self._notice(kind, f"the record {fault}; {fate_of_text(data, stream)}", offset=offset, stream=stream)


def _are_lines(logs: Sequence[str]) -> bool:
    """Whether each text ends with an LF."""
    return all(logs) and set(map(_LAST, logs)) == _LFS


def _torn_record(text: str) -> tuple[str, StdStream]:
    """What is left of the text of a record that breaks off, still escaped; and its stream."""
    if not text.startswith(_RECORD_START):
        return "", StdStream.UNKNOWN
    end = _END_OF_TEXT.search(text.replace("\\\\", ".."), len(_RECORD_START))
    stop = end.start() if end else len(text)
    stream = _STREAM.match(text, stop) if text.startswith('"', stop) else None
    return text[len(_RECORD_START) : stop], STREAMS[stream[1]] if stream else StdStream.UNKNOWN


def _after_white(text: str, at: int) -> int:
    match = _WHITE.match(text, at)
    return match.end() if match else at


_NAMES = {key.encode() for key in KEYS}
_STREAM_NAMES = (b'"stdout"', b'"stderr"')


def _sniff(head: bytes) -> bool:
    record = first_object(after_filler(head).lstrip(b" \t\r\n"))
    if not record or record.fields.keys() - _NAMES:
        return False
    fields = record.fields
    if record.rest is None:
        return fields.get(b"log", b"").startswith(b'"')
    log, time = fields.get(b"log", b'""'), fields.get(b"time", b"")
    has_text = log.startswith(b'"') and (log != b'""' or time.startswith(b'"'))
    is_of_docker = fields.get(b"stream") in _STREAM_NAMES and has_text
    return is_of_docker and record.rest[:1] in b"{\0"


FORMAT = CatalogueEntry(
    id="docker-json-file",
    title="Docker's json-file log driver, its default",
    source="/var/lib/docker/containers/ID/ID-json.log (docker inspect --format '{{.LogPath}}' CONTAINER)",
    loses="bytes that are not UTF-8, and characters cut at 16 KiB of a line: both become U+FFFD",
    decoder=DockerJsonFileDecoder,
    sniff=_sniff,
)
