"""A decoder that keeps results only: it passes the profile ``results`` of the conformance kit."""  # noqa: INP001

import json
import os
import sys
from typing import Never

RESULT, INTERIM, FENCE = b"PlanQK:Job:Result:", b"PlanQK:Job:InterimResult", b"PlanQK:Job:MultilineResult"


def refuse(constant: str) -> Never:
    """NaN and the infinities are not JSON."""
    raise ValueError(constant)


def write(kind: bytes, payload: bytes) -> None:
    """Write a record with the JSON text of a payload, unless the payload is not JSON."""
    try:
        json.loads(payload.decode(), parse_int=str, parse_float=str, parse_constant=refuse)
    except (ValueError, RecursionError):
        return
    os.write(1, b'{"type":"%s","value":%s}\n' % (kind, payload.replace(b"\r", b" ").replace(b"\n", b" ")))


if len(sys.argv) > 1:
    sys.exit(2)  # limits are declined
block: list[bytes] | None = None  # the lines of an open block
is_taken = False  # whether there was a result line or a block
for line in sys.stdin.buffer:
    is_fence = line.startswith(FENCE) and not line[len(FENCE) :].strip(b" \t\r\n")
    if block is None and is_fence:
        block = []
    elif block is not None and not is_fence:
        block.append(line)
    elif block is not None:
        if not is_taken:
            write(b"multiline_result", b"".join(block))
        block, is_taken = None, True
    elif line.startswith(RESULT):
        if not is_taken:
            write(b"result", line[len(RESULT) :])
        is_taken = True
    elif line.startswith(INTERIM):
        write(b"interim_result", line[len(INTERIM) :].removeprefix(b":"))
