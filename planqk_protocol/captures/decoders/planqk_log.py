r"""``planqk-log``: the log of a job as the platform's Service API gives it, ``GET /{id}/log``.

The answer is a JSON list of entries, the oldest first (planqk-service-sdk 2.12.1,
``planqk/service/sdk/service_api/client.py``; qhub-api 3.3.0,
``qhub/api/service/service_api/client.py``): `planqk_entries` says what an entry is. The
list may come with any white space, or without its brackets and commas, an entry a
line. An entry holds text with or without its last LF, possibly of several lines. An LF
is added where it is missing.

What the platform does to lines, streams and order before that is not documented. So
all texts are given as standard output, in the order of the entries.

The decoder works at two speeds. Where a block of the list is cut before an entry, the
block is decoded as a whole, and if that is JSON, the cut was right: a text that is cut
within a string or an object is not JSON. All else goes entry by entry: `OpenObject`
finds where an entry ends, however the data is cut.

After damage, the decoder searches for a brace and a key, the beginning of an
object. No text of a job holds them, as quotes in JSON strings are escaped. But an
object within an entry looks the same, so what the search finds is ``suspect``.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto

from planqk_protocol.buffer import LF, Buffer
from planqk_protocol.captures.chunks import Chunk, NoticeKind, StdStream
from planqk_protocol.captures.decoders.planqk_entries import (
    SEVERITIES,
    BrokenEntry,
    ParsedEntries,
    PlatformEntry,
    entries_of_lines,
    entries_of_list,
    entry_of,
    text_of,
)
from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.json_text import REPLACEMENT, to_bytes, to_text
from planqk_protocol.captures.open_object import OpenObject, Scan
from planqk_protocol.captures.sniffing import after_filler, first_object
from planqk_protocol.captures.text_decoder import TextDecoder

__all__ = ["FORMAT", "PlanqkLogDecoder"]

_BLOCK = 64 * 1024  # blocks of this size stay in the processor's cache
_WHITE = re.compile(rb"[ \t\r\n]*")
_CUT_IN_LIST = re.compile(rb"\}(?=[ \t\r\n]*,[ \t\r\n]*\{)")
_CUT_IN_LINES = re.compile(rb"\}(?=[ \t\r\n]*\n[ \t\r\n]*\{)")
_MOST_WHITE = 64  # bytes of white space in the beginning of an object that the search finds
_BRACE = rb"\{[ \t\r\n]{0,64}"
_KEY = rb'"[^"\\\0-\x1f]{0,64}'
_START = re.compile(rb'%b%b"[ \t\r\n]{0,64}:' % (_BRACE, _KEY))
_HALF_START = re.compile(rb'%b(?:%b(?:"[ \t\r\n]{0,64})?)?\Z' % (_BRACE, _KEY))
_LONGEST_START = 256
_MESSAGE = re.compile(r'[{,]\s*"message"\s*:\s*"((?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)("?)')
_unescape = json.JSONDecoder(strict=False).decode


class _State(Enum):
    """What the next byte belongs to."""

    BETWEEN = auto()  # white space, a bracket or a comma, or an entry begins
    ENTRY = auto()
    DAMAGE = auto()  # the beginning of an object is searched for
    NOTHING = auto()  # another list begins: the rest of the file is left out


class PlanqkLogDecoder(TextDecoder):
    """Decodes the log of a job from the platform's Service API."""

    max_record = 64 * 1024 * 1024  # lines are whole here

    def _begin_file(self) -> None:
        super()._begin_file()
        self._state = _State.BETWEEN
        self._in_list = False
        self._may_begin_list = True
        self._needs_comma = False
        self._after_list = False
        self._held = Buffer()  # the unfinished entry, or the half of a beginning that is searched for
        self._open = OpenObject()
        self._is_from_search = False
        self._is_too_long = False

    def _decode_text(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            match self._state:
                case _State.BETWEEN:
                    at = self._decode_between(data, at)
                case _State.ENTRY:
                    data, at = self._continue_entry(data, at)
                case _State.DAMAGE:
                    data, at = self._search(data, at)
                case _State.NOTHING:
                    return

    def _decode_between(self, data: bytes, at: int) -> int:
        """Decode what stands between entries, and blocks of whole entries."""
        while True:
            match = _WHITE.match(data, at)
            at = match.end() if match else at
            mark = data[at : at + 1]
            if mark == b"{" and not self._needs_comma and not self._after_list:
                cut = self._decode_block(data, at)
                if cut == at:
                    self._begin_entry(is_from_search=False)
                    return at
                at = cut
            elif mark == b"," and self._needs_comma:
                self._needs_comma = False
                at += 1
            elif mark == b"[" and self._may_begin_list:
                self._in_list, self._may_begin_list = True, False
                at += 1
            elif mark == b"]" and self._in_list:
                self._in_list = self._needs_comma = False
                self._after_list = True
                at += 1
            else:
                if mark:
                    self._begin_damage(data, at)
                return at

    def _decode_block(self, data: bytes, start: int) -> int:
        """Decode a block of whole entries, if that can be done at once; return where it ends."""
        stop = None
        for window in (2048, _BLOCK):
            cuts = (_CUT_IN_LIST if self._in_list else _CUT_IN_LINES).finditer(
                data, max(start, min(start + _BLOCK, len(data)) - window), start + _BLOCK
            )
            for cut in cuts:
                stop = cut.end()
            if stop:
                break
        if not stop:
            return start
        block = data[start:stop]
        entries = entries_of_list(block) if self._in_list else entries_of_lines(block)
        if not entries:
            return start
        text = text_of(entries)
        if REPLACEMENT in text:
            return start
        self._emit_chunk(Chunk(StdStream.STDOUT, text.encode(), records=ParsedEntries(entries)))
        self._record += len(entries)
        self._needs_comma, self._may_begin_list = self._in_list, False
        return stop

    def _begin_entry(self, *, is_from_search: bool) -> None:
        self._state = _State.ENTRY
        self._open = OpenObject()
        self._is_from_search = is_from_search
        self._is_too_long = False
        self._may_begin_list = False

    def _begin_damage(self, data: bytes, at: int) -> None:
        """Report what is no entry where one has to begin."""
        self._state = _State.DAMAGE
        self._record += 1
        offset = self._offset_of(data, at)
        if data[at] == 0:
            self._notice_nuls(offset=offset)
        elif self._after_list and data[at : at + 1] == b"[":
            self._state = _State.NOTHING
            message = "another list begins after the end of the list; left out: save each answer to its own file"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
        else:
            message = "not an entry; left out, up to the next one"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)

    def _continue_entry(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Scan the entry to its end; return where to go on."""
        found, stop = self._open.scan(data, at)
        self._hold(data, at, stop)
        if found is Scan.OPEN:
            return data, stop
        entry = self._held.take()
        if found is Scan.END:
            self._state = _State.BETWEEN
            self._needs_comma = self._in_list
            if not self._is_too_long:
                self._decode_entry(entry, self._offset_of(data, stop) - len(entry))
            return data, stop
        rest = self._break_off(entry, self._offset_of(data, stop) - len(entry), at_end=False)
        if not rest and data[stop] == 0:
            self._notice_nuls(offset=self._offset_of(data, stop), record=self._record + 1)
        return (rest + data[stop:], 0) if rest else (data, stop)

    def _hold(self, data: bytes, start: int, stop: int) -> None:
        """Hold a part of the unfinished entry. If the entry is too long, skip it instead."""
        if not self._is_too_long and len(self._held) + stop - start > self.max_record:
            self._is_too_long = True
            self._record += 1
            offset = self._offset_of(data, start) - len(self._held)
            message = f"the entry is longer than {self.max_record} bytes and is left out"
            self._notice(NoticeKind.OVERSIZE, message, offset=offset)
            self._held.take()
        if not self._is_too_long:
            self._held.append(data, start, stop)

    def _decode_entry(self, entry: bytes, offset: int) -> None:
        parsed = entry_of(entry)
        if parsed is None:
            self._break_off(entry, offset, at_end=False)
            return
        self._record += 1
        if isinstance(parsed, BrokenEntry):
            kind = NoticeKind.NULL_MESSAGE if parsed.has_no_text else NoticeKind.CORRUPT
            self._notice(kind, f"the entry {parsed.reason}; left out", offset=offset)
            return
        found, errors = parsed
        data = to_bytes(found.message, errors)
        suspect = self._is_from_search
        if errors != "strict":
            suspect = True
            message = "the entry is not valid UTF-8, which JSON always is; its bytes are given as they are"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
        if REPLACEMENT.encode() in data:
            suspect = True
            message = (
                "U+FFFD in the entry: it stands for bytes that are not UTF-8, which JSON cannot hold; "
                "print ASCII only, as json.dumps does by default"
            )
            self._notice(NoticeKind.REPLACEMENT_CHAR, message, offset=offset, stream=StdStream.STDOUT)
        self._emit_entry(data, found, suspect=suspect)

    def _emit_entry(self, data: bytes, entry: PlatformEntry, *, suspect: bool) -> None:
        data += b"" if data.endswith(LF) else LF
        entry.message = data.decode(errors="surrogateescape")
        self._emit_chunk(Chunk(StdStream.STDOUT, data, suspect, ParsedEntries([entry])))

    def _break_off(self, text: bytes, offset: int, *, at_end: bool) -> bytes:
        """Give what is left of an entry that breaks off; return the rest, from the last beginning in it."""
        self._state = _State.DAMAGE
        starts = [found.start() for found in _START.finditer(text, 1)]
        if not self._is_too_long:
            self._emit_torn(text[: starts[0]] if starts else text, offset, at_end=at_end and not starts)
        for start, stop in zip(starts, starts[1:], strict=False):
            found, size = OpenObject().scan(text[start:stop], 0)
            if found is Scan.END:
                self._is_from_search = True
                self._decode_part(text[start : start + size], offset + start)
        if not starts:
            return b""
        self._begin_entry(is_from_search=True)
        return text[starts[-1] :]

    def _decode_part(self, entry: bytes, offset: int) -> None:
        if isinstance(entry_of(entry), tuple):
            self._decode_entry(entry, offset)

    def _emit_torn(self, text: bytes, offset: int, *, at_end: bool) -> None:
        self._record += 1
        shown, errors = to_text(text)
        message = _MESSAGE.search(shown)
        data = to_bytes(_unescape(f'"{message[1]}"'), errors) if message else b""
        stream = StdStream.STDOUT
        if message and message[2]:
            data += b"" if data.endswith(LF) else LF
        elif not at_end:
            stream = StdStream.UNKNOWN
        self._emit(stream, data, suspect=True)
        left = f"what is left of its text is given as {stream.value}" if data else "its text is lost"
        kind = NoticeKind.TRUNCATED if at_end else NoticeKind.TORN
        self._notice(kind, f"the entry breaks off; {left}", offset=offset)

    def _search(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Search for the beginning of an object."""
        data = self._held.take() + data[at:]
        if start := _START.search(data):
            self._begin_entry(is_from_search=True)
            return data, start.start()
        half = _HALF_START.search(data, max(0, len(data) - _LONGEST_START))
        if half:
            self._held.append(data, half.start(), len(data))
        return data, len(data)

    def _end_text(self) -> None:
        at_end = self._closed
        text = self._held.take()
        while self._state is _State.ENTRY and text:
            text = self._break_off(text, self._size - len(text), at_end=at_end)
            if text:
                found, stop = OpenObject().scan(text, 0)
                if found is Scan.END:
                    self._decode_entry(text[:stop], self._size - len(text))
                    text = b""
        if self._in_list and not (self._state is _State.DAMAGE):
            self._notice(NoticeKind.TRUNCATED, "the list is not closed: its end is missing", offset=self._size)

    def _offset_of(self, data: bytes, at: int) -> int:
        """Where a byte of the data stands in the file. The data ends where the file ends so far."""
        return self._size - len(data) + at


def _sniff(head: bytes) -> bool:
    text = after_filler(head)
    if text.startswith(b"["):
        text = text[1:].lstrip(b" \t\r\n")
    return False


FORMAT = CatalogueEntry(
    id="planqk-log",
    title="the log of a job from the platform's Service API",
    source="curl ENDPOINT/ID/log (GET /{id}/log)",
    loses="the stream of a line; bytes that are not UTF-8",
    decoder=PlanqkLogDecoder,
    sniff=_sniff,
)
