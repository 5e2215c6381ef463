"""``planqk-protocol conformance``: test implementations of the protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click
from rich.progress import Progress

from planqk_protocol.cli.conformance_report import report, write_file
from planqk_protocol.cli.terminal import Failure, Messages, check_output, ended_by, until_signal, write
from planqk_protocol.conformance import decoders, encoders, services
from planqk_protocol.conformance.decoders import CHUNKINGS
from planqk_protocol.conformance.programs import CommandError, kill_all, run_all
from planqk_protocol.conformance.vectors import RULES, Vector, load_vectors, vector_files

__all__ = ["conformance"]

_COMMAND = click.argument(
    "command",
    metavar="COMMAND...",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    help="The program to test.",
)

Function = TypeVar("Function", bound=Callable[..., Any])


def _rules(function: Function) -> Function:
    return click.option(
        "--rule",
        "rules",
        multiple=True,
        metavar="RULE",
        help="Test only this rule, or rules such as 'json*'. May be repeated.",
    )(function)


def _running(default: int) -> Callable[[Function], Function]:
    options = (
        click.option(
            "--jobs",
            type=click.IntRange(1),
            default=None,
            help="Number of runs at a time. By default, the number of processors.",
        ),
        *_reporting(default),
    )

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _reporting(default: int) -> Sequence[Callable[[Function], Function]]:
    file = click.Path(dir_okay=False, path_type=Path)
    return (
        click.option("--junit", type=file, help="Write a report as JUnit XML."),
        click.option("--json", "json_file", type=file, help="Write a report as JSON."),
        click.option(
            "--timeout",
            type=click.FloatRange(0, min_open=True),
            default=default,
            show_default=True,
            help="Seconds until a run is killed.",
        ),
    )


@click.group()
def conformance() -> None:
    """Test implementations of the protocol, in any language.

    Exit codes:
        0  All cases passed.
        1  A case failed, or nothing was tested.
        2  The program cannot be run.

    Examples:
        planqk-protocol conformance decoder -- node decoder.js
        planqk-protocol conformance service -- python job.py
        planqk-protocol conformance show line-lf/nel
    """


@conformance.command()
@_rules
@click.option(
    "--chunks",
    type=click.Choice(CHUNKINGS),
    multiple=True,
    help="Write streams whole, by lines, or by bytes around the markers. May be repeated. By default, all "
    "three ways are tested.",
)
@_running(10)
@_COMMAND
@click.pass_context
def decoder(
    ctx: click.Context,
    /,
    command: tuple[str, ...],
    rules: tuple[str, ...],
    chunks: tuple[str, ...],
    jobs: int | None,
    timeout: float,
    **reports: Path | None,
) -> None:
    """Test a decoder, which reads a stream and writes event records.

    The decoder reads the stream on standard input, writes the records as JSON
    Lines on standard output, and ends with exit code 0 or 1. It gets limits as
    arguments, such as --max-line 20. A decoder without them ends with exit code 2.

    Examples:
        planqk-protocol conformance decoder -- planqk-protocol parse --capture raw --output jsonl
        planqk-protocol conformance decoder --rule 'json*' --chunks whole -- ./decoder
    """
    cases = list(decoders.cases(_matching(load_vectors(), rules), chunks or CHUNKINGS))
    verdicts = _run(lambda case: decoders.run_case(case, command, timeout), cases, jobs)
    ctx.exit(report(verdicts, command, **reports))


@conformance.command()
@_rules
@_running(10)
@_COMMAND
@click.pass_context
def encoder(
    ctx: click.Context,
    /,
    command: tuple[str, ...],
    rules: tuple[str, ...],
    jobs: int | None,
    timeout: float,
    **reports: Path | None,
) -> None:
    """Test an encoder, which reads event records and writes a stream.

    The encoder reads the records as JSON Lines on standard input, writes the
    stream of their events on standard output, and ends with exit code 0.
    """
    cases = _matching(encoders.load_cases(), rules)
    verdicts = _run(lambda case: encoders.run_case(case, command, timeout), cases, jobs)
    ctx.exit(report(verdicts, command, **reports))


def _service_options(function: Function) -> Function:
    for option in reversed(_reporting(600)):
        function = option(function)
    return function


@conformance.command()
@_service_options
@_COMMAND
@click.pass_context
def service(ctx: click.Context, /, command: tuple[str, ...], timeout: float, **reports: Path | None) -> None:
    """Run a service, and test its output.

    The service must keep the protocol on standard output, print a result, and
    end with exit code 0.

    Example:
        planqk-protocol conformance service -- docker run --rm my-service
    """
    [verdicts] = _run(lambda command: services.run_service(command, timeout), [command], 1)
    ctx.exit(report(verdicts, command, **reports))


@conformance.command("list")
@_rules
def list_(rules: tuple[str, ...]) -> None:
    """List the vectors.

    Each line has the id, the group and the subject of a vector, separated by
    tabs.

    Example:
        planqk-protocol conformance list --rule 'json*'
    """
    check_output()
    lines = [f"{vector.id}\t{vector.group}\t{vector.about}\n" for vector in _matching(load_vectors(), rules)]
    write("".join(lines).encode())


@conformance.command()
@click.argument("vector_id", metavar="ID", help="The id of a vector; see 'list'.")
def show(vector_id: str) -> None:
    """Show a vector.

    A vector has a stream and the event records that a decoder must write for it.

    Example:
        planqk-protocol conformance show line-lf/nel
    """
    check_output()
    found = [vector for vector in load_vectors() if vector.id == vector_id]
    if not found:
        raise Failure(f"there is no vector {vector_id}; see: planqk-protocol conformance list")
    write(_shown(found[0]).encode())


def _shown(vector: Vector) -> str:
    limits = " ".join(decoders.limit_arguments(vector.limits))
    pieces = [f"{ascii(step.data())[1:]}\n" for step in vector.steps]
    head = f"{vector.id} ({vector.group}): {vector.about}\n"
    return "".join(
        [
            head,
            f"limits: {limits}\n" if limits else "",
            "stream:\n",
            *pieces,
            "records:\n",
            vector.records().decode(),
        ]
    )


@conformance.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="The folder to write to."
)
def export(folder: Path) -> None:
    """Write the vectors and their JSON Schema to a folder.

    The vectors are JSON files, one for each rule of the protocol.

    Example:
        planqk-protocol conformance export vectors
    """
    for name, content in vector_files().items():
        write_file(folder / name, content)


Case = TypeVar("Case", Vector, encoders.EncoderCase)


def _matching(cases: Iterable[Case], rules: Sequence[str]) -> list[Case]:
    for pattern in rules:
        if not any(fnmatchcase(rule, pattern) for rule in RULES):
            raise click.BadParameter(
                f"no rule is like {pattern!r}; the rules are {', '.join(RULES)}.", param_hint="--rule"
            )
    return [case for case in cases if not rules or any(fnmatchcase(case.rule, pattern) for pattern in rules)]


Input = TypeVar("Input")
Output = TypeVar("Output")


def _run(run: Callable[[Input], Output], cases: Sequence[Input], jobs: int | None) -> list[Output]:
    """Run cases, and show a progress bar. However this ends, no program under test is left running."""
    check_output()
    messages = Messages()
    with (
        until_signal() as received,
        Progress(console=messages, transient=True, disable=not messages.is_live) as bar,
    ):
        try:
            jobs = jobs or os.cpu_count() or 1
            outcomes = run_all(run, cases, jobs, is_over=lambda: received() is not None, stop=kill_all)
            with closing(outcomes):
                return list(bar.track(outcomes, total=len(cases), description="testing"))
        except CommandError as error:
            raise Failure(str(error)) from None
        except KeyboardInterrupt:
            raise ended_by(received()) from None
        finally:
            kill_all()  # also what the programs under test have started
