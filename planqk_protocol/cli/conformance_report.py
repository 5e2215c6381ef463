"""What the conformance kit shows to people: reports, vectors and cases for encoders. It writes files, too."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from planqk_protocol.cli.terminal import Failure, escape_controls, write
from planqk_protocol.conformance.decoders import limit_arguments
from planqk_protocol.conformance.encoders import EncoderCase
from planqk_protocol.conformance.grading import GradedCase, summarise_rules
from planqk_protocol.conformance.report import FailedCases, Report
from planqk_protocol.conformance.vectors import Vector

__all__ = ["print_report", "show_encoder_case", "show_vector", "write_file"]

_BY_DEFAULT = " (the default: not given to the decoder)"
_STYLES = {"-": "red", "+": "green"}


def print_report(report: Report, junit: Path | None, json_file: Path | None) -> int:
    """Print a report on standard output, and write the files.

    Returns:
        The exit code of the command.
    """
    is_passed = report.summary.is_passed
    console = Console(soft_wrap=True, highlight=False)
    with console.capture() as capture:
        for failed in report.failures():
            for line in _failure_lines(failed):
                console.print(line)
            console.print()
        if differing := report.differing():
            console.print(Text(f"other places of faults than expected, or none: {', '.join(differing)}"))
            console.print(Text("  help: Both places are in the file that --json FILE writes.\n"))
        if odd := report.oddly_declined():
            for line in _odd_lines(odd):
                console.print(line)
            console.print()
        console.print(_table(report))
        console.print(Text(escape_controls(report.claim), "bold green" if is_passed else "bold red"))
    write(capture.get().encode(sys.stdout.encoding, "backslashreplace"))
    if junit:
        write_file(junit, report.to_junit())
    if json_file:
        write_file(json_file, report.to_json())
    return 0 if is_passed else 1


def _failure_lines(failed: FailedCases) -> Iterator[Text]:
    """The lines on the failed cases of one vector: what they have in common, and then what is wrong."""
    case = failed.first
    yield Text.assemble((f"{case.id}: ", "bold red"), case.about)
    if not case.id.startswith((f"{case.rule}/", "service/")):
        yield Text(f"  rule: {case.rule}")
    if failed.chunkings:
        passes = f"; passes with: {', '.join(failed.passed)}" if failed.passed else ""
        yield Text(f"  fails with chunks: {', '.join(failed.chunkings)}{passes}")
    if case.limits:
        yield Text(f"  limits: {case.limits}")
    yield from map(Text, _titled_lines("input", case.input))
    for reason, cases in failed.reasons:
        if len(failed.reasons) > 1:
            yield Text(f"  {', '.join(other.chunking for other in cases)}:")
        yield from _reason_lines(reason, cases[0])


def _odd_lines(cases: Sequence[GradedCase]) -> Iterator[Text]:
    """The lines on cases that were declined, although the program takes their limits elsewhere."""
    ids = ", ".join(case.id for case in cases)
    yield Text(
        f"declined by exit code 2, although the program takes these limits in other cases: {ids}", "yellow"
    )
    yield Text("  help: A crash may end with exit code 2, too, such as a panic in Go.")
    yield from _error_lines(cases[0])


def _reason_lines(reason: str, case: GradedCase) -> Iterator[Text]:
    for line in escape_controls(reason).splitlines():
        yield Text(f"  {line}", _STYLES.get(line[:1], ""))
    yield from _error_lines(case)


def _error_lines(case: GradedCase) -> list[Text]:
    errors = escape_controls(case.errors).rstrip().splitlines()
    return [Text(line, "dim") for line in _titled_lines("standard error", errors)]


def _titled_lines(title: str, lines: Sequence[str]) -> list[str]:
    """Indented lines under a title. A single line stands beside it."""
    if len(lines) > 1:
        return [f"  {title}:", *(f"    {line}" for line in lines)]
    return [f"  {title}: {line}" for line in lines]


def _table(report: Report) -> Table:
    table = Table("rule", box=None)
    for heading in ("passed", "failed", "declined", "differs"):
        table.add_column(heading, justify="right")
    for rule, summary in summarise_rules(report.cases):
        counts = (summary.passed, summary.failed, summary.declined, summary.differs)
        table.add_row(
            rule, *(str(count) if count else "" for count in counts), style="red" if summary.failed else ""
        )
    return table


def show_vector(vector: Vector) -> str:
    """A vector for people: its stream, and its event records."""
    limits = " ".join(limit_arguments(vector.limits))
    return "".join(
        [
            f"{vector.id} ({vector.group}): {vector.about}\n",
            f"limits: {limits}{_BY_DEFAULT if vector.by_default else ''}\n" if limits else "",
            "stream:\n",
            *(f"{ascii(step.data())[1:]}\n" for step in vector.steps),
            "records:\n",
            vector.records().decode(),
        ]
    )


def show_encoder_case(case: EncoderCase) -> str:
    """A case for encoders, for people: the records to encode, and the events of their stream."""
    return (
        f"{case.id} (must): {case.about}\nrule: {case.rule}\n"
        f"records:\n{case.input().decode()}events:\n{case.expected().decode()}"
    )


def write_file(path: Path, content: bytes) -> None:
    """Write a file, and create its folders.

    Raises:
        Failure: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Failure(f"cannot write {click.format_filename(path)}: {error.strerror}") from None
