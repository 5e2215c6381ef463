"""Programs for the kit to run, written in Python."""

from __future__ import annotations

import sys

DECODER = [sys.executable, "-m", "planqk_protocol", "parse", "--capture", "raw", "--output", "jsonl"]
ENCODER = [sys.executable, "-m", "planqk_protocol.conformance.reference_encoder"]


def program(code: str) -> list[str]:
    """A command that runs a few lines of Python; it starts fast."""
    return [sys.executable, "-I", "-S", "-c", code]
