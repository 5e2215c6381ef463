"""Test services: run one, and check its output by the rules for those who print the protocol."""

from __future__ import annotations

from collections.abc import Sequence

from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.programs import Answer, listen
from planqk_protocol.conformance.showing import shorten
from planqk_protocol.events import Event, Log, Marker, Violation, ViolationCode
from planqk_protocol.grammar import load_table
from planqk_protocol.parser import Parser

__all__ = ["Inspection", "run_service"]

_MOST_FAULTS = 10  # kept for each rule; the others are counted

_RULE_OF = {
    ViolationCode.INVALID_JSON: "json",
    ViolationCode.PAYLOAD_TOO_DEEP: "json-limits",
    ViolationCode.NUMBER_TOO_LONG: "json-limits",
    ViolationCode.DUPLICATE_RESULT: "first-wins",
    ViolationCode.UNTERMINATED_BLOCK: "eof-block",
    ViolationCode.PAYLOAD_TOO_LARGE: "limit-payload",
}
_ABOUT = {
    "json": "Every payload is JSON.",
    "json-limits": "No payload is too deep, and no integer is too long.",
    "first-wins": "The result is printed once.",
    "eof-block": "Every block is closed.",
    "limit-payload": "No payload is too large.",
    "marker-column": "No log line resembles a marked line.",
    "result-line": "There is a result.",
    "exit-code": "The service ends by itself, with exit code 0.",
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
        self._parser = Parser()
        self._prefix = load_table().prefix.decode().lower()
        self._faults: dict[str, list[str]] = {rule: [] for rule in _ABOUT}
        self._more = dict.fromkeys(_ABOUT, 0)
        self._slot_violation: Violation | None = None

    def feed(self, data: bytes) -> None:
        """Check the next bytes of standard output."""
        self._check(self._parser.feed(data))

    def end(self, answer: Answer) -> list[GradedCase]:
        """Check how the service ended, and grade it: one case for each rule that a service can break.

        Args:
            answer: How the service ended.
        """
        self._check(self._parser.close())
        if self._parser.result is None:
            self._add_fault("result-line", self._no_result())
        if answer.fault or answer.exit_code:
            self._add_fault(
                "exit-code", answer.fault or f"the program ended with exit code {answer.exit_code}"
            )
        return [self._grade(rule, answer.errors) for rule in _ABOUT]

    def _check(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Log):
                if self._prefix in event.text.lower():
                    near_miss = (
                        f"line {event.line} is log text, because it does not begin with an exact marker: "
                    )
                    self._add_fault("marker-column", near_miss + shorten(event.text))
            elif isinstance(event, Violation):
                self._add_fault(_RULE_OF[event.code], f"{_place(event)}: {event.code}: {event.message}")
                if event.marker is not Marker.INTERIM_RESULT:
                    self._slot_violation = self._slot_violation or event

    def _no_result(self) -> str:
        """Why there is no result."""
        if self._slot_violation is None:
            marker = load_table().markers["result"]
            return f"there is no result; print {marker} and its JSON on one line"
        violation = self._slot_violation
        return f"{_place(violation)}: {violation.code}: the violation takes the place of the result"

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


def _place(violation: Violation) -> str:
    return f"line {violation.line if violation.error_line is None else violation.error_line}"
