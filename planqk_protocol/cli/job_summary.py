"""Sum up a job that has ended: its status, its result, and what is wrong with its output."""

from __future__ import annotations

import signal
from contextlib import suppress

from planqk_protocol import FinalResult, InterimResult, JobStatus, Outcome
from planqk_protocol.cli.finding_text import finding_text
from planqk_protocol.cli.found import Found, Spot
from planqk_protocol.cli.rule_links import shows_links
from planqk_protocol.cli.terminal import Messages
from planqk_protocol.diagnosis import Finding, Place
from planqk_protocol.runner import Run

__all__ = ["is_good", "shown", "sum_up"]

_MOST_SHOWN = 100  # characters of a result
_MOST_READ = 1000  # bytes of it, most of which may be white space
_JOB = "job"  # what messages are about
_MOST_FINDINGS = 20
_NO_RESULT = "no-result"
_OTHER_CONTRACT = (
    "it printed no marker, but wrote its result to /var/runtime/output: that is another contract, in which "
    "the platform reads files; to keep this one, print the result"
)


def is_good(job: Run) -> bool:
    """Whether a job ended by itself, with exit code 0 and an intact result."""
    outcome = job.outcome
    return outcome.status is JobStatus.SUCCEEDED and outcome.result is not None and not outcome.suspect


def sum_up(job: Run, messages: Messages) -> None:
    """Print the summary of a job on standard error."""
    outcome = job.outcome
    lack = ", without a result" if outcome.status is JobStatus.SUCCEEDED and not outcome.result else ""
    messages.say(_JOB, f"{outcome.status} after {job.duration:.1f} s{_ending(job, outcome)}{lack}")
    if outcome.result:
        doubt = f" ({outcome.suspect_reason})" if outcome.suspect_reason else ""
        messages.say(f"{_JOB}:{outcome.result.line}", f"result {shown(outcome.result)}{doubt}")
    is_other = job.wrote_output_file and not (outcome.result or outcome.reason or outcome.interim_results)
    if is_other:
        messages.say(_JOB, _OTHER_CONTRACT)
    findings = [item for item in job.findings if not (is_other and item.rule == _NO_RESULT)]
    console = messages.console
    links = shows_links(console)
    with suppress(OSError):  # standard error is gone, and there is no other place for them
        for finding in findings[:_MOST_FINDINGS]:
            found = _found(finding)
            console.print(finding_text(found, width=console.width, encoding=console.encoding, links=links))
    if len(findings) > _MOST_FINDINGS:
        messages.say(_JOB, f"and {len(findings) - _MOST_FINDINGS:,} more findings")


def shown(event: FinalResult | InterimResult) -> str:
    """The JSON of a result in messages: on one line, and not too long."""
    line = " ".join(event.payload[:_MOST_READ].decode(errors="replace").split())
    is_whole = len(line) <= _MOST_SHOWN and len(event.payload) <= _MOST_READ
    return line if is_whole else f"{line[:_MOST_SHOWN]}…"


def _ending(job: Run, outcome: Outcome) -> str:
    why = f", because {job.why_ended}" if job.why_ended else ""
    code = outcome.exit_code
    if code is None:
        return f"{why}, its exit code is not known"
    if code < 0:
        return f"{why}, ended by {_signal_name(-code)}"
    return f"{why}, exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _found(finding: Finding) -> Found:
    related = [(item.message, _spot(item.place)) for item in finding.related]
    return Found(finding, _spot(finding.place), related)


def _spot(place: Place | None) -> Spot:
    shown = f"{_JOB}:{place.line}:{place.column}" if place else _JOB
    return Spot(_JOB, None, place, shown, is_in_file=False)
