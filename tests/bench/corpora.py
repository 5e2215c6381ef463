"""The logs that are read: a block of about a megabyte, again and again, between a head and a tail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_LOG = "2026-11-20 12:00:00.000 | INFO     | optimiser:step:{} - circuit {} of the ansatz"
_MARKED = re.compile(rb"(?m)^PlanQK:Job:")


class Corpus(NamedTuple):
    """A kind of log.

    `most` is how many megabytes of it are read at most. `results` is how many results it
    has, if it has not one on each marked line.
    """

    name: str
    block: bytes
    head: bytes = b""
    tail: bytes = b""
    most: int = 1000
    results: int | None = None


class File(NamedTuple):
    """A log that was written: where it is, and what is in it."""

    path: Path
    size: int
    lines: int
    marked: int
    results: int


def interim(number: int) -> str:
    """A line with an interim result."""
    return f"PlanQK:Job:InterimResult: {json.dumps({'iteration': number, 'energy': -1.25 * number})}\n"


def log(number: int) -> str:
    """A log line of 90 bytes."""
    return _LOG.format(number, number % 7).ljust(89, ".") + "\n"


def _block(*texts: str) -> bytes:
    """Texts as often as a megabyte holds them."""
    block = "".join(texts).encode()
    return block * max(1, 1_000_000 // len(block))


_LOGS = [log(number) for number in range(10_000)]
_FEW = [interim(number) if number % 1000 == 0 else line for number, line in enumerate(_LOGS)]
_VALUES = [f'  {{"iteration": {n}, "energy": {-1.25 * n}, "bits": "{n:020b}"}},\n' for n in range(10_000)]
_FENCE = b"PlanQK:Job:MultilineResult\n"

CORPORA = [
    Corpus("no markers", _block(*_LOGS)),
    Corpus("few markers", _block(*_FEW)),
    Corpus("interim results", _block(*map(interim, range(10_000))), most=200),
    Corpus("huge line", b"x " * 500_000, tail=b"\n"),
    Corpus("huge block", _block(*_VALUES), _FENCE + b"[\n", b"  0\n]\n" + _FENCE, most=60, results=1),
    Corpus("tiny lines", _block("step 1\n"), most=20),
    Corpus("CRLF", _block(*(line.replace("\n", "\r\n") for line in _FEW))),
    Corpus("non-ASCII", _block(*(line.replace("circuit", "Schrödinger-Gleichung ψ →") for line in _FEW))),
    Corpus("full of Q", _block("Q" * 99 + "\n")),
]
FEW_MARKERS, INTERIM_RESULTS = CORPORA[1:3]

# Lines of several programs, with words that the diagnosis has to look at.
_VARIED = (
    "2026-11-20 12:00:00.000 | INFO     | optimiser:step:{} - evaluated circuit {} of the ansatz\n",
    "2026-11-20 12:00:00,113 DEBUG urllib3.connectionpool request {} to the queue of solver {} took 0.2 s\n",
    "[{}] Java HotSpot(TM) 64-Bit Server VM: JIT compiled method {} of class org.apache.spark.Job\n",
    "sample {}: energy -41.25, chain break fraction 0.0{}, num_occurrences 12, reads 1000\n",
)
VARIED_LINES = Corpus("varied lines", _block(*(_VARIED[n % 4].format(n, n % 7) for n in range(10_000))))


@contextmanager
def written(corpus: Corpus, folder: Path, megabytes: int) -> Iterator[File]:
    """Write a log of a given size, and remove it in the end."""
    path = folder / f"{corpus.name}.log"
    count = min(megabytes, corpus.most)
    with path.open("wb") as file:
        file.write(corpus.head)
        for _ in range(count):
            file.write(corpus.block)
        file.write(corpus.tail)
    ends = corpus.head + corpus.tail
    marked = count * len(_MARKED.findall(corpus.block)) + len(_MARKED.findall(corpus.head))
    marked += len(_MARKED.findall(corpus.tail))
    try:
        yield File(
            path,
            path.stat().st_size,
            count * corpus.block.count(b"\n") + ends.count(b"\n"),
            marked,
            marked if corpus.results is None else corpus.results,
        )
    finally:
        path.unlink(missing_ok=True)
