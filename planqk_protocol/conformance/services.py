"""Services under test: what a run prints, checked against the rules that bind those who print."""

from __future__ import annotations

from collections.abc import Sequence

from planqk_protocol.conformance.expressions import shown
from planqk_protocol.conformance.process import Answer, ask
from planqk_protocol.conformance.verdicts import Status, Verdict
from planqk_protocol.events import Event, Log, ViolationCode
from planqk_protocol.grammar import load_table
from planqk_protocol.outcome import collect
from planqk_protocol.streams import parse

__all__ = ["judge", "run_service"]

_MAX_OUTPUT = 1024 * 1024 * 1024

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
    return judge(ask(command, [], timeout=timeout, limit=_MAX_OUTPUT))


def judge(answer: Answer) -> list[Verdict]:
    """The verdicts on a service's run, one for each rule that a service can break."""
    events = parse(answer.output)
    outcome = collect(events, exit_code=answer.exit_code)
    faults: dict[str, list[str]] = {rule: [] for rule in _ABOUT}
    for violation in outcome.violations:
        line = violation.line if violation.error_line is None else violation.error_line
        faults[_BROKEN_BY[violation.code]].append(f"line {line}: {violation.code}: {violation.message}")
    faults["marker-column"] += _near_misses(events)
    if outcome.result is None and outcome.reason is None:
        faults["result-line"].append("there is no result; print PlanQK:Job:Result: and its JSON on one line")
    if answer.fault or answer.exit_code:
        faults["exit-code"].append(answer.fault or f"it ended with exit code {answer.exit_code}")
    return [
        Verdict(
            rule=rule,
            id=f"service/{rule}",
            way="run",
            status=Status.FAILED if found else Status.PASSED,
            about=_ABOUT[rule],
            reason="\n".join(found),
            errors=answer.errors if found else "",
        )
        for rule, found in faults.items()
    ]


def _near_misses(events: Sequence[Event]) -> list[str]:
    prefix = load_table().prefix.decode().lower()
    return [
        f"line {event.line} is log text, as no marker begins it exactly: {shown(event.text)}"
        for event in events
        if isinstance(event, Log) and prefix in event.text.lower()
    ]
