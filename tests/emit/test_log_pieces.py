"""Bytes in pieces become the same lines, however they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.emit.log_pieces import LogPieces
from tests.strategies import cut, cuts

data = st.lists(st.sampled_from([b"\n", b"a", "ä".encode(), b"\xff", b"\r\n", "😀".encode()])).map(b"".join)


def lines(chunks: list[bytes]) -> list[str]:
    pieces = LogPieces()
    texts = [*map(pieces.feed, chunks), pieces.close()]
    return [line for text in texts if text is not None for line in text.split("\n")]


@given(data, cuts)
def test_the_lines_do_not_depend_on_the_chunks(data: bytes, places: list[int]) -> None:
    text = data.decode(errors="backslashreplace")
    assert lines(cut(data, places)) == text.removesuffix("\n").split("\n") * bool(text)


def test_lines_come_as_soon_as_they_are_complete() -> None:
    pieces = LogPieces()
    assert pieces.feed(b"one\ntwo\nthr") == "one\ntwo"
    assert pieces.feed(b"ee") is None
    assert pieces.feed(b"\n") == "three"
    assert pieces.feed(b"\n") == ""
    assert pieces.close() is None


def test_a_cut_character_at_the_end_is_shown_as_an_escape() -> None:
    assert lines(["ä".encode()[:1]]) == [r"\xc3"]


def test_a_line_without_end_is_given_in_pieces() -> None:
    pieces = LogPieces()
    chunk = b"x" * 1000
    texts = [pieces.feed(chunk) for _ in range(200)]
    given = [text for text in texts if text is not None]
    assert 2 <= len(given) <= 3
    assert "".join([*given, pieces.close() or ""]) == "x" * 200_000
    assert pieces.feed(b"line\n" + b"y" * 70_000) == "line\n" + "y" * 70_000


def test_a_line_of_just_the_longest_length_is_one_piece() -> None:
    pieces = LogPieces()
    assert pieces.feed(b"x" * 64 * 1024) is None
    assert pieces.feed(b"\n") == "x" * 64 * 1024
    assert pieces.feed(b"x" * (64 * 1024 + 1)) == "x" * (64 * 1024 + 1)
