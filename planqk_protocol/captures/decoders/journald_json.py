"""``journald-json``: the output of ``journalctl -o json --all``.

An entry is a JSON object on a line (systemd, ``src/shared/logs-show.c``).
``json-seq`` puts RS before it, ``json-sse`` puts ``data:``. The value of a field is

- a string;
- an array of bytes, if the text is not printable UTF-8;
- ``null``, if the text has 4 KiB or more and ``--all`` was not given;
- an array of such values, if the field occurs several times; the first one counts.

systemd up to version 239 prints bytes that are not UTF-8 as they are, inside the
string. `journal_entries` explains what the fields mean.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import CatalogueEntry
from planqk_protocol.captures.journal_entries import FIELDS, Entry, JournalEntries
from planqk_protocol.captures.json_text import is_too_deep, to_bytes, to_text
from planqk_protocol.captures.line_decoder import LineDecoder
from planqk_protocol.captures.sniffing import after_filler, first_object

__all__ = ["FORMAT", "JournaldJsonDecoder"]

_WRAP = re.compile(rb"[\x1e\s]*(?:data:\s*)?")  # what json-seq and json-sse put before an entry
# The fields of an entry come in no fixed order, but every entry has these.
_ALWAYS = frozenset((b"__CURSOR", b"__REALTIME_TIMESTAMP", b"__MONOTONIC_TIMESTAMP", b"_BOOT_ID"))
_USUAL = _ALWAYS | frozenset(
    b"""
    MESSAGE PRIORITY SYSLOG_IDENTIFIER IMAGE_NAME
    CONTAINER_ID CONTAINER_ID_FULL CONTAINER_NAME CONTAINER_TAG CONTAINER_LOG_EPOCH CONTAINER_LOG_ORDINAL
    CONTAINER_PARTIAL_MESSAGE CONTAINER_PARTIAL_ID CONTAINER_PARTIAL_ORDINAL CONTAINER_PARTIAL_LAST
    __SEQNUM __SEQNUM_ID _SOURCE_REALTIME_TIMESTAMP _HOSTNAME _MACHINE_ID _TRANSPORT _RUNTIME_SCOPE
    _PID _UID _GID _COMM _EXE _CMDLINE _CAP_EFFECTIVE _SELINUX_CONTEXT
    _SYSTEMD_CGROUP _SYSTEMD_INVOCATION_ID _SYSTEMD_SLICE _SYSTEMD_UNIT
    """.split()
)
_NAME = re.compile(rb"[A-Z_][A-Z0-9_]*")
_Fields = msgspec.defstruct(
    "_Fields",
    [(attribute, Any, None) for attribute in FIELDS.values()],
    rename={attribute: name for name, attribute in FIELDS.items()},
)
_fields_decoder = msgspec.json.Decoder(_Fields)
_parse = json.JSONDecoder(strict=False).decode


class JournaldJsonDecoder(LineDecoder):
    """Decodes entries of the journal in JSON."""

    nul_ends_line = True

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._entries = JournalEntries()

    def _decode_line(self, line: bytes, end: bytes) -> None:
        start = _end_of_wrap(line)
        if start == len(line):
            return
        self._record += 1
        offset = self._offset + start
        if (entry := _parse_entry(line[start:])) is not None:
            self._emit_entry(entry, offset)
        elif end:
            self._notice(NoticeKind.CORRUPT, "not an entry; left out, up to the next line", offset=offset)
        else:
            message = "the capture ends within an entry, which is left out"
            self._notice(NoticeKind.TRUNCATED, message, offset=offset)

    def _emit_entry(self, entry: Entry, offset: int) -> None:
        """Give the text of an entry, and notices of what is wrong with it."""
        printed = self._entries.read(entry, is_ours=self._is_ours(entry.container or b"", offset))
        for fault in printed.faults:
            self._notice_fault(fault, offset)
        self._emit(printed.stream, printed.data, printed.time, suspect=printed.suspect)


def _end_of_wrap(line: bytes) -> int:
    """Where the entry begins, after what ``json-seq`` or ``json-sse`` puts before it."""
    match = _WRAP.match(line)
    return match.end() if match else 0


def _parse_entry(line: bytes) -> Entry | None:
    """Parse an entry; ``None`` if the line is not an entry."""
    if is_too_deep(line):
        return None
    errors = "strict"
    try:
        fields = msgspec.structs.asdict(_fields_decoder.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError):
        text, errors = to_text(line)  # text that is not UTF-8: systemd up to version 239
        try:
            value = _parse(text)
        except ValueError:
            return None
        if not isinstance(value, dict):
            return None
        fields = {attribute: value.get(name) for name, attribute in FIELDS.items()}
    return Entry(**{attribute: _bytes_of(value, errors) for attribute, value in fields.items()})


def _bytes_of(value: object, errors: str) -> bytes | None:
    """The bytes of a field's value: a string, an array of bytes, or the first of several such values."""
    match value:
        case str():
            return to_bytes(value, errors)
        case [str() | list() as first, *_]:
            return _bytes_of(first, errors)
        case list():
            try:
                return bytes(value)
            except (TypeError, ValueError):
                return None
    return None


def _sniff(head: bytes) -> bool:
    text = after_filler(head)
    entry = first_object(text[_end_of_wrap(text) :], "surrogateescape")  # systemd up to version 239
    if not entry or entry.rest:
        return False
    fields = entry.fields
    if not all(_NAME.fullmatch(name) and value[:1] in b'"[n' for name, value in fields.items()):
        return False
    return not fields.keys().isdisjoint(_USUAL if entry.rest is None else _ALWAYS)


FORMAT = CatalogueEntry(
    id="journald-json",
    title="entries of the journal in JSON (Docker's journald driver, Podman on hosts with systemd)",
    source="journalctl --output json --all CONTAINER_NAME=NAME",
    loses="texts of 4 KiB and more without --all; entries beyond the journal's rate limit",
    containers="its CONTAINER_ID_FULL",
    decoder=JournaldJsonDecoder,
    sniff=_sniff,
)
