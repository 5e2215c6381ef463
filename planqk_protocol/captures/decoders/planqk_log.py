r"""``planqk-log``: the log of a job as the platform's Service API gives it, ``GET /{id}/log``.

The answer is a JSON list of entries, the oldest first (planqk-service-sdk 2.12.1,
``planqk/service/sdk/service_api/client.py``; qhub-api 3.3.0,
``qhub/api/service/service_api/client.py``): `planqk_entries` says what an entry is. The
list may come with any white space, or without its brackets and commas, an entry a
line. An entry holds text with or without its last LF, possibly of several lines. An LF
is added where it is missing.

What the platform does to lines, streams and order before that is not documented. So
all texts are given as standard output, in the order of the entries.

The decoder works at two speeds. A block is cut where an entry seems to end and another
one to begin, and is decoded as a whole. If the block is JSON, the cut was right: a text
that is cut within a string or an object is not JSON. All else goes entry by entry:
`OpenObject` finds where an entry ends, however the data is cut.

After damage, the decoder searches for a brace and a key, the beginning of an
object. No text of a job holds them, as quotes in JSON strings are escaped. But an
object within an entry looks the same, so what the search finds is ``suspect``.
"""

from __future__ import annotations

import re
from collections import deque
from enum import Enum, auto
from itertools import pairwise

from planqk_protocol.buffer import Buffer
from planqk_protocol.captures.chunks import Chunk, NoticeKind, StdStream
from planqk_protocol.captures.decoders.planqk_entries import (
    NoEntry,
    OneEntry,
    ParsedEntries,
    PlatformEntry,
    begins_with_entry,
    entries_of_lines,
    entries_of_list,
    entry_of,
    text_of,
    torn_text,
    with_end,
)
from planqk_protocol.captures.decoding import CatalogueEntry, fate_of_text
from planqk_protocol.captures.json_text import REPLACEMENT, to_bytes
from planqk_protocol.captures.open_object import OpenObject, Scan, has_fault
from planqk_protocol.captures.text_decoder import TextDecoder

__all__ = ["FORMAT", "PlanqkLogDecoder"]

_PIECE = 256 * 1024  # bytes taken at a time; the last entry of a piece is decoded alone
_SMALL_BLOCK = 4096  # bytes: a block of this size that is not sound is decoded entry by entry
_SHRINKING = 4
_NEAR_END = 2048  # bytes at the end of a block in which an entry mostly begins
_CUT_IN_LIST = re.compile(rb"\}(?=[ \t\r\n]*,[ \t\r\n]*\{)")
_CUT_IN_LINES = re.compile(rb"\}(?=[ \t\r\n]*\n[ \t\r\n]*\{)")
_WHITE = re.compile(rb"[ \t\r\n]*")

_BRACE = rb"\{[ \t\r\n]{0,64}"
_KEY = rb'"[^"\\\0-\x1f]{0,64}'
_START = re.compile(rb'%b%b"[ \t\r\n]{0,64}:' % (_BRACE, _KEY))
_HALF_START = re.compile(rb'%b(?:%b(?:"[ \t\r\n]{0,64})?)?\Z' % (_BRACE, _KEY))
_LONGEST_START = 256  # bytes
_MOST_INNER = 10_000  # objects within an entry that breaks off; more would take long at once

_CHECKED_SIZE = (
    64 * 1024
)  # bytes of an unfinished entry after which it is checked for faults; then twice as many
_NUL = 0


class _Place(Enum):
    """Where in the capture the decoder stands between entries. It says what may follow."""

    BEGINNING = auto()
    LIST = auto()  # after the opening bracket
    COMMA = auto()
    ENTRY = auto()  # after an entry of a list
    LINE = auto()  # after an entry outside of a list
    FOUND = auto()  # after an entry that the search found: inside of a list or outside
    END = auto()  # after the closing bracket


_ENTRIES = {
    _Place.BEGINNING: _Place.LINE,
    _Place.LIST: _Place.ENTRY,
    _Place.COMMA: _Place.ENTRY,
    _Place.LINE: _Place.LINE,
    _Place.FOUND: _Place.LINE,
}
"""The places where an entry may begin, and the place after it."""

_MARKS = {
    (_Place.BEGINNING, b"["): _Place.LIST,
    (_Place.LIST, b"]"): _Place.END,
    (_Place.ENTRY, b","): _Place.COMMA,
    (_Place.ENTRY, b"]"): _Place.END,
    (_Place.FOUND, b","): _Place.COMMA,
    (_Place.FOUND, b"]"): _Place.END,
}
"""The brackets and commas that may follow at a place, and the place after them."""

_IN_LIST = {_Place.LIST, _Place.COMMA, _Place.ENTRY}


class _State(Enum):
    """What the next byte belongs to."""

    BETWEEN = auto()  # white space, a bracket or a comma, or an entry begins
    ENTRY = auto()
    DAMAGE = auto()  # the beginning of an object is searched for
    NOTHING = auto()  # the rest of the file is left out


class PlanqkLogDecoder(TextDecoder):
    """Decodes the log of a job from the platform's Service API."""

    max_record = 64 * 1024 * 1024  # lines are whole here

    def _begin_file(self) -> None:
        super()._begin_file()
        self._state = _State.BETWEEN
        self._place = _Place.BEGINNING
        self._held = Buffer()  # the unfinished entry, or half of a beginning that is searched for
        self._open = OpenObject()  # the unfinished entry
        self._check_at = _CHECKED_SIZE
        self._is_found = False  # whether the search found the entry
        self._is_too_long = False  # whether the entry is skipped
        self._block_size = _PIECE  # bytes to decode at once
        self._slow_up_to = 0  # the offset up to which entries are decoded one by one

    def _cut_off(self) -> None:
        was_in_list, self._place = self._place in _IN_LIST, _Place.FOUND
        super()._cut_off()
        if was_in_list:
            self._place = _Place.COMMA

    def _decode_text(self, data: bytes) -> None:
        for at in range(0, len(data), _PIECE):
            self._decode_piece(data[at : at + _PIECE])

    def _decode_piece(self, data: bytes) -> None:
        self._offset += len(data)
        self._decode_rest(data)

    def _decode_rest(self, data: bytes) -> None:
        """Decode data that ends at the current offset."""
        at = 0
        while at < len(data):
            match self._state:
                case _State.BETWEEN:
                    at = self._decode_between(data, at)
                case _State.ENTRY:
                    data, at = self._continue_entry(data, at)
                case _State.DAMAGE:
                    data, at = self._search(data, at)
                case _:
                    return

    def _decode_between(self, data: bytes, at: int) -> int:
        """Decode blocks of entries and what stands between entries; return where something else begins."""
        while True:
            match = _WHITE.match(data, at)
            at = match.end() if match else at
            mark = data[at : at + 1]
            if mark == b"{" and self._place in _ENTRIES:
                if not (stop := self._decode_block(data, at)):
                    self._begin_entry(is_found=False)
                    return at
                at = stop
            elif place := _MARKS.get((self._place, mark)):
                self._place = place
                at += 1
            else:
                if mark:
                    self._begin_damage(data, at)
                return at

    def _decode_block(self, data: bytes, start: int) -> int:
        """Decode a block of whole entries at once; return where it ends, or 0 if that cannot be done.

        If it cannot, a quarter of the block is tried, and so on. A small block that cannot
        be decoded at once is decoded entry by entry. The next block is twice as long as one
        that was decoded.
        """
        if self._offset_of(data, start) < self._slow_up_to:
            return 0
        is_list = self._place in _IN_LIST
        end = min(start + self._block_size, len(data))
        stop = _last_cut(_CUT_IN_LIST if is_list else _CUT_IN_LINES, data, start, end)
        if not stop or stop - start > self.max_record:
            self._slow_up_to = self._offset_of(data, end)
            return 0
        entries = (entries_of_list if is_list else entries_of_lines)(data[start:stop])
        if entries and REPLACEMENT not in (text := text_of(entries)):
            self._emit_chunk(Chunk(StdStream.STDOUT, text.encode(), records=ParsedEntries(entries)))
            self._record += len(entries)
            self._place = _ENTRIES[self._place]
            self._block_size = min(2 * self._block_size, _PIECE)
            return stop
        if self._block_size > _SMALL_BLOCK:
            self._block_size //= _SHRINKING
            return self._decode_block(data, start)
        self._slow_up_to = self._offset_of(data, end)
        return 0

    def _begin_entry(self, *, is_found: bool) -> None:
        self._state = _State.ENTRY
        self._open = OpenObject()
        self._check_at = _CHECKED_SIZE
        self._is_found = is_found
        self._is_too_long = False
        self._place = _Place.FOUND if is_found else _ENTRIES[self._place]

    def _begin_damage(self, data: bytes, at: int) -> None:
        """Report what stands where an entry, a bracket or a comma has to."""
        self._state = _State.DAMAGE
        self._record += 1
        offset = self._offset_of(data, at)
        if data[at] == _NUL:
            self._notice_nuls("entries", offset=offset)
        elif self._place is _Place.END and data.startswith(b"[", at):
            self._state = _State.NOTHING
            message = "another list after the end of the list, left out: read each answer alone"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
        else:
            message = "no entry begins or continues here as it should; left out, up to the next one"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)

    def _continue_entry(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Take more bytes of the unfinished entry; return the data, and where to go on."""
        found, stop = self._open.scan(data, at, at + self._check_at - len(self._held))
        self._hold(data, at, stop)
        is_nul = found is Scan.FAULT and data[stop] == _NUL
        if found is Scan.OPEN and not self._is_broken():
            return data, stop
        entry, end = self._held.take(), self._offset_of(data, stop)
        if found is Scan.END:
            self._state = _State.BETWEEN
            rest = b"" if self._is_too_long else self._decode_entry(entry, end - len(entry))
        else:
            rest = self._break_off(entry, end - len(entry))
            if is_nul and not rest:
                self._notice_nuls("entries", offset=end, record=self._record + 1)
        return (rest + data[stop:], 0) if rest else (data, stop)

    def _is_broken(self) -> bool:
        """Whether the unfinished entry has a fault that the scan cannot see, such as a lost brace."""
        if len(self._held) < self._check_at:
            return False
        self._check_at *= 2
        held = self._held.take()
        self._held = Buffer(held)
        return has_fault(held)

    def _hold(self, data: bytes, start: int, stop: int) -> None:
        """Hold a part of the unfinished entry. If the entry is too long, skip it instead."""
        if not self._is_too_long and len(self._held) + stop - start > self.max_record:
            self._is_too_long = True
            self._record += 1
            message = f"the entry is longer than {self.max_record} bytes and is left out"
            offset = self._offset_of(data, start) - len(self._held.take())
            self._notice(NoticeKind.OVERSIZE, message, offset=offset)
        if not self._is_too_long:
            self._held.append(data, start, stop)

    def _decode_entry(self, data: bytes, offset: int) -> bytes:
        """Decode a whole object; return the rest, from the last beginning in it, if it is damaged."""
        parsed = entry_of(data)
        if parsed is None:
            return self._break_off(data, offset)
        self._record += 1
        if isinstance(parsed, NoEntry):
            self._notice(NoticeKind.CORRUPT, f"the entry {parsed.reason}; left out", offset=offset)
        else:
            self._emit_entry(*parsed, offset, is_found=self._is_found)
        return b""

    def _emit_entry(self, entry: PlatformEntry, errors: str, offset: int, *, is_found: bool) -> None:
        """Give the text of an entry, and notices of what is wrong with it."""
        data = to_bytes(with_end(entry.message), errors)
        if errors != "strict":
            message = "the entry is not valid UTF-8, as JSON has to be; its bytes are given as they are"
            self._notice(NoticeKind.CORRUPT, message, offset=offset)
        is_replaced = REPLACEMENT.encode() in data
        if is_replaced:
            message = "U+FFFD in the entry: it stands for bytes that are not UTF-8, which JSON cannot hold"
            self._notice(NoticeKind.REPLACEMENT_CHAR, message, offset=offset, stream=StdStream.STDOUT)
        suspect = is_found or is_replaced or errors != "strict"
        self._emit_chunk(Chunk(StdStream.STDOUT, data, suspect, OneEntry(len(data), entry)))

    def _break_off(self, data: bytes, offset: int) -> bytes:
        """Give what is left of an entry that breaks off; return the rest, from the last beginning in it.

        The data is split wherever an object may begin, and each part is decoded
        alone. So the cost grows with the length of the data, and no faster.
        """
        self._state = _State.DAMAGE
        starts = [found.start() for found in _START.finditer(data, 1)]
        if not self._is_too_long:
            self._emit_torn(data[: starts[0]] if starts else data, offset, is_last=not starts)
        self._emit_inner(data, starts, offset)
        if not starts:
            self._hold_half_start(data, 1)
            return b""
        self._begin_entry(is_found=True)
        return data[starts[-1] :]

    def _emit_inner(self, data: bytes, starts: list[int], offset: int) -> None:
        """Give the entries within an entry that breaks off, save the last one: more of it may come."""
        for start, stop in pairwise(starts[: _MOST_INNER + 1]):
            found, end = OpenObject().scan(data, start, stop)
            if found is Scan.END and isinstance(parsed := entry_of(data[start:end]), tuple):
                self._record += 1
                self._emit_entry(*parsed, offset + start, is_found=True)
        if left_out := starts[_MOST_INNER:-1]:
            self._record += 1
            message = f"{len(left_out):,} more objects begin within the entry that breaks off; left out"
            self._notice(NoticeKind.CORRUPT, message, offset=offset + left_out[0])

    def _emit_torn(self, data: bytes, offset: int, *, is_last: bool) -> None:
        """Give what is left of the text of an entry that breaks off.

        If the end of the text is missing, the next entry must not run into it, and
        it must not pass for a whole line. So it is given as unknown, save at the end
        of the capture.
        """
        self._record += 1
        is_end = is_last and self._closed
        text, is_whole = torn_text(data)
        stream = StdStream.STDOUT if is_whole or is_end else StdStream.UNKNOWN
        self._emit(stream, text, suspect=True)
        kind = NoticeKind.TRUNCATED if is_end else NoticeKind.TORN
        self._notice(kind, f"the entry breaks off; {fate_of_text(text, stream)}", offset=offset)

    def _search(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Search for the beginning of an object; return the data, and where to go on."""
        if self._held:
            data, at = self._held.take() + data[at:], 0
        if start := _START.search(data, at):
            self._begin_entry(is_found=True)
            return data, start.start()
        self._hold_half_start(data, at)
        return data, len(data)

    def _hold_half_start(self, data: bytes, at: int) -> None:
        """Hold what may be the first half of an object's beginning, at the end of the data."""
        if half := _HALF_START.search(data, max(at, len(data) - _LONGEST_START)):
            self._held.append(data, half.start(), len(data))

    def _end_text(self) -> None:
        if self._state is _State.ENTRY and (rest := self._end_entry()):
            self._decode_rest(rest)
            if self._state is _State.ENTRY:
                self._end_entry()
        if self._state is _State.BETWEEN and self._place in _IN_LIST:
            message = "the list has no end: the answer was cut, and entries may be missing; get it again"
            self._notice(NoticeKind.TRUNCATED, message, offset=self._offset, record=self._record + 1)

    def _end_entry(self) -> bytes:
        entry = self._held.take()
        return self._break_off(entry, self._offset - len(entry))

    def _offset_of(self, data: bytes, at: int) -> int:
        """Where a byte of the data stands in the file. The data ends at the current offset."""
        return self._offset - len(data) + at


def _last_cut(shape: re.Pattern[bytes], data: bytes, start: int, stop: int) -> int:
    """Where the last entry of a block ends that another one seems to follow; 0 if there is none."""
    for begin in (max(start, stop - _NEAR_END), start):
        if cuts := deque(shape.finditer(data, begin, stop), maxlen=1):
            return cuts[0].end()
    return 0


FORMAT = CatalogueEntry(
    id="planqk-log",
    title="the log of a job from the platform's Service API",
    source="curl --fail ENDPOINT/ID/log (GET /{id}/log)",
    loses="the stream of a line; bytes that are not UTF-8; what the platform leaves out",
    decoder=PlanqkLogDecoder,
    sniff=begins_with_entry,
)
