"""The output of ``docker compose logs``."""

from __future__ import annotations

import pytest

from planqk_protocol.testing.engine_writers import PIECE
from tests.captures.feeding import chunks_in, decode, places

ID = "compose-logs"

S = b"2024-05-01T10:00:00.000000001Z "
T = b"2024-05-01T12:00:00.000000002+02:00 "
LONG = b"x" * PIECE
OUT_A = ("stdout", b"a\n", False)
X = ("unknown", b"x\n", True)

CASES = [
    pytest.param(
        b"Attaching to job-1\njob-1  | a\njob-1 | b\n", [("stdout", b"a\nb\n", False)], [], id="compose"
    ),
    pytest.param(b"\x1b[36mjob-1  | \x1b[0m\x1b[1ma\n", [("stdout", b"\x1b[1ma\n", False)], [], id="colour"),
    pytest.param(
        b"job-1  | a\n\r\x1b[Kjob-1 exited with code 0\n  \xe2\xa6\xbf watching\n",
        [OUT_A],
        [],
        id="what it says itself",
    ),
    pytest.param(
        b"job-1  | a\n\n", [OUT_A, ("unknown", b"\n", True)], [("corrupt", 2, 11, "unknown")], id="empty line"
    ),
    pytest.param(
        b"job-1  | a\njob-1  | b",
        [OUT_A, ("stdout", b"b", True)],
        [("truncated", 2, 11, "stdout")],
        id="cut off",
    ),
    pytest.param(
        b"Attaching to job",
        [("unknown", b"Attaching to job", True)],
        [("truncated", 1, 0, "unknown")],
        id="cut off in what it says itself",
    ),
    pytest.param(
        b"job-1  | a\njob-1",
        [OUT_A, ("unknown", b"job-1", True)],
        [("truncated", 2, 11, "unknown")],
        id="cut off in the name",
    ),
    pytest.param(
        b"job-1 | a\ndb-1  | x",
        [OUT_A, ("unknown", b"x", True)],
        [("unknown-stream", 2, 10, None), ("truncated", 2, 10, None)],
        id="cut off in a line of another container",
    ),
    pytest.param(
        b"job-1 | a\ndb-1  | x\n",
        [OUT_A, ("unknown", b"x\n", False)],
        [("unknown-stream", 2, 10, None)],
        id="another container",
    ),
    pytest.param(b"job-1 | a\nx\n", [OUT_A, X], [("corrupt", 2, 10, "unknown")], id="none"),
    pytest.param(
        b"job-1 | " + S + b"a\njob-1 | " + T + b"\n", [("stdout", b"a\n\n", False)], [], id="stamps"
    ),
    pytest.param(
        b"job-1 | " + S + b"a\njob-1 | a\njob-1 | a\n",
        [OUT_A, ("stdout", b"a\na\n", False)],
        [("corrupt", 2, 41, "stdout")],
        id="stamps of the job on the first lines",
    ),
    pytest.param(
        b"job-1 | a\njob-1 | " + S + b"\n",
        [("stdout", b"a\n" + S + b"\n", False)],
        [],
        id="stamps of the job",
    ),
    pytest.param(
        b"job-1 | " + S + LONG + S + b"a\n",
        [("stdout", LONG + b"a\n", False)],
        [("repaired", 1, 0, "stdout")],
        id="long line",
    ),
]


@pytest.mark.parametrize(("capture", "data", "notices"), CASES)
def test_what_is_decoded_and_what_is_reported(
    capture: bytes, data: list[object], notices: list[object]
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


def test_a_container_can_be_named() -> None:
    decoded = decode("compose-logs", b"db-1  | x\njob-1 | a\n", container="job-1")
    assert chunks_in(decoded) == [("unknown", b"x\n", False), OUT_A]
