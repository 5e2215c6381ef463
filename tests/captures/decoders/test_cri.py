"""The files of the container runtime interface."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import Chunk, StdStream, decoder
from planqk_protocol.captures.decoders.cri import CriDecoder
from tests.captures.feeding import chunks_in, data_of, decode, merged, places, run, stamped

ID = "cri"


def record(
    text: bytes, tag: bytes = b"F", stream: bytes = b"stdout", time: bytes = b"2024-05-01T10:00:00.5Z"
) -> bytes:
    return time + b" " + stream + b" " + tag + b" " + text + b"\n"


A, B = record(b"a"), record(b"b", time=b"2024-05-01T12:00:01+02:00")
ERR = record(b"e", stream=b"stderr")
LATER = record(b"c", time=b"2034-05-01T10:00:00Z")[:-1]
FORGED = b'PlanQK:Job:Result: "forged"'
FOUND_B = ("stdout", b"b\n", True)
OUT_A, OUT_B = ("stdout", b"a\n", False), ("stdout", b"b\n", False)


CASES = [
    pytest.param(b"", [], [], id="empty"),
    pytest.param(A + B, [("stdout", b"a\nb\n", False)], [], id="lines"),
    pytest.param(A + ERR + B, [OUT_A, ("stderr", b"e\n", False), OUT_B], [], id="both streams"),
    pytest.param(
        record(b"pie", b"P") + ERR + record(b"ce"),
        [("stdout", b"pie", False), ("stderr", b"e\n", False), ("stdout", b"ce\n", False)],
        [],
        id="stderr between two pieces of a line",
    ),
    pytest.param(
        record(b"pie", b"P") + record(b"ce", b"P"), [("stdout", b"piece", False)], [], id="no final LF"
    ),
    pytest.param(record(b"") + record(b"", b"P"), [("stdout", b"\n", False)], [], id="empty texts"),
    pytest.param(
        record(b"a", b"F:new") + record(b"b", b"P:x:y"), [("stdout", b"a\nb", False)], [], id="more tags"
    ),
    pytest.param(record(b" \xff\r\0 F \0"), [("stdout", b" \xff\r\0 F \0\n", False)], [], id="any bytes"),
    pytest.param(
        record(b"half" + A[:-1] + LATER + b" on stdout F ") + ERR,
        [("stdout", b"half" + A[:-1] + LATER + b" on stdout F \n", False), ("stderr", b"e\n", False)],
        [],
        id="heads of records, earlier and later, that the container prints",
    ),
    pytest.param(
        record(b"x\0" + record(FORGED)[:-1] + b"\0" + LATER, stream=b"stderr") + A,
        [("stderr", b"x\0" + record(FORGED)[:-1] + b"\0" + LATER + b"\n", False), OUT_A],
        [],
        id="NULs and heads of records that the container prints",
    ),
    pytest.param(record(b"\0\0") + record(b"\0", b"P"), [("stdout", b"\0\0\n\0", False)], [], id="NULs"),
    pytest.param(
        record(b"x" * 70_000) * 2, [("stdout", (b"x" * 70_000 + b"\n") * 2, False)], [], id="long lines"
    ),
    pytest.param(
        A + record(b"x", stream=b"std") + B,
        [OUT_A, ("unknown", b"x\n", False), OUT_B],
        [("unknown-stream", 2, len(A), "unknown")],
        id="no stream's name, as where stdout is damaged",
    ),
    pytest.param(
        A + record(b"x", stream=b"stdin") + B,
        [OUT_A, ("unknown", b"x\n", False), OUT_B],
        [("unknown-stream", 2, len(A), None)],
        id="stdin",
    ),
    pytest.param(
        A + record(b"x", stream=b"stdin")[:-1],
        [OUT_A, ("unknown", b"x", True)],
        [("unknown-stream", 2, len(A), None), ("truncated", 2, len(A), None)],
        id="truncated stdin",
    ),
    pytest.param(
        A + b"\0\0" + B, [OUT_A, FOUND_B], [("nul-run", 2, len(A), "unknown")], id="NULs before a record"
    ),
    pytest.param(A + b"\0\0", [OUT_A], [("nul-run", 2, len(A), "unknown")], id="NULs at the end"),
    pytest.param(
        A + b"\0half\0" + B,
        [OUT_A, FOUND_B],
        [("nul-run", 2, len(A), "unknown"), ("corrupt", 2, len(A) + 1, "unknown")],
        id="NULs and no record",
    ),
    pytest.param(
        A + A[:9] + record(b"x\0" + B[:-1] + ERR[:-1]),
        [OUT_A, ("stdout", b"x\0" + B[:-1] + ERR, True)],
        [("corrupt", 2, len(A), "unknown")],
        id="headers of records in a text after damage",
    ),
    pytest.param(A + b"half\n" + B, [OUT_A, OUT_B], [("corrupt", 2, len(A), "unknown")], id="no record"),
    pytest.param(
        A + b"\n" + B, [OUT_A, OUT_B], [("corrupt", 2, len(A), "unknown")], id="line without a record"
    ),
    pytest.param(
        A + A[:9] + B, [OUT_A, FOUND_B], [("corrupt", 2, len(A), "unknown")], id="torn before its text"
    ),
    pytest.param(A + B[:9], [OUT_A], [("truncated", 2, len(A), "unknown")], id="truncated before its text"),
    pytest.param(
        A + B[:-1], [OUT_A, ("stdout", b"b", True)], [("truncated", 2, len(A), "stdout")], id="truncated"
    ),
    pytest.param(
        A + record(b"b", b"P")[:-1],
        [OUT_A, ("stdout", b"b", True)],
        [("truncated", 2, len(A), "stdout")],
        id="truncated piece",
    ),
    pytest.param(b"\xef\xbb\xbf" + A, [OUT_A], [("repaired", 1, 0, "unknown")], id="byte order mark"),
    pytest.param(b"\xef", [], [("truncated", 1, 0, "unknown")], id="half a byte order mark"),
    pytest.param(
        ("\ufeff" + A.decode()).encode("utf-16-be"), [], [("corrupt", 1, 0, "unknown")], id="UTF-16"
    ),
]


@pytest.mark.parametrize(("capture", "data", "notices"), CASES)
def test_what_is_decoded_and_what_is_reported(
    capture: bytes, data: list[object], notices: list[object]
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


def test_a_line_longer_than_the_bound_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planqk_protocol.captures.decoders.cri.CriDecoder.max_record", 70_000)
    long = record(b"x" * 70_000)
    decoded = decode(ID, A + long + B)
    assert places(decoded) == [("oversize", 2, len(A), "unknown")]
    assert chunks_in(decoded) == [OUT_A, OUT_B]


def test_times_are_those_of_the_records() -> None:
    output = decoder(ID).feed(A + B + record(b"p", b"P") + ERR)
    chunks = [item for item in output if isinstance(item, Chunk)]
    assert chunks[0].times_at([1, 2, 4]) == [
        "2024-05-01T10:00:00.5Z",
        "2024-05-01T12:00:01+02:00",
        "2024-05-01T10:00:00.5Z",
    ]
    assert [chunk.time_ns for chunk in chunks] == [1714557600_500_000_000] * 2
    (lines,) = (item for item in decoder(ID).feed(A + B) if isinstance(item, Chunk))
    assert lines.times_at([0, 2, 3]) == ["2024-05-01T10:00:00.5Z"] + ["2024-05-01T12:00:01+02:00"] * 2


@pytest.mark.parametrize("stream", [StdStream.STDOUT, StdStream.STDERR, None])
def test_damage_costs_the_speed_of_its_own_line_alone(
    stream: StdStream | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines around it are decoded at once."""
    taken: list[bytes] = []
    take = CriDecoder._decode_line  # noqa: SLF001

    def count(self: CriDecoder, line: bytes, end: bytes) -> None:
        taken.append(line)
        take(self, line, end)

    monkeypatch.setattr(CriDecoder, "_decode_line", count)
    lines = (A + ERR) * 100
    capture = lines + b"\0" + A + record(b"\0" + B[:-1]) + record(b"c", b"P:x") + lines + b"no record\n"
    output = merged(decoder(ID, stream=stream).feed(capture))
    assert taken == [b"\0" + A[:-1], b"no record"]
    assert places(output) == [
        ("nul-run", 201, len(lines), "unknown"),
        ("corrupt", 404, len(capture) - 10, "unknown"),
    ]
    assert stream is StdStream.STDERR or data_of(output, "stdout").count(b"a\n") == 201


def test_a_run_of_nuls_is_tried_once() -> None:
    text = b"\0" * 100_000 + b"x"
    (chunk,) = decoder(ID).feed(record(text))
    assert isinstance(chunk, Chunk)
    assert chunk.data == text + b"\n"


def halves(lines: list[bytes]) -> list[bytes]:
    """Pieces of lines, so that each line is decoded alone."""
    return [piece for line in lines for piece in (line[:1], line[1:])]


YESTERDAY = b"2024-04-30T23:59:59.999999999Z"


@pytest.mark.parametrize("stream", [None, StdStream.STDOUT, StdStream.STDERR])
@pytest.mark.parametrize(
    "odd",
    [
        record(b"a", time=YESTERDAY),
        record(b"a", b"P", time=YESTERDAY),
        record(b"a", b"P"),
        record(b"", b"P"),
        record(b"a", b"F:x"),
        record(b"a", b"P:x", b"stderr"),
        record(b"a", b"F", b"stdin"),
        ERR,
        b"\0\0" + A,
        b"x\n",
        b"\n",
        A[1:],
        A.replace(b" F ", b" F"),
        YESTERDAY + b" stdout",
    ],
)
def test_a_large_block_is_read_as_its_lines_are(odd: bytes, stream: StdStream | None) -> None:
    """Its expression has the date of its first record, and finds no pieces of lines."""
    for places_of_odd in ([700], [0, 1], [300, 1199]):
        lines = [A] * 1200
        for place in places_of_odd:
            lines[place] = odd
        capture = b"".join(lines)
        alone = run(decoder(ID, stream=stream), [halves(capture.splitlines(keepends=True))])
        for chunks in ([capture], [capture[: len(capture) // 2], capture[len(capture) // 2 :]]):
            whole = run(decoder(ID, stream=stream), [chunks])
            assert merged(whole) == merged(alone)
            assert stamped(whole) == stamped(alone)
