"""What `emit` gives, `parse` reads back."""

from __future__ import annotations

import enum
import json
import math
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import InterimResult, Limits, Log, MultilineResult, Result, parse
from planqk_protocol.emit import interim_result_line, log_line, multiline_result_block, result_line
from tests.strategies import FENCE, INTERIM, RESULT, all_limits, json_values

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
    plain = [f">{line}" if line.startswith("PlanQK:Job:") else line for line in text.split("\n")]
    assert lines == plain


beginnings = st.integers(0, 30).map(lambda size: FENCE.decode()[:size])
tails = st.text(" \t\rx:", max_size=5) | st.integers(0, 200).map(lambda n: " " * n) | st.just(" " * 99 + "x")


@given(
    st.lists(st.text() | st.tuples(beginnings | marker_like, tails).map("".join)).map("\n".join), all_limits
)
@example("PlanQK:Job:MultilineResult" + " " * 100, Limits(max_payload=100))
@example("PlanQK:Job:MultilineResult" + " " * 100 + "x", Limits(max_payload=100))
def test_a_text_is_log_under_any_limits(text: str, limits: Limits) -> None:
    data = log_line(text)
    events = parse(data, limits=limits)
    assert {type(event) for event in events} <= {Log}
    assert parse(data + RESULT + b" 1\n", limits=Limits())[-1].raw == RESULT + b" 1\n"


def test_a_text_that_begins_like_a_fence_and_is_longer_than_any_payload_is_log() -> None:
    for end in ("", "x"):
        (event,) = parse(log_line(FENCE.decode() + " " * 2**26 + end), limits=Limits(max_line=None))
        assert isinstance(event, Log)


@pytest.mark.parametrize("marked", [RESULT + b"1", INTERIM, INTERIM[:-1], FENCE, FENCE + b" \t\r"])
def test_text_cannot_pass_for_a_result(marked: bytes) -> None:
    text = f"before\n{marked.decode()}\nafter"
    assert [type(event) for event in parse(log_line(text))] == [Log, Log, Log]


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert log_line("a\udcff") == b"a\\udcff\n"


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ({"k" * 5_000_000: math.nan}, "kkk'] is nan, which JSON does not have"),
        ({"k" * 5_000_000: {"a": {1}}}, "kkk']['a'] is of type set"),
        ({(0,) * 100_000: 1}, "0, 0, 0, 0); keys of JSON objects are strings"),
        (json.loads('{"a":' * 127 + "NaN" + "}" * 127), "['a'] is nan"),
    ],
)
def test_a_message_shows_little_of_a_value(value: Any, end: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        result_line(value)
    assert len(str(caught.value)) < 400
    assert "…" in str(caught.value)
    assert end in str(caught.value)


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
    with pytest.raises(TypeError, match=r"log text is str, not bytes; convert it"):
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
