"""Entries of the journal, in JSON and in the export format alike."""

from __future__ import annotations

from typing import Any

import pytest

from planqk_protocol.captures import Chunk, decoder
from planqk_protocol.testing.journald_writer import journald_export, journald_json
from tests.captures.feeding import chunks_in, decode, kinds


def entry(message: bytes, **fields: bytes) -> dict[str, bytes]:
    basis = {
        "__CURSOR": b"s",
        "__REALTIME_TIMESTAMP": b"1714557600000001",
        "PRIORITY": b"6",
        "CONTAINER_ID_FULL": b"c1",
    }
    return basis | {"MESSAGE": message} | fields


PARTIAL = {"CONTAINER_PARTIAL_MESSAGE": b"true"}
CONMON = {"_COMM": b"conmon"}


def piece(
    text: bytes, number: int, identity: bytes = b"p", *, last: bool = False, **fields: bytes
) -> dict[str, bytes]:
    return entry(
        text,
        CONTAINER_PARTIAL_ID=identity,
        CONTAINER_PARTIAL_ORDINAL=b"%d" % number,
        CONTAINER_PARTIAL_LAST=b"true" if last else b"false",
        **PARTIAL,
        **fields,
    )


def ordinal(number: int, epoch: bytes = b"e") -> dict[str, bytes]:
    return entry(b"x", CONTAINER_LOG_EPOCH=epoch, CONTAINER_LOG_ORDINAL=b"%d" % number)


OUT_A = ("stdout", b"a\n", False)
ENTRIES: dict[str, tuple[list[dict[str, bytes]], list[tuple[str, bytes, bool]], list[str]]] = {
    "none": ([], [], []),
    "lines": ([entry(b"a"), entry(b"")], [("stdout", b"a\n\n", False)], []),
    "stderr": ([entry(b"a"), entry(b"e", PRIORITY=b"3")], [OUT_A, ("stderr", b"e\n", False)], []),
    "bytes": ([entry(b"\xff\r\n\0")], [("stdout", b"\xff\r\n\0\n", False)], []),
    "Docker's old pieces": ([entry(b"a", **PARTIAL), entry(b"b")], [("stdout", b"ab\n", False)], []),
    "Docker's pieces": ([piece(b"a", 1), piece(b"b", 2, last=True)], [("stdout", b"ab\n", False)], []),
    "conmon's lines": (
        [entry(b"a\n", **CONMON), entry(b"b", **CONMON, **PARTIAL)],
        [("stdout", b"a\nb", False)],
        [],
    ),
    "priority": ([entry(b"x", PRIORITY=b"4")], [("unknown", b"x\n", False)], ["unknown-stream"]),
    "other container": (
        [entry(b"a"), entry(b"x", CONTAINER_ID_FULL=b"c2"), entry(b"x", CONTAINER_ID_FULL=b"c2")],
        [OUT_A, ("unknown", b"x\nx\n", False)],
        ["unknown-stream"],
    ),
    "no container": (
        [entry(b"x", CONTAINER_ID_FULL=b""), entry(b"a")],
        [("unknown", b"x\n", False), OUT_A],
        ["unknown-stream"],
    ),
    "piece missing": (
        [piece(b"a", 1), piece(b"b", 3), piece(b"c", 4, last=True)],
        [("stdout", b"a", False), ("stdout", b"b", True), ("stdout", b"c\n", False)],
        ["gap"],
    ),
    "first piece missing": ([piece(b"a", 2, last=True)], [("stdout", b"a\n", True)], ["gap"]),
    "last piece missing": (
        [piece(b"a", 1), entry(b"b")],
        [("stdout", b"a", False), ("stdout", b"b\n", False)],
        ["gap"],
    ),
    "another line's piece": (
        [piece(b"a", 1), piece(b"b", 2, b"q", last=True)],
        [("stdout", b"a", False), ("stdout", b"b\n", True)],
        ["gap"],
    ),
    "next line's piece": (
        [piece(b"a", 1), piece(b"b", 1, b"q", last=True)],
        [("stdout", b"a", False), ("stdout", b"b\n", False)],
        ["gap"],
    ),
    "first entries dropped": (
        [ordinal(2), ordinal(2, b"f")],
        [("stdout", b"x\n", False)] * 2,
        ["gap", "gap"],
    ),
    "entries dropped": ([ordinal(1), ordinal(3)], [("stdout", b"x\n", False)] * 2, ["gap"]),
    "container restarted": (
        [ordinal(1), ordinal(1, b"f"), ordinal(2, b"f")],
        [("stdout", b"x\n" * 3, False)],
        [],
    ),
    "no number": ([entry(b"a", CONTAINER_LOG_EPOCH=b"e", CONTAINER_LOG_ORDINAL=b"x")], [OUT_A], []),
}


@pytest.mark.parametrize(("entries", "expected", "notices"), ENTRIES.values(), ids=ENTRIES)
@pytest.mark.parametrize(
    ("format_id", "writer"), [("journald-json", journald_json), ("journald-export", journald_export)]
)
def test_entries(
    format_id: str, writer: Any, entries: Any, expected: list[object], notices: list[str]
) -> None:
    decoded = decode(format_id, writer(entries))
    assert chunks_in(decoded) == expected
    assert kinds(decoded) == notices


def test_a_container_can_be_named() -> None:
    capture = journald_json([entry(b"x", CONTAINER_ID_FULL=b"c2"), entry(b"a")])
    decoded = decode("journald-json", capture, container="c1")
    assert chunks_in(decoded) == [("unknown", b"x\n", False), OUT_A]


def test_notices_of_other_containers_are_bounded() -> None:
    capture = journald_json([entry(b"x", CONTAINER_ID_FULL=b"c%d" % number) for number in range(1200)])
    subject = decoder("journald-json")
    assert sum(not isinstance(item, Chunk) for item in subject.feed(capture) + subject.close()) == 1000


def test_times_are_microseconds() -> None:
    (chunk,) = decoder("journald-json").feed(journald_json([entry(b"a")]))
    assert isinstance(chunk, Chunk)
    assert (chunk.time, chunk.time_ns) == ("1714557600000001", 1_714_557_600_000_001_000)
    (chunk,) = decoder("journald-json").feed(journald_json([entry(b"a", __REALTIME_TIMESTAMP=b"soon")]))
    assert isinstance(chunk, Chunk)
    assert chunk.time is None
