"""The report on one program: its one-line claim, its failures, and files for other programs.

A vector is tested in several chunkings, so a mistake shows in several cases.
`Report.failures` puts the failed cases of a vector together.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

import msgspec

from planqk_protocol import __version__
from planqk_protocol.conformance.grading import Grade, GradedCase, Summary, summarise, summarise_rules
from planqk_protocol.conformance.vectors import VERSION

__all__ = ["FailedCases", "Report"]

_SKIPPED = {Grade.DECLINED: "declined", Grade.DIFFERS: "the place of a fault differs"}
# Characters that XML or UTF-8 does not have.
_ILLEGAL = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)} - {9, 10}, "\ufffd")


class FailedCases(msgspec.Struct, frozen=True, kw_only=True):
    """The failed cases of one vector, or of one case for encoders or services.

    Attributes:
        first: The first case that failed.
        reasons: What is wrong, with the cases that fail for this reason.
        passed: The chunkings in which the vector passed.
    """

    first: GradedCase
    reasons: tuple[tuple[str, tuple[GradedCase, ...]], ...]
    passed: tuple[str, ...]

    @property
    def chunkings(self) -> tuple[str, ...]:
        """The chunkings in which the vector failed. Empty for encoders and services."""
        return tuple(case.chunking for _, cases in self.reasons for case in cases if case.chunking)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The results of all cases for one program.

    Attributes:
        kind: ``decoder``, ``encoder`` or ``service``.
        command: The program and its arguments.
        planned: Number of cases that were chosen. It is larger than the number
            of graded cases if the kit stopped early.
        cases: The graded cases.
        profile: The profile, for decoders. Else empty.
        selection: The options that chose a part of the cases.
    """

    kind: str
    command: Sequence[str]
    planned: int
    cases: Sequence[GradedCase] = ()
    profile: str = ""
    selection: Sequence[str] = ()

    @property
    def summary(self) -> Summary:
        """Number of cases with each grade."""
        return summarise(self.cases)

    @property
    def claim(self) -> str:
        """One line that says what was tested, with which kit, and whether it passed."""
        parts = [
            f"{'PASSED' if self.summary.is_passed else 'FAILED'} {self.kind}",
            f"profile {self.profile}" if self.profile else "",
            f"only {shlex.join(self.selection)}" if self.selection else "",
            f"planqk_protocol {__version__}, vectors {VERSION}",
            str(self.summary),
            f"stopped after {len(self.cases)} of {self.planned}" if self.is_stopped else "",
        ]
        return " | ".join(filter(None, parts))

    @property
    def is_stopped(self) -> bool:
        """Whether the kit stopped before all chosen cases were tested."""
        return len(self.cases) < self.planned

    def failures(self) -> list[FailedCases]:
        """The failed cases, those of the same vector together."""
        failures = []
        for _, group in groupby(self.cases, lambda case: case.id):
            cases = list(group)
            failed = [case for case in cases if case.grade is Grade.FAILED]
            if failed:
                reasons = {
                    case.reason: tuple(c for c in failed if c.reason == case.reason) for case in failed
                }
                passed = tuple(case.chunking for case in cases if case.grade is not Grade.FAILED)
                failures.append(FailedCases(first=failed[0], reasons=tuple(reasons.items()), passed=passed))
        return failures

    def differing(self) -> list[str]:
        """The ids of the vectors that differ in some chunking."""
        return list(dict.fromkeys(case.id for case in self.cases if case.grade is Grade.DIFFERS))

    def oddly_declined(self) -> list[GradedCase]:
        """The declined vectors whose limits the program takes in other cases. It may have crashed there."""
        taken = {
            name
            for case in self.cases
            if case.grade in {Grade.PASSED, Grade.DIFFERS}
            for name in _limit_names(case)
        }
        odd: dict[str, GradedCase] = {}
        for case in self.cases:
            if case.grade is Grade.DECLINED and case.limits and _limit_names(case) <= taken:
                odd.setdefault(case.id, case)
        return list(odd.values())

    def to_json(self) -> bytes:
        """The report as one JSON object."""
        report = {
            "claim": _legal(self.claim),
            "kit_version": __version__,
            "vectors_version": VERSION,
            "kind": self.kind,
            "profile": self.profile or None,
            "selection": [*map(_legal, self.selection)],
            "command": [*map(_legal, self.command)],
            "planned": self.planned,
            "summary": self.summary,
            "rules": dict(summarise_rules(self.cases)),
            "cases": self.cases,
        }
        return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"

    def to_junit(self) -> bytes:
        """The report as JUnit XML: a test suite for each rule, a test case for each case."""
        root = ET.Element("testsuites", name=_legal(" ".join(self.command)))
        for rule, summary in summarise_rules(self.cases):
            cases = [case for case in self.cases if case.rule == rule]
            suite = ET.SubElement(
                root,
                "testsuite",
                name=rule,
                tests=str(len(cases)),
                failures=str(summary.failed),
                skipped=str(summary.declined + summary.differs),
            )
            for case in cases:
                _add_test_case(suite, case)
        return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _limit_names(case: GradedCase) -> set[str]:
    return {word for word in case.limits.split() if word.startswith("--")}


def _add_test_case(suite: ET.Element, case: GradedCase) -> None:
    name = f"{case.id} ({case.chunking})" if case.chunking else case.id
    element = ET.SubElement(suite, "testcase", classname=case.rule, name=name)
    if case.grade is Grade.FAILED:
        failure = ET.SubElement(element, "failure", message=case.about)
        lines = [f"limits: {case.limits}" if case.limits else "", *case.input, case.reason, case.errors]
        failure.text = _legal("\n".join(filter(None, lines)))
    elif case.grade in _SKIPPED:
        ET.SubElement(element, "skipped", message=_SKIPPED[case.grade])


def _legal(text: str) -> str:
    """Replace the characters that XML or UTF-8 does not have."""
    return text.translate(_ILLEGAL)
