"""Lines that are nearly marked: log text that was most likely meant as a marker or a fence.

A line is judged from left to right, and its finding is about the first thing that
is wrong: the text in front of the marker, then the letters of the marker, then
the text after it. Nothing is found in a line that only speaks of a marker: in
source code, in help texts, in sentences.
"""

from __future__ import annotations

import re

from planqk_protocol.diagnosis.appearance import ESCAPE_CODE, FOREIGN, character_name, places, seen
from planqk_protocol.diagnosis.candidates import Candidate, NearMiss
from planqk_protocol.diagnosis.continuations import Continuation, continuation, is_sentence
from planqk_protocol.diagnosis.echoes import echo_key, unquoted
from planqk_protocol.diagnosis.finding import Place, Rule
from planqk_protocol.diagnosis.line import Line, finding
from planqk_protocol.diagnosis.misspellings import is_meant, misspelt
from planqk_protocol.diagnosis.prefixes import Prefix, kind_of_prefix
from planqk_protocol.diagnosis.rules import markers as rules
from planqk_protocol.diagnosis.spelling import mentions, without_colon
from planqk_protocol.events import Marker
from planqk_protocol.excerpts import excerpt
from planqk_protocol.marked import PROTECTION, marker_prefix, marker_text

__all__ = ["NearMiss", "echo_key", "is_protected_result", "near_miss", "place_of_mention"]

_QUOTES = frozenset("\"'`")
_LAST_SHOWN = 20  # characters of the text in front of a marker
_MOST_PLACED = 60  # characters of such a text that are the place; of a longer one, the last are
_FRAME = re.compile(r"[\0-\2]\0\0\0.{4}", re.DOTALL)  # the header of a frame of Docker's Engine API
_FRAMED = (
    "This is the header of a frame of Docker's Engine API: the beginning of the stream is missing. Get the "
    "stream once more, from its beginning, and name the format docker-mux."
)
_EMPTIED = (
    "A file begins with NUL bytes if it was emptied while the job wrote to it. Let the job append to the "
    "file: in a shell with `>>`, in Python with the mode `ab`."
)


def near_miss(line: Line, *, in_block: bool) -> NearMiss | None:
    """Judge a line of log text, or a line within an open block.

    Args:
        line: The line. It is no marker line, or it stands in a block.
        in_block: Whether a block is open.

    Returns:
        ``None`` if the line does not resemble a marker.
    """
    if marker := _marker_of(line):
        return _marker_in_block(line, marker) if in_block else None
    if line.column == 1 and line.data.startswith(PROTECTION + marker_prefix()):
        return None  # log text, as an emitter prints it
    text = line.text
    for mention in mentions(seen(text)):
        miss = _judge(Candidate(line, text, mention, places(text), in_block))
        if miss:
            return miss
    return None


def is_protected_result(line: Line) -> bool:
    """Whether a line would begin with the marker of a result, had an emitter not made it log text."""
    if line.column > 1 or not line.data.startswith(PROTECTION):
        return False
    markers = (Marker.RESULT, Marker.MULTILINE_RESULT)
    return line.data.startswith(tuple(PROTECTION + marker_text(marker).encode() for marker in markers))


def place_of_mention(line: Line) -> Place | None:
    """The place of a result's marker in a line of text, whatever stands around it."""
    for marker in (Marker.RESULT, Marker.MULTILINE_RESULT):
        at = line.data.find(marker_text(marker).encode())
        if at >= 0:
            return line.place(at, at + len(marker_text(marker)))
    return None


def _marker_of(line: Line) -> Marker | None:
    """The marker of a line that is a marked one outside a block."""
    if line.column > 1 or not line.data.startswith(marker_prefix()):
        return None
    for marker in Marker:
        head = _head(marker).encode()
        if line.data.startswith(head):
            is_text = marker is Marker.MULTILINE_RESULT and line.data[len(head) :].strip(b" \t\r")
            return None if is_text else marker
    return None


def _head(marker: Marker) -> str:
    """What a line with a marker has to begin with; the colon of an interim result is optional."""
    text = marker_text(marker)
    return without_colon(text) if marker is Marker.INTERIM_RESULT else text


def _marker_in_block(line: Line, marker: Marker) -> NearMiss:
    text = marker_text(marker)
    if not line.data.startswith(text.encode()):
        text = _head(marker)
    message = f"{text} stands inside a block, where it is part of the JSON"
    return NearMiss(finding(rules.IN_BLOCK, line, line.place(0, len(text)), message), b"", marker)


def _judge(candidate: Candidate) -> NearMiss | None:
    prefix = candidate.prefix
    if candidate.in_block and _is_in_string(prefix):
        return None
    kind = kind_of_prefix(prefix)
    if candidate.line.column > 1 and kind is not Prefix.CARRIAGE_RETURN:
        kind = Prefix.TEXT  # the beginning of the line is not held, so nobody knows more
    match kind:
        case Prefix.NOTHING:
            return misspelt(candidate)
        case Prefix.QUOTE | Prefix.LOGGED_QUOTE | Prefix.JSON_LOGGER:
            return _in_quotes(candidate, kind)
        case Prefix.SOURCE:
            return None
        case Prefix.TEXT:
            return _after_text(candidate)
        case _:
            return _after_prefix(candidate, kind)


def _is_in_string(prefix: str) -> bool:
    """Whether a text in a JSON document ends within a string."""
    return prefix.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1


def _after_prefix(candidate: Candidate, kind: Prefix) -> NearMiss | None:
    """A marker after indentation, after something invisible, or after a logger's prefix."""
    at_margin = kind in {Prefix.BYTE_ORDER_MARK, Prefix.CARRIAGE_RETURN, Prefix.COLOUR}
    if not (is_meant(candidate) if at_margin else _is_meant(candidate, candidate.rest)):
        return None
    rule, what = _named(candidate, kind)
    stop = candidate.start
    if kind is Prefix.LOOK_ALIKE:
        stop = FOREIGN.match(candidate.text).end()  # type: ignore[union-attr]  # it made the kind
    is_certain = kind not in {Prefix.LOGGER, Prefix.CARRIAGE_RETURN}
    return candidate.near_miss(
        rule,
        _place_before(candidate, stop) if kind is Prefix.CARRIAGE_RETURN else candidate.place(0, stop),
        _begins_after(candidate, what),
        fix=candidate.fix(0) if is_certain else None,
    )


def _named(candidate: Candidate, kind: Prefix) -> tuple[Rule, str]:
    """The rule for a kind of prefix, and the prefix in words."""
    prefix = candidate.prefix
    match kind:
        case Prefix.BYTE_ORDER_MARK:
            return rules.AFTER_BOM, "a byte order mark (U+FEFF)"
        case Prefix.CARRIAGE_RETURN:
            return rules.AFTER_CARRIAGE_RETURN, "text that ends with a carriage return"
        case Prefix.COLOUR:
            return rules.COLOURED, "a terminal's escape code"
        case Prefix.LOOK_ALIKE:
            return rules.LOOK_ALIKE, f"the character {character_name(prefix[0])}"
        case Prefix.LOGGER:
            return rules.PREFIXED, f"a logger's prefix, {excerpt(ESCAPE_CODE.sub('', prefix))}"
        case _:
            return rules.FENCE_INDENTED if candidate.is_fence else rules.INDENTED, _blanks(prefix)


def _begins_after(candidate: Candidate, what: str) -> str:
    column = candidate.place(candidate.start).column
    also = "" if candidate.is_well_spelt else f"; it is not spelt {candidate.mention.whole}, either"
    return f"the marker begins at column {column}, after {what}{also}"


def _blanks(prefix: str) -> str:
    size = len(prefix)
    for blank, name in ((" ", "space"), ("\t", "tab")):
        if prefix == blank * size:
            return f"a {name}" if size == 1 else f"{size} {name}s"
    return "white space"


def _after_text(candidate: Candidate) -> NearMiss | None:
    """A marker after other text: one that is spelt right, with a value."""
    mention, follows = candidate.mention, continuation(candidate.rest)
    if not mention.text.startswith(marker_prefix().decode()) or is_sentence(candidate.rest):
        return None
    if not mention.is_exact:
        is_meant_here = follows is Continuation.STRUCTURE
    elif candidate.is_fence:
        is_alone = not any(map(str.isalnum, candidate.rest))
        is_meant_here = is_alone and (candidate.in_block or _lacks_newline(candidate.prefix))
    else:
        # The value may have been printed first.
        is_meant_here = follows in {Continuation.STRUCTURE, Continuation.SCALAR} or (
            follows is Continuation.NOTHING and candidate.prefix.rstrip().endswith(("}", "]"))
        )
    if not is_meant_here:
        return None
    what, advice = _text_before(candidate.prefix)
    message, place = _begins_after(candidate, what), _place_before(candidate, candidate.start)
    return candidate.near_miss(rules.GLUED, place, message, advice=advice)


def _place_before(candidate: Candidate, stop: int) -> Place:
    """The place of the text before `stop`. Of a long text, such as a progress bar, its end is shown."""
    return candidate.place(0 if stop <= _MOST_PLACED else stop - _LAST_SHOWN, stop)


def _text_before(prefix: str) -> tuple[str, str | None]:
    """The text in front of a marker, in words, and what to do if it was not the job that printed it."""
    if not prefix.strip("\0"):
        return "NUL bytes", _EMPTIED
    ending = excerpt(ESCAPE_CODE.sub("", prefix)[-_LAST_SHOWN:])
    advice = _FRAMED if _FRAME.fullmatch(prefix[-8:]) else None
    return f"text that ends with {ending} and no newline", advice


def _lacks_newline(prefix: str) -> bool:
    """Whether a text looks like output that lacks its newline, and not like a sentence about a fence."""
    last = prefix.rstrip(" \t")[-1:]
    return last not in {"=", ":", "("} and (last == prefix[-1:] or not last.isalpha())


def _in_quotes(candidate: Candidate, kind: Prefix) -> NearMiss | None:
    """A marker in a text in quotes, in a shell's trace, or in a logger's record."""
    prefix, content, after = candidate.prefix, candidate.rest, ""
    if prefix[-1] in _QUOTES:
        content, after = unquoted(content, prefix[-1])
    if kind is not Prefix.JSON_LOGGER:
        if not content.strip() and (value := after.strip(" \t").lstrip(",:").strip(" \t)]}")):
            content, after = value, ""
        if after.removeprefix(",").strip(" )]\t"):  # the repr of a tuple with one item has a comma
            return None  # a part of a list, or of an expression
    if not _is_meant(candidate, content):
        return None
    if kind is Prefix.QUOTE:
        rule, what = rules.QUOTED, "a shell's trace" if prefix[0] == "+" else "an opening quote"
    else:
        rule, what = rules.PREFIXED, "a logger's " + ("record" if kind is Prefix.JSON_LOGGER else "prefix")
    place, message = (
        candidate.place(0, candidate.start),
        _begins_after(candidate, f"{what}, {excerpt(prefix)}"),
    )
    return candidate.near_miss(rule, place, message, payload=content)


def _is_meant(candidate: Candidate, rest: str) -> bool:
    """Whether a marker was meant that something stands before: what follows has to fit."""
    mention, follows = candidate.mention, continuation(rest)
    if candidate.is_fence:
        has_colon = rest.startswith(":") and continuation(rest[1:]) is not Continuation.TEXT
        return mention.has_colons and (follows is Continuation.NOTHING or has_colon)
    if follows is Continuation.NOTHING:
        return mention.is_exact
    if mention.text.islower() and follows is Continuation.SCALAR and rest[:1] not in {" ", "\t"}:
        return False  # the key of a database, such as planqk:job:result:1234
    return mention.has_colons and follows is not Continuation.TEXT
