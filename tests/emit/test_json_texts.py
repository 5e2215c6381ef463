"""JSON texts of other programs keep their numbers, keys and duplicates."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import InterimResult, MultilineResult, Result, parse
from planqk_protocol.emit.json_texts import marked_json
from planqk_protocol.payload.decode import PayloadError
from tests.strategies import FENCE, INTERIM, RESULT, json_values

KINDS = {"interim_result": InterimResult, "result": Result, "multiline_result": MultilineResult}


@given(json_values, st.sampled_from(sorted(KINDS)), st.integers(0, 3), st.booleans())
def test_texts_come_back(value: Any, role: str, indent: int, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent or None, ensure_ascii=ascii_only).encode(errors="replace")
    printed = marked_json(role, b"\r\n\t " + text + b"\n")
    (event,) = parse(printed)
    assert isinstance(event, KINDS[role])
    assert repr(event.value) == repr(json.loads(text))
    assert printed.isascii()


@pytest.mark.parametrize("role", KINDS)
def test_a_text_of_ascii_stays_as_it_is(role: str) -> None:
    text = b'{"b": 1.50, "a": 1E400, "a": 123456789012345678901234567890, "c": "\\u00e4\\/"}'
    (event,) = parse(marked_json(role, text))
    assert isinstance(event, InterimResult | Result | MultilineResult)
    assert event.payload.strip() == text


def test_line_breaks_stay_in_a_block_and_become_spaces_on_a_line() -> None:
    text = b'{\r\n  "a": [\n1]\n}\n'
    assert marked_json("result", text) == RESULT + b' {    "a": [ 1] }\n'
    assert marked_json("interim_result", text) == INTERIM + b' {    "a": [ 1] }\n'
    assert marked_json("multiline_result", text) == FENCE + b'\n{\r\n  "a": [\n1]\n}\n' + FENCE + b"\n"


def test_other_characters_become_escapes() -> None:
    assert marked_json("result", '"ä\u2028😀"'.encode()) == RESULT + rb' "\u00e4\u2028\ud83d\ude00"' + b"\n"


@pytest.mark.parametrize(
    ("text", "at"), [(b"{'a': 1}", 1), (b"", 0), (b"[1,\n nan]", 5), (b'"\xff"', 1), (b"[" * 129, 128)]
)
def test_what_is_no_payload_is_refused_with_its_place(text: bytes, at: int) -> None:
    with pytest.raises(PayloadError) as caught:
        marked_json("result", text)
    assert caught.value.at == at


def test_what_is_longer_than_parsers_take_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the 67108864 that parsers take"):
        marked_json("result", b'"' + b"x" * 2**26 + b'"')
