"""The reference implementation as the kit's contract has it.

``python -m planqk_protocol.conformance.reference decoder`` reads a stream and
writes event records; ``… encoder`` reads records and writes a stream.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from planqk_protocol import Limits, Parser, emit, to_json_line

__all__ = ["decode", "encode", "main"]

_BLOCK = 256 * 1024
_USAGE = "usage: python -m planqk_protocol.conformance.reference decoder [--max-… N|none]… | encoder\n"
_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "interim_result": emit.interim_result_line,
    "result": emit.result_line,
    "multiline_result": emit.multiline_result_block,
}


def decode(arguments: list[str]) -> None:
    """Standard input to event records.

    Args:
        arguments: Pairs of a limit's option and its value.
    """
    names = [name.removeprefix("--").replace("-", "_") for name in arguments[::2]]
    values = [None if value == "none" else int(value) for value in arguments[1::2]]
    parser = Parser(limits=Limits(**dict(zip(names, values, strict=True))))
    while chunk := os.read(0, _BLOCK):
        _print(b"".join(map(to_json_line, parser.feed(chunk))))
    _print(b"".join(map(to_json_line, parser.close())))


def encode() -> None:
    """Event records on standard input to a stream."""
    for line in sys.stdin.buffer:
        record = json.loads(line)
        encoder = _ENCODERS.get(record["type"])
        _print(encoder(record["value"]) if encoder else emit.log_line(record["text"]))


def _print(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def main(arguments: list[str]) -> int:
    """Run as what the first argument says; the exit code."""
    match arguments:
        case ["decoder", *limits]:
            decode(limits)
        case ["encoder"]:
            encode()
        case _:
            sys.stderr.write(_USAGE)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
