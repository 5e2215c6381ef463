"""Dataclasses and `default=`: what becomes JSON, and what the errors name."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from planqk_protocol.emit.json_values import to_json
from tests.strategies import json_values


@dataclasses.dataclass
class Route:
    cost: float
    stops: list[Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    name: str


class Text(str):
    __slots__ = ()


@given(json_values)
def test_json_values_are_written_as_json_does(value: Any) -> None:
    assert to_json(value) == json.dumps(value)


@pytest.mark.parametrize(
    ("value", "how"),
    [
        ({1}, " with list()"),
        (b"x", " with .decode()"),
        (dt.date(2026, 1, 2), " with .isoformat()"),
        (type("Frame", (), {"to_dict": None})(), ' with .to_dict(orient="records")'),
        (type("Model", (), {"model_dump": None})(), ' with .model_dump(mode="json")'),
        (uuid.UUID(int=0), ""),
    ],
)
def test_the_error_says_how_to_convert_a_value(value: Any, how: str) -> None:
    with pytest.raises(TypeError, match=rf"; convert it{re.escape(how)}, or give default=$"):
        to_json({"a": value})


@given(json_values)
def test_default_is_not_asked_about_json_values(value: Any) -> None:
    assert to_json(value, default=pytest.fail) == json.dumps(value)


def test_dataclasses_become_objects_in_the_order_of_their_fields() -> None:
    value = {"best": Route(699.0, [Place("Ulm"), Place("Bonn")])}
    assert to_json(value) == '{"best": {"cost": 699.0, "stops": [{"name": "Ulm"}, {"name": "Bonn"}]}}'


def test_a_part_of_a_dataclass_is_named_as_an_attribute() -> None:
    with pytest.raises(ValueError, match=r"^value\['best'\]\.stops\[1\] is nan"):
        to_json({"best": Route(1.0, [0, math.nan])})


def test_the_class_itself_is_no_value() -> None:
    with pytest.raises(TypeError, match=r"^value is of type type, which JSON does not have; .*default="):
        to_json(Route)


def test_only_what_has_tolist_is_told_to_use_it() -> None:
    array = type("Array", (), {"tolist": list})()
    with pytest.raises(TypeError, match=r"; convert it with \.tolist\(\), or give default=$"):
        to_json(array)
    with pytest.raises(
        TypeError, match=r"^value\[0\] is of type complex, .*; convert it to \[z\.real, z\.imag\], or"
    ):
        to_json([1j])


def test_default_gives_what_is_printed_instead() -> None:
    def default(value: Any) -> Any:
        match value:
            case set():
                return sorted(value)
            case Decimal():
                return str(value)
            case uuid.UUID():
                return Text(value)
        raise TypeError(f"no {type(value).__name__}, please")

    value = {"a": {3, 1}, "b": [Decimal("1.50")], "c": uuid.UUID(int=0), "d": Route(1, [{2}])}
    assert json.loads(to_json(value, default=default)) == {
        "a": [1, 3],
        "b": ["1.50"],
        "c": "00000000-0000-0000-0000-000000000000",
        "d": {"cost": 1, "stops": [[2]]},
    }
    with pytest.raises(
        TypeError,
        match=r"^value\['a'\]\[0\] is of type complex, which JSON does not have, "
        r"and default\(\) does not convert it: no complex, please$",
    ) as caught:
        to_json({"a": [1j]}, default=default)
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("answer", [None, True, 1, 0.5, "x", [], {}, ()])
def test_default_may_answer_with_any_json_value(answer: Any) -> None:
    assert to_json([object()], default=lambda _: answer) == json.dumps([answer])


@pytest.mark.parametrize("answer", [math.nan, [math.nan], Route(math.nan, [])])
def test_what_default_answers_is_checked_too(answer: Any) -> None:
    with pytest.raises(ValueError, match=r"^value\['a'\](|\[0\]|\.cost) is nan"):
        to_json({"a": object()}, default=lambda _: answer)


def test_an_answer_may_need_default_again_but_not_for_ever() -> None:
    chain = {1: {2}, 2: frozenset({3}), 3: Route(1, [])}
    names: dict[type, int] = {set: 2, frozenset: 3}
    assert to_json(1j, default=lambda value: chain[names.get(type(value), 1)]) == '{"cost": 1, "stops": []}'
    with pytest.raises(
        ValueError, match=r"^value\[0\]: default\(\) gave 16 values in turn that JSON does not have"
    ):
        to_json([{1}], default=lambda value: value)


def test_an_answer_that_nests_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="nests deeper than 128 levels"):
        to_json({1}, default=lambda value: [value])


def test_other_errors_of_default_pass_with_the_path() -> None:
    def default(value: Any) -> Any:
        raise LookupError(value)

    with pytest.raises(LookupError) as caught:
        to_json({"a": {1}}, default=default)
    assert caught.value.__notes__ == [
        "default() was called for a value of the result: value['a'] is of type set"
    ]


def test_a_long_error_of_default_is_shortened() -> None:
    def default(_: Any) -> Any:
        raise TypeError("x" * 5_000_000)

    with pytest.raises(TypeError) as caught:
        to_json({1}, default=default)
    assert len(str(caught.value)) < 500
