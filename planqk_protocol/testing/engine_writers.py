"""Models of engines: functions that write a capture of a container's output, as the engine does.

They are written from what is known of the engines, and share no code with the
decoders. The model of journald is `planqk_protocol.testing.journald_writer`.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Iterator

__all__ = [
    "PIECE",
    "Write",
    "compose_logs",
    "conmon",
    "containerd",
    "docker_json_file",
    "docker_local",
    "docker_local_records",
    "docker_logs",
    "docker_mux",
    "field",
    "json_string",
    "kubectl_logs",
    "lines_of",
    "local_entry",
    "local_record",
    "numbered",
    "pieces",
    "planqk_entries",
    "stamp",
    "unix_lines",
    "utf8_text",
    "varint",
]

Write = tuple[str, bytes]
"""One write of a container: the stream, ``stdout`` or ``stderr``, and the bytes."""

PIECE = 16384
"""Bytes of a line after which Docker and containerd begin another record."""

_MORE = 0x80  # the bit of a byte in a Protocol Buffers number that says that another byte follows
_INVALID = re.compile("[\udc80-\udcff]")  # how "surrogateescape" decodes a byte that is not UTF-8


def stamp(number: int) -> str:
    """A time stamp with nine decimals. The next number gives a time one microsecond later."""
    return f"2024-05-01T10:00:{number // 1_000_000 % 60:02}.{number % 1_000_000:06}001Z"


def pieces(
    writes: Iterable[Write], size: int = PIECE, number: int = 0
) -> Iterator[tuple[str, bytes, bool, int]]:
    """Cut output into pieces of lines, as Docker's copier does.

    Args:
        writes: What the container writes.
        size: Bytes of a line after which another piece begins.
        number: The number of the last line before these.

    Yields:
        The stream, the text without LF, whether it ends its line, and the
        number of the line.
    """
    held: dict[str, bytes] = {}
    lines: dict[str, int] = {}
    for stream, data in writes:
        held[stream] = held.get(stream, b"") + data
        while held[stream]:
            lf = held[stream].find(b"\n")
            text = held[stream] if lf < 0 else held[stream][:lf]
            if stream not in lines:
                number += 1
                lines[stream] = number
            if len(text) >= size:
                yield stream, text[:size], False, lines[stream]
                held[stream] = held[stream][size:]
            elif lf >= 0:
                yield stream, text, True, lines.pop(stream)
                held[stream] = held[stream][lf + 1 :]
            else:
                break
    for stream, data in held.items():
        if data:
            yield stream, data, False, lines[stream]


def utf8_text(data: bytes) -> str:
    """Decode text as Go, and so Docker, does: each invalid byte becomes a replacement character."""
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", data.decode("utf-8", "surrogateescape"))


def json_string(data: bytes) -> str:
    """A JSON string as Docker escapes it. Each invalid byte becomes an escaped replacement character."""
    shown = []
    for character in data.decode("utf-8", "surrogateescape"):
        if _INVALID.match(character):
            shown.append("\\ufffd")
        elif character in "<>&\u2028\u2029":
            shown.append(f"\\u{ord(character):04x}")
        elif character in '"\\\n\r':
            shown.append(json.dumps(character)[1:-1])
        elif character < " ":
            shown.append(f"\\u{ord(character):04x}")
        else:
            shown.append(character)
    return f'"{"".join(shown)}"'


def docker_json_file(writes: Iterable[Write], attrs: str = "") -> bytes:
    """A file of the driver ``json-file``.

    Args:
        writes: What the container writes.
        attrs: The JSON text of the member ``attrs``, with a comma after it.
    """
    records = []
    for stream, text, ends_line, line in pieces(writes):
        log = json_string(text + b"\n" if ends_line else text)
        time = stamp(line).rstrip("0")
        records.append(f'{{"log":{log},"stream":"{stream}",{attrs}"time":"{time}"}}\n')
    return "".join(records).encode()


def _cri(writes: Iterable[Write], size: int, zone: str) -> Iterator[bytes]:
    for number, (stream, text, ends_line, _) in enumerate(pieces(writes, size)):
        time = stamp(number).removesuffix("Z") + zone
        yield f"{time} {stream} {'F' if ends_line else 'P'} ".encode() + text + b"\n"


def unix_lines(writes: Iterable[Write]) -> Iterator[Write]:
    """The same writes, without the one CR before each LF that containerd drops."""
    held: dict[str, bytes] = {}
    for stream, data in writes:
        text = held.pop(stream, b"") + data
        if text.endswith(b"\r"):
            held[stream], text = b"\r", text[:-1]
        yield stream, text.replace(b"\r\n", b"\n")
    yield from held.items()


def containerd(writes: Iterable[Write]) -> bytes:
    """A CRI log of containerd. Long lines are in pieces of 16 KiB. One CR before each LF is dropped."""
    return b"".join(_cri(unix_lines(writes), PIECE, "+02:00"))


def conmon(writes: Iterable[Write]) -> bytes:
    """A CRI log of conmon: a record for each line of a write, partial if the write does not end the line."""
    records = []
    number = 0
    for stream, data in writes:
        for line in lines_of(data):
            number += 1
            tag = "F" if line.endswith(b"\n") else "P"
            records.append(
                f"{stamp(number)[:-1]}+00:00 {stream} {tag} ".encode() + line.removesuffix(b"\n") + b"\n"
            )
    return b"".join(records)


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a text. Each line but the last ends with LF, and the last one may."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return [line for line in lines if line]


def docker_mux(writes: Iterable[Write]) -> bytes:
    """The frames of Docker's API, one for each write."""
    numbers = {"stdout": 1, "stderr": 2}
    return b"".join(struct.pack(">BxxxI", numbers[stream], len(data)) + data for stream, data in writes)


def varint(value: int) -> bytes:
    """A number, as Protocol Buffers encode it."""
    digits = []
    while value >= _MORE:
        digits.append(value % _MORE | _MORE)
        value >>= 7
    return bytes([*digits, value])


def field(number: int, data: bytes) -> bytes:
    """A field of bytes, as Protocol Buffers encode it."""
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def local_entry(
    source: bytes,
    line: bytes,
    *,
    time: int = 1,
    ends_line: bool = True,
    part: int = 0,
    line_id: bytes = b"id",
) -> bytes:
    """An entry of the driver ``local``.

    Args:
        source: The name of the stream.
        line: The text.
        time: The time stamp, in nanoseconds.
        ends_line: Whether the text ends its line.
        part: The number of the piece, if the line has several pieces. Else 0.
        line_id: The id that the pieces of a line have in common.
    """
    entry = field(1, source) + b"\x10" + varint(time) + field(3, line)
    if part:
        last = b"\x08\x01" if ends_line else b""
        entry += b"\x20\x01" + field(5, last + field(2, line_id) + b"\x18" + varint(part))
    return entry


def local_record(entry: bytes) -> bytes:
    """A record of the driver ``local``: an entry, with its length before and after it."""
    return struct.pack(">I", len(entry)) + entry + struct.pack(">I", len(entry))


def numbered(
    writes: Iterable[Write], size: int = PIECE, number: int = 0
) -> Iterator[tuple[str, bytes, bool, int, int]]:
    """The same as `pieces`, with the number of the piece at the end: 0 if the line has only one piece."""
    counts: dict[str, int] = {}
    for stream, text, ends_line, line in pieces(writes, size, number):
        part = counts.get(stream, 0) + 1
        counts[stream] = 0 if ends_line else part
        yield stream, text, ends_line, line, 0 if part == 1 and ends_line else part


def docker_local_records(writes: Iterable[Write], size: int = PIECE, number: int = 0) -> list[bytes]:
    """The records of the driver ``local``. The arguments are those of `pieces`."""
    return [
        local_record(
            local_entry(
                stream.encode(), text, time=line, ends_line=ends_line, part=part, line_id=b"%d" % line
            )
        )
        for stream, text, ends_line, line, part in numbered(writes, size, number)
    ]


def docker_local(writes: Iterable[Write]) -> bytes:
    """A file of the driver ``local``."""
    return b"".join(docker_local_records(writes))


def docker_logs(writes: Iterable[Write], details: str = "", *, has_stamps: bool = True) -> bytes:
    """The text of ``docker logs``: a prefix before every stored record."""
    shown = []
    for _, text, ends_line, line in pieces(writes):
        prefix = (stamp(line) + " " if has_stamps else "") + details
        shown.append(prefix.encode() + text + (b"\n" if ends_line else b""))
    return b"".join(shown)


def kubectl_logs(data: bytes, prefix: str, *, has_stamps: bool) -> bytes:
    """The text of ``kubectl logs``: a prefix and a time stamp before every line."""
    lines = lines_of(data)
    shown = [prefix + (stamp(number) + " " if has_stamps else "") for number in range(len(lines))]
    return b"".join(start.encode() + line for start, line in zip(shown, lines, strict=True))


def compose_logs(data: bytes, width: int = 8, colour: str = "", *, has_stamps: bool = False) -> bytes:
    """The text of ``docker compose logs``: the name of the service before every line.

    A last line without LF is never written.

    Args:
        data: What the container writes.
        width: Characters of the name, filled up with spaces.
        colour: The escape sequence before the name, or nothing.
        has_stamps: Whether a time stamp follows the name.
    """
    reset = "\x1b[0m" if colour else ""
    start = f"{colour}{'job-1':<{width}} | {reset}"
    lines = [line for line in lines_of(data) if line.endswith(b"\n")]
    starts = [start + (stamp(number) + " " if has_stamps else "") for number in range(len(lines))]
    shown = [start.encode() + line for start, line in zip(starts, lines, strict=True)]
    return b"Attaching to job-1\n" + b"".join(shown)


def planqk_entries(lines: Iterable[bytes], **members: object) -> list[dict[str, object]]:
    """The entries of the platform's log, one for each text.

    Args:
        lines: The texts, each of them one line or several.
        members: More members of each entry.
    """
    severities = ("INFO", "DEBUG", "NOTICE", "WARNING", "ERROR")
    return [
        {
            "message": utf8_text(line),
            "severity": severities[number % len(severities)],
            "timestamp": stamp(number),
            **members,
        }
        for number, line in enumerate(lines)
    ]
