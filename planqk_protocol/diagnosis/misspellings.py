"""Markers that begin their line but are misspelt, and fences with other text on their line."""

from __future__ import annotations

from planqk_protocol.diagnosis.appearance import ESCAPE_CODE, FOREIGN, character_name
from planqk_protocol.diagnosis.candidates import Candidate, NearMiss
from planqk_protocol.diagnosis.continuations import Continuation, continuation, is_sentence
from planqk_protocol.diagnosis.rules import markers as rules
from planqk_protocol.excerpts import excerpt
from planqk_protocol.marked import marker_prefix

__all__ = ["is_meant", "misspelt"]

_BLANKS = " \t\r"


def is_meant(candidate: Candidate) -> bool:
    """Whether a marker was meant: it is the first thing on its line that people see.

    Other text may follow a marker that has its colons and capitals. Else a value has to follow.
    """
    mention, follows = candidate.mention, continuation(candidate.rest)
    if mention.is_exact:
        return candidate.in_block or not (candidate.is_fence and is_sentence(candidate.rest))
    if not mention.has_colons:
        return _is_meant_without_colons(candidate, follows)
    if candidate.is_fence:
        return follows is not Continuation.TEXT or candidate.rest.startswith(":")
    if mention.text.islower():
        return _is_meant_in_lower_case(candidate, follows)
    return follows is not Continuation.TEXT or mention.text.endswith(":")


def _is_meant_without_colons(candidate: Candidate, follows: Continuation) -> bool:
    """Whether a marker was meant whose words are not separated by colons, as in ``PlanQK Job Result:``."""
    text = candidate.mention.text
    if not _has_capitals(text):
        return False
    if candidate.is_fence:
        return follows is Continuation.NOTHING
    return text.endswith(":") and follows in {Continuation.STRUCTURE, Continuation.SCALAR}


def _has_capitals(text: str) -> bool:
    """Whether the words of a marker begin with capitals, as no name in a sentence does."""
    name, job, _ = marker_prefix().decode().split(":")
    letters = "".join(filter(str.isalpha, text))
    kind = letters.removeprefix(name).removeprefix(job)
    return letters.isupper() or (letters.startswith(name) and kind[:1].isupper())


def _is_meant_in_lower_case(candidate: Candidate, follows: Continuation) -> bool:
    """Whether a marker was meant that has no capitals.

    Names of loggers and keys of databases look the same: ``planqk:job:result:1234``.
    """
    if follows is Continuation.STRUCTURE:
        return True
    if not candidate.mention.text.endswith(":"):
        return False
    is_apart = candidate.rest[:1] in {" ", "\t"}
    return follows is Continuation.NOTHING or (is_apart and follows is Continuation.SCALAR)


def misspelt(candidate: Candidate) -> NearMiss | None:
    """Judge a marker that begins its line: what is wrong with it, or with the text after it."""
    mention = candidate.mention
    if not is_meant(candidate):
        return None
    if candidate.is_well_spelt:
        return _with_text(candidate)
    first, last = _difference(candidate)
    hidden = _hidden(candidate)
    if hidden and (first == last or hidden[0] <= first):
        return _with_hidden(candidate, *hidden)
    if mention.lacks_colon:
        message = f"no colon stands after {mention.text}"
        place = candidate.place(candidate.stop)
        return candidate.near_miss(rules.MISSING_COLON, place, message)
    shown, place = excerpt(mention.text), candidate.place(first, last)
    if mention.text.lower() == mention.target.lower():
        message = f"{shown} differs from {mention.whole} in upper and lower case"
        return candidate.near_miss(rules.CASE, place, message, fix=candidate.fix(candidate.start))
    message = f"{shown} is no marker; the nearest one is {mention.whole}"
    return candidate.near_miss(rules.SPELLING, place, message)


def _hidden(candidate: Candidate) -> tuple[int, int] | None:
    """The first part of the marker that people cannot see, or take for something else."""
    spans = [
        found.span()
        for pattern in (FOREIGN, ESCAPE_CODE)
        if (found := pattern.search(candidate.text, candidate.start, candidate.stop))
    ]
    return min(spans, default=None)


def _with_hidden(candidate: Candidate, start: int, stop: int) -> NearMiss:
    """A marker with a code for a terminal, or with a foreign character, in it or after it."""
    place, character = candidate.place(start, stop), candidate.text[start]
    if character == "\x1b":
        rule, what = rules.COLOURED, "a terminal's escape code"
    else:
        rule, what = rules.LOOK_ALIKE, f"the character {character_name(character)}"
    where = "in" if start < candidate.stop else "after"
    message = f"{what} stands {where} the marker, at column {place.column}"
    return candidate.near_miss(rule, place, message, fix=candidate.fix(candidate.start))


def _difference(candidate: Candidate) -> tuple[int, int]:
    """The part of the marker, in the line's text, that differs from what it should be."""
    text, target = candidate.mention.text, candidate.mention.target
    start = _common(text, target)
    if text.replace(" ", "") == target:
        stop = len(text) - len(text[start:].lstrip(" "))  # the first of the blanks that are too many
    else:
        most = min(len(text), len(target)) - start
        stop = len(text) - min(_common(text[::-1], target[::-1]), most)
    places, at = candidate.places, candidate.mention.start
    first = candidate.stop if start == len(text) else places[at + start]
    return first, places[at + stop - 1] + 1 if stop > start else first


def _common(text: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    for count, (one, two) in enumerate(zip(text, other, strict=False)):
        if one != two:
            return count
    return min(len(text), len(other))


def _with_text(candidate: Candidate) -> NearMiss:
    """A fence that begins its line, with other text after it."""
    text, rest = candidate.text, candidate.rest
    start = candidate.stop + len(rest) - len(rest.lstrip(_BLANKS))
    stop = candidate.stop + len(rest.rstrip(_BLANKS))
    code = ESCAPE_CODE.match(text, start)
    if not code and continuation(rest) is Continuation.NOTHING:
        code = FOREIGN.match(text, start)
    if code:
        return _with_hidden(candidate, *code.span())
    message = (
        f"{excerpt(text[start:stop])} follows {candidate.mention.text}, which must stand alone on its line"
    )
    return candidate.near_miss(rules.FENCE_WITH_TEXT, candidate.place(start, stop), message)
