"""A line that may be nearly marked, with the marker in it, and the near miss that it is found to be."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from planqk_protocol.diagnosis.appearance import ESCAPE_CODE, FOREIGN
from planqk_protocol.diagnosis.echoes import echo_key
from planqk_protocol.diagnosis.finding import Finding, Fix, Place, Rule
from planqk_protocol.diagnosis.line import Line, finding
from planqk_protocol.diagnosis.rules import markers as rules
from planqk_protocol.diagnosis.spelling import Mention
from planqk_protocol.events import Marker
from planqk_protocol.marked import marker_text

__all__ = ["Candidate", "NearMiss", "advice_for"]

# The rules that a copy of a marked line breaks: a shell's trace, or what a logger or a runner repeats.
_OF_COPIES = (rules.COLOURED, rules.GLUED, rules.INDENTED, rules.PREFIXED, rules.QUOTED)
_BLANKS = " \t\r"  # that may follow a fence


class NearMiss(msgspec.Struct, frozen=True):
    """A line that is nearly marked.

    Attributes:
        finding: What is wrong with it.
        echo: `echo_key` of the marked line that it would be, if it may be a copy of
            one, else empty. If a line with a valid marker stands near and has the
            same key, the near miss is only its echo.
        marker: The marker that was meant.
    """

    finding: Finding
    echo: bytes
    marker: Marker


class Candidate(msgspec.Struct, frozen=True):
    """A line with a marker in it, or with what is nearly one.

    Attributes:
        line: The line.
        text: Its text.
        mention: The marker in the text that people see.
        places: Index in the text of each character that people see, and of its end.
        in_block: Whether the line stands in a block.
    """

    line: Line
    text: str
    mention: Mention
    places: Sequence[int]
    in_block: bool

    @property
    def start(self) -> int:
        """Where the marker begins in the line's text."""
        return self.places[self.mention.start]

    @property
    def stop(self) -> int:
        """Where the marker ends in the line's text."""
        return self.places[self.mention.stop - 1] + 1

    @property
    def prefix(self) -> str:
        """The text in front of the marker."""
        return self.text[: self.start]

    @property
    def rest(self) -> str:
        """The text after the marker."""
        return self.text[self.stop :]

    @property
    def is_well_spelt(self) -> bool:
        """Whether the marker is whole, and has no foreign characters."""
        return self.mention.is_exact and self.text[self.start : self.stop] == self.mention.text

    @property
    def is_fence(self) -> bool:
        """Whether it is the marker of a block."""
        return self.mention.marker is Marker.MULTILINE_RESULT

    def place(self, start: int, stop: int | None = None) -> Place:
        """The place of the characters ``text[start:stop]``; of nothing at `start` without `stop`."""
        return self.line.place_of_text(start, stop)

    def near_miss(
        self,
        rule: Rule,
        place: Place,
        message: str,
        *,
        advice: str | None = None,
        fix: Fix | None = None,
        payload: str | None = None,
    ) -> NearMiss:
        """The near miss that it is.

        Args:
            rule: The rule that it breaks.
            place: The part of the line that is wrong.
            message: What is wrong.
            advice: What to do, if that is not the advice of the rule.
            fix: A change that mends it for certain.
            payload: The payload that was meant; by default the rest of the line.
        """
        echo = b""
        # Two fences always have the same text, so only a shell's trace is known to be a copy of one.
        if rule in _OF_COPIES and (not self.is_fence or self.prefix.startswith("+")):
            marked = self.mention.whole + (self.rest if payload is None else payload)
            echo = echo_key(marked.encode(errors="surrogateescape"))
        advice = advice or advice_for(rule, self.mention.marker)
        found = finding(rule, self.line, place, message, advice=advice, fix=fix)
        return NearMiss(found, echo, self.mention.marker)

    def fix(self, start: int) -> Fix | None:
        """Replace the text from `start` on by the marker, if that mends the line for certain.

        The span ends with the marker, or with the line if codes for a terminal follow.
        """
        mention, rest = self.mention, self.rest
        if not (self.line.is_end and mention.is_exact_but_for_case):
            return None
        replacement, stop = mention.target, self.stop
        if ESCAPE_CODE.search(rest) or (self.is_fence and rest):
            rest = FOREIGN.sub("", ESCAPE_CODE.sub("", rest))
            if (self.is_fence and rest.strip(_BLANKS)) or not rest.isprintable():
                return None
            replacement, stop = replacement + rest, len(self.text)
        elif self.is_well_spelt:
            replacement, stop = "", self.start
        return Fix(self.place(start, stop), replacement)


def advice_for(rule: Rule, marker: Marker) -> str:
    """The advice of a rule, for a marker. The rule itself shows how to print a result."""
    return rule.advice.replace(_how_to_print(Marker.RESULT), _how_to_print(marker))


def _how_to_print(marker: Marker) -> str:
    text = marker_text(marker)
    if marker is Marker.MULTILINE_RESULT:
        arguments = f"'{text}', json.dumps(value, indent=2), '{text}', sep='\\n'"
    else:
        arguments = f"'{text}', json.dumps(value)"
    return f"In Python, write print({arguments}, flush=True)."
