r"""Test decoders: write the stream of a vector, and grade the event records.

The contract: a decoder reads a stream on standard input and writes event
records as JSON Lines on standard output. It ends with exit code 0. If the stream
holds a violation or no result, it may end with 1. If a vector names limits, they
are added to the command as arguments, such as ``--max-line 20``, or ``none``
for no limit. A decoder that takes no limits ends with exit code 2. Other vectors
test the defaults of limits: there, a decoder is given no limits. If it gives wrong
records, the kit gives it the same limits as arguments, to see whether it takes any.

The kit writes each stream in several *chunkings*, because most mistakes of
incremental decoders show only where a chunk ends at a bad place:

>>> cut(b"a\r\nb", "bytes")
[b'a', b'\r', b'\n', b'b']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from planqk_protocol.conformance.comparison import Profile, count_graded, difference
from planqk_protocol.conformance.grading import Grade, GradedCase, grade_records, has_declined
from planqk_protocol.conformance.programs import Answer, Dialogue, ask
from planqk_protocol.conformance.showing import show_bytes
from planqk_protocol.conformance.vectors import Vector, VectorStep
from planqk_protocol.grammar import load_table

__all__ = ["CHUNKINGS", "STEPWISE", "Case", "cases", "cut", "grade_answer", "limit_arguments", "run_case"]

CHUNKINGS = ("whole", "lines", "bytes")
"""``whole``: all at once. ``lines``: line by line. ``bytes``: byte by byte around the markers."""

STEPWISE = "steps"
"""The chunking of stepwise vectors: each part is written after the events of the part before have come."""

_MOST_CUTS = 100  # each costs a pause
_SHORT_STREAM = 100  # bytes; a shorter stream is cut everywhere
_STEP_PATIENCE = 5.0  # seconds to wait for the events of a part
_ADVICE = (  # a program may wait at either end: C's fread and Python's read(n) fill a buffer first
    "read what there is without waiting for more, write each event as soon as it is complete, "
    "and flush standard output"
)
# Decoders often err here: around line ends, and inside characters of several bytes.
_DELICATE = re.compile(rb"\r?\n|[\xc2-\xf4][\x80-\xbf]+|[\x80-\xff]")


def cut(data: bytes, chunking: str) -> list[bytes]:
    """Cut a stream into chunks. No chunk is empty.

    Args:
        data: The stream.
        chunking: One of `CHUNKINGS`.
    """
    borders = [0, *_CUTS[chunking](data), len(data)]
    return [data[start:stop] for start, stop in pairwise(borders) if start < stop]


def _cut_by_lines(data: bytes) -> list[int]:
    cuts: list[int] = []
    line_start = data.find(b"\n") + 1
    while 0 < line_start < len(data) and len(cuts) < _MOST_CUTS:
        cuts.append(line_start)
        line_start = data.find(b"\n", line_start) + 1
    return cuts


def _cut_by_bytes(data: bytes) -> list[int]:
    if len(data) <= _SHORT_STREAM:
        return list(range(1, len(data)))
    marker = re.escape(load_table().prefix) + rb"\w+:?"
    cuts: set[int] = set()
    for found in re.finditer(marker + b"|" + _DELICATE.pattern, data):
        cuts.update(range(max(1, found.start() - 1), min(found.end() + 2, len(data))))
        if len(cuts) >= _MOST_CUTS:
            break
    cuts.update(range(len(data) - 8, len(data)))
    return sorted(cuts)


_CUTS: dict[str, Callable[[bytes], Iterable[int]]] = {
    "whole": lambda _: (),
    "lines": _cut_by_lines,
    "bytes": _cut_by_bytes,
}


class Case(NamedTuple):
    """A vector, and the chunking in which its stream is written."""

    vector: Vector
    chunking: str


def cases(vectors: Sequence[Vector], chunkings: Sequence[str]) -> Iterator[Case]:
    """The cases of vectors. If two chunkings cut a stream into the same chunks, only the first one counts."""
    for vector in vectors:
        if vector.is_stepwise:
            yield Case(vector, STEPWISE)
            continue
        data = vector.data()
        seen: list[list[bytes]] = []
        for chunking in chunkings:
            chunks = cut(data, chunking)
            if chunks not in seen:
                seen.append(chunks)
                yield Case(vector, chunking)


def limit_arguments(limits: Mapping[str, int | None]) -> list[str]:
    """The arguments that give limits to a decoder.

    >>> limit_arguments({"max_line": 20, "max_digits": None})
    ['--max-line', '20', '--max-digits', 'none']
    """
    return [
        word
        for name, limit in limits.items()
        for word in (f"--{name.replace('_', '-')}", "none" if limit is None else str(limit))
    ]


def run_case(
    case: Case, command: Sequence[str], timeout: float, profile: Profile = Profile.FULL
) -> GradedCase:
    """Run a decoder on a case, and grade its answer.

    Args:
        case: The case.
        command: The decoder and its arguments.
        timeout: Seconds until the decoder is killed.
        profile: Which part of the event records is graded.

    Raises:
        CommandError: The decoder cannot be started.
    """
    vector = case.vector
    expected = vector.records()
    given = [*command, *limit_arguments(vector.given_limits())]
    limit = 2 * len(expected)
    if case.chunking == STEPWISE:
        answer = _write_steps(vector, Dialogue(given, timeout=timeout, limit=limit), profile)
    else:
        answer = ask(given, cut(vector.data(), case.chunking), timeout=timeout, limit=limit)
    graded = grade_answer(case, answer, expected, profile)
    if graded.grade is Grade.FAILED and vector.by_default:
        asked = [*command, *limit_arguments(vector.limits)]
        if has_declined(ask(asked, [vector.data()], timeout=timeout, limit=limit)):
            return msgspec.structs.replace(graded, grade=Grade.DECLINED, input=(), reason="", errors="")
    return graded


def grade_answer(case: Case, answer: Answer, expected: bytes, profile: Profile = Profile.FULL) -> GradedCase:
    """Grade the answer of a decoder.

    Args:
        case: The case.
        answer: The answer.
        expected: The event records of the vector, as JSON Lines.
        profile: Which part of the event records is graded.
    """
    vector = case.vector
    grade, reason = grade_records(answer, expected, profile=profile, may_decline=bool(vector.given_limits()))
    if grade is Grade.FAILED and vector.group == "may":
        others = vector.records_without_places()
        grade, reason_of_failure = grade_records(answer, others, profile=profile, may_decline=False)
        grade, reason = (grade, reason_of_failure) if reason_of_failure else (Grade.DIFFERS, reason)
    return GradedCase(
        id=vector.id,
        rule=vector.rule,
        about=vector.about,
        grade=grade,
        chunking=case.chunking,
        limits=" ".join(limit_arguments(vector.given_limits())),
        input=tuple(show_bytes(step.data()) for step in vector.steps) if reason else (),
        reason=reason,
        errors=answer.errors if reason or grade is Grade.DECLINED else "",
    )


def _write_steps(vector: Vector, dialogue: Dialogue, profile: Profile) -> Answer:
    """Write each part of a stream after the events of the parts before have come."""
    expected = b""
    for step in vector.steps:
        dialogue.write([step.data()])
        expected += step.records()
        if count_graded(step.records(), profile) and not _has_answered(dialogue, step, expected, profile):
            answer = dialogue.end()
            return _show_what_came(answer, expected, profile) if answer.fault else answer
    return dialogue.end()


def _show_what_came(answer: Answer, expected: bytes, profile: Profile) -> Answer:
    """Add to the fault how the records that came differ from those that were expected until then."""
    lines = [answer.fault, difference(expected, answer.output, profile=profile)]
    return msgspec.structs.replace(answer, fault="\n".join(filter(None, lines)))


def _has_answered(dialogue: Dialogue, step: VectorStep, expected: bytes, profile: Profile) -> bool:
    count = count_graded(expected, profile)
    late = f"the events of {show_bytes(step.data())} did not come before the next bytes of the stream"
    fault = f"{late}; {_ADVICE}"
    return dialogue.expect(lambda output: count_graded(output, profile) >= count, _STEP_PATIENCE, fault)
