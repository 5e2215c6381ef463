"""Services under test: what a run prints, checked against the rules that bind those who print."""

from __future__ import annotations

from collections.abc import Sequence

from planqk_protocol.conformance.programs import Answer, listen
from planqk_protocol.conformance.vectors import shown
from planqk_protocol.conformance.verdicts import Status, Verdict
from planqk_protocol.events import Event, Log, Marker, Violation, ViolationCode
from planqk_protocol.grammar import load_table
from planqk_protocol.parser import Parser

__all__ = ["Inspection", "run_service"]

_MOST = 10  # findings that are kept of each rule

_BROKEN_BY = {
    ViolationCode.INVALID_JSON: "json",
    ViolationCode.PAYLOAD_TOO_DEEP: "json-limits",
    ViolationCode.NUMBER_TOO_LONG: "json-limits",
    ViolationCode.DUPLICATE_RESULT: "first-wins",
    ViolationCode.UNTERMINATED_BLOCK: "eof-block",
    ViolationCode.PAYLOAD_TOO_LARGE: "limit-payload",
}
_ABOUT = {
    "json": "Every payload is JSON.",
    "json-limits": "No payload is too deep, no integer too long.",
    "first-wins": "The result is printed once.",
    "eof-block": "Every block is closed.",
    "limit-payload": "No payload is too large.",
    "marker-column": "What looks like a marker is one.",
    "result-line": "There is a result.",
    "exit-code": "The service ends by itself, with exit code 0.",
}


def run_service(command: Sequence[str], timeout: float) -> list[Verdict]:
    """Run a service, and judge what it prints.

    Args:
        command: The service and its arguments.
        timeout: Seconds until it is ended.

    Raises:
        CommandError: It cannot be started.
    """
    inspection = Inspection()
    return inspection.end(listen(command, inspection.feed, timeout=timeout))


class Inspection:
    """One run of a service, inspected while it prints: what is found is kept, what is printed is not."""

    def __init__(self) -> None:
        self._parser = Parser()
        self._prefix = load_table().prefix.decode().lower()
        self._found: dict[str, list[str]] = {rule: [] for rule in _ABOUT}
        self._more = dict.fromkeys(_ABOUT, 0)
        self._taken_by: Violation | None = None

    def feed(self, data: bytes) -> None:
        """Inspect the next bytes of its standard output."""
        self._inspect(self._parser.feed(data))

    def end(self, answer: Answer) -> list[Verdict]:
        """The verdicts on the run, one for each rule that a service can break.

        Args:
            answer: How it ended.
        """
        self._inspect(self._parser.close())
        if self._parser.result is None:
            self._note("result-line", self._missing())
        if answer.fault or answer.exit_code:
            self._note("exit-code", answer.fault or f"it ended with exit code {answer.exit_code}")
        return [self._verdict(rule, answer.errors) for rule in _ABOUT]

    def _inspect(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Log):
                if self._prefix in event.text.lower():
                    near_miss = f"line {event.line} is log text, as no marker begins it exactly: "
                    self._note("marker-column", near_miss + shown(event.text))
            elif isinstance(event, Violation):
                self._note(_BROKEN_BY[event.code], f"{_place(event)}: {event.code}: {event.message}")
                if event.marker is not Marker.INTERIM_RESULT:
                    self._taken_by = self._taken_by or event

    def _missing(self) -> str:
        """Why there is no result."""
        if self._taken_by is None:
            marker = load_table().markers["result"]
            return f"there is no result; print {marker} and its JSON on one line"
        return f"{_place(self._taken_by)}: {self._taken_by.code}: the violation takes the place of the result"

    def _note(self, rule: str, finding: str) -> None:
        if len(self._found[rule]) < _MOST:
            self._found[rule].append(finding)
        else:
            self._more[rule] += 1

    def _verdict(self, rule: str, errors: str) -> Verdict:
        found, more = self._found[rule], self._more[rule]
        return Verdict(
            rule=rule,
            id=f"service/{rule}",
            way="run",
            status=Status.FAILED if found else Status.PASSED,
            about=_ABOUT[rule],
            reason="\n".join([*found, f"and {more} more"] if more else found),
            errors=errors if found else "",
        )


def _place(violation: Violation) -> str:
    return f"line {violation.line if violation.error_line is None else violation.error_line}"
