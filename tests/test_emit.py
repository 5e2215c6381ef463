"""What `emit` gives, `parse` reads back."""

from __future__ import annotations

import enum
import json
import math
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import FENCE, INTERIM, RESULT, json_values

from planqk_protocol import InterimResult, Log, MultilineResult, Result, parse
from planqk_protocol.emit import interim_result_line, log_line, multiline_result_block, result_line

EMITTERS = [interim_result_line, result_line, multiline_result_block]


@given(json_values, st.integers(0, 4))
def test_values_come_back(value: Any, indent: int) -> None:
    for data, kind in (
        (interim_result_line(value), InterimResult),
        (result_line(value), Result),
        (multiline_result_block(value), MultilineResult),
        (multiline_result_block(value, indent=indent), MultilineResult),
    ):
        (event,) = parse(data)
        assert isinstance(event, kind)
        assert repr(event.value) == repr(value)
        assert data.isascii()
        assert data.endswith(b"\n")


@pytest.mark.parametrize("indent", [1, 2, 3])
def test_a_block_is_indented_by_so_many_spaces_per_level(indent: int) -> None:
    body = multiline_result_block({"a": [1]}, indent).decode().split("\n")[1:-2]
    assert [len(line) - len(line.lstrip()) for line in body] == [0, indent, 2 * indent, indent, 0]


def test_a_block_is_indented_by_two_spaces_unless_told_otherwise() -> None:
    assert multiline_result_block([1]) == FENCE + b"\n[\n  1\n]\n" + FENCE + b"\n"


marker_like = st.sampled_from(
    [(RESULT + b" 1").decode(), INTERIM.decode(), FENCE.decode(), FENCE.decode() + " \t"]
)


@given(st.lists(st.text() | marker_like | st.just("\r")).map("\n".join))
def test_texts_come_back(text: str) -> None:
    events = parse(log_line(text))
    assert all(isinstance(event, Log) for event in events)
    lines = [event.text for event in events if isinstance(event, Log)]
    plain = [
        line if line not in _MARKED and not line.startswith(_HEADS) else f" {line}"
        for line in text.split("\n")
    ]
    assert lines == plain


_MARKED = {FENCE.decode() + blank for blank in ("", " \t", "\r")}
_HEADS = ("PlanQK:Job:Result:", "PlanQK:Job:InterimResult")


@pytest.mark.parametrize("marked", [RESULT + b"1", INTERIM, INTERIM[:-1], FENCE, FENCE + b" \t\r"])
def test_text_cannot_pass_for_a_result(marked: bytes) -> None:
    text = f"before\n{marked.decode()}\nafter"
    assert [type(event) for event in parse(log_line(text))] == [Log, Log, Log]


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert log_line("a\udcff") == b"a\\udcff\n"


@pytest.mark.parametrize("emit", EMITTERS)
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, r"^value is nan, which JSON does not have; print None or a string"),
        ({"counts": [1, {"a": -math.inf}]}, r"^value\['counts'\]\[1\]\['a'\] is -inf"),
        ([10**4300], r"^value\[0\] is an integer of more than 4300 digits"),
        (json.loads("[" * 129 + "]" * 129), r"^value\[0\]\[0\].*… nests deeper than 128 levels"),
    ],
)
def test_what_json_does_not_have_is_refused_with_its_path(emit: Any, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emit(value)


@pytest.mark.parametrize("emit", EMITTERS)
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": {1, 2}}, r"^value\['a'\] is of type set, which JSON does not have"),
        ([Decimal(1)], r"^value\[0\] is of type decimal.Decimal"),
        (b"bytes", r"^value is of type bytes"),
        ({"a": {1: 2}}, r"^value\['a'\] has the key 1; keys of JSON objects are strings: use str\(key\)"),
    ],
)
def test_other_types_are_refused_with_their_path(emit: Any, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        emit(value)


def test_what_parsers_do_not_take_is_refused() -> None:
    fits = "x" * (64 * 1024 * 1024 - len('PlanQK:Job:Result: ""\n'))
    (event,) = parse(result_line(fits))
    assert isinstance(event, Result)
    with pytest.raises(
        ValueError, match="value takes 67108865 bytes, more than the 67108864 that parsers take"
    ):
        result_line(fits + "x")


def test_integers_that_the_interpreter_does_not_convert_are_refused_with_their_path() -> None:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        with pytest.raises(ValueError, match=r"value\['a'\] is an integer of more than 640 digits"):
            result_line({"a": 10**640})
        assert parse(result_line(10**640 - 1))[0].raw.endswith(b"9\n")
    finally:
        sys.set_int_max_str_digits(before)


def test_log_text_is_text() -> None:
    with pytest.raises(TypeError, match=r"log_line\(\) takes str, not bytes"):
        log_line(b"text")  # type: ignore[arg-type]


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="or contains itself"):
        result_line(value)


def test_the_bounds_are_those_of_the_default_limits() -> None:
    deepest = json.loads("[" * 128 + "]" * 128)
    for value in (deepest, 10**4300 - 1, 1 - 10**4300):
        (event,) = parse(result_line(value))
        assert isinstance(event, Result)
        assert event.value == value


def test_subclasses_and_tuples_are_written_as_what_they_are() -> None:
    class Colour(enum.IntEnum):
        RED = 1

    assert result_line((Colour.RED, True)) == b"PlanQK:Job:Result: [1, true]\n"
