"""Decoders under test: vectors in, event records out.

The contract: a decoder reads a stream on standard input and writes event
records on standard output, as JSON Lines, and ends with exit code 0, or with 1
if that is its way to say that the stream holds violations. Where a vector names
limits, they are added to the command as arguments (``--max-line 20``, ``none``
for no limit); a decoder that does not take them declines with exit code 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from planqk_protocol.conformance.programs import Answer, Dialogue, ask
from planqk_protocol.conformance.vectors import Vector
from planqk_protocol.conformance.verdicts import Status, Verdict, judge_records
from planqk_protocol.grammar import load_table

__all__ = ["CHUNKINGS", "STEPWISE", "Case", "cases", "cut", "judge", "limit_arguments", "run_case"]

CHUNKINGS = ("whole", "lines", "bytes")
"""``whole``: all at once. ``lines``: line by line. ``bytes``: byte by byte around the markers."""

_MANY = 100  # places: each costs a pause
_SHORT = 100  # bytes; a shorter stream is cut everywhere
# Where decoders err: around line ends, and inside characters of several bytes.
_DELICATE = re.compile(rb"\r?\n|[\xc2-\xf4][\x80-\xbf]+|[\x80-\xff]")


def cut(data: bytes, chunking: str) -> list[bytes]:
    """The pieces of a stream, none of them empty.

    Args:
        data: The stream.
        chunking: One of `CHUNKINGS`.
    """
    borders = [0, *_PLACES[chunking](data), len(data)]
    return [data[start:stop] for start, stop in pairwise(borders) if start < stop]


def _line_ends(data: bytes) -> list[int]:
    places: list[int] = []
    at = data.find(b"\n") + 1
    while 0 < at < len(data) and len(places) < _MANY:
        places.append(at)
        at = data.find(b"\n", at) + 1
    return places


def _bytewise(data: bytes) -> list[int]:
    if len(data) <= _SHORT:
        return list(range(1, len(data)))
    table = load_table()
    marker = re.escape(table.prefix) + rb"\w+:?"
    places: set[int] = set()
    for found in re.finditer(marker + b"|" + _DELICATE.pattern, data):
        places.update(range(max(1, found.start() - 1), min(found.end() + 2, len(data))))
        if len(places) >= _MANY:
            break
    places.update(range(len(data) - 8, len(data)))
    return sorted(places)


_PLACES: dict[str, Callable[[bytes], Iterable[int]]] = {
    "whole": lambda _: (),
    "lines": _line_ends,
    "bytes": _bytewise,
}


STEPWISE = "steps"
_PATIENCE = 5.0  # seconds for the answer to a piece


class Case(NamedTuple):
    """A vector, and the chunking in which its stream is written."""

    vector: Vector
    chunking: str


def cases(vectors: Sequence[Vector], chunkings: Sequence[str]) -> Iterator[Case]:
    """The cases of vectors; chunkings that cut a stream in the same way count once."""
    for vector in vectors:
        if vector.is_stepwise:
            yield Case(vector, STEPWISE)
            continue
        data = vector.data()
        seen: list[list[bytes]] = []
        for chunking in chunkings:
            pieces = cut(data, chunking)
            if pieces not in seen:
                seen.append(pieces)
                yield Case(vector, chunking)


def limit_arguments(limits: Mapping[str, int | None]) -> list[str]:
    """The arguments that hand limits to a decoder.

    >>> limit_arguments({"max_line": 20, "max_digits": None})
    ['--max-line', '20', '--max-digits', 'none']
    """
    return [
        word
        for name, limit in limits.items()
        for word in (f"--{name.replace('_', '-')}", "none" if limit is None else str(limit))
    ]


def run_case(case: Case, command: Sequence[str], timeout: float) -> Verdict:
    """Put a case to a decoder.

    Args:
        case: The case.
        command: The decoder and its arguments.
        timeout: Seconds until it is ended.

    Raises:
        CommandError: It cannot be started.
    """
    vector = case.vector
    expected = vector.records()
    command = [*command, *limit_arguments(vector.limits)]
    limit = 2 * len(expected)
    if case.chunking == STEPWISE:
        answer = _converse(vector, command, timeout, limit)
    else:
        answer = ask(command, cut(vector.data(), case.chunking), timeout=timeout, limit=limit)
    return judge(case, answer, expected)


def judge(case: Case, answer: Answer, expected: bytes) -> Verdict:
    """The verdict on a decoder's answer."""
    vector = case.vector
    status, reason = judge_records(answer, expected, may_decline=bool(vector.limits))
    if status is Status.FAILED and vector.group == "may":
        status = Status.DIFFERS
    return Verdict(
        rule=vector.rule,
        id=vector.id,
        way=case.chunking,
        status=status,
        about=vector.about,
        reason=reason,
        errors=answer.errors if reason else "",
    )


def _converse(vector: Vector, command: Sequence[str], timeout: float, limit: int) -> Answer:
    """Write the pieces of a stream, each once all events of those before it are there."""
    dialogue = Dialogue(command, timeout=timeout, limit=limit)
    count = 0
    for step in vector.steps:
        data = step.data()
        dialogue.write([data])
        count += len(step.events)
        what = f"the events of {ascii(data)[1:]} did not come before the next bytes of the stream"
        if step.events and not dialogue.expect_lines(count, min(timeout, _PATIENCE), what):
            break
    return dialogue.end()
