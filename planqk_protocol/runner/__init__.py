"""Run a job as the platform does: give it its input, follow its output, and end it with all that it started.

`run` runs a command, `run_image` a container image of Docker. Both return a
`Run`, which gives the events of the job for threads and for asyncio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.limits import Limits
from planqk_protocol.runner.command import CommandJob
from planqk_protocol.runner.image import ImageJob
from planqk_protocol.runner.job import INPUT_VARIABLE, RunError
from planqk_protocol.runner.job_input import JobInput, JobInputError
from planqk_protocol.runner.running import Run, Step, rfc3339

__all__ = [
    "INPUT_VARIABLE",
    "JobInput",
    "JobInputError",
    "Run",
    "RunError",
    "Step",
    "rfc3339",
    "run",
    "run_image",
]

_GRACE = 10.0  # seconds, as Docker gives a container that it stops


def run(
    command: Sequence[str],
    *,
    job_input: JobInput | None = None,
    timeout: float | None = None,
    grace: float = _GRACE,
    stdin: bool = False,
    limits: Limits = Limits(),
    logs: bool = True,
    schemas: ServiceSchemas | None = None,
    stderr: Callable[[bytes], None] | None = None,
) -> Run:
    r"""Run a command as a job.

    The job finds its input in a temporary folder. The environment variable
    ``PLANQK_INPUT`` names it, and ``{input}`` in an argument of the command is
    replaced by it. When the first process ends, what it started is killed, as in
    a container.

    Args:
        command: The program and its arguments.
        job_input: The input; by default, both files hold ``{}``.
        timeout: Seconds until the job is ended; by default, there is no limit.
        grace: Seconds between SIGTERM, which asks it to end, and SIGKILL.
        stdin: Whether it reads the standard input of this process. By default,
            it has none, as on the platform.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.
        schemas: What the OpenAPI file of the service says of its results, for findings.
        stderr: Called with each chunk of its standard error. By default,
            standard error goes to that of this process.

    Raises:
        RunError: It cannot be started.

    >>> import sys
    >>> with run([sys.executable, "-c", "print('PlanQK:Job:Result: 42')"]) as job:
    ...     list(job), job.outcome.status.value
    ([Result.of(line=1, payload=b' 42')], 'SUCCEEDED')
    """
    folder = (JobInput() if job_input is None else job_input).folder()
    try:
        job = CommandJob(command, folder, timeout=timeout, grace=grace, stdin=stdin)
    except BaseException:
        folder.cleanup()
        raise
    return Run(job, limits=limits, logs=logs, schemas=schemas, stderr=stderr)


def run_image(
    image: str,
    args: Sequence[str] = (),
    *,
    job_input: JobInput | None = None,
    pull: bool = True,
    timeout: float | None = None,
    grace: float = _GRACE,
    limits: Limits = Limits(),
    logs: bool = True,
    schemas: ServiceSchemas | None = None,
    stderr: Callable[[bytes], None] | None = None,
) -> Run:
    """Run a container image of Docker as a job. It needs the extra ``[docker]``.

    The input is mounted read-only at ``/var/input``. The container is removed at
    the end.

    Args:
        image: The name of the image.
        args: The command of the container; by default, that of the image.
        job_input: The input; by default, both files hold ``{}``.
        pull: Whether the image is pulled if the engine does not have it.
        timeout: Seconds until the job is ended; by default, there is no limit.
        grace: Seconds between SIGTERM, which asks it to end, and SIGKILL.
        limits: Bounds on lines and payloads.
        logs: Whether `Log` events are reported.
        schemas: What the OpenAPI file of the service says of its results, for findings.
        stderr: As in `run`.

    Raises:
        EngineError: The engine does not answer.
        RunError: There is no such image, or it cannot be started.
    """
    folder = (JobInput() if job_input is None else job_input).folder()
    try:
        job = ImageJob(image, args, folder, pull=pull, timeout=timeout, grace=grace)
    except BaseException:
        folder.cleanup()
        raise
    return Run(job, limits=limits, logs=logs, schemas=schemas, stderr=stderr)
