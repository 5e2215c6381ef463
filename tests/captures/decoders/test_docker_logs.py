"""The output of ``docker logs`` with ``--timestamps`` or ``--details``."""

from __future__ import annotations

import pytest

from planqk_protocol.testing.engine_writers import PIECE
from tests.captures.feeding import chunks_in, decode, places

S = b"2024-05-01T10:00:00.000000001Z "
T = b"2024-05-01T12:00:00.000000002+02:00 "
LONG = b"x" * PIECE
OUT_A = ("stdout", b"a\n", False)
X = ("unknown", b"x\n", True)

CASES = [
    pytest.param(
        "docker-logs-timestamps", S + b"a\n" + S + b"b\n", [("stdout", b"a\nb\n", False)], [], id="stamps"
    ),
    pytest.param("docker-logs-timestamps", b"", [], [], id="stamps, empty"),
    pytest.param(
        "docker-logs-timestamps", S + b"a\r\n", [("stdout", b"a\r\n", False)], [], id="stamps, CRLF"
    ),
    pytest.param(
        "docker-logs-timestamps",
        S + LONG + S + LONG + S + b"a\n",
        [("stdout", LONG + LONG + b"a\n", False)],
        [("repaired", 1, 0, "stdout")],
        id="stamps, long line",
    ),
    pytest.param(
        "docker-logs-timestamps",
        S + LONG + T + b"a\n",
        [("stdout", LONG + T + b"a\n", False)],
        [],
        id="stamps, another one in a long line",
    ),
    pytest.param(
        "docker-logs-timestamps",
        S + b"a\nx\n",
        [OUT_A, X],
        [("corrupt", 2, 33, "unknown")],
        id="stamps, none",
    ),
    pytest.param(
        "docker-logs-timestamps",
        S + b"a\n\n" + S + b"\n",
        [OUT_A, ("unknown", b"\n", True), ("stdout", b"\n", False)],
        [("corrupt", 2, 33, "unknown")],
        id="stamps, empty line",
    ),
    pytest.param(
        "docker-logs-timestamps",
        S + b"a\n" + S + b"b",
        [("stdout", b"a\nb", False)],
        [],
        id="stamps, no line end",
    ),
    pytest.param(
        "docker-logs-timestamps",
        S + b"a\n" + S[:9],
        [OUT_A, ("unknown", S[:9], True)],
        [("truncated", 2, 33, "unknown")],
        id="stamps, cut off",
    ),
    pytest.param("docker-logs-details", b"a=b,c=d a\n", [OUT_A], [], id="details"),
    pytest.param("docker-logs-details", b" a\n", [OUT_A], [], id="no details"),
    pytest.param(
        "docker-logs-details",
        S + b"k=v a\n" + S + b" a\n",
        [("stdout", b"a\na\n", False)],
        [],
        id="stamps and details",
    ),
    pytest.param("docker-logs-details", b"x\n", [X], [("corrupt", 1, 0, "unknown")], id="details, none"),
    pytest.param(
        "docker-logs-details",
        S + b"k=v " + LONG + S + b"k=v a\n",
        [("stdout", LONG + b"a\n", False)],
        [("repaired", 1, 0, "stdout")],
        id="details, long line",
    ),
]


@pytest.mark.parametrize(("format_id", "capture", "data", "notices"), CASES)
def test_the_prefixes_go(format_id: str, capture: bytes, data: list[object], notices: list[object]) -> None:
    decoded = decode(format_id, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices
