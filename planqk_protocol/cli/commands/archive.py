"""``planqk-protocol archive``: tell what became of the jobs whose logs an archive holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from planqk_protocol import Limits
from planqk_protocol.cli.archive_output import STDOUT, opened_output, without_output
from planqk_protocol.cli.archive_summary import ArchiveSummary
from planqk_protocol.cli.capture_messages import in_options
from planqk_protocol.cli.options import capture_option
from planqk_protocol.cli.rich_help import Argument, Command
from planqk_protocol.cli.row_conditions import Condition, condition
from planqk_protocol.cli.terminal import Failure, Messages
from planqk_protocol.errors import missing_extra

if TYPE_CHECKING:
    from planqk_protocol.archive.listing import Listed
    from planqk_protocol.archive.pools import Pool
    from planqk_protocol.archive.rows import OutcomeRow

__all__ = ["archive"]

_DASK = "dask://"
_PROCESSES, _THREADS = "processes", "threads"


def _executor(value: str) -> str:
    if value not in {_PROCESSES, _THREADS} and not value.startswith(_DASK):
        raise click.BadParameter(f"{value!r} is none of processes, threads, {_DASK}HOST:PORT.")
    return value


@click.command(cls=Command)
@click.argument(
    "patterns",
    metavar="PATTERN...",
    nargs=-1,
    required=True,
    cls=Argument,
    help="The logs: files, folders, patterns with *, **, ? and […], and URLs such as s3://bucket/logs.",
)
@click.option(
    "--output",
    metavar="FILE|DIR/|-",
    default=STDOUT,
    show_default=True,
    help="Where the rows go: a file .parquet or .jsonl, a folder of Parquet files, or standard output.",
)
@capture_option
@click.option(
    "--executor",
    metavar="EXECUTOR",
    type=_executor,
    default=_PROCESSES,
    show_default=True,
    help=(
        f"What reads the logs: {_PROCESSES} or {_THREADS} of this machine, or a cluster of Dask, "
        f"{_DASK}HOST:PORT."
    ),
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1),
    help="Number of processes or threads. By default, the number of processors.",
)
@click.option("--resume", is_flag=True, help="Go on with the output of an earlier run: skip what is in it.")
@click.option(
    "--where",
    "conditions",
    metavar="NAME[!]=VALUE",
    multiple=True,
    type=condition,
    help="Give only rows with this value, such as findings=no-result; with '!=', only the other rows. "
    "Without VALUE, it is that the column is empty: error!= gives what could not be read. May be "
    "repeated: then a row must meet all conditions.",
)
@click.pass_context
def archive(
    ctx: click.Context,
    patterns: tuple[str, ...],
    output: str,
    capture: str,
    executor: str,
    jobs: int | None,
    *,
    resume: bool,
    conditions: tuple[Condition, ...],
) -> None:
    """Tell what became of many jobs, from their captured logs.

    The output has a row for each log: its container, the job's status and result,
    and what is wrong with it. The files of a log that was rotated are one row.
    What is damaged or cannot be read has a row that says why, and does not end the run.

    Exit codes:
        0  All logs were read as a whole.
        1  Some could not be read, or are damaged.
        2  The command could not do its work.

    Examples:
        planqk-protocol archive --output jobs.parquet /var/lib/docker/containers
        planqk-protocol archive --where findings=no-result /var/log/pods
        planqk-protocol archive --output jobs/ --resume s3://logs/2026
    """
    if jobs is not None and executor.startswith(_DASK):
        raise click.UsageError("--jobs goes with --executor processes and threads only.")
    messages = Messages()
    summary = ArchiveSummary(messages)
    with _failures(output):
        from planqk_protocol.archive.reading import ReadOptions  # noqa: PLC0415  # heavy
        from planqk_protocol.archive.work import BATCH, read_captures  # noqa: PLC0415  # likewise

        options = ReadOptions(capture, Limits())
        with opened_output(output, resume=resume) as opened:
            listed = without_output(_found(patterns), output)
            new = (item for item in listed if opened.earlier.must_be_read(item.capture, options))
            with (
                _workers(executor, jobs) as workers,
                closing(read_captures(new, options, BATCH, workers)) as rows,
                summary.shown(rows, shows_bar=output != STDOUT or not sys.stdout.isatty()) as counted,
            ):
                written = 0
                for row in counted:
                    if not all(each.is_met(row) for each in conditions):
                        continue
                    opened.write(_in_words_of_the_command(row))
                    written += 1
            opened.close()
    summary.print(written if conditions else None)
    ctx.exit(int(summary.errors > 0 or summary.damaged > 0))


def _in_words_of_the_command(row: OutcomeRow) -> OutcomeRow:
    """The row, with an error that names options and no arguments of Python."""
    if not row.error:
        return row
    from msgspec.structs import replace  # noqa: PLC0415  # not for the help

    return replace(row, error=in_options(row.error))


def _found(patterns: tuple[str, ...]) -> Iterator[Listed]:
    from planqk_protocol.archive.listing import listed_captures  # noqa: PLC0415  # heavy

    try:
        yield from listed_captures(patterns)
    except ValueError as error:
        raise Failure(str(error)) from None


@contextmanager
def _workers(executor: str, jobs: int | None) -> Iterator[Pool]:
    """What reads the logs. It ends afterwards."""
    from planqk_protocol.archive.pools import (  # noqa: PLC0415  # not for the help
        CallersExecutor,
        OwnProcesses,
        OwnThreads,
    )

    if executor == _PROCESSES:
        yield OwnProcesses(jobs)
    elif executor == _THREADS:
        yield OwnThreads(jobs)
    else:
        with _dask_client(executor.removeprefix(_DASK)) as client:
            yield CallersExecutor(client.get_executor(), sum(client.nthreads().values()))


def _dask_client(address: str) -> Any:
    try:
        from distributed import Client  # noqa: PLC0415  # an extra, and heavy
    except ModuleNotFoundError as error:
        raise Failure(missing_extra(error.name, "dask")) from None
    try:
        return Client(f"tcp://{address}")
    except (OSError, ValueError) as error:
        raise Failure(f"no scheduler of Dask answers at {address}: {error}") from None


@contextmanager
def _failures(output: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise Failure(missing_extra(error.name, "archive")) from None
    except ImportError as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"{error.filename or output}: {error.strerror or error}") from None
    except (BrokenExecutor, CancelledError) as error:
        raise Failure(_ended(error, output)) from None


def _ended(error: Exception, output: str) -> str:
    """The message that the workers ended before the work was done."""
    from planqk_protocol.archive.pools import StartError  # noqa: PLC0415  # not for the help

    if isinstance(error, StartError):
        return f"worker processes cannot start, or end at once; choose --executor {_THREADS}"
    how = "run it again" if output == STDOUT else "go on by --resume"
    return f"the executor ended before the work was done; {how} with another"
