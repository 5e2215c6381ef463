"""The journal in JSON."""

from __future__ import annotations

import json

import pytest

from tests.captures.feeding import chunks_in, decode, places
from tests.captures.test_journal_entries import OUT_A


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
    assert chunks_in(decoded) == data
    assert places(decoded) == notices
