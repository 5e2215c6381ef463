"""The container's own bytes."""

from __future__ import annotations

from tests.captures.feeding import decode


def test_all_bytes_are_standard_output() -> None:
    assert decode("raw", b"\xff\0\r\n") == [("stdout", b"\xff\0\r\n", False)]
