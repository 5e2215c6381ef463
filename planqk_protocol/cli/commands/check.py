"""``planqk-protocol check``: find the mistakes in the output of a job."""

from __future__ import annotations

import sys
from typing import Unpack

import click

from planqk_protocol import Limits
from planqk_protocol.cli.finding_reports import REPORTS
from planqk_protocol.cli.found import Locator
from planqk_protocol.cli.input_doubts import InputDoubts
from planqk_protocol.cli.inspection import Inspection
from planqk_protocol.cli.options import (
    InputOptions,
    choose_input,
    input_options,
    limit_options,
    openapi_option,
    read_schemas,
)
from planqk_protocol.cli.reading import Reading
from planqk_protocol.cli.rich_help import Command
from planqk_protocol.cli.rule_choice import chosen_rules, complete_rule, rule_or_prefix
from planqk_protocol.cli.terminal import Messages, check_output
from planqk_protocol.diagnosis import Finding
from planqk_protocol.inputs.event_stream import EventStream

__all__ = ["check"]

_NO_LIMIT = "none"


def _count(value: int | str) -> int | None:
    if value == _NO_LIMIT:
        return None
    if not str(value).isdecimal():
        raise click.BadParameter(f"{value!r} is not a number; give one, or {_NO_LIMIT!r}.")
    return int(value)


@click.command(cls=Command)
@input_options
@click.option(
    "--exit-code",
    metavar="N",
    type=int,
    help="The exit code of the job. By default, that of the live container, or the platform's status.",
)
@openapi_option
@click.option(
    "--select",
    metavar="RULE",
    multiple=True,
    type=rule_or_prefix,
    shell_complete=complete_rule,
    help="Report only this rule, or rules that begin so, such as 'json-'. May be repeated.",
)
@click.option(
    "--ignore",
    metavar="RULE",
    multiple=True,
    type=rule_or_prefix,
    shell_complete=complete_rule,
    help="Leave out this rule, or rules that begin so. May be repeated.",
)
@click.option(
    "--output",
    type=click.Choice(list(REPORTS)),
    default="text",
    show_default=True,
    help="The form of the report; see the documentation.",
)
@click.option(
    "--max-findings",
    metavar=f"N|{_NO_LIMIT}",
    type=_count,
    default=1000,
    show_default=True,
    help="Print at most so many findings. All of them count for the exit code.",
)
@click.option("--redact", is_flag=True, help="Hide what the job printed: show rules and places only.")
@limit_options("max_payload", "max_depth", "max_digits")
@click.pass_context
def check(
    ctx: click.Context,
    *,
    exit_code: int | None,
    openapi: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    output: str,
    max_findings: int | None,
    redact: bool,
    limits: Limits,
    **given: Unpack[InputOptions],
) -> None:
    """Find the mistakes in a job's output, and say how to mend them.

    The command finds what breaks the protocol, what looks like a marker but is
    not one, and what is valid but unwise. 'explain' tells more about a rule.

    Exit codes:
        0  There is no error and no warning.
        1  There is one.
        2  The input cannot be read.

    Examples:
        planqk-protocol check job.log
        python job.py > job.log; planqk-protocol check --exit-code $? job.log
        planqk-protocol check --ignore line-over-16k --output sarif job.log
        planqk-protocol check --openapi openapi-spec.yml --container job
        planqk-protocol check --execution $ENDPOINT $ID
    """
    check_output()
    messages = Messages()
    ctx.call_on_close(messages.sum_up)  # also if the command fails
    schemas = read_schemas(openapi)
    reading = choose_input(given, messages)
    shows_progress = not sys.stdout.isatty() or output in {"sarif", "junit"}
    with reading.opened(shows_progress=shows_progress) as inputs:
        stream = EventStream(
            inputs,
            reading.capture,
            logs=False,
            container=given["only"],
            limits=limits,
            at_once=not reading.is_stored,
            schemas=schemas,
        )
        doubts = InputDoubts(stream, reading.subject, messages)
        inspection = Inspection(
            stream,
            REPORTS[output](Locator(stream, reading), reading.subject),
            rules=chosen_rules(select, ignore),
            most=max_findings,
            is_redacted=redact,
            advised=reading.advised,
        )
        for captured in stream:
            doubts.observe(captured)
            inspection.take(captured)
    inspection.add(_last_findings(stream, reading, exit_code))
    inspection.end()
    if inspection.left_out:
        messages.say(reading.subject, f"and {inspection.left_out:,} more findings; see --max-findings")
    is_wrong = _say_wrong_input(doubts, reading.subject, messages)
    if exit_code is None:
        reading.check_exit_code()
    differs = reading.differs(stream.result)
    ctx.exit(int(not inspection.is_good or is_wrong or stream.is_altered or differs))


def _last_findings(stream: EventStream, reading: Reading, exit_code: int | None) -> list[Finding]:
    """The findings about the job as a whole. A given exit code takes the place of what the input tells."""
    known = reading.exit_code if exit_code is None else exit_code
    status = reading.status if exit_code is None else None
    return stream.last_findings(known, status, is_cut_off=reading.is_cut_off)


def _say_wrong_input(doubts: InputDoubts, subject: str, messages: Messages) -> bool:
    """Say what is wrong with the input itself. Return whether anything is."""
    wrong = doubts.wrong_input()
    for message in wrong:
        messages.say(subject, message)
    return doubts.say_disorder() or bool(wrong)
