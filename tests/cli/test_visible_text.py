"""Lines as people can see them: the caret is under the character, whatever its width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from planqk_protocol.cli.visible_text import character_count, view, visible
from planqk_protocol.diagnosis import Excerpt, Place


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ~", "plain ~"),
        ("a\tb", "a    b"),
        ("\x1b[31mred\x00\x7f\x85", r"\x1b[31mred\x00\x7f\x85"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("no\u00a0break", "no<U+00A0>break"),
        ("\ufeffPlanQK", "<U+FEFF>PlanQK"),
        ("a\u202eb\u2028c\u2066", "a<U+202E>b<U+2028>c<U+2066>"),
        ("soft\u00adhyphen", "soft<U+00AD>hyphen"),
        ("日本 😀 é", "日本 😀 é"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "<U+0301>e"),
        ("\ufffd", "\ufffd"),
        ("[red]x", "[red]x"),
        ("\r", r"\r"),
    ],
)
def test_every_character_shows(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "column", "length", "under"),
    [
        ("  PlanQK", 1, 2, "  "),
        ("\tPlanQK", 1, 1, "    "),
        ("日本PlanQK", 1, 6, "日本"),
        ("日本PlanQK", 3, 1, "P"),
        ("e\u0301PlanQK", 3, 1, "P"),
        ("e\u0301PlanQK", 2, 2, "e"),  # a combining character shows on the one before it
        ("a\u200bb", 2, 3, "<U+200B>"),
        ("a\u200bb", 3, 1, "b"),
        ("\x1b[0mx", 1, 4, r"\x1b[0m"),
        ("😀x", 2, 1, "x"),
        ("PlanQK", 3, 0, "a"),
    ],
)
def test_carets_are_under_the_place(text: str, column: int, length: int, under: str) -> None:
    seen = view(Excerpt(text), Place(1, column, 0, length), width=80)
    assert seen.carets == cell_len(under)
    cells = [character for character in seen.line for _ in range(cell_len(character))]
    assert cells[seen.indent : seen.indent + len(under)][:1] == [under[0]]


def test_behind_the_last_character() -> None:
    assert view(Excerpt("[1"), Place(1, 3, 2), width=80) == ("[1", 2, 1)
    assert view(Excerpt(""), Place(1, 1, 0), width=80) == ("", 0, 1)


@pytest.mark.parametrize(("column", "start"), [(1, "x"), (500, "…"), (1000, "…")])
def test_a_long_line_is_shortened_around_the_place(column: int, start: str) -> None:
    text = "x" * (column - 1) + "!" + "x" * (1000 - column)
    seen = view(Excerpt(text), Place(1, column, 0, 1), width=40)
    assert seen.line[seen.indent] == "!"
    assert seen.line[0] in {start, "!"}
    assert seen.line.endswith("…") == (column < 1000)
    assert len(seen.line) <= 42
    assert seen.line.count("x") >= 39  # the width is used on either side


def test_a_part_of_a_line_says_so() -> None:
    seen = view(Excerpt("abc", column=100, is_end=False), Place(1, 101, 0, 1), width=40)
    assert seen == ("…abc…", 2, 1)


def test_what_the_encoding_lacks_is_an_escape() -> None:
    seen = view(Excerpt("é😀x", column=2), Place(1, 4, 0, 1), width=80, encoding="latin-1")
    assert seen.line == r"\u2026é\U0001f600x"
    assert seen.line[seen.indent] == "x"


def test_a_window_does_not_begin_with_a_combining_character() -> None:
    seen = view(Excerpt("a\u0301" * 50 + "!"), Place(1, 101, 0, 1), width=9)
    assert seen.line[:2] == "…a"
    assert seen.indent == cell_len(seen.line) - 1


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    at=st.integers(0, 59),
    width=st.integers(20, 100),
    size=st.integers(0, 9),
)
def test_the_place_is_always_shown(text: str, at: int, width: int, size: int) -> None:
    at = min(at, len(text) - 1)
    seen = view(Excerpt(text), Place(1, at + 1, 0, size), width=width)
    assert cell_len(seen.line) <= width + 12  # one escape and two ellipses more, at most
    assert 0 <= seen.indent < cell_len(seen.line)
    assert 1 <= seen.carets <= cell_len(seen.line)
    assert seen.line.isprintable()


def test_the_characters_of_a_place_are_counted() -> None:
    assert character_count(Excerpt("日本x"), Place(1, 1, 0, 6)) == 2
    assert character_count(Excerpt("日本x", column=5), Place(1, 6, 0, 100)) == 2
    assert character_count(Excerpt("x"), Place(1, 1, 0, 0)) == 0
