"""The reference encoder: a program that writes event records as a stream, with `planqk_protocol.emit`.

Run it with ``python -m planqk_protocol.conformance.reference_encoder``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from planqk_protocol import emit

__all__ = ["main"]

_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "interim_result": emit.interim_result_line,
    "result": emit.result_line,
    "multiline_result": emit.multiline_result_block,
}


def main() -> None:
    """Read event records on standard input, and write their stream on standard output."""
    for line in sys.stdin.buffer:
        record = json.loads(line)
        encoder = _ENCODERS.get(record["type"])
        sys.stdout.buffer.write(encoder(record["value"]) if encoder else emit.log_line(record["text"]))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
