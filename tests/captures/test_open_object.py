"""Where an object ends is found in any pieces, and so is the first byte that cannot stand where it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.captures.open_object import OpenObject, Scan, has_fault

TEXTS = st.text(st.sampled_from('a"\\{}[],:\n\u00e4'), max_size=20)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def scanned(text: bytes, sizes: list[int]) -> tuple[Scan, int]:
    """Scan a text in pieces of these sizes, in turns."""
    subject, at, turn = OpenObject(), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        found, at = subject.scan(text[: at + size], at, at + size)
        turn += 1
        if found is not Scan.OPEN:
            return found, at
    return Scan.OPEN, at


@given(value=OBJECTS, indent=st.sampled_from([None, 0, 2]), sizes=st.lists(st.integers(1, 50), min_size=1))
def test_an_object_ends_at_its_last_brace(value: Any, indent: int | None, sizes: list[int]) -> None:
    text = json.dumps(value, indent=indent).encode()
    for rest in (b"", b"}", b"\xff", b',{"a":1}'):
        assert scanned(text + rest, sizes) == (Scan.END, len(text))
    assert scanned(text[:-1], sizes) == (Scan.OPEN, len(text) - 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'{"a":x', 5),
        (b'{"a" "b"\0', 8),
        (b'{"a\nb"', 3),
        (b'{"a\\\nb"', 4),
        (b'{"a":\\"', 5),
        (b"{'a", 1),
        (b'{"a":"\\\\"x', 9),
        (b'{"a":"\x1f', 6),
        (b'{"a":\xff', 5),
    ],
)
def test_a_fault_is_the_first_byte_that_cannot_stand_there(text: bytes, fault: int) -> None:
    for size in range(1, len(text) + 1):
        assert scanned(text, [size]) == (Scan.FAULT, fault)


def test_an_object_longer_than_a_slab_is_scanned() -> None:
    text = b'{"a":"' + b'x\\"{' * 100_000 + b'","b":[' + b'{"c":{}},' * 30_000 + b"{}]}"
    for sizes in ([len(text)], [65_536], [70_000, 1]):
        assert scanned(text + b",", sizes) == (Scan.END, len(text))


@given(value=OBJECTS, share=st.floats(0, 1))
def test_the_beginning_of_an_object_has_no_fault(value: Any, share: float) -> None:
    text = json.dumps(value).encode()
    assert not has_fault(text[: 1 + int(share * (len(text) - 2))])


@pytest.mark.parametrize(
    "begin",
    [
        b'{"a":1,{"b":2}' + b" " * 20,
        b'{"a" "b":"' + b"x" * 20,
        b'{"a":tru1,' + b" " * 20,
        b'{"a":' + b"[" * 128,
        b'{"a":1}',
    ],
)
def test_what_can_begin_no_object_has_a_fault(begin: bytes) -> None:
    assert has_fault(begin)
