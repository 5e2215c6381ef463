"""A result in the logs that engines keep, in several formats."""

from __future__ import annotations

import json
import struct


def json_file(*pieces: str, stream: str = "stdout") -> bytes:
    """Records of Docker's json-file driver."""
    return b"".join(
        json.dumps(
            {"log": piece, "stream": stream, "time": "2024-05-01T10:00:00.5Z"}, separators=(",", ":")
        ).encode()
        + b"\n"
        for piece in pieces
    )


def cri(*lines: str, tag: str = "F") -> bytes:
    return b"".join(f"2024-05-01T10:00:00.5Z stdout {tag} {line}\n".encode() for line in lines)


def local(text: bytes) -> bytes:
    entry = b"\x0a\x06stdout\x10\x01\x1a" + bytes([len(text)]) + text
    return struct.pack(">I", len(entry)) + entry + struct.pack(">I", len(entry))


RESULT = "PlanQK:Job:Result: 42\n"
MUX = b"\x01\0\0\0" + struct.pack(">I", len(RESULT)) + RESULT.encode()

CAPTURES = {
    "raw": RESULT.encode(),
    "docker-json-file": json_file("log\n", RESULT),
    "cri": cri("log", RESULT.rstrip()),
    "docker-mux": MUX,
    "docker-local": local(RESULT.rstrip().encode()),
    "docker-logs-timestamps": b"2024-05-01T10:00:00.000000000Z " + RESULT.encode(),
    "compose-logs": b"job-1  | " + RESULT.encode(),
    "planqk-log": json.dumps(
        [{"message": RESULT, "severity": "INFO", "timestamp": "2024-05-01T10:00:00.5Z"}]
    ).encode(),
}
