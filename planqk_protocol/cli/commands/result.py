"""``planqk-protocol result``: the JSON of results."""

from __future__ import annotations

import sys
from typing import Unpack

import rich_click as click

from planqk_protocol import FinalResult, InterimResult, Limits, MultilineResult, Result
from planqk_protocol.cli.event_stream import EventStream
from planqk_protocol.cli.options import Chosen, choose_input, limit_options, reading_options
from planqk_protocol.cli.printing import indented
from planqk_protocol.cli.terminal import Notes, check_output, write_json
from planqk_protocol.cli.verdict import Verdict

__all__ = ["result"]

_OPTION, _ALL, _LAST = "--interim", "all", "last"


class _OptionalValue(click.RichCommand):
    """A command in which the word behind ``--interim`` is its value only if it is ``last``, else a FILE."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        bound = list(args)
        end = args.index("--") if "--" in args else len(args)
        for at in reversed(range(end)):
            if bound[at] == _OPTION:
                is_last = bound[at + 1 : at + 2] == [_LAST]
                bound[at : at + 1 + is_last] = [f"{_OPTION}={_LAST if is_last else _ALL}"]
        return super().parse_args(ctx, bound)


@click.command(cls=_OptionalValue)
@reading_options
@click.option("--pretty", is_flag=True, help="Indent the JSON; its numbers and keys stay as they are.")
@click.option(
    _OPTION,
    type=click.Choice([_ALL, _LAST]),
    metavar="[last]",
    help="Print the interim results, one per line; with 'last' only the newest.",
)
@limit_options("max_payload", "max_depth", "max_digits")
@click.pass_context
def result(
    ctx: click.Context, *, pretty: bool, interim: str | None, limits: Limits, **what: Unpack[Chosen]
) -> None:
    """Print the JSON of a job's result, exactly as the job printed it.

    Of captured logs, the job's stdout is read. Exit code: 0 if the protocol was
    kept and there is a result, unharmed, else 1; 2 if something cannot be read.
    What is wrong is said on standard error, and the result is printed all the
    same, if there is one. Of a live container, the exit code counts too: it has
    to be 0.

    \b
    Examples:
      planqk-protocol result job.log
      planqk-protocol result job.log | jq .sum
      planqk-protocol result --interim last --pretty job.log
      planqk-protocol result --pod default/job
      docker logs job 2>/dev/null | planqk-protocol result
    """  # noqa: D301  # \b keeps click from wrapping
    check_output()
    notes = Notes()
    ctx.call_on_close(notes.sum_up)  # where the command breaks off
    reading = choose_input(what, notes)
    wanted = InterimResult if interim else Result | MultilineResult
    newest: InterimResult | FinalResult | None = None
    is_bar_in_the_way = interim == _ALL and sys.stdout.isatty()
    with reading.opened(shows_progress=not is_bar_in_the_way) as inputs:
        stream = EventStream(
            inputs,
            reading.capture,
            logs=False,
            container=what["only"],
            limits=limits,
            at_once=not reading.is_stored,
        )
        verdict = Verdict(stream, reading, "interim result" if interim else "result", notes)
        for captured in stream:
            verdict.note(captured.notices)
            found = [event for event in captured.events if isinstance(event, wanted)]
            if found and interim == _ALL:
                write_json(b"".join(_json(event, pretty=pretty) for event in found))
            newest = found[-1] if found else newest
            verdict.observe(captured.events)
    if newest and interim != _ALL:
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
