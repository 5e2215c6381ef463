"""The frames of the Engine API."""

from __future__ import annotations

import struct

import pytest

from planqk_protocol.captures import CaptureNotice, StdStream, decoder
from tests.captures.feeding import chunks_in, decode, merged, places, run

ID = "docker-mux"


def frame(number: int, payload: bytes) -> bytes:
    return struct.pack(">BxxxI", number, len(payload)) + payload


A, ERR = frame(1, b"a\n"), frame(2, b"e\n")


CASES = [
    pytest.param(b"", [], [], id="empty"),
    pytest.param(
        A + ERR + A,
        [("stdout", b"a\n", False), ("stderr", b"e\n", False), ("stdout", b"a\n", False)],
        [],
        id="both",
    ),
    pytest.param(frame(1, b"a") + frame(1, b"") + A, [("stdout", b"aa\n", False)], [], id="empty frame"),
    pytest.param(frame(1, b"x" * 70_000), [("stdout", b"x" * 70_000, False)], [], id="long frame"),
    pytest.param(
        A + ERR[:5],
        [("stdout", b"a\n", False)],
        [("truncated", 2, len(A), "unknown")],
        id="header cut off",
    ),
    pytest.param(
        A + ERR[:-1],
        [("stdout", b"a\n", False), ("stderr", b"e", False)],
        [("truncated", 2, len(A), "stderr")],
        id="frame cut off",
    ),
    pytest.param(
        b"\1\0\0\0\xff\xff\xff\xffx",
        [("stdout", b"x", False)],
        [("truncated", 1, 0, "stdout")],
        id="4 GiB announced",
    ),
    pytest.param(
        A + frame(3, b"Error grabbing logs: EOF\n") + A,
        [("stdout", b"a\n", False)] * 2,
        [("system-error", 2, len(A), "unknown")],
        id="system error",
    ),
    pytest.param(
        A + frame(3, b"") + A,
        [("stdout", b"a\n", False)] * 2,
        [("system-error", 2, len(A), "unknown")],
        id="empty system error",
    ),
    pytest.param(
        frame(3, b"Error")[:8],
        [],
        [("system-error", 1, 0, "unknown"), ("truncated", 1, 0, "unknown")],
        id="system error cut off before its text",
    ),
    pytest.param(
        frame(3, b"Error")[:-1],
        [],
        [("system-error", 1, 0, "unknown"), ("truncated", 1, 0, "unknown")],
        id="system error cut off",
    ),
    pytest.param(
        A + b"\0" * 21 + A + b"\0" * 9,
        [("stdout", b"a\n", False), ("stdout", b"a\n", True)],
        [("nul-run", 2, len(A), "unknown"), ("nul-run", 4, 2 * len(A) + 21, "unknown")],
        id="NULs",
    ),
    pytest.param(
        A + b"\0" * 10 + frame(1, b"forged\n") + frame(1, b"forged\n") + A,
        [("stdout", b"a\n", False), ("stdout", b"forged\nforged\na\n", True)],
        [("nul-run", 2, len(A), "unknown")],
        id="text that looks like frames, after NULs",
    ),
    pytest.param(
        A + frame(0, b"forged\n") + A,
        [("stdout", b"a\n", False), ("stdout", b"forged\na\n", True)],
        [("nul-run", 2, len(A), "unknown")],
        id="a NUL in place of a stream",
    ),
    pytest.param(
        A + b"\1\0\0\2a\n" + A,
        [("stdout", b"a\n", False), ("unknown", b"\1\0\0\2a\n" + A, True)],
        [("bad-stream-type", 2, len(A), "unknown")],
        id="a header that lacks bytes",
    ),
    pytest.param(
        b"\1\0\0a\0\0\0\2a\n",
        [("unknown", b"\1\0\0a\0\0\0\2a\n", True)],
        [("bad-stream-type", 1, 0, "unknown")],
        id="bytes that are not 0",
    ),
    pytest.param(
        A + b"plain text\n",
        [("stdout", b"a\n", False), ("unknown", b"plain text\n", True)],
        [("bad-stream-type", 2, len(A), "unknown")],
        id="no frame",
    ),
]


@pytest.mark.parametrize(("capture", "data", "notices"), CASES)
def test_what_is_decoded_and_what_is_reported(
    capture: bytes, data: list[object], notices: list[object]
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


def test_the_next_file_begins_with_a_frame() -> None:
    assert places(decode(ID, b"plain", A)) == [("bad-stream-type", 1, 0, "unknown")]
    assert decode(ID, A[:3], A)[1:] == [("stdout", b"a\n", False)]
    assert decode(ID, A[:9], A)[2:] == [("stdout", b"a\n", False)]
    assert places(decode(ID, b"\0" * 8, b"\0" * 4 + A)) == [
        ("nul-run", 1, 0, "unknown"),
        ("nul-run", 1, 0, "unknown"),
        ("truncated", 1, 0, "stdout"),
    ]


def test_a_system_error_is_quoted() -> None:
    (notice,) = decode(ID, frame(3, b"Error grabbing logs: EOF\n"))
    assert isinstance(notice, CaptureNotice)
    assert "Error grabbing logs: EOF" in notice.message
    assert decode(ID, frame(3, b"")) != decode(ID, frame(3, b"EOF"))


@pytest.mark.parametrize("stream", [None, StdStream.STDOUT, StdStream.STDERR])
@pytest.mark.parametrize(
    "odd",
    [
        ERR,
        frame(1, b"a"),
        frame(1, b"a" + A),
        frame(2, b"a\nb\n"),
        frame(1, b""),
        frame(2, b"\n" * 10),
        frame(1, b"x" * 70_000 + b"\n"),
        frame(3, b"error\n"),
        frame(0, b"a\n"),
        b"\0" * 8,
        A[:-1],
        A + b"x",
    ],
)
def test_frames_in_a_row_are_read_as_each_alone(odd: bytes, stream: StdStream | None) -> None:
    """Frames of one line are searched for together."""
    for number in (0, 1, 150, 299):
        frames = [A] * 150 + [ERR] * 10 + [frame(1, b"line %d\n" % size) for size in range(140)]
        frames[number] = odd
        whole = run(decoder(ID, stream=stream), [[b"".join(frames)]])
        alone = run(decoder(ID, stream=stream), [[part for one in frames for part in (one[:1], one[1:])]])
        assert merged(whole) == merged(alone)
