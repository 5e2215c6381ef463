"""Model writers: what the engines write, by the facts known of them, for given output of a container."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator

Write = tuple[str, bytes]
"""A stream, and bytes that the container writes to it at once."""

PIECE = 16384


def stamp(number: int) -> str:
    """A time stamp of nine decimals, one microsecond later for each number."""
    return f"2024-05-01T10:00:{number // 1_000_000 % 60:02}.{number % 1_000_000:06}001Z"


def pieces(
    writes: Iterable[Write], size: int = PIECE, number: int = 0
) -> Iterator[tuple[str, bytes, bool, int]]:
    """Docker's copier: stream, text without LF, whether it ends its line, and the number of the line.

    The first line has the next number.
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


def json_string(data: bytes) -> str:
    """A JSON string as Docker escapes it; each invalid byte becomes an escaped replacement character."""
    text = data.decode("utf-8", "surrogateescape")
    shown = []
    for character in text:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            shown.append("\\ufffd")
        elif character in "<>&\u2028\u2029":
            shown.append(f"\\u{code:04x}")
        elif character in '"\\\n\r':
            shown.append(json.dumps(character)[1:-1])
        elif code < 0x20:
            shown.append(f"\\u{code:04x}")
        else:
            shown.append(character)
    return f'"{"".join(shown)}"'


def docker_json_file(writes: Iterable[Write], attrs: str = "") -> bytes:
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


def containerd(writes: Iterable[Write]) -> bytes:
    """Whole lines in pieces of 16 KiB; one CR before an LF is dropped."""
    return b"".join(
        _cri([(stream, data.replace(b"\r\n", b"\n")) for stream, data in writes], PIECE, "+02:00")
    )


def conmon(writes: Iterable[Write]) -> bytes:
    """Each write gives records of its own, pieces where it does not end its line."""
    records = []
    number = 0
    for stream, data in writes:
        for line in _lines(data):
            number += 1
            tag = "F" if line.endswith(b"\n") else "P"
            records.append(
                f"{stamp(number)[:-1]}+00:00 {stream} {tag} ".encode() + line.removesuffix(b"\n") + b"\n"
            )
    return b"".join(records)


def _lines(data: bytes) -> list[bytes]:
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return [line for line in lines if line]


def docker_mux(writes: Iterable[Write]) -> bytes:
    numbers = {"stdout": 1, "stderr": 2}
    return b"".join(struct.pack(">BxxxI", numbers[stream], len(data)) + data for stream, data in writes)


def varint(value: int) -> bytes:
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def field(number: int, data: bytes) -> bytes:
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
    entry = field(1, source) + b"\x10" + varint(time) + field(3, line)
    if part:
        last = b"\x08\x01" if ends_line else b""
        entry += b"\x20\x01" + field(5, last + field(2, line_id) + b"\x18" + varint(part))
    return entry


def local_record(entry: bytes) -> bytes:
    return struct.pack(">I", len(entry)) + entry + struct.pack(">I", len(entry))


def numbered(
    writes: Iterable[Write], size: int = PIECE, number: int = 0
) -> Iterator[tuple[str, bytes, bool, int, int]]:
    """Pieces with the number of the line, and their number in a line of several, else 0."""
    counts: dict[str, int] = {}
    for stream, text, ends_line, line in pieces(writes, size, number):
        part = counts.get(stream, 0) + 1
        counts[stream] = 0 if ends_line else part
        yield stream, text, ends_line, line, 0 if part == 1 and ends_line else part


def docker_local_records(writes: Iterable[Write], size: int = PIECE, number: int = 0) -> list[bytes]:
    return [
        local_record(
            local_entry(
                stream.encode(), text, time=line, ends_line=ends_line, part=part, line_id=b"%d" % line
            )
        )
        for stream, text, ends_line, line, part in numbered(writes, size, number)
    ]


def docker_local(writes: Iterable[Write]) -> bytes:
    return b"".join(docker_local_records(writes))


def journal_value(data: bytes) -> str | list[int]:
    """A string, or an array of bytes where the text is not printable UTF-8."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return list(data)
    bad = any((ord(c) < 0x20 and c not in "\t\n") or 0x7F <= ord(c) < 0xA0 for c in text)
    return list(data) if bad else text


Fields = dict[str, bytes]


def docker_journal(writes: Iterable[Write], size: int = PIECE, number: int = 0) -> Iterator[Fields]:
    ids: dict[str, int] = {}
    for count, (stream, text, ends_line, line, part) in enumerate(numbered(writes, size, number), 1):
        fields = {
            "__CURSOR": b"s=%d" % count,
            "__REALTIME_TIMESTAMP": b"%d" % (1_714_557_600_000_000 + count),
            "PRIORITY": b"6" if stream == "stdout" else b"3",
            "_COMM": b"dockerd",
            "CONTAINER_ID_FULL": b"c1",
            "CONTAINER_LOG_EPOCH": b"e%d" % number,
            "CONTAINER_LOG_ORDINAL": b"%d" % count,
            "MESSAGE": text,
        }
        if part:
            ids[stream] = line
            fields["CONTAINER_PARTIAL_ID"] = b"p%d" % line
            fields["CONTAINER_PARTIAL_ORDINAL"] = b"%d" % part
            fields["CONTAINER_PARTIAL_LAST"] = b"true" if ends_line else b"false"
            fields["CONTAINER_PARTIAL_MESSAGE"] = b"true"
        yield fields


def conmon_journal(writes: Iterable[Write]) -> Iterator[Fields]:
    for number, (stream, data) in enumerate(writes):
        for line in _lines(data):
            fields = {
                "__CURSOR": b"s=%d" % number,
                "PRIORITY": b"6" if stream == "stdout" else b"3",
                "_COMM": b"conmon",
                "CONTAINER_ID_FULL": b"c1",
                "MESSAGE": line,
            }
            if not line.endswith(b"\n"):
                fields["CONTAINER_PARTIAL_MESSAGE"] = b"true"
            yield fields


def journald_json(entries: Iterable[Fields]) -> bytes:
    lines = [json.dumps({name: journal_value(value) for name, value in fields.items()}) for fields in entries]
    return "".join(line + "\n" for line in lines).encode()


def journald_export(entries: Iterable[Fields]) -> bytes:
    result = []
    for fields in entries:
        for name, value in fields.items():
            if isinstance(journal_value(value), str) and b"\n" not in value:
                result.append(name.encode() + b"=" + value + b"\n")
            else:
                result.append(name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n")
        result.append(b"\n")
    return b"".join(result)


def docker_logs(writes: Iterable[Write], details: str = "", *, has_stamps: bool = True) -> bytes:
    """The text of docker logs: a prefix before every stored record."""
    shown = []
    for _, text, ends_line, line in pieces(writes):
        prefix = (stamp(line) + " " if has_stamps else "") + details
        shown.append(prefix.encode() + text + (b"\n" if ends_line else b""))
    return b"".join(shown)


def kubectl_logs(data: bytes, prefix: str, *, has_stamps: bool) -> bytes:
    lines = _lines(data)
    shown = [prefix + (stamp(number) + " " if has_stamps else "") for number in range(len(lines))]
    return b"".join(start.encode() + line for start, line in zip(shown, lines, strict=True))


def compose_logs(data: bytes, width: int = 8, colour: str = "") -> bytes:
    reset = "\x1b[0m" if colour else ""
    start = f"{colour}{'job-1':<{width}} | {reset}".encode()
    return b"Attaching to job-1\n" + b"".join(start + line for line in _lines(data))
