"""Work grows with the capture, whatever is in it: four times the bytes take about four times as long.

And it stays near that of healthy captures: a place at which a record may begin (a line,
a frame, a field) costs some lines of Python, as a healthy record does, and the bytes
within a record cost none.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from planqk_protocol.captures import Decoder, decoder, detect, formats
from planqk_protocol.testing import engine_writers

CURSOR = b"__CURSOR=s=%032x;i=1;b=%032x;m=1;t=1;x=1\n" % (1, 2)
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
        "cursors in a text": lambda size: (
            b"MESSAGE\n" + struct.pack("<Q", size) + repeated(b"__CURSOR=\n")(size) + b"\n"
        ),
    },
    "journald-json": {
        "NULs": repeated(b"\0x"),
        "NULs on lines": repeated(b"\0x\n"),
        "NULs in entries": repeated(b'{"MESSAGE":"a"}\0'),
        "lists in lists": repeated(b"["),
        "deep entries": repeated(b'{"MESSAGE":"a","X":' + b"[" * 128 + b"\n"),
        "lists of bytes": lambda size: b'{"MESSAGE":[' + b"255," * (size // 4) + b"1]}\n",
        "blanks": repeated(b" \x1e"),
        "digits": lambda size: b'{"MESSAGE":' + b"9" * size + b"}\n",
        "backslashes": lambda size: b'{"MESSAGE":"' + b"\\" * size + b"\n",
    },
    "docker-logs-timestamps": {
        "stamps": repeated(STAMP),
        "stamps on one line": repeated(STAMP + b" "),
        "stamps every 16 KiB": repeated(STAMP + b" " + b"x" * 16384),
        "empty lines": repeated(b"\n"),
    },
    "docker-logs-details": {
        "details every 16 KiB": repeated(b"a=b " + b"x" * 16384),
        "a blank every 16 KiB": repeated(b" " + b"x" * 16384),
        "equals signs": repeated(b"="),
        "names without blank": repeated(b"a=b,"),
    },
    "kubectl-logs": {
        "pods": repeated(b"[pod/a/b] "),
        "half a pod": lambda size: b"[pod/" + b"x" * size,
        "many pods": lambda size: b"".join(b"[pod/a/%d] a\n" % number for number in range(size // 16)),
    },
    "compose-logs": {
        "names": repeated(b"job-1 | "),
        "a long name": lambda size: b"a" * size,
        "blanks after a name": lambda size: b"a" + b" " * size,
        "colours": repeated(b"\x1b[0m"),
        "a long colour": lambda size: b"\x1b[" + b";" * size,
        "what compose says": repeated(b"Attaching to \n"),
        "words": lambda size: b"a" * size + b" exited",
    },
    "planqk-log": {
        "heads of entries": repeated(b'{"message":"'),
        "heads of entries, a line each": repeated(b'{"message":"\n'),
        "entries in entries": repeated(b'{"message":"a","b":'),
        "entries without comma": repeated(b'{"message":"a"}'),
        "entries that are not closed": repeated(b'{"message":"a",'),
        "entries that are no JSON": repeated(b'{"message":"a" 1},'),
        "entries with U+FFFD": lambda size: b"[" + b'{"message":"\\ufffd"},' * (size // 21),
        "objects": repeated(b"{}"),
        "lists in lists": repeated(b"["),
        "commas": repeated(b"[,"),
        "lists": repeated(b"[]"),
        "white space": lambda size: b"[{" + b" " * size,
        "half a beginning": repeated(b'x{ "a'),
        "backslashes": lambda size: b'[{"message":"' + b"\\" * size,
        "quotes": lambda size: b'[{"message":' + b'"' * size,
        "ends in a text": lambda size: b'[{"message":"' + b"},{" * (size // 3),
        "deep entries": repeated(b'{"message":"a","x":' + b"[" * 128 + b"},"),
        "a deep entry": lambda size: b'{"message":"a","x":' + b"[" * size,
        "a long number": lambda size: b'{"message":"a","timestamp":' + b"9" * size + b"}",
        "NULs and braces": repeated(b"\0{"),
    },
    "raw": {"bytes": repeated(b"\n")},
}
HEADS: dict[str, Callable[[int], bytes]] = {
    **{f"{key}: {name}": make for key, made in CASES.items() for name, make in made.items()},
    "open lists": repeated(b'{"a":['),
    "lists in an object": repeated(b'{"a":[[],'),
    "an open list of texts": lambda size: b'{"a":[' + b'"x",' * (size // 4),
    "an open list of lists": lambda size: b'{"a":[' + b"[]," * (size // 3),
    "fields": lambda size: b"{" + b'"a":"b",' * (size // 8),
    "fields with blanks": lambda size: b"{" + b'"a" : "b" ,' * (size // 11),
    "an open text": lambda size: b'{"a":"' + b"x" * size,
    "escapes": lambda size: b'{"a":"' + b'\\"' * (size // 2),
    "an open name": lambda size: b'{"' + b"x" * size,
    "blanks in an object": lambda size: b"{" + b" " * size,
    "blanks after a name": lambda size: b'{"a"' + b" " * size,
    "blanks after a value": lambda size: b'{"a":1' + b" " * size,
    "a long word": lambda size: b'{"a":' + b"1" * size,
    "fillers": repeated(b"\xef\xbb\xbf\0 \n"),
    "blanks": repeated(b" "),
    "half a byte order mark": repeated(b"\xef\xbb"),
    "a journal": lambda size: CURSOR + b"A=1\n" * (size // 4),
    "a cursor": lambda size: b"__CURSOR=s=" + b"0" * 32 + b";i=" + b"1" * size + b"\n",
    "frames": repeated(b"\1" + b"\0" * 7),
}
"""What detection may be given: the beginnings of all of these, and some that are worse for it."""


def seconds(work: Callable[[], None], times: int = 3) -> float:
    """The best of some times."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def decoding(format_id: str, capture: bytes, chunk_size: int) -> Callable[[], None]:
    def work() -> None:
        subject = decoder(format_id)
        for at in range(0, len(capture), chunk_size):
            subject.feed(capture[at : at + chunk_size])
        subject.close()

    return work


def check_growth(work: Callable[[int], Callable[[], None]]) -> None:
    """Check that four times the size take less than eight times as long."""
    size = 2048
    while (small := seconds(work(size))) < WORTH_TIMING and size < LARGEST:
        size *= 2
    large = seconds(work(4 * size), times=1)
    for _ in range(ATTEMPTS):
        if large < GROWTH * max(small, WORTH_TIMING):
            break
        small, large = seconds(work(size)), seconds(work(4 * size))
    assert large < GROWTH * max(small, WORTH_TIMING)


@pytest.mark.parametrize("chunk_size", [16, 64 * 1024])
@pytest.mark.parametrize(
    ("format_id", "name"), [(key, name) for key, value in CASES.items() for name in value]
)
def test_time_grows_with_the_capture(format_id: str, name: str, chunk_size: int) -> None:
    capture = CASES[format_id][name]
    check_growth(lambda size: decoding(format_id, capture(size), chunk_size))


@pytest.mark.parametrize("name", HEADS)
def test_time_of_detection_grows_with_the_head(name: str) -> None:
    def work(size: int) -> Callable[[], None]:
        head = HEADS[name](size // 8)
        return lambda: void(detect(head))

    check_growth(work)


def void(_: object) -> None:
    """Nothing."""


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
    small, large = (looked_at(JSON_FILE[name](size)) for size in (5_000, 10_000))
    assert large <= 3 * small


# The most that a place at which a record may begin costs, in lines of Python. Healthy records read one
# by one cost between 25 (text with prefixes) and 130 (an entry of the journal), and each of them can be
# said to be damaged, with its place: that takes some 10 to 30 more.
MOST_STEPS = 130
FEW_STEPS = 700  # to begin and to end
PLACES = 300

# For each format what fuzzers found that sought the most lines of Python for a byte, and how many
# places are in it: lines, and holes of NULs that part one in two.
DEAREST: dict[str, list[tuple[bytes, int]]] = {
    "raw": [(b"\n", 1)],
    "docker-json-file": [
        (b"\0x\n", 2),
        (b"\0\n", 1),
        (b"{\n", 1),
        (b"{}\n", 1),
        (b',\n}"\xff\0og":,\n}":\xff\0"o\n', 5),
        (b'}\xef\xbf\xbd\xff\0"l\n', 2),
        (b'{"log":"a\\', 1),
    ],
    "cri": [(b"\n", 1), (b"\n x\n.\n", 3), (b"\0\n", 1), (STAMP + b" x F \n", 1)],
    "docker-mux": [
        (b"\1" + b"\0" * 7, 1),
        (b"\3" + b"\0" * 7, 1),
        (b"\2\0\0\0\0\0\0\1a" + b"\0" * 8 + b"\2" + b"\0" * 9, 3),
    ],
    "docker-local": [
        (b"\xff\0\0\0\x0b\x0a\x06stdout\x0a\1a\0\0\0\x0b\xff", 3),
        (b"\0\x08\xff\0\x0a\x06stdout", 1),
        (b"\0\0\0\x08\x0a\x06stdout\0\0\0\x09", 1),
        (engine_writers.local_record(b"\x0a\x06stdout"), 1),
    ],
    "journald-json": [
        (b"\n]{]]\0{\n[]\0", 4),
        (b"\0x\n", 2),
        (b"x\n", 1),
        (b"{}\n", 1),
        (b'{"MESSAGE":[9]}\n', 1),
    ],
    "journald-export": [(b"\n\nE=", 2), (b"__CURSOR=\n", 1), (b"x\n", 1), (b"A\n" + b"\0" * 8 + b"\n", 2)],
    "docker-logs-timestamps": [(b"\n", 1), (b"\n\r\r\n2\n", 3), (STAMP + b" \n", 1)],
    "docker-logs-details": [(b"\n \n=\nx\n", 4), (b" \n", 1), (b"a=b \n", 1)],
    "kubectl-logs": [(b"\n]\n \n", 3), (b"[pod/a/b] \n[pod/a/c] \n", 2)],
    "compose-logs": [(b"\n\n\nm\n0\n", 5), (b"a | \nb | \n", 2), (b"Attaching to \n", 1)],
    "planqk-log": [
        (b"{}", 1),
        (b"{}x", 2),
        (b'{"a":1}\0', 2),
        (b'{"message":"a"},', 2),
        (b'{"message":"\\ufffd"}\n', 1),
        (b'{"message":"a",', 1),
        (b'{"a":', 1),
        (b'{"a":"\n', 1),
        (b"[]", 1),
    ],
}
IN_ONE_PLACE: dict[str, list[Callable[[int], bytes]]] = {
    "raw": [repeated(b"x")],
    "docker-json-file": [repeated(b"\0x"), JSON_FILE["backslashes"], JSON_FILE["a long number"]],
    "cri": [repeated(b"\0x"), repeated(b"x")],
    "docker-mux": [repeated(b"x"), repeated(b"\0"), CASES["docker-mux"]["a long system error"]],
    "docker-local": [repeated(b"\0"), repeated(b"\xff"), repeated(b"\0\0\0\0\x0a")],
    "journald-json": [
        repeated(b"\0x"),
        repeated(b'{"MESSAGE":"a"}\0'),
        CASES["journald-json"]["digits"],
    ],
    "journald-export": [repeated(b"x"), CASES["journald-export"]["cursors in a text"]],
    "docker-logs-timestamps": [repeated(STAMP)],
    "docker-logs-details": [repeated(b"="), repeated(b" ")],
    "kubectl-logs": [repeated(b"[pod/a/b] "), CASES["kubectl-logs"]["half a pod"]],
    "compose-logs": [make for name, make in CASES["compose-logs"].items() if name != "what compose says"],
    "planqk-log": [
        repeated(b"\0x"),
        repeated(b"["),
        *(CASES["planqk-log"][name] for name in ("white space", "backslashes", "quotes", "ends in a text")),
        *(CASES["planqk-log"][name] for name in ("a deep entry", "a long number", "half a beginning")),
    ],
}


def steps(subject: Decoder, capture: bytes) -> int:
    """The lines of Python that run while a decoder takes a capture."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        subject.feed(capture)
        subject.close()
    finally:
        sys.settrace(before)
    return count


def test_every_format_is_counted() -> None:
    assert set(DEAREST) == set(IN_ONE_PLACE) == set(CASES) == set(formats())


@pytest.mark.parametrize(
    ("format_id", "unit", "places"),
    [(format_id, *case) for format_id, cases in DEAREST.items() for case in cases],
)
def test_a_place_costs_no_more_than_a_healthy_record(format_id: str, unit: bytes, places: int) -> None:
    assert steps(decoder(format_id), unit * PLACES) < MOST_STEPS * PLACES * places + FEW_STEPS


@pytest.mark.parametrize(
    ("format_id", "make"), [(format_id, make) for format_id, cases in IN_ONE_PLACE.items() for make in cases]
)
def test_bytes_within_a_record_cost_no_step_each(format_id: str, make: Callable[[int], bytes]) -> None:
    assert steps(decoder(format_id), make(60_000)) < FEW_STEPS


def test_a_field_of_an_entry_costs_no_more_than_a_healthy_record() -> None:
    entry = entry_of_numbers(2 * PLACES)
    assert steps(decoder("docker-local"), entry) < PLACES * MOST_STEPS // 10 + FEW_STEPS
