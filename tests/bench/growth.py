"""Streams of gigabytes, to show how time and memory grow.

    python tests/bench/growth.py MODE MEGABYTES

It prints seconds, null, and the peak of memory in KiB. Nothing is read from a file: one
chunk is fed again and again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from planqk_protocol import Parser
from planqk_protocol.captures import Source
from planqk_protocol.testing.models import MODELS
from tests.bench.corpora import FEW_MARKERS

MODES = ("feed alone", "logs=False", "docker-json-file")


def _feed(mode: str) -> tuple[bytes, Callable[[bytes], Any]]:
    """A chunk, and what it is fed to."""
    chunk = FEW_MARKERS.block[:-1].rpartition(b"\n")[0] + b"\n"
    if mode == "docker-json-file":
        writes = [("stdout", line) for line in chunk.splitlines(keepends=True)]
        return MODELS[mode][0].capture(mode, writes).data, Source(mode).feed
    return chunk, Parser(logs=mode == "feed alone").feed


def main(mode: str, megabytes: int) -> None:
    """Print the figures of a stream."""
    chunk, feed = _feed(mode)
    start = time.process_time()
    fed = 0
    while fed < megabytes * 1_000_000:
        feed(chunk)
        fed += len(chunk)
    seconds = time.process_time() - start
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(json.dumps([seconds, None, int(status.partition("VmHWM:")[2].split()[0])]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
