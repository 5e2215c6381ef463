"""All findings about the values of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planqk_protocol import InterimResult, Limits, MultilineResult, Result, Violation
from planqk_protocol.captures import Source
from planqk_protocol.diagnosis.values import value_findings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planqk_protocol.diagnosis import Finding

RESULT, INTERIM, FENCE = b"PlanQK:Job:Result:", b"PlanQK:Job:InterimResult:", b"PlanQK:Job:MultilineResult\n"
MOST = 10


def findings(stream: bytes, capture: str = "raw") -> list[Finding]:
    """All findings about the values of a stream, which are checked for what holds for each of them."""
    source = Source(capture, limits=Limits(max_line=None))
    events = source.feed(stream).events + source.close().events
    found = []
    offset = 0
    for event in events:
        assert not isinstance(event, Violation)
        if isinstance(event, InterimResult | Result | MultilineResult):
            found += value_findings(event, offset, capture=capture)
        offset += len(event.raw)
    output = b"".join(event.raw for event in events)
    for finding in found:
        check_place(finding, output)
    return found


def check_place(finding: Finding, output: bytes) -> None:
    place, excerpt = finding.place, finding.excerpt
    assert place
    assert excerpt
    start = output.rfind(b"\n", 0, place.offset) + 1
    assert place.line == output.count(b"\n", 0, place.offset) + 1
    assert place.column == len(output[start : place.offset].decode()) + 1
    assert place.offset + place.length <= len(output)
    line = output[start:].split(b"\n")[0].removesuffix(b"\r").decode(errors="replace")
    assert line[excerpt.column - 1 :].startswith(excerpt.text)
    assert excerpt.is_end == (excerpt.column - 1 + len(excerpt.text) == len(line))
    assert excerpt.column <= place.column <= excerpt.column + len(excerpt.text)


def texts(found: Iterable[Finding], rule: str, output: bytes) -> list[bytes]:
    """What the findings of a rule point at."""
    return [
        output[finding.place.offset : finding.place.offset + finding.place.length]
        for finding in found
        if finding.rule == rule and finding.place
    ]
