"""Test services: run one, and check that its output keeps the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planqk_protocol.captures import Source
from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.programs import Answer, listen
from planqk_protocol.diagnosis import Diagnosis, Finding
from planqk_protocol.events import ViolationCode

__all__ = ["Inspection", "run_service"]

_MOST_FAULTS = 10  # kept for each rule; the others are counted

_ABOUT = {
    "json": "Every payload is JSON.",
    "json-limits": "No payload is too deep, and no integer is too long.",
    "json-values": "No value is read in two ways, or altered on its way.",
    "first-wins": "The result is printed once.",
    "eof-line": "An LF ends the result.",
    "eof-block": "Every block is closed.",
    "limit-payload": "No payload is too large.",
    "marker-column": "Every marker is spelled exactly, and stands at the beginning of its line.",
    "result-line": "There is a result.",
    "exit-code": "The service ends by itself, with exit code 0.",
}
# The rule of the specification that a finding is about, by the beginning of the finding's rule.
_RULES = {
    ViolationCode.PAYLOAD_TOO_DEEP: "json-limits",
    ViolationCode.NUMBER_TOO_LONG: "json-limits",
    ViolationCode.DUPLICATE_RESULT: "first-wins",
    ViolationCode.UNTERMINATED_BLOCK: "eof-block",
    ViolationCode.PAYLOAD_TOO_LARGE: "limit-payload",
    ViolationCode.INVALID_JSON: "json",
    "json-": "json",
    "duplicate-key": "json-values",
    "number-overflow": "json-values",
    "lone-surrogate": "json-values",
    "double-encoded": "json-values",
    "non-ascii-long-line": "json-values",
    "unterminated-result": "eof-line",
    "marker-": "marker-column",
    "fence-": "marker-column",
    "wrong-encoding": "marker-column",
    "archive-not-log": "result-line",
    "no-result": "result-line",
    "succeeded-with-broken-result": "result-line",
}


def run_service(command: Sequence[str], timeout: float) -> list[GradedCase]:
    """Run a service, and grade its output: one case for each rule that a service can break.

    Args:
        command: The service and its arguments.
        timeout: Seconds until the service is killed.

    Raises:
        CommandError: The service cannot be started.
    """
    inspection = Inspection()
    return inspection.end(listen(command, inspection.feed, timeout=timeout))


class Inspection:
    """Checks the output of a service while it runs. It keeps the first faults, and none of the output."""

    def __init__(self) -> None:
        self._source = Source("raw", logs=False)
        self._diagnosis = Diagnosis()
        self._faults: dict[str, list[str]] = {rule: [] for rule in _ABOUT}
        self._more = dict.fromkeys(_ABOUT, 0)  # number of further faults, which are not kept

    def feed(self, data: bytes) -> None:
        """Check the next bytes of standard output."""
        self._add(self._diagnosis.observe(self._source.feed(data)))

    def end(self, answer: Answer) -> list[GradedCase]:
        """Check how the service ended, and grade it: one case for each rule that a service can break.

        Args:
            answer: How the service ended.
        """
        self._add(self._diagnosis.observe(self._source.close()))
        self._add(self._diagnosis.close(exit_code=answer.exit_code))
        if answer.fault or answer.exit_code:
            self._add_fault(
                "exit-code", answer.fault or f"the program ended with exit code {answer.exit_code}"
            )
        return [self._grade(rule, answer.errors) for rule in _ABOUT]

    def _add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            for beginning, rule in _RULES.items():
                if finding.rule.startswith(beginning):
                    self._add_fault(rule, _fault(finding))

    def _add_fault(self, rule: str, fault: str) -> None:
        if len(self._faults[rule]) < _MOST_FAULTS:
            self._faults[rule].append(fault)
        else:
            self._more[rule] += 1

    def _grade(self, rule: str, errors: str) -> GradedCase:
        faults, more = self._faults[rule], self._more[rule]
        return GradedCase(
            id=f"service/{rule}",
            rule=rule,
            about=_ABOUT[rule],
            grade=Grade.FAILED if faults else Grade.PASSED,
            reason="\n".join([*faults, f"and {more} more"] if more else faults),
            errors=errors if faults else "",
        )


def _fault(finding: Finding) -> str:
    place = f"line {finding.line}, column {finding.column}: " if finding.place else ""
    return f"{place}{finding.rule}: {finding.message}. {finding.advice}"
