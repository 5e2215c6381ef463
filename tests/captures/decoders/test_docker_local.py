"""Docker's local driver."""

from __future__ import annotations

from typing import Any

import pytest

from planqk_protocol.captures import Chunk, decoder
from planqk_protocol.testing.engine_writers import field, local_entry, local_record
from tests.captures.feeding import chunks_in, data_of, decode, kinds, places

ID = "docker-local"

TIME = 1_714_557_600_000_000_001


def record(text: bytes, source: bytes = b"stdout", part: int = 0, *, ends_line: bool = True) -> bytes:
    return local_record(local_entry(source, text, time=TIME, ends_line=ends_line, part=part))


def piece(text: bytes, part: int, time: int = TIME, line: bytes = b"id", source: bytes = b"stdout") -> bytes:
    """A piece that does not end its line."""
    return local_record(local_entry(source, text, time=time, ends_line=False, part=part, line_id=line))


A, B = record(b"a"), record(b"b")
OUT_A, OUT_B = ("stdout", b"a\n", False), ("stdout", b"b\n", False)
AB = ("stdout", b"a\nb\n", False)


def damaged(entry: bytes) -> Any:
    """A record whose lengths agree, but whose entry is none: only it is left out, whatever its text holds."""
    return (A + local_record(entry) + B, [OUT_A, OUT_B], [("corrupt", 2, len(A), "unknown")])


ENTRY = local_entry(b"stdout", b"text with a record " + B)


@pytest.mark.parametrize(
    ("capture", "data", "notices"),
    [
        pytest.param(*damaged(ENTRY[:-1]), id="the last text overruns it"),
        pytest.param(*damaged(b"\x0a\x7fstdout"), id="the first text overruns it"),
        pytest.param(*damaged(ENTRY + b"\x20"), id="a key without value"),
        pytest.param(*damaged(ENTRY + b"\x20\x80"), id="a number without end"),
        pytest.param(*damaged(ENTRY + b"\xff"), id="a key without end"),
        pytest.param(*damaged(ENTRY + b"\x58" + b"\x80" * 10 + b"\x08"), id="a number that is too long"),
        pytest.param(*damaged(ENTRY + b"\x0b\x01"), id="a type that is not in use"),
        pytest.param(*damaged(ENTRY + b"\x00\x01"), id="field 0"),
        pytest.param(*damaged(ENTRY + b"\x18\x01"), id="a text that is a number"),
        pytest.param(*damaged(ENTRY + b"\x12\x01x"), id="a number that is a text"),
        pytest.param(*damaged(ENTRY.replace(b"\x1a", b"\x3a")), id="an unknown field in place of the text"),
        pytest.param(*damaged(ENTRY + b"\x20\x01"), id="a piece without number"),
        pytest.param(*damaged(ENTRY + field(5, b"\x18\x01")), id="the number of a piece that is none"),
        pytest.param(*damaged(b"\x0b"), id="no entry"),
    ],
)
def test_an_entry_that_is_damaged_within_is_left_out(
    capture: bytes, data: list[object], notices: list[object]
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


ENTRY_OF_X = local_entry(b"stdout", b"x")
ONE, TWO, END = piece(b"1", 1), piece(b"2", 2), record(b"3", part=3)


@pytest.mark.parametrize(
    ("records", "text", "gap"),
    [
        pytest.param([ONE, END], b"13\n", 1, id="second piece"),
        pytest.param([A, TWO, END], b"a\n23\n", 1, id="first piece"),
        pytest.param([END], b"3\n", 0, id="all but the last piece"),
        pytest.param([ONE, TWO, A], b"12a\n", 2, id="last piece"),
        pytest.param([ONE, piece(b"x", 2, line=b"other")], b"1x", 1, id="pieces of two lines"),
        pytest.param([ONE, piece(b"x", 2, TIME + 1)], b"1x", 1, id="another time"),
        pytest.param([ONE, ONE], b"11", 1, id="a piece twice"),
        pytest.param([piece(b"42", 1), record(b"4")], b"424\n", 1, id="restart without LF"),
        pytest.param([piece(b"4", 1), piece(b"2", 1, TIME + 1, b"new")], b"42", 1, id="restart, twice"),
        pytest.param(
            [local_record(local_entry(b"stdout", b"x", part=0) + b"\x20\x01\x2a\0")], b"x", 0, id="0"
        ),
    ],
)
def test_a_missing_piece_leaves_a_gap(records: list[bytes], text: bytes, gap: int) -> None:
    decoded = decode(ID, b"".join(records))
    assert data_of(decoded, "stdout") == text
    assert places(decoded) == [("gap", gap + 1, sum(map(len, records[:gap])), "stdout")]


def test_a_line_goes_on_in_the_next_file() -> None:
    assert decode(ID, ONE, TWO + END) == [("stdout", b"123\n", False)]
    assert kinds(decode(ID, ONE, END)) == ["gap"]


TOO_LONG = b"\0\x0f\xff\xff"
DOUBTED_B = ("stdout", b"b\n", True)


CASES = [
    pytest.param(b"", [], [], id="empty"),
    pytest.param(A + B, [AB], [], id="lines"),
    pytest.param(
        A + record(b"\xff\n\0", b"stderr") + B,
        [OUT_A, ("stderr", b"\xff\n\0\n", False), OUT_B],
        [],
        id="both",
    ),
    pytest.param(
        record(b"pie", part=1, ends_line=False) + record(b"ce", part=2),
        [("stdout", b"piece\n", False)],
        [],
        id="pieces",
    ),
    pytest.param(
        A + record(b"b", part=1, ends_line=False), [("stdout", b"a\nb", False)], [], id="no final LF"
    ),
    pytest.param(record(b""), [("stdout", b"\n", False)], [], id="empty line"),
    pytest.param(
        piece(b"pie", 1) + piece(b"e", 1, TIME + 1, source=b"stderr") + record(b"ce", part=2),
        [("stdout", b"pie", False), ("stderr", b"e", False), ("stdout", b"ce\n", False)],
        [],
        id="pieces of both streams",
    ),
    pytest.param(
        local_record(local_entry(b"stdout", b"a") + field(6, b"attribute") + b"\x50\x01"),
        [OUT_A],
        [],
        id="attributes, and a field of a later version",
    ),
    pytest.param(
        record(b"x\n" + B + B) + A, [("stdout", b"x\n" + B + B + b"\na\n", False)], [], id="records in a text"
    ),
    pytest.param(
        record(b"x", b"std"),
        [("unknown", b"x\n", False)],
        [("unknown-stream", 1, 0, "unknown")],
        id="stream",
    ),
    pytest.param(A + b"\0" * 9 + B, [OUT_A, DOUBTED_B], [("nul-run", 2, len(A), "unknown")], id="NULs"),
    pytest.param(A + TOO_LONG + B, [OUT_A, DOUBTED_B], [("oversize", 2, len(A), "unknown")], id="oversize"),
    pytest.param(A + TOO_LONG, [OUT_A], [("oversize", 2, len(A), "unknown")], id="oversize at the end"),
    pytest.param(A + A[:9] + B, [OUT_A, DOUBTED_B], [("torn", 2, len(A), "unknown")], id="torn"),
    pytest.param(
        A + A[:9] + B + B,
        [OUT_A, DOUBTED_B, OUT_B],
        [("torn", 2, len(A), "unknown")],
        id="torn early",
    ),
    pytest.param(
        record(b"x" * 200)[:9] + B,
        [DOUBTED_B],
        [("torn", 1, 0, "unknown")],
        id="torn, and the file ends before its length",
    ),
    pytest.param(A[:-1] + b"\1" + B, [DOUBTED_B], [("torn", 1, 0, "unknown")], id="other length"),
    pytest.param(
        record(b"x\n" + B + b"yyyy")[:-4],
        [DOUBTED_B],
        [("torn", 1, 0, "unknown"), ("oversize", 3, len(record(b"x\n" + B)) - 4, "unknown")],
        id="truncated, and a record in its text",
    ),
    pytest.param(
        A + B[:-5],
        [OUT_A],
        [("truncated", 2, len(A), "stdout")],
        id="truncated before the text",
    ),
    pytest.param(
        A + B[:-4],
        [OUT_A, ("stdout", b"b", True)],
        [("truncated", 2, len(A), "stdout")],
        id="truncated after the text",
    ),
    pytest.param(
        A + record(b"half")[:-6],
        [OUT_A, ("stdout", b"ha", True)],
        [("truncated", 2, len(A), "stdout")],
        id="truncated in the text",
    ),
    pytest.param(A + B[:3], [OUT_A], [("truncated", 2, len(A), "unknown")], id="truncated in the length"),
    pytest.param(
        A + b"\0\0\0\x05\x0b", [OUT_A], [("truncated", 2, len(A), "unknown")], id="truncated, no entry"
    ),
]


@pytest.mark.parametrize(("capture", "data", "notices"), CASES)
def test_what_is_decoded_and_what_is_reported(
    capture: bytes, data: list[object], notices: list[object]
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


def test_times_have_nanoseconds() -> None:
    (chunk,) = decoder(ID).feed(A)
    assert isinstance(chunk, Chunk)
    assert chunk.time == "2024-05-01T10:00:00.000000001Z"
    assert chunk.time_ns == 1_714_557_600_000_000_001


def test_the_next_file_begins_with_a_record() -> None:
    assert [item for item in decode(ID, A[:9], B, TOO_LONG, A) if isinstance(item, tuple)] == [
        ("stdout", b"b\n", False),
        OUT_A,
    ]
