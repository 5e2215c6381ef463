"""Findings about valid payloads agree with slow oracles, which get each token from the standard library."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.diagnosis.findings_of_values import FENCE, MOST, findings, texts

if TYPE_CHECKING:
    from collections.abc import Callable

_SPACE = st.sampled_from(["", "", " ", "\n", "\r\n\t"])

_PARTS = st.sampled_from(
    [
        *("a", "b", ":", ",", "{", "}", "[", "ä", "😀", "\\\\", '\\"', "\\u0061", "\\u003a", "\\n", "1e999"),
        *("\\ud83d", "\\uDE00", "\\ud83d\\ude00", "\\\\ud83d", " 12345678901234567", "9007199254740993,"),
    ]
)
_STRINGS = st.lists(_PARTS, max_size=3).map(lambda parts: '"' + "".join(parts) + '"')

_NUMBERS = st.sampled_from(
    [
        *("0", "-1", "9007199254740992", "9007199254740993", "-9007199254740993", "12345678901234567890"),
        *("1e999", "-1E+999", "1e308", "1e309", "0e999", "1.5e0400", "0.1234567890123456789", "1e-999"),
        *("1" + "0" * 308, "1" + "0" * 309 + ".5", "1" + "0" * 250 + "e60", "1234567890123456.5"),
    ]
) | st.floats(allow_nan=False, allow_infinity=False).map(json.dumps)


def _array(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


def _object(items: list[tuple[str, str, str]]) -> str:
    return "{" + ",".join(f"{key}{space}:{value}" for key, space, value in items) + "}"


def _spaced(text: str, before: str, behind: str) -> str:
    return before + text + behind


_VALUES = st.recursive(
    st.builds(_spaced, _STRINGS | _NUMBERS | st.sampled_from(["null", "true"]), _SPACE, _SPACE),
    lambda children: (
        st.lists(children, max_size=4).map(_array)
        | st.lists(st.tuples(_STRINGS, _SPACE, children), max_size=4).map(_object)
    ),
    max_leaves=12,
)


def in_block(text: str, *, is_long: bool) -> bytes:
    return b"before\n" + FENCE + (b" " * 65_530 + b"\n" if is_long else b"") + text.encode() + b"\n" + FENCE


def hooked(text: str, **hooks: Callable[..., Any]) -> Any:
    return json.loads(text, **hooks)  # type: ignore[arg-type]


@given(_VALUES, st.booleans())
@example('{"a":1,"\\u0061":2}', True)
def test_repeated_keys_are_those_of_the_standard_library(text: str, is_long: bool) -> None:
    repeated: list[str] = []

    def count(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            repeated.extend([key] if key in seen else [])
            seen.add(key)

    hooked(text, object_pairs_hook=count)
    stream = in_block(text, is_long=is_long)
    found = [json.loads(key) for key in texts(findings(stream), "duplicate-key", stream)]
    assert len(found) == min(len(repeated), MOST)
    assert set(found) <= set(repeated)
    if len(repeated) <= MOST:
        assert sorted(found) == sorted(repeated)


@given(_VALUES, st.booleans())
def test_numbers_are_those_of_the_standard_library(text: str, is_long: bool) -> None:
    big: list[str] = []
    infinite: list[str] = []
    hooked(
        text,
        parse_int=lambda digits: big.extend([digits] if abs(int(digits)) > 2**53 else []),
        parse_float=lambda digits: infinite.extend([digits] if math.isinf(float(digits)) else []),
    )
    stream = in_block(text, is_long=is_long)
    found = findings(stream)
    assert texts(found, "big-integer", stream) == [digits.encode() for digits in big[:MOST]]
    assert texts(found, "number-overflow", stream) == [digits.encode() for digits in infinite[:MOST]]


@given(_VALUES, st.booleans())
def test_lone_surrogates_are_those_of_the_standard_library(text: str, is_long: bool) -> None:
    lone = re.findall("[\ud800-\udfff]", str_of(hooked(text, object_pairs_hook=list)))
    stream = in_block(text, is_long=is_long)
    found = texts(findings(stream), "lone-surrogate", stream)
    assert len(found) == min(len(lone), MOST)
    assert all(json.loads(b'"' + escape + b'"') in lone for escape in found)


def str_of(value: Any) -> str:
    """All strings in a value, one after the other, a blank between them."""
    if isinstance(value, list | tuple):
        return " ".join(map(str_of, value))
    return value if isinstance(value, str) else ""


@given(_VALUES)
def test_double_encoded_is_a_string_with_an_object_or_an_array(text: str) -> None:
    stream = in_block(json.dumps(text), is_long=False)
    found = texts(findings(stream), "double-encoded", stream)
    is_container = isinstance(json.loads(text), dict | list)
    assert found == ([json.dumps(text).encode()] if is_container else [])
