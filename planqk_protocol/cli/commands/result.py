"""``planqk-protocol result``: print the JSON of results."""

from __future__ import annotations

import sys
from typing import Unpack

import click

from planqk_protocol import FinalResult, InterimResult, Limits, MultilineResult, Result
from planqk_protocol.cli.options import InputOptions, choose_input, input_options, limit_options
from planqk_protocol.cli.printing import indented
from planqk_protocol.cli.rich_help import Command
from planqk_protocol.cli.terminal import Messages, check_output, write_json
from planqk_protocol.cli.verdict import Verdict
from planqk_protocol.inputs.event_stream import EventStream

__all__ = ["result"]

_ALL, _LAST = "all", "last"


@click.command(cls=Command)
@input_options
@click.option("--pretty", is_flag=True, help="Indent the JSON. Numbers and keys stay as they are.")
@click.option("--interim", flag_value=_ALL, help="Print the interim results instead, one per line.")
@click.option("--interim-last", "interim", flag_value=_LAST, help="Print only the last interim result.")
@limit_options("max_payload", "max_depth", "max_digits")
@click.pass_context
def result(
    ctx: click.Context, *, pretty: bool, interim: str | None, limits: Limits, **given: Unpack[InputOptions]
) -> None:
    """Print the JSON of a job's result, exactly as the job printed it.

    From a captured log, the command reads the job's stdout. It says on standard
    error what is wrong; 'check' says more about it. If there is a result all the
    same, it is printed.

    Exit codes:
        0  The output keeps the protocol, and an intact result was found.
           A live container must also end with exit code 0, and an execution
           with the status SUCCEEDED and the same result.
        1  Otherwise.
        2  The input cannot be read.

    Examples:
        planqk-protocol result job.log
        planqk-protocol result job.log | jq .sum
        planqk-protocol result --interim-last --pretty job.log
        planqk-protocol result --pod default/job
        planqk-protocol result --execution $ENDPOINT $ID
        docker logs job 2>/dev/null | planqk-protocol result
    """
    check_output()
    messages = Messages()
    ctx.call_on_close(messages.sum_up)  # also if the command fails
    reading = choose_input(given, messages)
    wanted = InterimResult if interim else Result | MultilineResult
    newest: InterimResult | FinalResult | None = None
    prints_meanwhile = interim == _ALL and sys.stdout.isatty()  # a progress bar would be in the way
    with reading.opened(shows_progress=not prints_meanwhile) as inputs:
        stream = EventStream(
            inputs,
            reading.capture,
            logs=False,
            container=given["only"],
            limits=limits,
            at_once=not reading.is_stored,
        )
        verdict = Verdict(stream, reading, "interim result" if interim else "result", messages)
        for captured in stream:
            found = [event for event in captured.events if isinstance(event, wanted)]
            if found and interim == _ALL:
                write_json(b"".join(_json(event, pretty=pretty) for event in found))
            newest = found[-1] if found else newest
            verdict.say(verdict.observe(captured))
        if newest and interim != _ALL:  # before the end of a live job is asked for, which may take long
            write_json(_json(newest, pretty=pretty))
    ctx.exit(verdict.exit_code())


def _json(event: InterimResult | FinalResult, *, pretty: bool) -> bytes:
    if pretty:
        text = indented(event.payload)
    elif isinstance(event, InterimResult):
        text = event.payload.strip().replace(b"\r", b" ")  # on one line, at terminals too
    else:
        text = event.payload.strip(b" \t\r\n")
    return text + b"\n"
