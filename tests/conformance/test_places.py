"""The vectors notice each mistake about the place of a fault: a decoder that makes it differs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from planqk_protocol import Parser, Violation, to_json_line
from planqk_protocol.conformance.decoders import Case, grade_answer
from planqk_protocol.conformance.grading import Grade
from planqk_protocol.conformance.programs import Answer
from planqk_protocol.conformance.vectors import Vector, load_vectors

VECTORS = [vector for vector in load_vectors() if vector.group == "may"]


def moved(byte: bytes, by: int) -> Callable[[bytes, int], int]:
    """A mistake: if the byte at the place is this one, the place is some bytes later."""
    return lambda raw, place: place + by * (raw[place : place + 1] == byte)


# What is done to a place. `raw` is the bytes of the violation, and the place is counted from their beginning.
WRONG_PLACES: dict[str, Callable[[bytes, int], int]] = {
    "the backslash before a u": moved(b"u", -1),
    "the byte after a wrong escape's backslash": moved(b"\\", 1),
    "the end of a string that does not end": lambda raw, place: (
        len(raw.rstrip(b"\n")) if raw[place : place + 1] == b'"' and b"\\" not in raw else place
    ),
    "the end of a string that is cut within an escape": lambda raw, place: (
        len(raw.rstrip(b"\n")) if raw[place : place + 1] == b'"' and b"\\u" in raw else place
    ),
    "the opening quote of a string that does not end with its line": lambda raw, place: (
        place - len(b'"abc') if raw[:place].endswith(b'"abc') else place
    ),
    "a control character after a backslash": lambda raw, place: place + (raw[place : place + 2] == b"\\\t"),
    "the quote of a string that has a wrong escape and no end": lambda raw, place: (
        raw.index(b'"') if raw[place:] == b"\\x\n" else place
    ),
    "a line end in an escape": lambda raw, place: place + 2 * (raw[place : place + 3] == b"u1\n"),
    "the byte after a trailing comma": moved(b",", 1),
    "the byte after a sign": moved(b"-", 1),
    "the last byte of a number": lambda raw, place: place - raw[:place].endswith((b"1", b"0")),
    "the second byte of a word": moved(b"t", 1),
    "the last byte where something is missing": lambda raw, place: min(place, len(raw.rstrip(b"\n")) - 1),
}
# How the characters before a place are counted.
WRONG_COLUMNS: dict[str, Callable[[bytes], int]] = {
    "bytes": len,
    "units of UTF-16": lambda before: len(before.decode(errors="replace").encode("utf-16-le")) // 2,
    "each byte that is not UTF-8": lambda before: len(before.decode(errors="surrogateescape")),
    "UTF-8 alone": lambda before: len(before.decode(errors="ignore")),
}


def right(before: bytes) -> int:
    return len(before.decode(errors="replace"))


def differing(
    place: Callable[[bytes, int], int] = lambda _, place: place, count: Callable[[bytes], int] = right
) -> set[str]:
    """The vectors in which a decoder differs that changes the places, and counts the columns so."""
    found = set()
    for vector in VECTORS:
        answer = Answer(output=records(vector, place, count), errors="", exit_code=0, fault="")
        grade = grade_answer(Case(vector, "whole"), answer, vector.records()).grade
        assert grade in {Grade.PASSED, Grade.DIFFERS}
        found |= {vector.id} if grade is Grade.DIFFERS else set()
    return found


def records(vector: Vector, place: Callable[[bytes, int], int], count: Callable[[bytes], int]) -> bytes:
    parser = Parser(limits=vector.parser_limits())
    out, start = b"", 0
    for event in parser.feed(vector.data()) + parser.close():
        record = json.loads(to_json_line(event))
        if isinstance(event, Violation):
            at = place(event.raw, record["offset"] - start)
            line_start = event.raw.rfind(b"\n", 0, at) + 1
            record |= {"offset": start + at, "column": 1 + count(event.raw[line_start:at])}
        start += len(event.raw)
        out += json.dumps(record).encode() + b"\n"
    return out


def test_the_reference_does_not_differ() -> None:
    assert differing() == set()


@pytest.mark.parametrize("place", WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_a_wrong_place_differs(place: Callable[[bytes, int], int]) -> None:
    assert differing(place)


@pytest.mark.parametrize("count", WRONG_COLUMNS.values(), ids=WRONG_COLUMNS)
def test_a_wrong_column_differs(count: Callable[[bytes], int]) -> None:
    assert differing(count=count)
