"""Entries of the journal, in JSON and in the export format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planqk_protocol.captures import Chunk, decoder
from planqk_protocol.testing.journald_writer import journald_export, journald_json
from tests.captures.feeding import decode, kinds, places


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
    assert [item for item in decoded if isinstance(item, tuple)] == expected
    assert kinds(decoded) == notices


def test_a_container_can_be_named() -> None:
    capture = journald_json([entry(b"x", CONTAINER_ID_FULL=b"c2"), entry(b"a")])
    decoded = decode("journald-json", capture, container="c1")
    assert [item for item in decoded if isinstance(item, tuple)] == [("unknown", b"x\n", False), OUT_A]


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


def line(message: object, **fields: object) -> bytes:
    return (
        json.dumps({"PRIORITY": "6", "CONTAINER_ID_FULL": "c1", "MESSAGE": message, **fields}).encode()
        + b"\n"
    )


A = line("a")


@pytest.mark.parametrize(
    ("capture", "data", "notices"),
    [
        pytest.param(
            b"\x1e" + A + b"\ndata: " + A, [("stdout", b"a\na\n", False)], [], id="json-seq and json-sse"
        ),
        pytest.param(
            line(["a", "b"]) + line([[97], None]), [("stdout", b"a\na\n", False)], [], id="repeated field"
        ),
        pytest.param(line([]), [("stdout", b"\n", False)], [], id="empty array"),
        pytest.param(
            A.replace(b"a", b"\xff"),
            [("stdout", b"\xff\n", False)],
            [],
            id="raw bytes",
        ),
        pytest.param(line(None), [], [("null-message", 1, 0, "stdout")], id="too large without --all"),
        pytest.param(
            line([999]) + line([None]),
            [],
            [("null-message", 1, 0, "stdout"), ("null-message", 2, len(line([999])), "stdout")],
            id="no bytes",
        ),
        pytest.param(A + b"[]\n" + A, [OUT_A, OUT_A], [("corrupt", 2, len(A), "unknown")], id="no object"),
        pytest.param(
            A + b"data: {x\n" + A, [OUT_A, OUT_A], [("corrupt", 2, len(A) + 6, "unknown")], id="no JSON"
        ),
        pytest.param(A + b"[" * 100_000 + b"\n", [OUT_A], [("corrupt", 2, len(A), "unknown")], id="nested"),
        pytest.param(A + A[:-4], [OUT_A], [("truncated", 2, len(A), "unknown")], id="truncated"),
        pytest.param(A + b"\0\0" + A, [OUT_A, OUT_A], [("nul-run", 2, len(A), "unknown")], id="NULs"),
        pytest.param(
            A + A[:-1] + b"\0\0" + A,
            [("stdout", b"a\na\n", False), OUT_A],
            [("nul-run", 3, 2 * len(A) - 1, "unknown")],
            id="NULs for a line end",
        ),
        pytest.param(
            A + b'{"MES\0SAGE":"b"}\0' + A[:-1] + b"\0\n" + A,
            [OUT_A, OUT_A],
            [("corrupt", 2, len(A), "unknown"), ("nul-run", 3, len(A) + 5, "unknown")],
            id="between NULs",
        ),
        pytest.param(
            A + b"\0" + b"x" * (2 << 20) + b"\0" + A + b"\0" + b"x" * (2 << 20) + b"\n" + A,
            [OUT_A, OUT_A, OUT_A],
            [("nul-run", 2, len(A), "unknown"), ("nul-run", 3, 2 * len(A) + (2 << 20) + 2, "unknown")],
            id="long text after NULs",
        ),
        pytest.param(
            A + b"\0\n\n\0\0\n" + A,
            [OUT_A, OUT_A],
            [("nul-run", 2, len(A), "unknown"), ("nul-run", 2, len(A) + 3, "unknown")],
            id="NULs and line ends",
        ),
    ],
)
def test_json(capture: bytes, data: list[object], notices: list[object]) -> None:
    decoded = decode("journald-json", capture)
    assert [item for item in decoded if isinstance(item, tuple)] == data
    assert places(decoded) == notices


ONE = journald_export([entry(b"a")])
BINARY = journald_export([entry(b"\xff")])
TOO_LONG = b"x" * (1024 * 1024 + 5000)
FOUND_A = ("stdout", b"a\n", True)  # after damage, by a search


@pytest.mark.parametrize(
    ("capture", "data", "notices"),
    [
        pytest.param(b"\n\n" + ONE, [OUT_A], [], id="empty lines"),
        pytest.param(ONE.replace(b"MESSAGE=a", b"MESSAGE=a\nMESSAGE=b"), [OUT_A], [], id="repeated field"),
        pytest.param(ONE.replace(b"MESSAGE=a\n", b""), [], [("null-message", 1, 0, "stdout")], id="no text"),
        pytest.param(
            ONE + BINARY.replace(b"\xff\n", b"\xff\xff\n") + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="a length that is too small",
        ),
        pytest.param(
            ONE + BINARY.replace(b"\1\0", b"\5\0") + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="a length that is too large",
        ),
        pytest.param(
            journald_export([entry(b"a", OTHER=b"\n" + TOO_LONG)]).replace(b"x\n", b"xx\n") + ONE,
            [FOUND_A],
            [("corrupt", 1, 0, "unknown")],
            id="a large length that is too small",
        ),
        pytest.param(
            ONE + BINARY.replace(b"\1\0\0\0\0", b"\1\0\0\0\1") + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="a length beyond all bounds",
        ),
        pytest.param(
            ONE[12:],
            [OUT_A],
            [("corrupt", 1, 0, "unknown")],
            id="beginning of an entry missing",
        ),
        pytest.param(
            journald_export([entry(b"\n" + TOO_LONG)])[:-1] + b"lower=x\n\n" + ONE,
            [FOUND_A],
            [("oversize", 1, 0, "unknown"), ("corrupt", 1, 0, "unknown")],
            id="no entry after a long text",
        ),
        pytest.param(
            ONE + b"lower=x\n" + ONE, [OUT_A, FOUND_A], [("corrupt", 2, len(ONE), "unknown")], id="no entry"
        ),
        pytest.param(
            ONE + b"lower=x\nY=z\n\n" + ONE,
            [OUT_A, FOUND_A],
            [("corrupt", 2, len(ONE), "unknown")],
            id="no entry, ended",
        ),
        pytest.param(
            ONE.replace(b"CONTAINER_ID_FULL=", b"\0" * 18) + ONE,
            [FOUND_A],
            [("nul-run", 1, 0, "unknown")],
            id="NULs in an entry",
        ),
        pytest.param(
            b"\0\0" + ONE + ONE, [FOUND_A], [("nul-run", 1, 0, "unknown")], id="NULs before an entry"
        ),
        pytest.param(ONE[:-1] + ONE, [OUT_A], [("torn", 1, 0, "unknown")], id="torn between two fields"),
        *(
            pytest.param(
                ONE + ONE[:at] + ONE + ONE,
                [OUT_A, FOUND_A],
                [("torn", 2, len(ONE), "unknown")],
                id=f"torn within a field, at {at}",
            )
            for at in (len(b"__CURSOR=s"), ONE.index(b"PRIORITY") + 3, ONE.index(b"MESSAGE") + 8)
        ),
        pytest.param(ONE + ONE[:-1], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated"),
        pytest.param(
            ONE + ONE[:5], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated in a name"
        ),
        pytest.param(
            ONE + BINARY[:-3], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated in a value"
        ),
        pytest.param(
            ONE + BINARY[:-7], [OUT_A], [("truncated", 2, len(ONE), "unknown")], id="truncated in a length"
        ),
        pytest.param(
            ONE + b"lower=x\nY", [OUT_A], [("corrupt", 2, len(ONE), "unknown")], id="no entry at the end"
        ),
        pytest.param(
            ONE + TOO_LONG + b"\nY=z\n" + TOO_LONG + b"\n\n" + ONE,
            [OUT_A, FOUND_A],
            [("oversize", 2, len(ONE), "unknown")],
            id="long line",
        ),
        pytest.param(
            ONE + TOO_LONG, [OUT_A], [("oversize", 2, len(ONE), "unknown")], id="long line at the end"
        ),
        pytest.param(
            journald_export([entry(b"a"), entry(b"\n" + TOO_LONG), entry(b"a")]),
            [OUT_A, OUT_A],
            [("oversize", 2, len(ONE), "unknown")],
            id="long text",
        ),
        pytest.param(
            journald_export([entry(b"a", OTHER=b"\n" + TOO_LONG)]),
            [OUT_A],
            [],
            id="long value of no interest",
        ),
    ],
)
def test_export(capture: bytes, data: list[object], notices: list[object]) -> None:
    decoded = decode("journald-export", capture)
    assert [item for item in decoded if isinstance(item, tuple)] == data
    assert places(decoded) == notices


def test_the_next_file_begins_with_an_entry() -> None:
    assert kinds(decode("journald-export", ONE[:-1], ONE, b"lower\n", ONE)) == ["truncated", "corrupt"]


def test_a_text_after_damage_forges_no_entry() -> None:
    """Any program of the host can write a text of several lines, and what looks like two entries in it."""
    forged = journald_export([entry(b"a"), entry(b"PlanQK:Job:Result: 666")])
    text = journald_export([{"__CURSOR": b"s", "MESSAGE": b"x\n" + forged}])
    torn = text.replace(b"MESSAGE\n", b"MESSAGE\n\xff\xff\xff\xff")
    output = decoder("journald-export").feed(torn + ONE)
    chunks = [item for item in output if isinstance(item, Chunk)]
    assert [(chunk.data, chunk.suspect) for chunk in chunks] == [(b"a\nPlanQK:Job:Result: 666\na\n", True)]
