"""Verdicts for other programs: as JUnit XML and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

import msgspec

from planqk_protocol.conformance.vectors import RULES, VERSION
from planqk_protocol.conformance.verdicts import Status, Summary, Verdict, summarise

__all__ = ["by_rule", "to_json", "to_junit"]

_SKIPPED = {Status.DECLINED: "declined", Status.DIFFERS: "the rules leave this open"}
_ILLEGAL = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)} - {9, 10}, "\ufffd")


def by_rule(verdicts: Iterable[Verdict]) -> list[tuple[str, Summary]]:
    """The summary of each rule, in the order of the specification."""
    order = {rule: number for number, rule in enumerate(RULES)}
    ranked = sorted(verdicts, key=lambda verdict: order.get(verdict.rule, len(order)))
    return [(rule, summarise(group)) for rule, group in groupby(ranked, lambda verdict: verdict.rule)]


def to_json(verdicts: Sequence[Verdict], command: Sequence[str]) -> bytes:
    """A report as one JSON object: the command, the summary, and all verdicts."""
    summary = summarise(verdicts)
    report = {
        "vectors_version": VERSION,
        "command": list(map(_legal, command)),
        "summary": summary,
        "rules": dict(by_rule(verdicts)),
        "cases": verdicts,
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def to_junit(verdicts: Sequence[Verdict], command: Sequence[str]) -> bytes:
    """A report as JUnit XML: a test suite for each rule, a test case for each verdict."""
    root = ET.Element("testsuites", name=_legal(" ".join(command)))
    for rule, summary in by_rule(verdicts):
        cases = [verdict for verdict in verdicts if verdict.rule == rule]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=rule,
            tests=str(len(cases)),
            failures=str(summary.failed),
            skipped=str(summary.declined + summary.differs),
        )
        for verdict in cases:
            case = ET.SubElement(suite, "testcase", classname=rule, name=f"{verdict.id} ({verdict.way})")
            if verdict.status is Status.FAILED:
                failure = ET.SubElement(case, "failure", message=verdict.about)
                failure.text = _legal(f"{verdict.reason}\n{verdict.errors}")
            elif verdict.status in _SKIPPED:
                ET.SubElement(case, "skipped", message=_SKIPPED[verdict.status])
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _legal(text: str) -> str:
    """The text without the characters that XML does not have, nor UTF-8."""
    return text.translate(_ILLEGAL)
