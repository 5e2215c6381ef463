"""Lines of a job's output as people can see them: every character has a form that shows, and a width.

A caret has to stand exactly under a character. So the widths of characters at a
terminal are counted: East Asian characters and emoji take two cells, combining
characters take none. Tabs become spaces. Characters that cannot be seen, or that
would act on the terminal, become escapes.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from planqk_protocol.cli.terminal import escape_line
from planqk_protocol.diagnosis import Excerpt, Place

__all__ = ["View", "character_count", "view", "visible"]

_TAB = " " * 4
_LEFT_OUT = "…"
_INVISIBLE = frozenset({"Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_COMBINING = frozenset({"Me", "Mn"})


class View(NamedTuple):
    """A line as it is shown, and the cells that carets go under."""

    line: str
    indent: int
    carets: int


def visible(text: str) -> str:
    r"""A line of text with escapes for the characters that cannot be seen or would act on a terminal.

    >>> visible("a\u200bb\x1b[0m")
    'a<U+200B>b\\x1b[0m'
    """
    return "".join(_shown(character, is_first=at == 0) for at, character in enumerate(text))


def character_count(excerpt: Excerpt, place: Place) -> int:
    """Number of characters of a place, as far as the excerpt shows them."""
    return _length(excerpt.text[_index(excerpt, place) :], place.length)


def view(excerpt: Excerpt, place: Place, *, width: int, encoding: str = "utf-8") -> View:
    """Show the part of a line around a place.

    Args:
        excerpt: The line, or a part of it.
        place: The place in it. Carets go under its characters, and under one
            character at least.
        width: The most cells to show.
        encoding: The encoding of the output. A character that it lacks becomes an escape.
    """
    from rich.cells import cell_len  # noqa: PLC0415  # rich is heavy, and most runs show no line

    text = excerpt.text
    at = _index(excerpt, place)
    pieces = [_in_encoding(_shown(item, is_first=i == 0), encoding) for i, item in enumerate(text)]
    start, stop = _window(pieces, at, width)
    before = _in_encoding(_LEFT_OUT, encoding) if start or excerpt.column > 1 else ""
    after = _in_encoding(_LEFT_OUT, encoding) if stop < len(text) or not excerpt.is_end else ""
    last = min(at + character_count(excerpt, place), stop)
    is_on_another = at < len(text) and cell_len(pieces[at]) == 0  # a combining character: show what bears it
    return View(
        line=before + "".join(pieces[start:stop]) + after,
        indent=max(0, cell_len(before + "".join(pieces[start:at])) - is_on_another),
        carets=max(1, cell_len("".join(pieces[at:last]))),
    )


def _window(pieces: list[str], at: int, width: int) -> tuple[int, int]:
    """The pieces to show: a third of the width goes to those before the place, more if less is after it."""
    from rich.cells import cell_len  # noqa: PLC0415  # see `view`

    rest = cell_len("".join(pieces[at:]))
    start, room = at, max(width // 3, width - rest)
    while start and (size := cell_len(pieces[start - 1])) <= room:
        start, room = start - 1, room - size
    while start < at and cell_len(pieces[start]) == 0:  # a combining character has lost what it stands on
        start += 1
    stop, room = at, width - cell_len("".join(pieces[start:at]))
    while stop < len(pieces) and ((size := cell_len(pieces[stop])) <= room or stop == at):
        stop, room = stop + 1, room - size
    return start, stop


def _index(excerpt: Excerpt, place: Place) -> int:
    return min(max(place.column - excerpt.column, 0), len(excerpt.text))


def _length(text: str, size: int) -> int:
    """Number of characters of a text that take `size` bytes."""
    count = 0
    while size > 0 and count < len(text):
        size -= len(text[count].encode(errors="surrogatepass"))
        count += 1
    return count


def _shown(character: str, *, is_first: bool) -> str:
    if character == "\t":
        return _TAB
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category in _INVISIBLE or (is_first and category in _COMBINING):
        return f"<U+{ord(character):04X}>"
    return escape_line(character)


def _in_encoding(text: str, encoding: str) -> str:
    return text if text.isascii() else text.encode(encoding, "backslashreplace").decode(encoding)
