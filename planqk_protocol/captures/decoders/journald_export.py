r"""``journald-export``: the output of ``journalctl -o export``.

A field is ``NAME=VALUE\n``. A value with control characters, or one that is not UTF-8,
has another form: ``NAME\n``, the length of the value in eight bytes (little-endian),
the value, and LF. An empty line ends an entry (systemd documentation, "Journal
Export Formats").

Only the field ``__CURSOR`` marks the beginning of an entry
(``src/shared/logs-show.c``, ``output_export``). So after damage, everything up to the next line
that begins with it is left out. Such a line may also be text inside a value, so the
entry that the search finds is ``suspect``.

The fields of an entry are kept until its empty line has come, and only those that
`journal_entries` needs. A value that is too long is skipped as it comes.
"""

from __future__ import annotations

import re

from planqk_protocol.buffer import LF, Buffer
from planqk_protocol.captures.chunks import CaptureNotice, NoticeKind, StdStream
from planqk_protocol.captures.decoding import CatalogueEntry, Decoder
from planqk_protocol.captures.journal_entries import FIELDS, Entry, JournalEntries

__all__ = ["FORMAT", "JournaldExportDecoder"]

_SIZE = 8
_NAME = re.compile(rb"[A-Z_][A-Z0-9_]{0,63}")
_FIRST = b"__CURSOR="
# Every entry begins with these (systemd, src/shared/logs-show.c, output_export), with a cursor of this
# form (src/libsystemd/sd-journal/sd-journal.c, sd_journal_get_cursor).
_FIRST_LINES = (
    re.compile(rb"__CURSOR=s=[0-9a-f]{32};i=[0-9a-f]+;b=[0-9a-f]{32};m=[0-9a-f]+;t=[0-9a-f]+;x=[0-9a-f]+"),
    re.compile(rb"__REALTIME_TIMESTAMP=[0-9]+"),
    re.compile(rb"__MONOTONIC_TIMESTAMP=[0-9]+"),
)
_MOST = 768 * 1024 * 1024  # bytes of a value that systemd's own reader accepts
_ONCE = {"PRIORITY", "CONTAINER_ID_FULL", "__REALTIME_TIMESTAMP"}  # an entry has each of these once
_TWO_IN_ONE = "the entry breaks off, and another one follows within it; both are left out"
_NULS = (
    "NUL bytes, as a power loss leaves them, in place of fields; the entry is left out, up to the next one"
)
_WRONG_LENGTH = "no line end where the length of a value says; the entry is left out, up to the next one"


class JournaldExportDecoder(Decoder):
    """Decodes entries of the journal in the export format."""

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._entries = JournalEntries()
        self._held = Buffer()  # the bytes from the current offset on
        self._needed = 0  # bytes to hold before decoding is tried again; 0 to wait for an LF
        self._begin_file()

    def _begin_file(self) -> None:
        self._entry: Entry | None = None
        self._start = 0  # offset of the entry
        self._is_left_out = False  # whether the text of the entry is too long
        self._name: str | None = None  # of a field whose length and value follow
        self._left_to_skip = 0  # bytes of a value that is too long
        self._expects_value_end = False  # whether the LF after a value that is too long follows
        self._is_searching = False  # after damage, until the next entry is found
        self._in_doubt = False  # after a search: what it found may be text inside a value
        self._in_long_line = False

    def _decode(self, data: bytes) -> None:
        self._held.append(data, 0, len(data))
        if self._needed:
            is_enough = len(self._held) >= self._needed
        else:
            is_enough = LF in data or len(self._held) > self.max_record
        if is_enough:
            self._decode_held()

    def _decode_held(self) -> None:
        """Decode all fields that are whole, and hold the rest."""
        data, at = self._held.take(), 0
        self._needed = 0
        while at < len(data):
            done = self._decode_field(data, at)
            if not done:
                break
            at += done
            self._offset += done
        self._held.append(data, at, len(data))

    def _decode_field(self, data: bytes, at: int) -> int:
        """Decode a field, and return the number of bytes consumed; 0 if the field is incomplete."""
        if self._left_to_skip:
            return self._skip_long_value(len(data) - at)
        if self._expects_value_end:
            self._expects_value_end = False
            if data[at] == LF[0]:
                return len(LF)
            self._report_and_search(NoticeKind.CORRUPT, _WRONG_LENGTH)
        if self._name is not None:
            return self._decode_value(self._name, data, at)
        stop = data.find(LF, at)
        if stop < 0:
            return self._skip_long_line(len(data) - at) if len(data) - at > self.max_record else 0
        if self._in_long_line or stop - at > self.max_record:
            self._skip_long_line(stop - at)
            self._in_long_line = False
            return stop + 1 - at
        self._decode_line(data[at:stop])
        return stop + 1 - at

    def _skip_long_line(self, size: int) -> int:
        """Skip bytes of a line that is too long, and return their number."""
        if not self._in_long_line:
            self._report_and_search(
                NoticeKind.OVERSIZE, f"a line longer than {self.max_record} bytes; the entry is left out"
            )
            self._in_long_line = True
        return size

    def _report_and_search(self, kind: NoticeKind, message: str) -> None:
        """Leave out the entry, and search for the next one."""
        if not self._is_searching:
            self._record += self._entry is None
            self._notice(kind, message, offset=self._start if self._entry else self._offset)
        self._entry = None
        self._is_searching = self._in_doubt = True

    def _decode_line(self, line: bytes) -> None:
        """Decode a field on a line, the name of a field whose length follows, or the end of an entry."""
        if self._is_searching:
            self._is_searching = bool(line) and not line.startswith(_FIRST)
            if self._is_searching:
                return
        if not line:
            self._end_entry()
            return
        if self._entry and line.startswith(_FIRST):
            message = "the entry before this one breaks off, and is left out"
            self._notice(NoticeKind.TORN, message, offset=self._start)
            self._entry = None
        if b"\0" in line:  # journalctl never writes a NUL here: such a value follows its length
            self._report_and_search(NoticeKind.NUL_RUN, _NULS)
            return
        name, equals, value = line.partition(b"=")
        if not _NAME.fullmatch(name):
            self._report_and_search(NoticeKind.CORRUPT, "not an entry; left out, up to the next one")
            return
        if self._entry is None:
            self._begin_entry(line)
        if line.startswith(_FIRST) and _FIRST in value:
            self._report_and_search(NoticeKind.TORN, _TWO_IN_ONE)
        elif equals:
            self._set_field(name.decode(), value)
        else:
            self._name = name.decode()

    def _begin_entry(self, line: bytes) -> None:
        self._entry = Entry()
        self._is_left_out = False
        self._record += 1
        self._start = self._offset
        if not line.startswith(_FIRST):
            message = "the beginning of the entry is missing; the rest of it is read"
            self._notice(NoticeKind.CORRUPT, message)

    def _end_entry(self) -> None:
        """Give the text of the entry, and notices of what is wrong with it."""
        entry, self._entry = self._entry, None
        if entry and not self._is_left_out:
            printed = self._entries.read(entry, is_ours=self._is_ours(entry.container or b"", self._start))
            for fault in printed.faults:
                self._notice_fault(fault, self._start)
            self._emit(printed.stream, printed.data, printed.time, suspect=self._in_doubt or printed.suspect)

    def _end(self) -> None:
        self._decode_held()
        if self._entry or (self._held and not self._is_searching):
            self._start = self._start if self._entry else self._offset
            self._record += self._entry is None
            message = "the capture ends within an entry, which is left out"
            self._notice(NoticeKind.TRUNCATED, message, offset=self._start)
        self._held.take()
        self._needed = 0
        self._begin_file()

    def _skip_long_value(self, left: int) -> int:
        """Skip bytes of a value that is too long, and return their number."""
        done = min(self._left_to_skip, left)
        self._left_to_skip -= done
        return done

    def _decode_value(self, name: str, data: bytes, at: int) -> int:
        """Decode a value after its length, and return the number of bytes consumed; 0 if it is incomplete."""
        left = len(data) - at
        size = int.from_bytes(data[at : at + _SIZE], "little")
        whole = _SIZE + size + len(LF)
        if left < _SIZE:
            self._needed = _SIZE
            return 0
        if size > _MOST:
            return self._skip_wrong_length()
        if size > self.max_record:
            self._name = None
            self._left_to_skip = _SIZE + size
            self._expects_value_end = True
            if name == "MESSAGE":
                self._is_left_out = True
                message = (
                    f"a text of {size} bytes where {self.max_record} are the most; the entry is left out"
                )
                self._notice(NoticeKind.OVERSIZE, message, offset=self._start)
            return self._skip_long_value(left)
        if left < whole:
            self._needed = whole
            return 0
        if data[at + whole - 1] != LF[0]:
            return self._skip_wrong_length()
        self._name = None
        self._set_field(name, data[at + _SIZE : at + whole - 1])
        return whole

    def _skip_wrong_length(self) -> int:
        """Skip a wrong length, but not the bytes after it: they may hold entries."""
        self._name = None
        self._report_and_search(NoticeKind.CORRUPT, _WRONG_LENGTH)
        return _SIZE

    def _set_field(self, name: str, value: bytes) -> None:
        attribute = FIELDS.get(name)
        if not (self._entry and attribute):
            return
        if getattr(self._entry, attribute) is None:
            setattr(self._entry, attribute, value)
        elif name in _ONCE:
            self._report_and_search(NoticeKind.TORN, _TWO_IN_ONE)


def _sniff(head: bytes) -> bool:
    lines = head.split(LF, len(_FIRST_LINES))[:-1]
    if not lines or not all(shape.fullmatch(line) for shape, line in zip(_FIRST_LINES, lines, strict=False)):
        return False
    output = JournaldExportDecoder().feed(head)
    notices = [item for item in output if isinstance(item, CaptureNotice) and item.record == 1]
    return not any(item.kind in {NoticeKind.CORRUPT, NoticeKind.TORN} for item in notices)


FORMAT = CatalogueEntry(
    id="journald-export",
    title="entries of the journal in systemd's export format",
    source="journalctl --output export CONTAINER_NAME=NAME",
    loses="entries beyond the journal's rate limit",
    containers="its CONTAINER_ID_FULL",
    decoder=JournaldExportDecoder,
    sniff=_sniff,
)
