"""How a failing test of a service shows findings."""

from __future__ import annotations

from planqk_protocol.diagnosis import Excerpt, Finding, Place, Severity
from planqk_protocol.testing.findings import listed

BARE = Finding(rule="no-result", severity=Severity.ERROR, message="there is no result", advice="")
PLACED = Finding(
    rule="json-nan",
    severity=Severity.ERROR,
    message="NaN is no JSON value",
    advice="Print null.",
    place=Place(line=3, column=131, offset=200, length=3),
    excerpt=Excerpt("x" * 100 + "NaN\x1b[0m" + "y" * 97, column=31),
)


def test_a_finding_without_a_place_is_one_line() -> None:
    assert listed([BARE]) == "error[no-result]: there is no result"


def test_a_part_of_the_line_is_shown_escaped() -> None:
    first, line, advice = listed([PLACED]).splitlines()
    assert first == "stdout:3:131: error[json-nan]: NaN is no JSON value"
    assert line.startswith(r"  line: …'xxxxxxxxxxxxxxxxxxxxNaN\x1b[0myyy")
    assert advice == "  help: Print null."


def test_very_many_are_not_all_shown() -> None:
    assert listed([BARE] * 25).splitlines()[19:] == [
        "error[no-result]: there is no result",
        "and 5 more findings",
    ]
