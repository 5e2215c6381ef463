"""``planqk-protocol parse``: print the events of a stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Unpack

import click

from planqk_protocol import Limits
from planqk_protocol.cli.options import InputOptions, choose_input, input_options, limit_options
from planqk_protocol.cli.printing import Print, json_lines_printer
from planqk_protocol.cli.reading import decompress_inputs
from planqk_protocol.cli.rich_help import Command
from planqk_protocol.cli.signals import until_interrupt
from planqk_protocol.cli.sources import STDIN, follow
from planqk_protocol.cli.terminal import Messages, check_output
from planqk_protocol.cli.verdict import Verdict
from planqk_protocol.inputs.event_stream import EventStream
from planqk_protocol.inputs.input import Input, LiveInput

__all__ = ["parse"]


@click.command(cls=Command)
@input_options
@click.option(
    "--output",
    type=click.Choice(["text", "jsonl"]),
    help="Print text or JSON Lines. By default, a terminal gets text, anything else JSON Lines.",
)
@click.option("--no-logs", is_flag=True, help="Leave out log lines.")
@click.option("--follow", "-f", "is_followed", is_flag=True, help="Wait for FILE to grow, until Ctrl-C.")
@limit_options("max_line", "max_payload", "max_depth", "max_digits")
@click.pass_context
def parse(
    ctx: click.Context,
    *,
    output: str | None,
    no_logs: bool,
    is_followed: bool,
    limits: Limits,
    **given: Unpack[InputOptions],
) -> None:
    """Print the events of a job's output, each as soon as it is complete.

    From a captured log, the command reads the job's stdout. It says on standard
    error what is wrong; 'check' says more about it.

    Exit codes:
        0  The output keeps the protocol, and an intact result was found.
           A live container must also end with exit code 0, and an execution
           with the status SUCCEEDED and the same result.
        1  Otherwise.
        2  The input cannot be read.

    Examples:
        planqk-protocol parse job.log
        planqk-protocol parse --no-logs job.log.1 job.log
        planqk-protocol parse --follow job.log
        planqk-protocol parse --container job
        planqk-protocol parse --execution $ENDPOINT $ID
        python job.py | planqk-protocol parse --output jsonl > events.jsonl
    """
    check_output()
    files = given["files"]
    if is_followed and (len(files) != 1 or STDIN in files):
        raise click.UsageError("--follow takes one FILE; a pipe is read as it grows without it.")
    messages = Messages()
    ctx.call_on_close(messages.sum_up)  # also if the command fails
    reading = choose_input(given, messages)
    is_text = output == "text" or (output is None and sys.stdout.isatty())
    print_text = _text_printer() if is_text else None
    opened: AbstractContextManager[Iterable[Input | LiveInput]]
    if is_followed:
        opened = _followed(files[0], reading.capture, messages)
    else:
        opened = reading.opened(shows_progress=not sys.stdout.isatty())
    with opened as inputs:
        stream = EventStream(
            inputs,
            reading.capture,
            logs=not no_logs,
            container=given["only"],
            limits=limits,
            at_once=is_followed or not reading.is_stored,
        )
        verdict = Verdict(stream, reading, "result", messages)
        for captured in stream:
            print_events = print_text or json_lines_printer(captured)
            for events, remarks in verdict.batches(captured.events, verdict.observe(captured)):
                if events:
                    print_events(events)
                verdict.say(remarks)
    ctx.exit(verdict.exit_code(is_broken_off=is_followed))


def _text_printer() -> Print:
    from planqk_protocol.cli.event_text import text_printer  # noqa: PLC0415  # it imports rich

    return text_printer()


@contextmanager
def _followed(name: str, capture: str, messages: Messages) -> Iterator[Iterator[Input]]:
    with until_interrupt() as is_over:
        yield decompress_inputs(follow(name, is_over, messages.say), capture, messages.say)
