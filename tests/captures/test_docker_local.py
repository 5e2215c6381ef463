"""Docker's local driver."""

from __future__ import annotations

import pytest
from feeding import decode, places

from planqk_protocol.captures import Chunk, decoder
from planqk_protocol.testing.writers import field, local_entry, local_record

ID = "docker-local"


def record(text: bytes, source: bytes = b"stdout", part: int = 0, *, ends_line: bool = True) -> bytes:
    entry = local_entry(source, text, time=1_714_557_600_000_000_001, ends_line=ends_line, part=part)
    return local_record(entry)


A, B = record(b"a"), record(b"b")
OUT_A, OUT_B = ("stdout", b"a\n", False), ("stdout", b"b\n", False)
AB = ("stdout", b"a\nb\n", False)


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(A + B, [AB], id="lines"),
        pytest.param(
            A + record(b"\xff\n\0", b"stderr") + B,
            [OUT_A, ("stderr", b"\xff\n\0\n", False), OUT_B],
            id="both",
        ),
        pytest.param(
            record(b"pie", part=1, ends_line=False) + record(b"ce", part=2),
            [("stdout", b"piece\n", False)],
            id="pieces",
        ),
        pytest.param(
            A + record(b"b", part=1, ends_line=False), [("stdout", b"a\nb", False)], id="no final LF"
        ),
        pytest.param(record(b""), [("stdout", b"\n", False)], id="empty line"),
        pytest.param(
            local_record(local_entry(b"stdout", b"a") + b"\x20\x80"), [OUT_A], id="number without end"
        ),
        pytest.param(
            local_record(local_entry(b"stdout", b"a") + b"\x58" + b"\x80" * 10 + b"\x08"),
            [OUT_A],
            id="long number",
        ),
        pytest.param(
            local_record(local_entry(b"stdout", b"a") + field(6, b"attribute") + b"\x50\x01"),
            [OUT_A],
            id="more fields",
        ),
    ],
)
def test_what_the_container_printed_comes_back(capture: bytes, expected: list[object]) -> None:
    assert decode(ID, capture) == expected


TOO_LONG = b"\0\x0f\xff\xff"


@pytest.mark.parametrize(
    ("capture", "data", "notices"),
    [
        pytest.param(
            record(b"x", b"std"),
            [("unknown", b"x\n", False)],
            [("unknown-stream", 1, 0, "unknown")],
            id="stream",
        ),
        pytest.param(A + b"\0" * 9 + B, [OUT_A, OUT_B], [("nul-run", 2, len(A), "unknown")], id="NULs"),
        pytest.param(A + TOO_LONG + B, [OUT_A, OUT_B], [("oversize", 2, len(A), "unknown")], id="oversize"),
        pytest.param(A + TOO_LONG, [OUT_A], [("oversize", 2, len(A), "unknown")], id="oversize at the end"),
        pytest.param(A + A[:9] + B, [OUT_A, OUT_B], [("torn", 2, len(A), "unknown")], id="torn"),
        pytest.param(
            A + A[:9] + B + B,
            [OUT_A, ("stdout", b"b\nb\n", False)],
            [("torn", 2, len(A), "unknown")],
            id="torn early",
        ),
        pytest.param(
            record(b"x" * 200)[:9] + B,
            [OUT_B],
            [("torn", 1, 0, "unknown")],
            id="torn, and the file ends before its length",
        ),
        pytest.param(A[:-1] + b"\1" + B, [OUT_B], [("torn", 1, 0, "unknown")], id="another length behind"),
        pytest.param(local_record(b"\x0b") + B, [OUT_B], [("torn", 1, 0, "unknown")], id="no entry"),
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
            id="truncated behind the text",
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
    ],
)
def test_damage_is_reported_where_it_is(capture: bytes, data: list[object], notices: list[object]) -> None:
    decoded = decode(ID, capture)
    assert [item for item in decoded if isinstance(item, tuple)] == data
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
