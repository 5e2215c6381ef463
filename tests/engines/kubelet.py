"""What a kubelet sends of a container's log, as its source says.

Kubernetes, staging/src/k8s.io/cri-client/pkg/logs/logs.go: `ReadLogs` and `logWriter.write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from planqk_protocol.captures.timestamps import rfc3339

__all__ = ["Piece", "sent", "text"]

_SECOND = 1_000_000_000


class Piece(NamedTuple):
    """A record in the log file of a container: a line, or a piece of one."""

    time: int  # in nanoseconds since 1970
    text: bytes  # with its LF, if the line ends; runtimes write no empty ones


def text(pieces: Iterable[Piece]) -> bytes:
    """What the container printed."""
    return b"".join(piece.text for piece in pieces)


def sent(pieces: Sequence[Piece], since: int | None = None) -> bytes:
    """The log with time stamps, from a time in whole seconds on.

    Each piece is filtered by its own time. A stamp stands where a line begins,
    also if the line's first pieces were filtered.
    """
    at_line_start = True
    lines = []
    for piece in pieces:
        if since is None or piece.time >= since * _SECOND:
            stamp = f"{rfc3339(piece.time)} " if at_line_start else ""
            lines.append(stamp.encode() + piece.text)
        at_line_start = piece.text.endswith(b"\n")
    return b"".join(lines)
