"""Captures of a log in all formats, and the least work to get the log out of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from planqk_protocol import Parser
from planqk_protocol.testing.models import MODELS
from tests.bench.corpora import FEW_MARKERS
from tests.bench.modes import whole_lines

BLANK = ord(" ")
Unwrap = Callable[[Path], Iterator[bytes]]


class Kind(NamedTuple):
    """Captures of a format.

    Of each `stderr_every` lines, one is on standard error; 0 for none. `model` says which of
    the models of engines writes them.
    """

    name: str
    format: str
    unwrap: Unwrap | None = None
    stderr_every: int = 0
    model: int = 0


class Capture(NamedTuple):
    """A capture that was written, and the standard output in it."""

    path: Path
    stdout: Path
    size: int  # of the standard output, in bytes
    lines: int
    events: int


def _without_prefix(pattern: bytes) -> Unwrap:
    """Each line without what comes before it. The first line with a prefix tells how long all of them are."""
    prefix = re.compile(pattern, re.MULTILINE)

    def unwrap(path: Path) -> Iterator[bytes]:
        for chunk in whole_lines(path):
            match = prefix.search(chunk)
            assert match
            blank = len(match[0]) - 1
            lines = chunk.splitlines(keepends=True)
            yield b"".join(
                [line[blank + 1 :] for line in lines if line[blank] == BLANK]
            )  # else Compose's own

    return unwrap


def _decoded(key: str) -> Unwrap:
    """The text in each line of JSON."""
    record = msgspec.defstruct("Record", [("text", str)], rename={"text": key})
    decode = msgspec.json.Decoder(record).decode_lines

    def unwrap(path: Path) -> Iterator[bytes]:
        for chunk in whole_lines(path):
            yield "".join([getattr(item, "text") for item in decode(chunk)]).encode()  # noqa: B009

    return unwrap


def _frames(path: Path) -> Iterator[bytes]:
    """What is in the frames of ``docker-mux``."""
    data, at, texts = path.read_bytes(), 0, []
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
        texts.append(data[at + 8 : end])
        at = end
    yield b"".join(texts)


def _fields(path: Path) -> Iterator[bytes]:
    """The messages in an export of the journal; each is a line, so its length stands before it."""
    yield b"".join(re.findall(rb"^MESSAGE\n[\s\S]{8}(.*\n)", path.read_bytes(), re.MULTILINE))


_PODMAN = 1  # of the journal: its entries are not counted, so they can be repeated
_ENTRY_A_LINE = 2  # of the platform's log: a list cannot be repeated
_LINES = FEW_MARKERS.block.splitlines(keepends=True)[:2000]  # written as often as a capture needs them

KINDS = [
    Kind("docker-json-file", "docker-json-file", _decoded("log")),
    Kind("docker-json-file, a third on stderr", "docker-json-file", None, 3),
    Kind("cri", "cri", _without_prefix(rb"^\S+ stdout F ")),
    Kind("cri, a third on stderr", "cri", None, 3),
    Kind("docker-mux", "docker-mux", _frames),
    Kind("docker-local", "docker-local"),
    Kind("journald-json", "journald-json", _decoded("MESSAGE"), model=_PODMAN),
    Kind("journald-export", "journald-export", _fields, model=_PODMAN),
    Kind("planqk-log", "planqk-log", model=_ENTRY_A_LINE),
    Kind("docker-logs-timestamps", "docker-logs-timestamps", _without_prefix(rb"^\S+ ")),
    Kind("docker-logs-details", "docker-logs-details", _without_prefix(rb"^ ")),
    Kind("kubectl-logs", "kubectl-logs", _without_prefix(rb"^\S+ ")),
    Kind("compose-logs", "compose-logs", _without_prefix(rb"^[^|\n]*\| ")),
]


@contextmanager
def captured(kind: Kind, folder: Path, megabytes: int) -> Iterator[Capture]:
    """Write a capture, and the standard output in it, and remove them in the end."""
    path, stdout = folder / f"{kind.name}.capture", folder / f"{kind.name}.stdout"
    writes = [
        ("stderr" if kind.stderr_every and number % kind.stderr_every == 1 else "stdout", line)
        for number, line in enumerate(_LINES)
    ]
    block = MODELS[kind.format][kind.model].capture(kind.format, writes)
    count = max(1, megabytes * 1_000_000 // len(block.stdout))
    for target, data in ((path, block.data), (stdout, block.stdout)):
        with target.open("wb") as file:
            for _ in range(count):
                file.write(data)
    lines = block.stdout.count(b"\n") * count
    try:
        yield Capture(path, stdout, stdout.stat().st_size, lines, lines)
    finally:
        path.unlink(missing_ok=True)
        stdout.unlink(missing_ok=True)


def least_work(unwrap: Unwrap, path: Path) -> int:
    """Get the log out of a capture that is known to be sound, and parse it."""
    parser = Parser()
    return sum(len(parser.feed(chunk)) for chunk in unwrap(path)) + len(parser.close())
