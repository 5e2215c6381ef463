"""``planqk-protocol run``: run a job as the platform does."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import TypedDict

import click

from planqk_protocol import ProtocolError, runner, to_json_line
from planqk_protocol.cli.job_summary import is_good, sum_up
from planqk_protocol.cli.job_view import JobView, Output
from planqk_protocol.cli.options import openapi_option, read_schemas
from planqk_protocol.cli.rich_help import Argument, Command
from planqk_protocol.cli.signals import ended_by, until_signal
from planqk_protocol.cli.terminal import Failure, Messages, check_output, write_json
from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.runner import JobInput, Run, rfc3339

__all__ = ["run"]


class _Options(TypedDict, total=False):
    job_input: JobInput
    timeout: float | None
    grace: float
    logs: bool
    schemas: ServiceSchemas | None


_FILE = click.Path(dir_okay=False, path_type=Path)
_SECONDS = click.FloatRange(min=0)


@click.command(cls=Command)
@click.option(
    "--input",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the input, with data.json and params.json.",
)
@click.option("--data", metavar="FILE", type=_FILE, help="The input's data.json. By default, it is {}.")
@click.option("--params", metavar="FILE", type=_FILE, help="The input's params.json. By default, it is {}.")
@click.option(
    "--request", metavar="FILE", type=_FILE, help='The input as one file, {"data": …, "params": …}.'
)
@click.option("--image", metavar="NAME", help="Run an image of Docker; COMMAND is its command.")
@click.option(
    "--pull",
    type=click.Choice(["missing", "never"]),
    help="Whether to pull an image that the engine does not have. By default, it is pulled.",
)
@click.option(
    "--timeout", metavar="SECONDS", type=_SECONDS, help="End the job after this time. By default, never."
)
@click.option(
    "--grace",
    metavar="SECONDS",
    type=_SECONDS,
    default=10,
    show_default=True,
    help="Time between SIGTERM and SIGKILL when the job is ended.",
)
@click.option(
    "--stdin/--no-stdin", default=False, help="Give the job this standard input. By default, it has none."
)
@openapi_option
@click.option(
    "--output",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="Print what the job prints, or JSON Lines with times.",
)
@click.argument(
    "command", metavar="[COMMAND]...", nargs=-1, cls=Argument, type=click.UNPROCESSED, help="The job."
)
@click.pass_context
def run(
    ctx: click.Context,
    /,
    command: tuple[str, ...],
    *,
    output: Output,
    image: str | None,
    pull: str | None,
    timeout: float | None,
    grace: float,
    stdin: bool,
    openapi: str | None,
    **files: Path | None,
) -> None:
    """Run a job as the platform does, and tell what became of it.

    The job gets its input as data.json and params.json in a folder: {input} in
    COMMAND and the variable PLANQK_INPUT name it. In a container it is
    /var/input. The job's standard output and standard error go to those of this
    command, and a summary goes to standard error.

    Exit codes:
        0    The job ended with exit code 0, and gave a result.
        1    It did not, or it ran too long.
        2    It could not be run, or its input is not JSON.
        130  Ctrl-C; the job was ended. Other signals have other codes.

    Examples:
        planqk-protocol run -- python job.py
        planqk-protocol run --request request.json -- python job.py {input}
        planqk-protocol run --timeout 60 --grace 5 -- python job.py
        planqk-protocol run --input examples --image my-service --pull never
        planqk-protocol run --output jsonl -- python job.py > events.jsonl
    """
    check_output()
    if image is None and not command:
        raise click.UsageError("Missing argument 'COMMAND...', or --image.")
    if image is None and pull:
        raise click.UsageError("--pull goes with --image only.")
    if image is not None and stdin:
        raise click.UsageError("--stdin goes without --image.")
    options: _Options = {"timeout": timeout, "grace": grace, "logs": JobView.needs_logs(output)}
    messages = Messages()
    with until_signal() as received:
        try:
            options["schemas"] = read_schemas(openapi)
            options["job_input"] = _read_input(**files)
            if image is None:
                job = runner.run(command, stdin=stdin, **options)
            else:
                job = runner.run_image(image, command, pull=pull != "never", **options)
            _show(job, JobView(job, output, messages), received)
        except ProtocolError as error:
            raise Failure(str(error)) from None
        if output == "jsonl":
            write_json(to_json_line(job.outcome, time=rfc3339(time_ns())))
        sum_up(job, messages)
        if (number := received()) is not None:
            raise ended_by(number)
    ctx.exit(0 if is_good(job) else 1)


def _show(job: Run, view: JobView, received: Callable[[], signal.Signals | None]) -> None:
    """Show a job to its end. A signal ends it."""
    with job:
        for step in job.steps():
            view.show(step)
            if (number := received()) is not None:
                job.stop(f"this command got {number.name}")
    view.end()


def _read_input(
    folder: Path | None, data: Path | None, params: Path | None, request: Path | None
) -> JobInput:
    """Read the input of a job from the files that the user named.

    Raises:
        click.UsageError: The options do not go together.
        Failure: A file cannot be read.
        JobInputError: A file is not JSON.
    """
    if sum([folder is not None, data is not None or params is not None, request is not None]) > 1:
        raise click.UsageError("--input, --request, and --data with --params go without each other.")
    try:
        if folder is not None:
            return JobInput.of_folder(folder)
        if request is not None:
            return JobInput.of_request(request.read_bytes(), name=click.format_filename(request))
        given = {"data": data, "params": params}
        texts = {key: path.read_bytes() for key, path in given.items() if path is not None}
    except OSError as error:
        name = click.format_filename(error.filename)
        raise Failure(f"cannot read {name}: {error.strerror}") from None
    names = tuple(
        f"{key}.json" if path is None else click.format_filename(path) for key, path in given.items()
    )
    return JobInput(**texts, names=(names[0], names[1]))
