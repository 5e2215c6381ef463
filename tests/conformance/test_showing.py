"""Texts in reports are short, and escaped alike."""

from __future__ import annotations

import json

import pytest

from planqk_protocol.conformance.showing import shorten, shorten_both, show_bytes, show_json


def test_a_long_text_loses_its_middle() -> None:
    assert shorten("x" * 200) == "x" * 200
    assert shorten("x" * 201) == "x" * 100 + "…(1 more)…" + "x" * 100


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (0, "a" * 100 + "b" * 100 + "…(300 more)"),
        (150, "a" * 100 + "b" * 100 + "…(300 more)"),
        (300, "a" * 100 + "…(150 more)…" + "b" * 50 + "c" * 50 + "…(150 more)"),
        (499, "a" * 100 + "…(300 more)…" + "c" * 100),
    ],
)
def test_a_long_text_shows_a_place(place: int, shown: str) -> None:
    assert shorten("a" * 100 + "b" * 200 + "c" * 200, place) == shown


def test_two_long_texts_show_where_they_differ() -> None:
    one, other = shorten_both("x" * 1000 + "1" + "x" * 1000, "x" * 1000 + "2" + "x" * 1000)
    assert one == "x" * 100 + "…(850 more)…" + "x" * 50 + "1" + "x" * 49 + "…(951 more)"
    assert other == one.replace("1x", "2x")
    assert shorten_both("x" * 1000, "x" * 1001)[1].endswith("x" * 100)


def test_bytes_are_shown_in_ascii() -> None:
    assert show_bytes(b"a\r\n\xff'\x1b[0m") == '"a\\r\\n\\xff\'\\x1b[0m"'
    assert show_bytes(b"a" * 1000 + b"\n") == "'" + "a" * 100 + "…(801 more bytes)…" + "a" * 99 + "\\n'"
    assert len(show_bytes(b"\xff" * 10_000_000)) < 1000


def test_json_is_shown_in_one_spelling() -> None:
    value = json.loads('{ "b" : [1, null, true], "a": {"y": "\u00e9\\n", "x": {}} }')
    assert show_json(value) == '{"a":{"x":{},"y":"\\u00e9\\n"},"b":[1,null,true]}'
