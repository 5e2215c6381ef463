"""Programs for the kit to run, written in Python."""

from __future__ import annotations

import sys

REFERENCE = [sys.executable, "-m", "planqk_protocol.conformance.reference"]
DECODER = [*REFERENCE, "decoder"]
ENCODER = [*REFERENCE, "encoder"]


def program(code: str) -> list[str]:
    """A command that runs a few lines of Python; it starts fast."""
    return [sys.executable, "-I", "-S", "-c", code]
