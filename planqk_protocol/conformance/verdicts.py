"""Verdicts: what an answer to a vector is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import groupby
from xml.etree import ElementTree as ET

import msgspec

from planqk_protocol.conformance.comparison import difference
from planqk_protocol.conformance.programs import Answer
from planqk_protocol.conformance.vectors import RULES, VERSION

__all__ = ["Status", "Summary", "Verdict", "by_rule", "judge_records", "summarise", "to_json", "to_junit"]

_ENDED_WELL = frozenset({0, 1})  # 1 is what programs say that found fault with their input
_DECLINED = 2  # what programs say that do not know an argument


class Status(StrEnum):
    """How a case ended.

    ``declined`` is a case with limits that the program does not take;
    ``differs`` is one of the group ``may`` that it answers in its own way.
    """

    PASSED = "passed"
    FAILED = "failed"
    DECLINED = "declined"
    DIFFERS = "differs"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one case.

    Attributes:
        rule: The rule it shows.
        id: The case.
        way: In which way it was put to the program: a chunking, for decoders.
        status: How it ended.
        about: What it shows, in one sentence.
        reason: What is wrong, if anything is; several lines where records
            differ: those expected behind ``-``, those given behind ``+``.
        errors: What the program said on standard error, if anything is wrong.
    """

    rule: str
    id: str
    way: str
    status: Status
    about: str
    reason: str = ""
    errors: str = ""


def judge_records(answer: Answer, expected: bytes, *, may_decline: bool) -> tuple[Status, str]:
    """Judge an answer of event records: the status, and what is wrong.

    Args:
        answer: The answer.
        expected: The right records.
        may_decline: Whether the program may decline the case.
    """
    if may_decline and answer.exit_code == _DECLINED and not answer.output:
        return Status.DECLINED, ""
    if answer.fault:
        return Status.FAILED, answer.fault
    if answer.exit_code not in _ENDED_WELL:
        return Status.FAILED, f"it ended with exit code {answer.exit_code}"
    reason = difference(expected, answer.output)
    return (Status.FAILED, reason) if reason else (Status.PASSED, "")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How many cases ended how."""

    passed: int
    failed: int
    declined: int
    differs: int

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.declined} declined" if self.declined else text

    @property
    def is_good(self) -> bool:
        """Whether something passed, and nothing failed."""
        return self.passed > 0 and not self.failed


def summarise(verdicts: Iterable[Verdict]) -> Summary:
    """Count verdicts."""
    counts = dict.fromkeys(Status, 0)
    for verdict in verdicts:
        counts[verdict.status] += 1
    return Summary(**{status.value: count for status, count in counts.items()})


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
