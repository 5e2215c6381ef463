"""Report the verdicts of the conformance kit: on standard output, as JUnit XML and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from planqk_protocol.cli.terminal import Failure, escape_controls, write
from planqk_protocol.conformance.verdicts import Status, Verdict, by_rule, summarise, to_json, to_junit

__all__ = ["report", "write_file"]

_STYLES = {"-": "red", "+": "green"}


def report(
    verdicts: Sequence[Verdict], command: Sequence[str], junit: Path | None, json_file: Path | None
) -> int:
    """Print the report, and write the files. Return the exit code."""
    summary = summarise(verdicts)
    console = Console(soft_wrap=True, highlight=False)
    with console.capture() as capture:
        for verdict in verdicts:
            if verdict.status is Status.FAILED:
                console.print(_failure(verdict))
        console.print(_table(verdicts))
        style = "bold green" if summary.is_good else "bold red"
        console.print(Text(str(summary), style))
    write(capture.get().encode(sys.stdout.encoding, "backslashreplace"))
    if junit:
        write_file(junit, to_junit(verdicts, command))
    if json_file:
        write_file(json_file, to_json(verdicts, command))
    return 0 if summary.is_good else 1


def _failure(verdict: Verdict) -> Text:
    text = Text.assemble((f"{verdict.rule}: {verdict.id} ({verdict.way})", "bold red"), f" {verdict.about}\n")
    for line in escape_controls(verdict.reason).splitlines():
        text.append(f"  {line}\n", _STYLES.get(line[:1], ""))
    if verdict.errors:
        text.append(f"  standard error: {escape_controls(verdict.errors).rstrip()}\n", "dim")
    return text


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("rule", box=None)
    for heading in ("passed", "failed", "declined", "differs"):
        table.add_column(heading, justify="right")
    for rule, summary in by_rule(verdicts):
        counts = (summary.passed, summary.failed, summary.declined, summary.differs)
        table.add_row(
            rule, *(str(count) if count else "" for count in counts), style="red" if summary.failed else ""
        )
    return table


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
