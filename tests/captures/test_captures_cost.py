"""Work grows with the capture, whatever is in it: four times the bytes take about four times as long."""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from planqk_protocol.captures import decoder

STAMP = b"2024-05-01T10:00:00.000000001Z"
WORTH_TIMING = 0.003  # seconds
LARGEST = 256 * 1024
ATTEMPTS = 5  # to find the machine idle for a moment
GROWTH = 8  # of the time from one size to the fourfold; linear work stays near 4, quadratic goes to 16


def repeated(unit: bytes) -> Callable[[int], bytes]:
    return lambda size: unit * (size // len(unit))


def long_record(size: int) -> bytes:
    """The head of a record of the given size."""
    return struct.pack(">I", size) + b"\x0a\x06stdout"


def entry_of_numbers(size: int) -> bytes:
    entry = b"\x50\x01" * (size // 2)
    return struct.pack(">I", len(entry)) + entry + struct.pack(">I", len(entry))


JSON_FILE: dict[str, Callable[[int], bytes]] = {
    "heads of records": repeated('{"log":"ä'.encode()),
    "heads of records, a line each": repeated(b'{"log":"\n'),
    "a brace, and blank lines": lambda size: b"{" + b"\n" * size,
    "braces, and blank lines": repeated(b"{\n\n\n"),
    "half a record, and blank lines": lambda size: (
        b'{"log":"' + b"x" * (size // 2) + b'",' + b"\n" * (size // 2)
    ),
    "records on one line": repeated(b'{"log":"a"}'),
    "records on one line, not ASCII": repeated('{"log":"ä"}'.encode()),
    "records on one line, not UTF-8": repeated(b'{"log":"\xff"}'),
    "records in records": repeated(b'{"log":"a","b":'),
    "objects": repeated(b"{}"),
    "objects in objects": repeated(b'{"a":'),
    "lists in lists": repeated(b"["),
    "a long number": lambda size: b'{"LOG":"a","b":' + b"9" * size + b"}\n",
    "white space": repeated(b" "),
    "white space on many lines": repeated(b" \t\r\n"),
    "white space in a record": lambda size: b'{"log":"a"' + b" " * size + b",\n",
    "backslashes": lambda size: b'{"log":"' + b"\\" * size + b"\n",
    "quotes": lambda size: b'{"log":"' + b'"' * size + b"\n",
    "almost streams": lambda size: b'{"log":"a"' + repeated(b'"stream":"stdou')(size) + b"\n",
    "NULs and braces": repeated(b"\0{"),
}
LOCAL: dict[str, Callable[[int], bytes]] = {
    "heads of long records": lambda size: long_record(size // 2) * (size // 12),
    "heads of short records": repeated(long_record(20)),
    "NULs": repeated(b"\0"),
    "no records": repeated(b"\xff"),
    "almost heads": repeated(b"\0\0\0\0\x0a"),
    "an entry of many fields": entry_of_numbers,
}
CASES = {
    "docker-json-file": JSON_FILE,
    "docker-local": LOCAL,
    "docker-mux": {
        "empty frames": repeated(b"\1" + b"\0" * 7),
        "a long system error": lambda size: b"\3\0\0\0\x7f\0\0\0" + b"x" * size,
        "no frames": repeated(b"x"),
        "NULs and frames": repeated(b"\0" * 8 + b"\1" + b"\0" * 6 + b"\1x"),
    },
    "cri": {
        "stamps": repeated(STAMP),
        "heads of records": repeated(STAMP + b" stdout F "),
        "heads of records and NULs": repeated(STAMP + b" stdout F \0"),
        "NULs in a record": lambda size: STAMP + b" stdout F " + b"\0\0x" * (size // 3),
        "NULs and no records": repeated(b"\0x"),
        "long tags": lambda size: STAMP + b" stdout F:" + b"x" * size,
    },
    "journald-export": {
        "no entry": repeated(b"x"),
        "fields": repeated(b"A=\n"),
        "entries that break off": repeated(b"__CURSOR=\n"),
        "empty values": repeated(b"A\n" + b"\0" * 8 + b"\n"),
        "long values": repeated(b"A\n" + struct.pack("<Q", 1 << 20)),
    },
}


def seconds(format_id: str, capture: bytes, chunk_size: int) -> float:
    """The best of three times to decode a capture."""
    times = []
    for _ in range(3):
        subject = decoder(format_id)
        start = time.process_time()
        for at in range(0, len(capture), chunk_size):
            subject.feed(capture[at : at + chunk_size])
        subject.close()
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("chunk_size", [16, 64 * 1024])
@pytest.mark.parametrize(
    ("format_id", "name"), [(key, name) for key, value in CASES.items() for name in value]
)
def test_time_grows_with_the_capture(format_id: str, name: str, chunk_size: int) -> None:
    capture = CASES[format_id][name]
    size = 4096
    while (small := seconds(format_id, capture(size), chunk_size)) < WORTH_TIMING and size < LARGEST:
        size *= 2
    large = seconds(format_id, capture(4 * size), chunk_size)
    for _ in range(ATTEMPTS):
        if large < GROWTH * max(small, WORTH_TIMING):
            break
        small = seconds(format_id, capture(size), chunk_size)
        large = seconds(format_id, capture(4 * size), chunk_size)
    assert large < GROWTH * max(small, WORTH_TIMING)


def looked_at(capture: bytes) -> int:
    """The bytes and characters, from above, that methods of `bytes` and `str` look at for a capture."""
    total = 0

    def profile(_: FrameType, event: str, function: Any) -> None:
        nonlocal total
        owner = getattr(function, "__self__", None)
        if event == "c_call" and isinstance(owner, bytes | bytearray | str):
            total += len(owner)

    subject = decoder("docker-json-file")
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        subject.feed(capture)
        subject.close()
    finally:
        sys.setprofile(before)
    return total


@pytest.mark.parametrize("name", JSON_FILE)
def test_methods_do_not_look_at_a_line_again_and_again(name: str) -> None:
    small, large = (looked_at(JSON_FILE[name](size)) for size in (10_000, 20_000))
    assert large <= 3 * small
