"""Findings with their places in the files that were read: what all forms of output need."""

from __future__ import annotations

import re
from typing import NamedTuple

import click

from planqk_protocol.cli.capture_messages import in_options
from planqk_protocol.cli.reading import Reading
from planqk_protocol.cli.visible_text import character_count
from planqk_protocol.diagnosis import Finding, FindingRecord, Place, finding_record
from planqk_protocol.inputs.event_stream import EventStream

__all__ = ["Found", "Locator", "Spot", "advice", "in_one_line"]

_WORD = re.compile(r"^[a-z]+(?=[ ,:])")


class Spot(NamedTuple):
    """A place in an input, or an input as a whole.

    Attributes:
        name: The input, as messages name it.
        file: Its path; ``None`` if it is not a file.
        place: The place in it, or in the stdout that it captured.
        shown: The input and the place, as messages name them.
        is_in_file: Whether the lines of `place` are lines of the file; those of a
            capture are not.
        end_column: Column after the last character that is wrong, if it is known.
    """

    name: str
    file: str | None
    place: Place | None
    shown: str
    is_in_file: bool
    end_column: int | None = None

    @property
    def is_in_known_file(self) -> bool:
        """Whether a reader of `file` can go to the place."""
        return self.file is not None and (self.is_in_file or self.place is None)


class Found(NamedTuple):
    """A finding with its places: its own, and those that it is related to, each with a message."""

    finding: Finding
    spot: Spot
    related: list[tuple[str, Spot]]

    @property
    def text(self) -> str:
        """What is wrong, and what to do about it."""
        return in_one_line(self.finding)


class Locator:
    """Finds the places of findings in their files.

    Args:
        stream: The stream with the findings.
        reading: The input that it is read from.
    """

    def __init__(self, stream: EventStream, reading: Reading) -> None:
        self._stream = stream
        self._reading = reading

    def found(self, finding: Finding) -> Found:
        """The finding with its places in their files."""
        place = finding.place
        if place is None:
            name = self._name(finding)
            spot = Spot(name, self._reading.paths.get(name), None, name, not self._stream.is_wrapped)
        else:
            spot = self._spot(place)
            if finding.excerpt and spot.place:
                count = character_count(finding.excerpt, place)
                spot = spot._replace(end_column=spot.place.column + count)
        return Found(finding, spot, [(item.message, self._spot(item.place)) for item in finding.related])

    def record(self, finding: Finding) -> FindingRecord:
        """The record of the finding, with its places in their files."""
        return finding_record(finding, file=self._text_of_path(self._name(finding)), locate=self._locate)

    def shown(self, finding: Finding) -> str:
        """The place of a finding, as messages name it."""
        return self.found(finding).spot.shown

    def _name(self, finding: Finding) -> str:
        """The name of what a finding without a place is about."""
        return self._stream.file_of_notice(finding) or self._reading.subject

    def _locate(self, place: Place) -> tuple[str | None, Place]:
        name, within = self._stream.locate(place)
        return self._text_of_path(name), within

    def _text_of_path(self, name: str) -> str | None:
        """The path of an input as text: a path has any bytes, and a record is in UTF-8."""
        path = self._reading.paths.get(name)
        return None if path is None else click.format_filename(path)

    def _spot(self, place: Place) -> Spot:
        name, within = self._stream.locate(place)
        shown = self._stream.shown(name, within.line, within.column)
        return Spot(name, self._reading.paths.get(name), within, shown, not self._stream.is_wrapped)


def in_one_line(finding: Finding) -> str:
    """What is wrong and what to do, on one line. Arguments are named by their options."""
    text = f"{finding.message}. {advice(finding)}" if finding.advice else finding.message
    return in_options(text)


def advice(finding: Finding) -> str:
    """What to do, as a sentence: with a capital letter, if it begins with a word and not with code."""
    return _WORD.sub(lambda word: word[0].capitalize(), finding.advice)
