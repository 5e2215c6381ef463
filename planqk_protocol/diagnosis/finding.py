"""Findings: what is wrong with the output of a job, where, and what to do about it.

A `Rule` describes one kind of mistake, for people: the command ``explain`` and the
page of the rule in the documentation show it. A `Finding` is one mistake in one
stream. A finding names its rule by the rule's id.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from planqk_protocol.limits import Limits

__all__ = ["Example", "Excerpt", "Finding", "Fix", "Place", "Related", "Rule", "Severity"]


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # a result is missing, or is not what the job meant to give
    WARNING = "warning"  # most likely a mistake; a result may be missing
    INFO = "info"  # valid, but unwise


class Example(msgspec.Struct, frozen=True):
    """The output of a job, and the exit code if that matters.

    Attributes:
        stdout: What the job printed on standard output.
        exit_code: Its exit code; ``None`` if it is not known.
        capture: The format of `stdout`, if it is not plain standard output.
        limits: The bounds within which it is read.
    """

    stdout: bytes
    exit_code: int | None = None
    capture: str = "raw"
    limits: Limits = Limits()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of mistake.

    Attributes:
        id: The name of the rule, in lower case, such as ``marker-indented``.
        severity: How bad its findings are.
        summary: What is wrong, in a few words: a phrase without a full stop.
        why: Why it matters, and how it comes about: one to four sentences.
        advice: What to do, in general: one or two sentences. A finding may have better advice.
        wrong: Examples that have a finding of this rule. The documentation shows the first one.
        right: Examples that have none. The documentation shows the first one.
    """

    id: str
    severity: Severity
    summary: str
    why: str
    advice: str
    wrong: tuple[Example, ...]
    right: tuple[Example, ...]


class Place(msgspec.Struct, frozen=True):
    """A span of standard output.

    Attributes:
        line: Number of its line, counted from 1.
        column: Column of its first character, counted from 1, in characters.
        offset: Offset of its first byte, counted from 0, from the start of the stream.
        length: Number of its bytes. It is 0 where something is missing.
    """

    line: int
    column: int
    offset: int
    length: int = 0


class Excerpt(msgspec.Struct, frozen=True):
    """A part of the line of a finding, as it is shown to people.

    Attributes:
        text: At most 200 characters of the line, without its terminator.
            Bytes that are not UTF-8 are shown as U+FFFD.
        column: Column of the first of them in the line, counted from 1.
        is_end: Whether the text reaches to the end of the line.
    """

    text: str
    column: int = 1
    is_end: bool = True


class Related(msgspec.Struct, frozen=True):
    """Another place that a finding is about, such as the line that opened a block."""

    message: str
    place: Place


class Fix(msgspec.Struct, frozen=True):
    """A change of standard output that mends a finding for certain.

    Attributes:
        place: The span to replace.
        replacement: The text to put there.
    """

    place: Place
    replacement: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in the output of a job.

    Attributes:
        rule: The id of its rule.
        severity: How bad it is.
        message: What is wrong, for people; its wording is no contract.
        advice: What to do; empty if there is nothing to do.
        place: Where it is; ``None`` if it is about the outcome or the capture.
        excerpt: The line of `place`, or a part of it.
        related: Other places that it is about.
        fix: A change that mends it for certain.
    """

    rule: str
    severity: Severity
    message: str
    advice: str
    place: Place | None = None
    excerpt: Excerpt | None = None
    related: tuple[Related, ...] = ()
    fix: Fix | None = None

    @property
    def line(self) -> int | None:
        """Number of its line, counted from 1."""
        return self.place.line if self.place else None

    @property
    def column(self) -> int | None:
        """Column of the first character that is wrong, counted from 1, in characters."""
        return self.place.column if self.place else None

    @property
    def offset(self) -> int | None:
        """Offset of the first byte that is wrong, counted from 0, from the start of standard output."""
        return self.place.offset if self.place else None

    @property
    def length(self) -> int | None:
        """Number of bytes that are wrong."""
        return self.place.length if self.place else None
