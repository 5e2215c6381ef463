"""Fixed workloads whose instructions are counted: python tests/bench/workloads.py LAYOUT does them.

Callgrind writes its counts, and begins anew, whenever the program asks for the number of its parent process.
Nothing else asks for it. So the counts are those of the workloads alone.
"""

# ruff: noqa: E402  # the layout of memory is changed before the imports

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
# CPython's cache of methods is indexed by the addresses of names, so the counts depend on where these are.
# Text that is kept from before the imports moves them.
LAYOUT = int(sys.argv[1]) if __name__ == "__main__" else 0
KEPT = [f"{number:0{16 + number % 4 * 16}}" for number in range(1009 * LAYOUT)]
from planqk_protocol import Parser, iter_events, to_json_line, to_json_lines
from planqk_protocol.captures import Source
from planqk_protocol.diagnosis import Diagnosis
from planqk_protocol.testing.models import MODELS
from tests.bench.corpora import INTERIM_RESULTS, interim, log

_LINES = [interim(number) if number % 100 == 0 else log(number) for number in range(2000)]
_LOG = "".join(_LINES).encode()
_INTERIM = INTERIM_RESULTS.block[:40_000]
_BLOCK = b"PlanQK:Job:MultilineResult\n[\n" + b'  {"iteration": 1, "energy": -1.25},\n' * 2000 + b"0]\n"
_BLOCK += b"PlanQK:Job:MultilineResult\n"
_WRITES = [("stdout", line.encode()) for line in _LINES[:500]]
_CHUNK = 64 * 1024


def _cut(data: bytes, size: int = _CHUNK) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _feed(chunks: list[bytes], *, logs: bool = True) -> None:
    parser = Parser(logs=logs)
    for chunk in chunks:
        parser.feed(chunk)
    parser.close()


def _events(chunks: list[bytes]) -> None:
    for _ in iter_events(chunks):
        pass


def _records(chunks: list[bytes]) -> None:
    for event in iter_events(chunks):
        to_json_line(event)


def _joined_records(chunks: list[bytes]) -> None:
    parser = Parser()
    for chunk in chunks:
        to_json_lines(parser.feed(chunk))


def _capture(format_id: str, chunks: list[bytes]) -> None:
    source = Source(format_id)
    for chunk in chunks:
        source.feed(chunk)
    source.close()


def _diagnosis(chunks: list[bytes]) -> None:
    source, diagnosis = Source("raw", logs=False), Diagnosis()
    for chunk in chunks:
        diagnosis.observe(source.feed(chunk))
    diagnosis.observe(source.close())
    diagnosis.close()


def _captured(format_id: str) -> list[bytes]:
    return _cut(MODELS[format_id][0].capture(format_id, _WRITES).data)


WORKLOADS: dict[str, Callable[[], None]] = {
    "feed": partial(_feed, _cut(_LOG)),
    "feed, CRLF": partial(_feed, _cut(_LOG.replace(b"\n", b"\r\n"))),
    "feed, chunks of 256 bytes": partial(_feed, _cut(_LOG[:20_000], 256)),
    "feed, logs=False": partial(_feed, _cut(_LOG * 4), logs=False),
    "feed, logs=False, full of Q": partial(_feed, _cut((b"Q" * 99 + b"\n") * 8000), logs=False),
    "feed, a block": partial(_feed, _cut(_BLOCK)),
    "iter_events": partial(_events, _cut(_LOG)),
    "iter_events, interim results": partial(_events, _cut(_INTERIM)),
    "to_json_line": partial(_records, _cut(_LOG[:50_000])),
    "to_json_lines": partial(_joined_records, _cut(_LOG)),
    "diagnosis": partial(_diagnosis, _cut(_LOG)),
    **{f"capture, {name}": partial(_capture, name, _captured(name)) for name in MODELS if name != "raw"},
}
"""All workloads. Each is so small that all of them take seconds under Callgrind."""


def main() -> None:
    """Do each workload twice, the first time to make everything that stays.

    The garbage collector is off: when it runs depends on all that the process has made before.
    """
    gc.disable()
    for work in WORKLOADS.values():
        work()
        os.getppid()
        work()
        os.getppid()


if __name__ == "__main__":
    main()
