"""A line of standard output as the checks of the diagnosis see it, and its places and excerpts."""

from __future__ import annotations

import msgspec

from planqk_protocol.diagnosis.finding import Excerpt, Finding, Fix, Place, Related, Rule

__all__ = ["MOST_SHOWN", "Line", "finding"]

MOST_SHOWN = 200
"""The most characters of a line that an `Excerpt` shows."""

_BEFORE = 100  # characters before the place, if the line is longer than that


class Line(msgspec.Struct, frozen=True):
    """A line of standard output, or the part of a long one around a place.

    Attributes:
        data: Its bytes, without the terminator.
        number: Number of the line, counted from 1.
        offset: Offset of the first of the bytes in the stream.
        column: Column of the first of them, counted from 1, in characters. It is
            1 unless the line is so long that its beginning is not held.
        is_end: Whether the bytes reach to the end of the line.
    """

    data: bytes
    number: int
    offset: int
    column: int = 1
    is_end: bool = True

    @property
    def text(self) -> str:
        """The bytes as text. Each byte that is not UTF-8 is a lone surrogate, so no byte is lost."""
        return self.data.decode(errors="surrogateescape")

    def place(self, start: int, stop: int | None = None) -> Place:
        """The place of the bytes ``data[start:stop]``; of nothing at `start` without `stop`."""
        column = self.column + len(self.data[:start].decode(errors="replace"))
        return Place(self.number, column, self.offset + start, 0 if stop is None else stop - start)

    def place_of_text(self, start: int, stop: int | None = None) -> Place:
        """The place of the characters ``text[start:stop]``."""
        text = self.text
        first = _size(text[:start])
        return self.place(first, None if stop is None else first + _size(text[start:stop]))

    def excerpt(self, place: Place) -> Excerpt:
        """The part of the line around a place, for people."""
        text = self.data.decode(errors="replace")
        at = place.column - self.column
        start = 0 if at <= MOST_SHOWN - _BEFORE else at - _BEFORE
        shown = text[start : start + MOST_SHOWN]
        return Excerpt(shown, self.column + start, self.is_end and start + len(shown) == len(text))


def finding(
    rule: Rule,
    line: Line,
    place: Place,
    message: str,
    *,
    advice: str | None = None,
    related: tuple[Related, ...] = (),
    fix: Fix | None = None,
) -> Finding:
    """Make a finding of a rule at a place in a line. Its advice is that of the rule, by default."""
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message=message,
        advice=rule.advice if advice is None else advice,
        place=place,
        excerpt=line.excerpt(place),
        related=related,
        fix=fix,
    )


def _size(text: str) -> int:
    return len(text.encode(errors="surrogateescape"))
