"""A model of journald: the entries that engines write to the journal, and how journalctl prints them."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Iterator

from planqk_protocol.testing.engine_writers import PIECE, Write, lines_of, numbered

__all__ = [
    "Fields",
    "conmon_journal",
    "docker_journal",
    "journal_value",
    "journald_export",
    "journald_json",
]

Fields = dict[str, bytes]
"""An entry of the journal: its fields by their names."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def journal_value(data: bytes) -> str | list[int]:
    """A value as ``journalctl -o json`` prints it: a string, or an array of bytes if it is not printable."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return list(data)
    return list(data) if _UNPRINTABLE.search(text) else text


def _address(number: int) -> Fields:
    """The fields that journalctl puts in front of every entry (systemd, src/shared/logs-show.c)."""
    micros = 1_714_557_600_000_000 + number
    return {
        "__CURSOR": b"s=%032x;i=%x;b=%032x;m=%x;t=%x;x=%x" % (1, number, 2, number, micros, number),
        "__REALTIME_TIMESTAMP": b"%d" % micros,
        "__MONOTONIC_TIMESTAMP": b"%d" % number,
        "_BOOT_ID": b"%032x" % 2,
    }


def docker_journal(writes: Iterable[Write], size: int = PIECE, number: int = 0) -> Iterator[Fields]:
    """The entries that Docker's driver ``journald`` writes: pieces of lines, without their LF.

    Args:
        writes: What the container writes.
        size: Bytes of a line after which another entry begins.
        number: The number of the last line before these.
    """
    for count, (stream, text, ends_line, line, part) in enumerate(numbered(writes, size, number), 1):
        fields = _address(count) | {
            "PRIORITY": b"6" if stream == "stdout" else b"3",
            "_COMM": b"dockerd",
            "CONTAINER_ID_FULL": b"c1",
            "CONTAINER_LOG_EPOCH": b"e%d" % number,
            "CONTAINER_LOG_ORDINAL": b"%d" % count,
            "MESSAGE": text,
        }
        if part:
            fields["CONTAINER_PARTIAL_ID"] = b"p%d" % line
            fields["CONTAINER_PARTIAL_ORDINAL"] = b"%d" % part
            fields["CONTAINER_PARTIAL_LAST"] = b"true" if ends_line else b"false"
            fields["CONTAINER_PARTIAL_MESSAGE"] = b"true"
        yield fields


def conmon_journal(writes: Iterable[Write]) -> Iterator[Fields]:
    """The entries that conmon writes for Podman: one for each line of a write, with its LF."""
    number = 0
    for stream, data in writes:
        for line in lines_of(data):
            number += 1
            fields = _address(number) | {
                "PRIORITY": b"6" if stream == "stdout" else b"3",
                "_COMM": b"conmon",
                "CONTAINER_ID_FULL": b"c1",
                "MESSAGE": line,
            }
            if not line.endswith(b"\n"):
                fields["CONTAINER_PARTIAL_MESSAGE"] = b"true"
            yield fields


def journald_json(entries: Iterable[Fields]) -> bytes:
    """What ``journalctl -o json --all`` prints."""
    lines = [json.dumps({name: journal_value(value) for name, value in fields.items()}) for fields in entries]
    return "".join(line + "\n" for line in lines).encode()


def journald_export(entries: Iterable[Fields]) -> bytes:
    """What ``journalctl -o export`` prints."""
    result = []
    for fields in entries:
        for name, value in fields.items():
            if isinstance(journal_value(value), str) and b"\n" not in value:
                result.append(name.encode() + b"=" + value + b"\n")
            else:
                result.append(name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n")
        result.append(b"\n")
    return b"".join(result)
