"""Markers in a line, also misspelt ones.

A marker has three words: the name of the platform, the word for its jobs, and the
kind of output. A text is taken for a marker if the first two words are there, or
nearly, and the third is a known kind, or nearly. How far words may differ is
counted in letters that were added, left out, changed or swapped.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator

import msgspec

from planqk_protocol.events import Marker
from planqk_protocol.marked import marker_prefix, marker_text

__all__ = ["Mention", "mentions", "without_colon"]


class Mention(msgspec.Struct, frozen=True):
    """A marker, or what is nearly one, in a text.

    Attributes:
        start: Where it begins in the text.
        stop: Where it ends. A colon after it belongs to it, also if none should be there.
        text: The text between the two.
        marker: The marker that it is, or the nearest one.
        has_colons: Whether colons or semicolons separate its words.
    """

    start: int
    stop: int
    text: str
    marker: Marker
    has_colons: bool

    @property
    def whole(self) -> str:
        """The marker as jobs print it."""
        return marker_text(self.marker)

    @property
    def target(self) -> str:
        """The text that it should have; without the colon if it has none."""
        return self.whole if self.text[-1:] in _ENDS else without_colon(self.whole)

    @property
    def is_exact(self) -> bool:
        """Whether it is a whole marker, letter for letter."""
        return self.text == self._required

    @property
    def is_exact_but_for_case(self) -> bool:
        """Whether it is a whole marker once upper and lower case are right."""
        return self.text.lower() == self._required.lower()

    @property
    def _required(self) -> str:
        is_optional = self.marker is Marker.INTERIM_RESULT  # the colon
        return self.target if is_optional else self.whole

    @property
    def lacks_colon(self) -> bool:
        """Whether it is a whole marker but for the colon after it."""
        return self.marker is Marker.RESULT and self.text == without_colon(self.whole)


def without_colon(marker: str) -> str:
    """The text of a marker without the colon at its end."""
    return marker.removesuffix(":")


# Where a marker may begin: nearly the platform's name, or nearly the word for its jobs between colons.
_ANCHOR = re.compile(r"pl\w{0,4}?q[a-z]?|p\w{1,4}?qk|plan[ _-]qk|:\s{0,2}job\s{0,2}:", re.IGNORECASE)
_NAME_BEFORE = re.compile(r"[A-Za-z][A-Za-z _-]{1,8}\s{0,2}\Z")
_MOST_STARTS = 16  # of markers in one line

_BETWEEN = re.compile(r"[ \t:;.,/_|>=\\-]{1,3}")
_COLON = re.compile("[:;]")
_WITHIN_KIND = re.compile(r"[ _:-]{1,2}")
_SPLIT_NAME = re.compile(r"([A-Za-z]{3,5})[ _-]([A-Za-z]{1,3})(?![A-Za-z])")
_WORD = re.compile(r"[A-Za-z](?:[A-Za-z0-9]{0,22}[A-Za-z])?")  # a digit may look like a letter
_MOST_WORDS = 4  # of a kind: "multi line result"
_FAR = 3  # words with so many differences have nothing to do with each other

_ENDS = (":", ";", "=", ".", ",", ">", "|", "-")
_END = re.compile(
    r"""[ \t]{0,2} (?: [;=.,|_-]?: | [;=.,|>]{1,2} (?=[ \t{\["'\d-]) | [-=]> | [ \t]- (?=[ \t]) )""",
    re.VERBOSE,
)
_OBJECT = re.compile(r"\s*[{\[]")
_OTHER_JOB = re.compile(r"[A-Za-z]{1,24}:")
# A kind of another name, or of none, counts before an object or an array, and as a fence that stands alone.
_OTHER_KIND = re.compile(r"([A-Za-z][\w.()#\[\]-]{0,30}(?:[ ][(#]?\w{1,20}\)?)?)[ \t]?:(?=\s*[{\[])")
_NO_KIND = re.compile(r"()(?=\s*(?:\{\s*[\"'}]|\[\s*[\d\"'\[\]{-]))")
_OTHER_FENCE = re.compile(r"([A-Za-z]{0,20}multi[\w-]{0,30})(?=:?\s*\Z)", re.IGNORECASE)


def _kinds() -> dict[str, Marker]:
    """Each kind in lower case, as in ``result``, also under names that people take for it."""
    prefix = marker_prefix().decode()
    kinds = {without_colon(marker_text(marker)).removeprefix(prefix).lower(): marker for marker in Marker}
    return {
        **kinds,
        "interim": Marker.INTERIM_RESULT,
        "intermediateresult": Marker.INTERIM_RESULT,
        "multiline": Marker.MULTILINE_RESULT,
        "multipleline": Marker.MULTILINE_RESULT,
        "multilinedresult": Marker.MULTILINE_RESULT,
    }


class _Words(msgspec.Struct, frozen=True):
    prefix: str  # PlanQK:Job:
    name: str  # planqk
    after_name: str  # :Job:
    job: str
    kinds: dict[str, Marker]


@functools.cache
def _words() -> _Words:
    prefix = marker_prefix().decode()
    name, job, _ = prefix.lower().split(":")
    return _Words(prefix, name, prefix[len(name) :], job, _kinds())


def mentions(text: str) -> Iterator[Mention]:
    """The markers in a text: the well spelt ones first, then those that are nearly markers."""
    after = 0
    for start in _starts(text):
        if start >= after and (mention := _mention(text, start)):
            after = mention.stop
            yield mention


def _starts(text: str) -> Iterator[int]:
    """Where markers may begin, in no order; some places more than once."""
    for exact in itertools.islice(re.finditer(re.escape(_words().prefix), text), _MOST_STARTS):
        yield exact.start()
    for anchor in itertools.islice(_ANCHOR.finditer(text), _MOST_STARTS):
        yield _start(text, anchor)


def _start(text: str, anchor: re.Match[str]) -> int:
    """Where a marker begins that has this anchor; -1 if it can have none."""
    start = anchor.start()
    if text[start] == ":":
        before = _NAME_BEFORE.search(text[max(0, start - 11) : start])
        return start - len(before[0]) if before else -1
    # Only a well spelt marker may follow a letter, as in "donePlanQK:Job:Result:".
    return -1 if start and text[start - 1].isalnum() else start


def _mention(text: str, start: int) -> Mention | None:
    words = _words()
    if text.startswith(words.prefix, start):
        kind = start + len(words.prefix)
        at = kind + len(_between(text, kind))
        known = _with_kind(text, start, at, has_colons=True)
        if known and (known.is_exact or known.text.endswith(_ENDS)):
            return known
        return _other_kind(text, start, kind) or known
    return _misspelt(text, start)


def _misspelt(text: str, start: int) -> Mention | None:
    """A marker whose name, or whose word for jobs, is misspelt or missing."""
    words = _words()
    at = _name_end(text, start)
    if not at:
        return None
    after_name = _between(text, at)
    at += len(after_name)
    job = _WORD.match(text, at)
    if not job:
        return None
    end = at + len(words.job) if job[0].lower().startswith(words.job) else job.end()
    if _distance(text[at:end].lower(), words.job, 1) > 1:
        return _without_job(text, start, at, has_colons=after_name in {":", "::", ";"})
    end += text[end : end + 1] in {"s", "S"}
    after_job = _between(text, end)
    separators = [separator for separator in (after_name, after_job) if separator]
    has_colons = bool(separators) and all(map(_COLON.search, separators))
    return _with_kind(text, start, end + len(after_job), has_colons=has_colons)


def _without_job(text: str, start: int, at: int, *, has_colons: bool) -> Mention | None:
    """A marker without the word for jobs, or with another word in its place."""
    if has_colons:
        if mention := _with_kind(text, start, at, has_colons=True):
            return mention
        other = _OTHER_JOB.match(text, at)
        return _with_kind(text, start, other.end(), has_colons=True, most=0) if other else None
    # Such words also stand in sentences, so an object has to follow.
    mention = _with_kind(text, start, at, has_colons=False, most=0)
    return mention if mention and _OBJECT.match(text, mention.stop) else None


def _between(text: str, at: int) -> str:
    """What separates a word that ends at `at` from the next one."""
    between = _BETWEEN.match(text, at)
    return between[0] if between else ""


def _name_end(text: str, start: int) -> int:
    """Where the platform's name ends, or nearly its name; 0 if it does not stand there."""
    words = _words()
    name = words.name
    if text[start : start + len(name)].lower() == name:
        return start + len(name)
    spaced = _SPLIT_NAME.match(text, start)
    if spaced and (spaced[1] + spaced[2]).lower() == name:
        return spaced.end()
    word = _WORD.match(text, start)
    if not word or _distance(word[0].lower(), name, 2) == _FAR:
        return 0
    # Words such as "plan" are near, too, so what follows them has to be spelt right.
    is_sure = "q" in word[0].lower() or text.startswith(words.after_name, word.end())
    return word.end() if is_sure else 0


def _with_kind(text: str, start: int, at: int, *, has_colons: bool, most: int = _FAR - 1) -> Mention | None:
    """The marker that begins at `start` if a kind stands at `at`, or nearly one, with `most` differences."""
    best = _FAR, at, Marker.RESULT
    letters = ""
    for _ in range(_MOST_WORDS):
        word = _WORD.match(text, at)
        if not word:
            break
        letters += word[0].lower()
        distance, marker = _nearest(letters)
        if distance <= best[0]:
            best = distance, word.end(), marker
        between = _WITHIN_KIND.match(text, word.end())
        if not between or (not distance and not _begins_kind(letters)):
            break
        at = between.end()
    distance, stop, marker = best
    if distance > most:
        return None
    if marker is not Marker.MULTILINE_RESULT:
        end = _END.match(text, stop)
        stop = end.end() if end else stop
    return Mention(start, stop, text[start:stop], marker, has_colons)


def _begins_kind(letters: str) -> bool:
    """Whether a longer kind begins with these letters."""
    return any(kind.startswith(letters) and kind != letters for kind in _words().kinds)


def _nearest(letters: str) -> tuple[int, Marker]:
    """The kind that is nearest to a word, and how many letters are different: 3 if no kind is near."""
    kinds = _words().kinds
    if letters in kinds:
        return 0, kinds[letters]
    return min(
        ((_distance(letters, kind, 2), marker) for kind, marker in kinds.items()), key=lambda near: near[0]
    )


def _other_kind(text: str, start: int, at: int) -> Mention | None:
    """A marker of an unknown kind, or of none."""
    kind = _OTHER_FENCE.match(text, at) or _OTHER_KIND.match(text, at) or _NO_KIND.match(text, at)
    if not kind:
        return None
    letters = kind[0].lower()
    if "multi" in letters:
        marker, stop = Marker.MULTILINE_RESULT, kind.end(1)
    else:
        is_interim = letters.startswith(("inter", "part", "temp", "progress"))
        marker, stop = Marker.INTERIM_RESULT if is_interim else Marker.RESULT, kind.end()
    return Mention(start, stop, text[start:stop], marker, has_colons=True)


def _distance(word: str, other: str, most: int) -> int:
    """How many letters must be added, left out, changed or swapped to make one word of the other.

    It is ``most + 1`` if there are more than `most`.
    """
    if word == other:
        return 0
    if abs(len(word) - len(other)) > most or len(set(word) ^ set(other)) > 2 * most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word):
        next_row = [i + 1]
        for j, wanted in enumerate(other):
            cost = min(row[j] + (letter != wanted), row[j + 1] + 1, next_row[j] + 1)
            if i and j and letter == other[j - 1] and word[i - 1] == wanted:
                cost = min(cost, before[j - 1] + 1)
            next_row.append(cost)
        before, row = row, next_row
    return min(row[-1], most + 1)
