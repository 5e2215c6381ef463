"""Text that a command puts a prefix before."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import Chunk, decoder
from planqk_protocol.testing.engine_writers import PIECE
from tests.captures.feeding import decode, places

S = b"2024-05-01T10:00:00.000000001Z "
T = b"2024-05-01T12:00:00.000000002+02:00 "
LONG = b"x" * PIECE
OUT_A = ("stdout", b"a\n", False)
X = ("unknown", b"x\n", True)
CASES: dict[str, tuple[str, bytes, list[object], list[object]]] = {
    "stamps": ("docker-logs-timestamps", S + b"a\n" + S + b"b\n", [("stdout", b"a\nb\n", False)], []),
    "stamps, empty": ("docker-logs-timestamps", b"", [], []),
    "stamps, CRLF": ("docker-logs-timestamps", S + b"a\r\n", [("stdout", b"a\r\n", False)], []),
    "stamps, long line": (
        "docker-logs-timestamps",
        S + LONG + S + LONG + S + b"a\n",
        [("stdout", LONG + LONG + b"a\n", False)],
        [("repaired", 1, 0, "stdout")],
    ),
    "stamps, another one in a long line": (
        "docker-logs-timestamps",
        S + LONG + T + b"a\n",
        [("stdout", LONG + T + b"a\n", False)],
        [],
    ),
    "stamps, none": ("docker-logs-timestamps", S + b"a\nx\n", [OUT_A, X], [("corrupt", 2, 33, "unknown")]),
    "stamps, empty line": (
        "docker-logs-timestamps",
        S + b"a\n\n" + S + b"\n",
        [OUT_A, ("unknown", b"\n", True), ("stdout", b"\n", False)],
        [("corrupt", 2, 33, "unknown")],
    ),
    "stamps, no line end": (
        "docker-logs-timestamps",
        S + b"a\n" + S + b"b",
        [("stdout", b"a\nb", False)],
        [],
    ),
    "stamps, cut off": (
        "docker-logs-timestamps",
        S + b"a\n" + S[:9],
        [OUT_A, ("unknown", S[:9], True)],
        [("truncated", 2, 33, "unknown")],
    ),
    "details": ("docker-logs-details", b"a=b,c=d a\n", [OUT_A], []),
    "no details": ("docker-logs-details", b" a\n", [OUT_A], []),
    "stamps and details": (
        "docker-logs-details",
        S + b"k=v a\n" + S + b" a\n",
        [("stdout", b"a\na\n", False)],
        [],
    ),
    "details, none": ("docker-logs-details", b"x\n", [X], [("corrupt", 1, 0, "unknown")]),
    "details, long line": (
        "docker-logs-details",
        S + b"k=v " + LONG + S + b"k=v a\n",
        [("stdout", LONG + b"a\n", False)],
        [("repaired", 1, 0, "stdout")],
    ),
    "kubectl, stamps": ("kubectl-logs", T + b"a\n" + S + b"b\n", [("stdout", b"a\nb\n", False)], []),
    "kubectl, prefix": (
        "kubectl-logs",
        b"[pod/p/c] " + S + b"a\n",
        [OUT_A],
        [],
    ),
    "kubectl, prefix alone": (
        "kubectl-logs",
        b"[pod/p/c] a\n[pod/p/c] " + S + b"a\n",
        [("stdout", b"a\n" + S + b"a\n", False)],
        [],
    ),
    "kubectl, no line end": (
        "kubectl-logs",
        b"[pod/p/c] a\n[pod/p/c] b",
        [("stdout", b"a\nb", False)],
        [],
    ),
    "kubectl, stamps of the job on the first lines": (
        "kubectl-logs",
        b"[pod/p/c] " + S + b"a\n[pod/p/c] a\n[pod/p/c] a\n[pod/p/c] " + S + b"a\n",
        [OUT_A, ("stdout", b"a\na\na\n", False)],
        [("corrupt", 2, 43, "stdout")],
    ),
    "kubectl, stamps of a job beside ours": (
        "kubectl-logs",
        b"[pod/p/c] " + S + b"a\n[pod/q/c] x\n",
        [OUT_A, ("unknown", b"x\n", False)],
        [("corrupt", 2, 43, "stdout"), ("unknown-stream", 2, 43, None)],
    ),
    "kubectl, no pod": (
        "kubectl-logs",
        b"[pod/p/c] a\n" + S + b"a\n",
        [OUT_A, ("unknown", S + b"a\n", True)],
        [("corrupt", 2, 12, "unknown")],
    ),
    "kubectl, no stamp": ("kubectl-logs", S + b"a\nx\n", [OUT_A, X], [("corrupt", 2, 33, "unknown")]),
    "kubectl, a pod of the job's": (
        "kubectl-logs",
        S + b"[pod/p/c] a\n",
        [("stdout", b"[pod/p/c] a\n", False)],
        [],
    ),
    "kubectl, another pod": (
        "kubectl-logs",
        b"[pod/p/c] a\n[pod/q/c] b\n",
        [OUT_A, ("unknown", b"b\n", False)],
        [("unknown-stream", 2, 12, None)],
    ),
    "kubectl, none": (
        "kubectl-logs",
        b"x\n[pod/p/c] a\nx\n",
        [X, OUT_A, X],
        [("corrupt", 1, 0, "unknown"), ("corrupt", 3, 14, "unknown")],
    ),
    "compose": (
        "compose-logs",
        b"Attaching to job-1\njob-1  | a\njob-1 | b\n",
        [("stdout", b"a\nb\n", False)],
        [],
    ),
    "compose, colour": (
        "compose-logs",
        b"\x1b[36mjob-1  | \x1b[0m\x1b[1ma\n",
        [("stdout", b"\x1b[1ma\n", False)],
        [],
    ),
    "compose, what it says itself": (
        "compose-logs",
        b"job-1  | a\n\r\x1b[Kjob-1 exited with code 0\n  \xe2\xa6\xbf watching\n",
        [OUT_A],
        [],
    ),
    "compose, empty line": (
        "compose-logs",
        b"job-1  | a\n\n",
        [OUT_A, ("unknown", b"\n", True)],
        [("corrupt", 2, 11, "unknown")],
    ),
    "compose, cut off": (
        "compose-logs",
        b"job-1  | a\njob-1  | b",
        [OUT_A, ("stdout", b"b", True)],
        [("truncated", 2, 11, "stdout")],
    ),
    "compose, cut off in what it says itself": (
        "compose-logs",
        b"Attaching to job",
        [("unknown", b"Attaching to job", True)],
        [("truncated", 1, 0, "unknown")],
    ),
    "compose, cut off in the name": (
        "compose-logs",
        b"job-1  | a\njob-1",
        [OUT_A, ("unknown", b"job-1", True)],
        [("truncated", 2, 11, "unknown")],
    ),
    "compose, cut off in a line of another container": (
        "compose-logs",
        b"job-1 | a\ndb-1  | x",
        [OUT_A, ("unknown", b"x", True)],
        [("unknown-stream", 2, 10, None), ("truncated", 2, 10, None)],
    ),
    "compose, another container": (
        "compose-logs",
        b"job-1 | a\ndb-1  | x\n",
        [OUT_A, ("unknown", b"x\n", False)],
        [("unknown-stream", 2, 10, None)],
    ),
    "compose, none": ("compose-logs", b"job-1 | a\nx\n", [OUT_A, X], [("corrupt", 2, 10, "unknown")]),
    "compose, stamps": (
        "compose-logs",
        b"job-1 | " + S + b"a\njob-1 | " + T + b"\n",
        [("stdout", b"a\n\n", False)],
        [],
    ),
    "compose, stamps of the job on the first lines": (
        "compose-logs",
        b"job-1 | " + S + b"a\njob-1 | a\njob-1 | a\n",
        [OUT_A, ("stdout", b"a\na\n", False)],
        [("corrupt", 2, 41, "stdout")],
    ),
    "compose, stamps of the job": (
        "compose-logs",
        b"job-1 | a\njob-1 | " + S + b"\n",
        [("stdout", b"a\n" + S + b"\n", False)],
        [],
    ),
    "compose, long line": (
        "compose-logs",
        b"job-1 | " + S + LONG + S + b"a\n",
        [("stdout", LONG + b"a\n", False)],
        [("repaired", 1, 0, "stdout")],
    ),
    "raw": ("raw", b"\xff\0\r\n", [("stdout", b"\xff\0\r\n", False)], []),
}


@pytest.mark.parametrize(("format_id", "capture", "data", "notices"), CASES.values(), ids=CASES)
def test_prefixes_go(format_id: str, capture: bytes, data: list[object], notices: list[object]) -> None:
    decoded = decode(format_id, capture)
    assert [item for item in decoded if isinstance(item, tuple)] == data
    assert places(decoded) == notices


def test_a_container_can_be_named() -> None:
    decoded = decode("compose-logs", b"db-1  | x\njob-1 | a\n", container="job-1")
    assert [item for item in decoded if isinstance(item, tuple)] == [("unknown", b"x\n", False), OUT_A]


def test_times_are_those_of_the_prefix() -> None:
    (chunk,) = decoder("kubectl-logs").feed(T + b"a\n" + S + b"b\n")
    assert isinstance(chunk, Chunk)
    assert chunk.times_at([0, 2]) == [T.decode().strip(), S.decode().strip()]
