"""Findings made by hand, with their places in files."""

from __future__ import annotations

from planqk_protocol.cli.found import Found, Spot
from planqk_protocol.diagnosis import Excerpt, Finding, Place, Related, Severity

INDENTED = Finding(
    rule="marker-indented",
    severity=Severity.ERROR,
    message="two spaces stand before the marker",
    advice="Print it at the beginning of the line.",
    place=Place(line=3, column=1, offset=40, length=2),
    excerpt=Excerpt("  PlanQK:Job:Result: 42"),
)
RELATED = Finding(
    rule="unterminated-block",
    severity=Severity.ERROR,
    message="the block never ends: 100%, they say\r\nor so",
    advice="",
    place=Place(line=12, column=1, offset=90, length=26),
    excerpt=Excerpt("PlanQK:Job:MultilineResult"),
    related=(Related("this line was meant to close it", Place(line=14, column=2, offset=120)),),
)
UNWISE = Finding(
    rule="big-integer",
    severity=Severity.INFO,
    message="the integer is beyond 2^53",
    advice="Print it as a string.",
    place=Place(line=5, column=20, offset=60, length=17),
)
MISSING = Finding(
    rule="no-result",
    severity=Severity.WARNING,
    message="there is no result",
    advice="Print one.",
)
ALL = (INDENTED, RELATED, UNWISE, MISSING)


def found(finding: Finding, *, file: str | None = "job.log", is_in_file: bool = True) -> Found:
    """The finding in a file, or on standard input."""
    name = file or "<stdin>"

    def spot(place: Place | None) -> Spot:
        suffix = "" if is_in_file else " (stdout)"
        shown = name if place is None else f"{name}{suffix}:{place.line}:{place.column}"
        return Spot(name, file, place, shown, is_in_file)

    own = spot(finding.place)
    if finding.place and finding.excerpt:
        own = own._replace(end_column=finding.place.column + finding.place.length)
    return Found(finding, own, [(item.message, spot(item.place)) for item in finding.related])
