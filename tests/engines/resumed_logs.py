"""A log that is read over several connections: what is new in each of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from planqk_protocol.engines.resumption import Resumption
from tests.engines.kubelet import Piece

BEGIN = 1_714_557_600
SECOND = 1_000_000_000
GAP = None


def of_lines() -> Resumption:
    return Resumption(has_lines=True)


def of_frames() -> Resumption:
    return Resumption(has_lines=False)


def parts(data: bytes) -> list[bytes]:
    """Lines, whole and cut."""
    return re.findall(rb"[^\n]{1,7}\n?|\n", data)


def pass_on(log: Resumption, data: bytes, chunks: Sequence[bytes] | None = None) -> list[bytes | None]:
    """What is new of a connection's data; `GAP` stands for a gap."""
    new: list[bytes | None] = []
    for part in parts(data) if chunks is None else chunks:
        text = log.feed(part, ends=part.endswith(b"\n"))
        new += [GAP, text] if log.is_gap else [text]
    return new


def end(log: Resumption) -> list[bytes | None]:
    text = log.close()
    return [GAP, text] if log.is_gap else [text]


def joined(new: Sequence[bytes | None]) -> bytes:
    assert GAP not in new
    return b"".join(part for part in new if part)


def line(second: float, text: bytes) -> Piece:
    return Piece(round((BEGIN + second) * SECOND), text)
