"""What the pod of the small cluster prints, and what is read of it."""

from __future__ import annotations

from typing import Any

from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.engines import kubernetes

OUTPUT = b"log\nPlanQK:Job:Result: 42\n"


def read(**options: Any) -> tuple[list[bytes | CaptureNotice], bool, int | None]:
    """The pieces of an output, whether it is cut off, and the exit code."""
    with kubernetes.follow("default", "job", **options) as output:
        pieces = list(output)
        return pieces, output.is_cut_off, output.exit_code()


def kinds(pieces: list[bytes | CaptureNotice]) -> list[bytes | NoticeKind]:
    return [piece.kind if isinstance(piece, CaptureNotice) else piece for piece in pieces]


# The pod is looked at to choose a container, then once for each log that is asked for and for each that ends.
FIRST_LOG, FIRST_END, SECOND_LOG = 2, 3, 4
