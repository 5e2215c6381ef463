"""Sum up a job that has ended: its status, its result, and what is wrong with its output."""

from __future__ import annotations

import signal

from planqk_protocol import FinalResult, InterimResult, JobStatus, Outcome
from planqk_protocol.cli.hints import in_options
from planqk_protocol.cli.terminal import Messages
from planqk_protocol.diagnosis import Finding
from planqk_protocol.runner import Run

__all__ = ["is_good", "shown", "sum_up"]

_MOST_SHOWN = 100  # characters of a result
_MOST_READ = 1000  # bytes of it, most of which may be white space
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
    messages.say("job", f"{outcome.status} after {job.duration:.1f} s{_ending(job, outcome)}")
    if outcome.result:
        doubt = f" ({outcome.suspect_reason})" if outcome.suspect_reason else ""
        messages.say(f"job:{outcome.result.line}", f"result {shown(outcome.result)}{doubt}")
    is_other = job.wrote_output_file and not (outcome.result or outcome.reason or outcome.interim_results)
    if is_other:
        messages.say("job", _OTHER_CONTRACT)
    for finding in job.findings:
        if not (is_other and finding.rule == _NO_RESULT):
            _say(finding, messages)
    messages.sum_up()


def shown(event: FinalResult | InterimResult) -> str:
    """The JSON of a result in messages: on one line, and not too long."""
    text = event.payload[:_MOST_READ].decode(errors="replace").split()
    line = " ".join(text)
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"


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


def _say(finding: Finding, messages: Messages) -> None:
    place = f":{finding.line}:{finding.column}" if finding.place else ""
    advice = f" ({finding.advice})" if finding.advice else ""
    messages.report(finding.rule, lambda: (f"job{place}", in_options(finding.message) + advice))
