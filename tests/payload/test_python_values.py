"""The advice for a value of Python works for that value when it is followed word by word."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import json
import re
import types
import uuid
from typing import Any

import pytest

from planqk_protocol.payload.python_values import python_advice
from tests.payload.decoding import seconds


@dataclasses.dataclass
class Order:
    price: float
    parts: Any = None


class Array:
    """Prints like an array of NumPy, and is one as far as the advice goes."""

    def __init__(self, text: str, value: Any) -> None:
        self._text, self._value = text, value

    def __repr__(self) -> str:
        return self._text

    def tolist(self) -> Any:
        return self._value


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ({"a": True, "b": None}, {"a": True, "b": None}),
        ((1, (2, 3)), [1, [2, 3]]),
        ({0: None}, {"0": None}),
        ({"a": {}, "b": ()}, {"a": {}, "b": []}),
        ({"text": "it's array(1), {1, 2} and 3j"}, {"text": "it's array(1), {1, 2} and 3j"}),
        ({1}, [1]),
        ({"a": {"x"}, "b": None}, {"a": ["x"], "b": None}),
        (frozenset({1}), [1]),
        (range(2), [0, 1]),
        ({"a": 1}.keys(), ["a"]),
        (collections.deque([1]), [1]),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list, {"a": [1]}), {"a": [1]}),
        ({"a": decimal.Decimal("1.5")}, {"a": "1.5"}),
        ([dt.date(2026, 1, 2)], ["2026-01-02"]),
        ([uuid.UUID(int=0)], [str(uuid.UUID(int=0))]),
        ({"a": b"x"}, {"a": "x"}),
        ({"a": b"array(1), {2}", "b": b"it's"}, {"a": "array(1), {2}", "b": "it's"}),
        ([1 + 2j], [[1.0, 2.0]]),
        (Order(1, [Order(2)]), {"price": 1, "parts": [{"price": 2, "parts": None}]}),
        (types.SimpleNamespace(sum=42), {"sum": 42}),
        ({"a": Array("np.int64(3)", 3)}, {"a": 3}),
        ({"a": Array("array([1, 2])", [1, 2]), "b": Array("np.True_", True)}, {"a": [1, 2], "b": True}),
        ([Array("array([1.+2.j, 3.+0.j])", [1 + 2j])], [[[1.0, 2.0]]]),
    ],
)
def test_advice_works_word_by_word(value: Any, printed: Any) -> None:
    advice = python_advice(str(value))
    call = re.search(r"print (json\.dumps\(value.*\))\Z", advice)
    assert call, advice
    text = eval(call[1], {"json": json, "value": value})  # noqa: S307  # this is what the advice is for
    assert json.loads(text) == printed


def test_values_of_several_types_need_a_function_of_ones_own() -> None:
    advice = python_advice(str([decimal.Decimal(1), {2}, Order(1)]))
    assert advice.startswith("this is how Python writes dates and decimals, sets and the like, objects")
    assert "default=convert" in advice


@pytest.mark.parametrize("start", ["", "'", '"', "b'", "{", "a"])
@pytest.mark.parametrize(
    "part",
    [
        "'",
        '"',
        "{",
        "{1",
        "(",
        "{'",
        "a(",
        "\\'",
        '\\"',
        "\\",
        "a.",
        "a",
        "1j",
        "np.",
        "Path",
        "set(",
        "b'",
        "'\"",
    ],
)
def test_the_advice_takes_bounded_time(start: str, part: str) -> None:
    text = start + part * 100_000
    assert seconds(python_advice, text) < 0.5
