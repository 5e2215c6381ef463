"""Programs for the kit to run, written in Python."""

from __future__ import annotations

import sys
from pathlib import Path

DECODER = [sys.executable, "-m", "planqk_protocol", "parse", "--capture", "raw", "--output", "jsonl"]
ENCODER = [sys.executable, "-m", "planqk_protocol.conformance.reference_encoder"]


def program(code: str) -> list[str]:
    """A command that runs a few lines of Python; it starts fast."""
    return [sys.executable, "-I", "-S", "-c", code]


_ZOO = str(Path(__file__).parent / "zoo")
PLAIN_DECODER = program(
    f"import os, sys\nsys.path.insert(0, {_ZOO!r})\nfrom plain import Plain\ndecoder = Plain()\n"
    "def tell(records): os.write(1, b''.join(records))\n"
    "while chunk := os.read(0, 65536): tell(decoder.feed(chunk))\n"
    "tell(decoder.close())"
)
"""A right decoder that starts fast, with the default limits."""
