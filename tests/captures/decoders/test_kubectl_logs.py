"""The output of ``kubectl logs`` with ``--timestamps``, ``--prefix`` or both."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import Chunk, decoder
from tests.captures.feeding import chunks_in, decode, places

ID = "kubectl-logs"

S = b"2024-05-01T10:00:00.000000001Z "
T = b"2024-05-01T12:00:00.000000002+02:00 "
OUT_A = ("stdout", b"a\n", False)
X = ("unknown", b"x\n", True)

CASES = [
    pytest.param(T + b"a\n" + S + b"b\n", [("stdout", b"a\nb\n", False)], [], id="stamps"),
    pytest.param(b"[pod/p/c] " + S + b"a\n", [OUT_A], [], id="prefix"),
    pytest.param(
        b"[pod/p/c] a\n[pod/p/c] " + S + b"a\n",
        [("stdout", b"a\n" + S + b"a\n", False)],
        [],
        id="prefix alone",
    ),
    pytest.param(b"[pod/p/c] a\n[pod/p/c] b", [("stdout", b"a\nb", False)], [], id="no line end"),
    pytest.param(
        b"[pod/p/c] " + S + b"a\n[pod/p/c] a\n[pod/p/c] a\n[pod/p/c] " + S + b"a\n",
        [OUT_A, ("stdout", b"a\na\na\n", False)],
        [("corrupt", 2, 43, "stdout")],
        id="stamps of the job on the first lines",
    ),
    pytest.param(
        b"[pod/p/c] " + S + b"a\n[pod/q/c] x\n",
        [OUT_A, ("unknown", b"x\n", False)],
        [("corrupt", 2, 43, "stdout"), ("unknown-stream", 2, 43, None)],
        id="stamps of a job beside ours",
    ),
    pytest.param(
        b"[pod/p/c] a\n" + S + b"a\n",
        [OUT_A, ("unknown", S + b"a\n", True)],
        [("corrupt", 2, 12, "unknown")],
        id="no pod",
    ),
    pytest.param(S + b"a\nx\n", [OUT_A, X], [("corrupt", 2, 33, "unknown")], id="no stamp"),
    pytest.param(S + b"[pod/p/c] a\n", [("stdout", b"[pod/p/c] a\n", False)], [], id="a pod of the job's"),
    pytest.param(
        b"[pod/p/c] a\n[pod/q/c] b\n",
        [OUT_A, ("unknown", b"b\n", False)],
        [("unknown-stream", 2, 12, None)],
        id="another pod",
    ),
    pytest.param(
        b"x\n[pod/p/c] a\nx\n",
        [X, OUT_A, X],
        [("corrupt", 1, 0, "unknown"), ("corrupt", 3, 14, "unknown")],
        id="none",
    ),
]


@pytest.mark.parametrize(("capture", "data", "notices"), CASES)
def test_what_is_decoded_and_what_is_reported(
    capture: bytes, data: list[object], notices: list[object]
) -> None:
    decoded = decode(ID, capture)
    assert chunks_in(decoded) == data
    assert places(decoded) == notices


def test_times_are_those_of_the_prefix() -> None:
    (chunk,) = decoder("kubectl-logs").feed(T + b"a\n" + S + b"b\n")
    assert isinstance(chunk, Chunk)
    assert chunk.times_at([0, 2]) == [T.decode().strip(), S.decode().strip()]
