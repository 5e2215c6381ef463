"""On a thread with a stack of 64 KiB nothing ends the process, and everything reads as it does elsewhere."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import product

import pytest

from planqk_protocol import Parser
from planqk_protocol.captures import Source, decoder, detect, formats
from planqk_protocol.limits import MAX_DEPTH

STACK = 64 * 1024  # bytes
BEGINS = [
    b"",
    b'{"a":',
    b'{"log":',
    b'{"log":"a\\n","stream":"stdout","time":',
    b'{"log":"a\\n","stream":"stdout","attrs":',
    b'{"log":"a\\n","stream":"stdout","attrs":{"a":',
    b'{"LOG":"a\\n","stream":"stdout","x":',
    b'{"log":"torn{"LOG":"a\\n","stream":"stdout","x":',
    b'{"MESSAGE":',
    b'{"__CURSOR":"a","CONTAINER_ID_FULL":"c","MESSAGE":"a","X":',
    b"2024-05-01T10:00:00Z stdout F PlanQK:Job:Result: ",
    b"PlanQK:Job:Result: ",
    b"PlanQK:Job:MultilineResult\n",
]
NESTS = [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"log":"x","a":', b"}]"), (b'"[', b"")]
DEPTHS = [126, 127, 128, 129, 2000]
ENDS = [b"", b"}\n", b"\nPlanQK:Job:MultilineResult\n"]
DEEP = 300_000


def nested() -> Iterator[bytes]:
    for begin, (opening, closing), depth in product(BEGINS, NESTS, DEPTHS):
        for end in ENDS if depth > MAX_DEPTH else ENDS[1:2]:
            yield begin + opening * depth + b"1" + closing * depth + end
    for begin in BEGINS:
        yield begin + b"[" * DEEP


def digest() -> list[str]:
    """What comes out, in short."""
    seen = []
    for data in nested():
        told = [detect(data)]
        for format_id in formats():
            if format_id in {"raw", "cri"} or not data.startswith((b"2024", b"Plan")):
                subject = decoder(format_id)
                told.append(repr([*subject.feed(data), *subject.close()]))
        source, parser = Source("raw"), Parser()
        told.append(repr(source.feed(data).events + source.close().events))
        told.append(repr(parser.feed(data) + parser.close()))
        seen.append(" ".join(told)[:1000])
    return seen


def on_a_small_stack() -> list[str]:
    result: list[str] = []
    before = threading.stack_size(STACK)
    try:
        thread = threading.Thread(target=lambda: result.extend(digest()))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    return result


@pytest.mark.slow
def test_nesting_ends_no_process_and_changes_no_output() -> None:
    child = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=False)
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.splitlines() == list(map(ascii, digest()))


if __name__ == "__main__":
    for line in on_a_small_stack():
        print(ascii(line))
