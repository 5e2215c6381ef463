"""Findings as records: plain data, and JSON Lines for other programs and languages.

``findings.schema.json``, which comes with the package, describes the records.
`finding_schema` gives the schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.diagnosis.finding import Finding, Place, Severity

__all__ = [
    "FindingRecord",
    "FixRecord",
    "Locate",
    "RelatedRecord",
    "finding_record",
    "finding_schema",
    "finding_to_json_line",
]

Locate: TypeAlias = Callable[[Place], tuple[str | None, Place]]
"""A function that gives the file of a place in a stream, and the place within that file.

It is for a stream that was read from several files. The file is ``None`` if it is
not known.
"""

_encode = msgspec.json.Encoder().encode


class RelatedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record of another place that a finding is about: see `FindingRecord`."""

    file: str | None
    line: int
    column: int
    offset: int
    length: int
    message: str


class FixRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a change that mends a finding: see `FindingRecord`."""

    file: str | None
    line: int
    column: int
    offset: int
    length: int
    replacement: str


class FindingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a finding. All fields are always there.

    Attributes:
        rule: The id of the rule.
        severity: How bad it is.
        file: The file with the standard output; ``None`` if it is not known.
        line: Number of the line in it, counted from 1; ``None`` without a place.
        column: Column of the first character that is wrong, counted from 1.
        offset: Offset of the first byte that is wrong, counted from 0.
        length: Number of bytes that are wrong; 0 where something is missing.
        message: What is wrong, for people.
        advice: What to do; ``None`` if there is nothing to do.
        related: Other places that it is about.
        fix: A change that mends it for certain.
    """

    rule: str
    severity: Severity
    file: str | None
    line: int | None
    column: int | None
    offset: int | None
    length: int | None
    message: str
    advice: str | None
    related: tuple[RelatedRecord, ...]
    fix: FixRecord | None


def _whole_stream(place: Place) -> tuple[str | None, Place]:
    return None, place


def finding_record(
    finding: Finding, *, file: str | None = None, locate: Locate = _whole_stream
) -> FindingRecord:
    """Make the record of a finding.

    Args:
        finding: The finding.
        file: The file of a finding without a place.
        locate: Gives the file of a place. By default, the stream is not from a file.

    >>> from planqk_protocol.diagnosis import Finding, Place, Severity
    >>> finding = Finding(
    ...     rule="marker-indented",
    ...     severity=Severity.WARNING,
    ...     message="two spaces stand before the marker",
    ...     advice="",
    ...     place=Place(1, 1, 0, 2),
    ... )
    >>> record = finding_record(finding)
    >>> record.rule, record.line, record.length, record.advice
    ('marker-indented', 1, 2, None)
    """
    place = finding.place
    if place is not None:
        file, place = locate(place)
    return FindingRecord(
        rule=finding.rule,
        severity=finding.severity,
        file=file,
        line=place.line if place else None,
        column=place.column if place else None,
        offset=place.offset if place else None,
        length=place.length if place else None,
        message=finding.message,
        advice=finding.advice or None,
        related=tuple(
            RelatedRecord(message=related.message, **_span(related.place, locate))
            for related in finding.related
        ),
        fix=FixRecord(replacement=finding.fix.replacement, **_span(finding.fix.place, locate))
        if finding.fix
        else None,
    )


def finding_to_json_line(record: FindingRecord) -> bytes:
    """The record of a finding as one line of JSON, LF included."""
    return _encode(record) + LF


def finding_schema() -> dict[str, Any]:
    """The JSON Schema of the records of findings."""
    from importlib.resources import files  # noqa: PLC0415  # seldom needed, and slow to import

    text = files("planqk_protocol").joinpath("findings.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _span(place: Place, locate: Locate) -> dict[str, Any]:
    file, place = locate(place)
    return {
        "file": file,
        "line": place.line,
        "column": place.column,
        "offset": place.offset,
        "length": place.length,
    }
