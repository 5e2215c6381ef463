"""The argument FILE… and the options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from planqk_protocol import Limits
from planqk_protocol.captures import formats
from planqk_protocol.cli.reading import Files, Live, LiveExecution, Reading
from planqk_protocol.cli.rich_help import Argument
from planqk_protocol.cli.rotation import check_one_run, check_order
from planqk_protocol.cli.sources import STDIN, label
from planqk_protocol.cli.terminal import Failure, Messages
from planqk_protocol.errors import OpenAPIError
from planqk_protocol.inputs.detection import AUTO
from planqk_protocol.limits import MAX_DEPTH

if TYPE_CHECKING:
    from planqk_protocol.diagnosis.openapi import ServiceSchemas

__all__ = [
    "InputOptions",
    "capture_option",
    "choose_files",
    "choose_input",
    "files_argument",
    "input_options",
    "limit_options",
    "only_option",
    "openapi_option",
    "read_schemas",
]

_LIVE = ("container", "pod", "execution")
_CRI = "cri"
_NO_LIMIT = "none"
_LIMITS = {
    "max_line": "Longest log line that is given in one piece, in bytes.",
    "max_payload": "Longest line with a marker, or longest block, in bytes.",
    "max_depth": "Deepest nesting of JSON.",
    "max_digits": "Longest integer in JSON, in digits.",
}
_RANGES = {"max_depth": f"0…{MAX_DEPTH}"}  # limits that cannot be lifted, with their ranges

_Command = TypeVar("_Command", bound=Callable[..., Any])

files_argument = click.argument(
    "files",
    metavar="[FILE]...",
    nargs=-1,
    cls=Argument,
    type=click.Path(allow_dash=True),
    help="The files to read, as one stream. Without FILE, or for '-', standard input is read.",
)
capture_option = click.option(
    "--capture",
    metavar="ID",
    type=click.Choice([AUTO, *formats()]),
    default=AUTO,
    help="The format of the input; see 'planqk-protocol formats'. By default, it is detected.",
)
only_option = click.option(
    "--only",
    metavar="CONTAINER",
    help="The container to read from a capture of several, named as in the capture. By default, it is the "
    "first one.",
)
openapi_option = click.option(
    "--openapi",
    metavar="FILE",
    type=click.Path(),
    help="The service's OpenAPI file. The values are checked against its schema of results.",
)
_container_option = click.option(
    "--container", metavar="NAME", help="Read a live container of Docker until it exits."
)
_pod_option = click.option(
    "--pod", metavar="NAMESPACE/NAME", help="Read a live pod of Kubernetes until it exits."
)
_execution_option = click.option(
    "--execution",
    metavar="ENDPOINT ID",
    nargs=2,
    help="Read the log of an execution on PlanQK until it is over. The access keys come from the variables "
    "PLANQK_ACCESS_KEY_ID and PLANQK_SECRET_ACCESS_KEY.",
)
_wait_option = click.option(
    "--wait-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="How long to wait for a live container, pod or execution to start. By default, there is no limit.",
)


def read_schemas(path: str | None) -> ServiceSchemas | None:
    """Read the schemas of a service's OpenAPI file, if one is given.

    Raises:
        Failure: It cannot be read, or is not OpenAPI.
    """
    if path is None:
        return None
    from pathlib import Path  # noqa: PLC0415  # heavy

    from planqk_protocol.diagnosis.openapi import ServiceSchemas  # noqa: PLC0415  # heavy

    name = click.format_filename(path)
    try:
        return ServiceSchemas(Path(path).read_bytes())
    except OSError as error:
        raise Failure(f"cannot read {name}: {error.strerror}") from None
    except OpenAPIError as error:
        raise Failure(f"{name}: {error}") from None


class InputOptions(TypedDict):
    """The values of the argument and the options that `input_options` adds."""

    files: tuple[str, ...]
    capture: str
    only: str | None
    container: str | None
    pod: str | None
    execution: tuple[str, str] | None
    wait_timeout: float | None


def input_options(command: _Command) -> _Command:
    """Add the argument FILE… and the options that choose the input to a command."""
    for option in (
        *(_wait_option, _execution_option, _pod_option, _container_option),
        *(only_option, capture_option, files_argument),
    ):
        command = option(command)
    return command


def choose_input(given: InputOptions, messages: Messages) -> Reading:
    """Choose what to read: a live container or execution, the files given, or standard input.

    Raises:
        click.UsageError: More than one of these is given.
        Failure: It cannot be read.
    """
    wait_timeout = given["wait_timeout"]
    live = [name for name in _LIVE if given[name] is not None]  # type: ignore[literal-required]
    if not live:
        if wait_timeout is not None:
            raise click.UsageError("--wait-timeout goes with --container, --pod or --execution only.")
        return choose_files(given["files"], given["capture"], messages)
    is_capture = given["files"] or given["capture"] != AUTO or given["only"] is not None
    if is_capture or len(live) > 1:
        raise click.UsageError(
            "--container, --pod and --execution go without FILE, --capture, --only and each other."
        )
    if given["container"] is not None:
        return _container(given["container"], wait_timeout, messages)
    if given["pod"] is not None:
        return _pod(given["pod"], wait_timeout, messages)
    endpoint, execution_id = given["execution"] or ("", "")
    return _execution(endpoint, execution_id, wait_timeout, messages)


def _container(name: str, wait_timeout: float | None, messages: Messages) -> Live:
    from planqk_protocol.engines import docker  # noqa: PLC0415  # heavy

    return Live(f"container {name}", partial(docker.follow, name, wait_timeout=wait_timeout), messages)


def _execution(endpoint: str, execution_id: str, wait_timeout: float | None, messages: Messages) -> Live:
    from planqk_protocol.engines import planqk  # noqa: PLC0415  # heavy

    subject = f"execution {execution_id}"
    tell = partial(messages.say, subject)
    follow = partial(planqk.follow, endpoint, execution_id, wait_timeout=wait_timeout, tell=tell)
    return LiveExecution(subject, follow, messages)


def _pod(pod: str, wait_timeout: float | None, messages: Messages) -> Live:
    from planqk_protocol.engines import kubernetes  # noqa: PLC0415  # heavy

    namespace, slash, name = pod.partition("/")
    if not (namespace and slash and name):
        raise click.UsageError("--pod takes NAMESPACE/NAME, such as default/job.")
    subject = f"pod {pod}"
    tell = partial(messages.say, subject)
    return Live(
        subject, partial(kubernetes.follow, namespace, name, wait_timeout=wait_timeout, tell=tell), messages
    )


def choose_files(files: tuple[str, ...], capture: str, messages: Messages) -> Files:
    """Choose the files given, or standard input. If standard input is a terminal, announce that it is read.

    Raises:
        Failure: The files are not one stream.
    """
    if "" in files:
        raise Failure("the name of a FILE is empty (is a variable of the shell not set?); give its path")
    if len(files) > 1:
        if capture in {AUTO, _CRI}:
            check_one_run(files)
        check_order(files)
    names = files or (STDIN,)
    if STDIN in names and sys.stdin is not None and sys.stdin.isatty():
        end = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"
        messages.say(label(STDIN), f"reading from the terminal; {end} ends it")
    return Files(names, capture, messages)


def limit_options(*fields: str) -> Callable[[_Command], Callable[..., Any]]:
    """Add an option for each of these fields of `Limits` to a command, which takes them as ``limits``."""

    def decorate(command: _Command) -> Callable[..., Any]:
        @wraps(command)
        def with_limits(*args: Any, **kwargs: Any) -> Any:
            limits = Limits(**{field: kwargs.pop(field) for field in fields})
            return command(*args, limits=limits, **kwargs)

        decorated: Callable[..., Any] = with_limits
        for field in reversed(fields):
            option = click.option(
                f"--{field.replace('_', '-')}",
                type=_limit_type(field),
                metavar=_RANGES.get(field, f"N|{_NO_LIMIT}"),
                default=getattr(Limits(), field),
                show_default=True,
                help=_LIMITS[field],
            )
            decorated = option(decorated)
        return decorated

    return decorate


def _limit_type(field: str) -> Callable[[int | str], int | None]:
    """Make the function that converts the value of an option to a limit."""

    def limit(value: int | str) -> int | None:
        if value == _NO_LIMIT and field not in _RANGES:
            return None
        try:
            Limits(**{field: int(value)})
        except ValueError:
            raise click.BadParameter(_limit_error(value, field)) from None
        return int(value)

    return limit


def _limit_error(value: int | str, field: str) -> str:
    if field in _RANGES:
        return f"{value!r} is not a number in {_RANGES[field]}."
    return f"{value!r} is not a valid limit; give a number, or {_NO_LIMIT!r}."
