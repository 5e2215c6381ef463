"""``planqk-protocol conformance``: test implementations of the protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from click.shell_completion import CompletionItem
from rich.progress import Progress

from planqk_protocol.cli.conformance_report import print_report, show_encoder_case, show_vector, write_file
from planqk_protocol.cli.rich_help import Argument, Group
from planqk_protocol.cli.signals import ended_by, until_signal
from planqk_protocol.cli.terminal import Failure, Messages, check_output, write
from planqk_protocol.conformance import decoders, encoders, services
from planqk_protocol.conformance.comparison import Profile
from planqk_protocol.conformance.decoders import CHUNKINGS
from planqk_protocol.conformance.encoders import EncoderCase
from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.programs import CommandError, kill_all, run_all
from planqk_protocol.conformance.report import Report
from planqk_protocol.conformance.vectors import RULES, Vector, load_vectors, vector_files
from planqk_protocol.records import record_schema

__all__ = ["conformance"]

_COMMAND = click.argument(
    "command",
    cls=Argument,
    metavar="-- COMMAND...",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    help="The program to test.",
)

Function = TypeVar("Function", bound=Callable[..., Any])
Case = TypeVar("Case", Vector, EncoderCase)
Item = TypeVar("Item")
Returned = TypeVar("Returned")


def _complete_rule(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(rule) for rule in RULES if rule.startswith(incomplete)]


def _complete_id(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    subjects = {vector.id: vector.about for vector in load_vectors()}
    subjects |= {case.id: case.about for case in encoders.load_cases()}
    return [CompletionItem(id_, help=about) for id_, about in subjects.items() if id_.startswith(incomplete)]


def _options(*options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Several options as one decorator. The help lists them in this order."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_RULES = click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    shell_complete=_complete_rule,
    help="Choose only this rule, rules such as 'json*', or a case by its id. May be repeated.",
)
_MANY_CASES = _options(  # for commands that test many cases
    click.option("--fail-fast", is_flag=True, help="Stop at the first failure."),
    click.option(
        "--max-failures",
        type=click.IntRange(1),
        default=None,
        metavar="N",
        help="Stop after N failures. A vector that fails in several chunkings is one failure.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(1),
        default=None,
        help="Number of programs that run at a time. By default, the number of processors.",
    ),
)


def _reports(timeout: int) -> Callable[[Function], Function]:
    """The options for the report, and the timeout."""
    file = click.Path(dir_okay=False, path_type=Path)
    return _options(
        click.option("--junit", type=file, help="Write a report as JUnit XML."),
        click.option("--json", "json_file", type=file, help="Write a report as JSON."),
        click.option(
            "--timeout",
            type=click.FloatRange(0, min_open=True),
            default=timeout,
            show_default=True,
            help="Seconds until a program is killed.",
        ),
    )


@click.group(cls=Group)
def conformance() -> None:
    """Test implementations of the protocol, in any language.

    The last line of a test says what passed: the program's kind, the profile,
    the version of the kit, and the number of cases.

    Exit codes:
        0  All cases passed.
        1  A case failed, or no case passed.
        2  The program cannot be run.

    Examples:
        planqk-protocol conformance decoder -- node decoder.js
        planqk-protocol conformance service -- python job.py
        planqk-protocol conformance show line-lf/nel
    """


@conformance.command()
@_RULES
@click.option(
    "--chunks",
    type=click.Choice(CHUNKINGS),
    multiple=True,
    help="Write streams whole, by lines, or by bytes around the markers. May be repeated. By default, all "
    "three ways are tested.",
)
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    default=Profile.FULL.value,
    show_default=True,
    help="What is graded: all event records, or only the results, by type, value and order.",
)
@_MANY_CASES
@_reports(10)
@_COMMAND
@click.pass_context
def decoder(
    ctx: click.Context,
    /,
    command: tuple[str, ...],
    rules: tuple[str, ...],
    chunks: tuple[str, ...],
    profile: str,
    timeout: float,
    **options: Any,
) -> None:
    """Test a decoder, which reads a stream and writes event records.

    The decoder reads the stream on standard input, writes the records as JSON
    Lines on standard output, and ends with exit code 0 or 1. It gets limits as
    arguments, such as --max-line 20. A decoder without them ends with exit code 2.

    With --profile results, a decoder needs to write the records of interim
    results and results only. All other records are ignored.

    Examples:
        planqk-protocol conformance decoder -- planqk-protocol parse --capture raw --output jsonl
        planqk-protocol conformance decoder --rule 'json*' --chunks whole -- ./decoder
        planqk-protocol conformance decoder --profile results --fail-fast -- ./decoder
    """
    cases = list(decoders.cases(_choose(load_vectors(), rules), chunks or CHUNKINGS))
    _test(
        ctx,
        cases,
        lambda case: decoders.run_case(case, command, timeout, Profile(profile)),
        Report(
            kind="decoder",
            command=command,
            planned=len(cases),
            profile=profile,
            selection=[*_repeat("--rule", rules), *_repeat("--chunks", chunks)],
        ),
        **options,
    )


@conformance.command()
@_RULES
@_MANY_CASES
@_reports(10)
@_COMMAND
@click.pass_context
def encoder(
    ctx: click.Context,
    /,
    command: tuple[str, ...],
    rules: tuple[str, ...],
    timeout: float,
    **options: Any,
) -> None:
    """Test an encoder, which reads event records and writes a stream.

    The encoder reads the records as JSON Lines on standard input, writes the
    stream of their events on standard output, and ends with exit code 0.

    Example:
        planqk-protocol conformance encoder -- node encoder.js
    """
    cases = _choose(encoders.load_cases(), rules)
    report = Report(kind="encoder", command=command, planned=len(cases), selection=_repeat("--rule", rules))
    _test(ctx, cases, lambda case: encoders.run_case(case, command, timeout), report, **options)


@conformance.command()
@_reports(600)
@_COMMAND
@click.pass_context
def service(ctx: click.Context, /, command: tuple[str, ...], timeout: float, **reports: Path | None) -> None:
    """Run a service, and test its output.

    The service must keep the protocol on standard output, print a result, and
    end with exit code 0.

    Example:
        planqk-protocol conformance service -- docker run --rm my-service
    """
    [cases] = _run(lambda command: services.run_service(command, timeout), [command], 1)
    report = Report(kind="service", command=command, cases=cases, planned=len(cases))
    ctx.exit(print_report(report, **reports))


@conformance.command("list")
@_RULES
def list_(rules: tuple[str, ...]) -> None:
    """List the vectors, and the cases for encoders.

    Each line has the id, the group and the subject of a vector or a case,
    separated by tabs. The ids of cases for encoders begin with encoder/.

    Example:
        planqk-protocol conformance list --rule 'json*'
    """
    check_output()
    lines = [f"{vector.id}\t{vector.group}\t{vector.about}\n" for vector in _choose(load_vectors(), rules)]
    lines += [f"{case.id}\tmust\t{case.about}\n" for case in _choose(encoders.load_cases(), rules)]
    write("".join(lines).encode())


@conformance.command()
@click.argument(
    "case_id",
    cls=Argument,
    metavar="ID",
    shell_complete=_complete_id,
    help="The id of a vector or of a case for encoders; see 'list'.",
)
def show(case_id: str) -> None:
    """Show a vector, or a case for encoders.

    A vector has a stream and the event records that a decoder must write for
    it. A case for encoders has the records that the encoder reads, and the
    events that its stream must give.

    Examples:
        planqk-protocol conformance show line-lf/nel
        planqk-protocol conformance show encoder/block
    """
    check_output()
    texts = {vector.id: show_vector(vector) for vector in load_vectors() if vector.id == case_id}
    texts |= {case.id: show_encoder_case(case) for case in encoders.load_cases() if case.id == case_id}
    if case_id not in texts:
        choice = f" --rule {case_id}" if case_id in RULES else ""
        raise Failure(f"there is no vector {case_id}; see: planqk-protocol conformance list{choice}")
    write(texts[case_id].encode())


@conformance.command()
@click.argument(
    "folder",
    cls=Argument,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to.",
)
def export(folder: Path) -> None:
    """Write the vectors, the cases for encoders and their JSON Schemas to a folder.

    The vectors are JSON files in the folder vectors in it, one for each rule of the
    protocol. The cases for encoders are in encoder.json. records.schema.json is the
    JSON Schema of event records.

    Example:
        planqk-protocol conformance export kit
    """
    schema = msgspec.json.format(msgspec.json.encode(record_schema()), indent=2) + b"\n"
    files = vector_files() | encoders.case_files() | {"records.schema.json": schema}
    for name, content in files.items():
        write_file(folder / name, content)


def _choose(cases: Iterable[Case], rules: Sequence[str]) -> list[Case]:
    """The cases whose rules or ids match one of the patterns. Without patterns, all cases."""
    ids: list[str] = [*(vector.id for vector in load_vectors()), *(case.id for case in encoders.load_cases())]
    for pattern in rules:
        if not any(fnmatchcase(name, pattern) for name in (*RULES, *ids)):
            message = f"no rule and no id is like {pattern!r}; the rules are {', '.join(RULES)}. "
            message += "For the cases for encoders, write 'encoder/*'."
            raise click.BadParameter(message, param_hint="--rule")
    return [
        case
        for case in cases
        if not rules or any(fnmatchcase(name, pattern) for name in (case.rule, case.id) for pattern in rules)
    ]


def _repeat(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _test(
    ctx: click.Context,
    cases: Sequence[Item],
    function: Callable[[Item], GradedCase],
    report: Report,
    *,
    jobs: int | None,
    fail_fast: bool,
    max_failures: int | None,
    **files: Path | None,
) -> None:
    """Test cases, print the report on them, and end the command."""
    most = 1 if fail_fast else max_failures
    graded = _run(function, cases, jobs, lambda graded: _until_failures(graded, most))
    ctx.exit(print_report(msgspec.structs.replace(report, cases=graded), **files))


def _until_failures(graded: Iterable[GradedCase], most: int | None) -> Iterator[GradedCase]:
    """The cases up to the end of the vector that is failure number `most`."""
    failed: set[str] = set()
    for case in graded:
        if most and len(failed) >= most and case.id not in failed:
            return
        if case.grade is Grade.FAILED:
            failed.add(case.id)
        yield case


def _run(
    function: Callable[[Item], Returned],
    items: Sequence[Item],
    jobs: int | None,
    choose: Callable[[Iterable[Returned]], Iterable[Returned]] = iter,
) -> list[Returned]:
    """Call a function with each item, and show a progress bar.

    However this ends, no program under test is left running.

    Args:
        function: Called with one item, in a thread.
        items: The items.
        jobs: Number of calls at a time. By default, the number of processors.
        choose: Takes what the function returned, and may stop early.
    """
    check_output()
    messages = Messages()
    with (
        until_signal() as received,
        Progress(console=messages.console, transient=True, disable=not messages.is_live) as bar,
    ):
        try:
            jobs = jobs or os.cpu_count() or 1
            returned = run_all(
                function, items, jobs, should_stop=lambda: received() is not None, stop=kill_all
            )
            with closing(returned):
                return list(choose(bar.track(returned, total=len(items), description="testing")))
        except CommandError as error:
            raise Failure(str(error)) from None
        except KeyboardInterrupt:
            raise ended_by(received()) from None
        finally:
            kill_all()  # also the processes that the programs under test have started
