"""The result in the log beside the platform's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planqk_protocol.engines.platform_result import ABSENT, difference, has_members


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"a": 1, "_links": {"self": 1}, "_embedded": {"status": {}}}, None),
        ({"a": 1, "_links": 2}, {"a": 1}, None),
        ({"a": 1, "b": [1.0, None]}, {"b": [1, None], "a": 1}, None),
        ({"a": 10**30}, {"a": 10**30}, None),
        ({"a": 1}, {"a": True}, "at $.a, the log has '1', and the platform has 'true'"),
        ({"a": 0}, {"a": False}, "at $.a, the log has '0', and the platform has 'false'"),
        ({"a": 1}, {}, "at $.a, the log has '1', and the platform has nothing"),
        ({}, {"a b": "ä"}, "at $['a b'], the log has nothing, and the platform has '\"ä\"'"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "at $.a[0].b, the log has '1', and the platform has '2'"),
        ({"a": [1, 2]}, {"a": [1]}, "at $.a[1], the log has '2', and the platform has nothing"),
        ({"a": []}, {"a": {}}, "at $.a, the log has '[]', and the platform has '{}'"),
        ({"a": "x"}, {"a": "\x1b[2J"}, "the platform has '\"\\\\u001b[2J\"'"),
        (ABSENT, {"a": 1}, "the platform has a result, '{\"a\": 1}', and the log has none"),
        (ABSENT, {"_links": {}}, None),
        (42, {"result": 42}, None),
        ([1], {}, None),
        ([1, 2], [1, 2], None),
        ([1, 2], [1, 3], "at $[1], the log has '2', and the platform has '3'"),
        (ABSENT, [1], "the platform's result is not an object, but '[1]'"),
        ({"a": 1}, [1], "the platform's result is not an object, but '[1]'"),
    ],
)
def test_differences(ours: Any, theirs: Any, expected: str | None) -> None:
    found = difference(ours, json.dumps(theirs).encode())
    assert found == expected if expected is None else expected in str(found)


def test_a_result_that_is_missing() -> None:
    assert difference(ABSENT, None) is None
    assert difference({}, None) == "the log has a result, and the platform has none"
    assert repr(ABSENT) == "ABSENT"


@pytest.mark.parametrize("theirs", [b"", b"{", b'{"a": NaN}', b"[" * 1000])
def test_a_result_that_is_not_valid(theirs: bytes) -> None:
    assert str(difference({}, theirs)).startswith("the platform's result is not valid: ")
    assert not has_members(theirs)


def test_messages_are_short() -> None:
    long, deep = "x" * 10**6, json.loads('{"%s":' % ("k" * 1000) + "[" * 100 + "]" * 100 + "}")
    assert len(str(difference({"a": long}, json.dumps({"a": list(range(10**5))}).encode()))) < 300
    assert len(str(difference(deep, json.dumps({"k" * 1000: 1}).encode()))) < 600


def test_long_numbers() -> None:
    ours = {"a": 10**5000}
    assert difference(ours, b'{"a":1%b}' % (b"0" * 5000)) is None
    assert difference(ours, b'{"a":1%b}' % (b"0" * 5001)) == (
        "at $.a, the log has a very long number, and the platform has a very long number"
    )


def test_the_first_difference_is_that_of_the_platforms_order() -> None:
    theirs = {f"name{number}": number for number in range(9, 0, -1)}
    assert "at $.name9, the log has nothing" in str(difference({}, json.dumps(theirs).encode()))


def test_the_fault_of_a_result_is_told_without_advice_for_authors() -> None:
    assert "print" not in str(difference({}, b"{")).lower()
