"""What a capture can do to its reader is bounded."""

from __future__ import annotations

import pytest

from planqk_protocol.captures.json_text import is_too_deep
from planqk_protocol.excerpts import excerpt
from planqk_protocol.limits import MAX_DEPTH


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_brackets_nest_too_deep_from_129_on(bracket: bytes) -> None:
    assert not is_too_deep(bracket * MAX_DEPTH)
    assert is_too_deep(bracket * (MAX_DEPTH + 1))
    assert not is_too_deep(b"[]" * MAX_DEPTH * 2)


def test_brackets_in_strings_do_not_nest() -> None:
    assert not is_too_deep(b'{"log":"' + b"[" * 1000 + b'"}')


@pytest.mark.parametrize("text", ["\x9b\U0010ffff" * 3_000_000, b"\xff" * 5_000_000])
def test_a_message_shows_little_of_a_long_text(text: str | bytes) -> None:
    assert len(excerpt(text).encode()) < 1000
    assert excerpt(text).isprintable()


def test_a_message_shows_all_of_a_short_text() -> None:
    assert excerpt("x" * 60) == excerpt(b"x" * 60) == repr("x" * 60)
    assert excerpt("x" * 61) == repr("x" * 60) + "…(+1)"
