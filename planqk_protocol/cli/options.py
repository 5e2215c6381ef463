"""What the commands that read share: the argument FILE…, and the options that say what it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypedDict, TypeVar

import rich_click as click

from planqk_protocol import Limits
from planqk_protocol.captures import formats
from planqk_protocol.cli.detection import AUTO, check_one_run
from planqk_protocol.cli.reading import Files, Live, Reading
from planqk_protocol.cli.rotation import check_order
from planqk_protocol.cli.sources import STDIN, label
from planqk_protocol.cli.terminal import Failure, Notes
from planqk_protocol.engines import docker, kubernetes
from planqk_protocol.limits import MAX_DEPTH

__all__ = [
    "Chosen",
    "capture_option",
    "choose_input",
    "chosen_files",
    "files_argument",
    "limit_options",
    "only_option",
    "reading_options",
]

files_argument = click.argument(
    "files",
    metavar="[FILE]...",
    nargs=-1,
    type=click.Path(allow_dash=True),
    help="What to read, several as one stream; '-', or none, is standard input.",
)
capture_option = click.option(
    "--capture",
    metavar="ID",
    type=click.Choice([AUTO, *formats()]),
    default=AUTO,
    help="The format of what is read, one of those that 'planqk-protocol formats' shows; by default, its "
    "first bytes tell.",
)
only_option = click.option(
    "--only",
    metavar="CONTAINER",
    help="Of a capture that holds several containers, the one to read, named as in the capture; by default, "
    "the first one.",
)
_container_option = click.option(
    "--container", metavar="NAME", help="Read a live container of Docker, until it exits."
)
_pod_option = click.option(
    "--pod",
    metavar="NAMESPACE/NAME",
    help="Read a live pod of Kubernetes, until it exits.",
)
_wait_option = click.option(
    "--wait-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="How long to wait for the start of a live container or pod; by default, without end.",
)

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Chosen(TypedDict):
    """What the user chose to read."""

    files: tuple[str, ...]
    capture: str
    only: str | None
    container: str | None
    pod: str | None
    wait_timeout: float | None


def reading_options(command: _Command) -> _Command:
    """Give a command the argument and the options of `Chosen`."""
    for option in (_wait_option, _pod_option, _container_option, only_option, capture_option, files_argument):
        command = option(command)
    return command


def choose_input(what: Chosen, notes: Notes) -> Reading:
    """What to read: a live container, the files given, or standard input.

    Raises:
        click.UsageError: More than one of these is given.
        Failure: It cannot be read.
    """
    container, pod, wait_timeout = what["container"], what["pod"], what["wait_timeout"]
    if container is None and pod is None:
        if wait_timeout is not None:
            raise click.UsageError("--wait-timeout goes with --container or --pod only.")
        return chosen_files(what["files"], what["capture"], notes)
    is_capture = what["files"] or what["capture"] != AUTO or what["only"] is not None
    if is_capture or (container is not None and pod is not None):
        raise click.UsageError("--container and --pod go without FILE, --capture, --only and each other.")
    if container is not None:
        follow = partial(docker.follow, container, wait_timeout=wait_timeout)
        return Live(f"container {container}", follow, notes)
    namespace, slash, name = str(pod).partition("/")
    if not (namespace and slash and name):
        raise click.UsageError("--pod takes NAMESPACE/NAME, such as default/job.")
    subject = f"pod {pod}"
    tell = partial(notes.say, subject)
    return Live(
        subject, partial(kubernetes.follow, namespace, name, wait_timeout=wait_timeout, tell=tell), notes
    )


def chosen_files(files: tuple[str, ...], capture: str, notes: Notes) -> Files:
    """The files given, or standard input; who sits at a terminal is told that it is read.

    Raises:
        Failure: The files are not one stream.
    """
    if "" in files:
        raise Failure(
            "the name of a FILE is empty, as where a variable of the shell is not set; give its path"
        )
    check_one_run(files, capture)
    check_order(files)
    names = files or (STDIN,)
    if STDIN in names and sys.stdin is not None and sys.stdin.isatty():
        end = "Ctrl-Z and Enter" if sys.platform == "win32" else "Ctrl-D"
        notes.say(label(STDIN), f"reading from the terminal; {end} ends it")
    return Files(names, capture, notes)


_NONE = "none"
_HELP = {
    "max_line": "Longest log line given in one piece, in bytes.",
    "max_payload": "Longest marked line or block, in bytes.",
    "max_depth": "Deepest nesting of JSON.",
    "max_digits": "Longest integer in JSON, in digits.",
}

_ALWAYS = {"max_depth": f"0…{MAX_DEPTH}"}  # limits that cannot be lifted, and what they can be

_Function = Callable[..., Any]


def _converter(field: str) -> Callable[[int | str], int | None]:
    """What makes a limit of a word."""

    def limit(word: int | str) -> int | None:
        if word == _NONE and field not in _ALWAYS:
            return None
        try:
            Limits(**{field: int(word)})
        except ValueError:
            raise click.BadParameter(_refusal(word, field)) from None
        return int(word)

    return limit


def _refusal(word: int | str, field: str) -> str:
    if field in _ALWAYS:
        return f"{word!r} is no number of {_ALWAYS[field]}."
    return f"{word!r} is neither a number that can be a limit, nor {_NONE!r}."


def limit_options(*fields: str) -> Callable[[_Function], _Function]:
    """Give a command options for these fields of `Limits`, and the argument ``limits``."""

    def decorate(command: _Function) -> _Function:
        @wraps(command)
        def with_limits(*args: Any, **kwargs: Any) -> Any:
            limits = Limits(**{field: kwargs.pop(field) for field in fields})
            return command(*args, limits=limits, **kwargs)

        decorated: _Function = with_limits
        for field in reversed(fields):
            option = click.option(
                f"--{field.replace('_', '-')}",
                type=_converter(field),
                metavar=_ALWAYS.get(field, "N|none"),
                default=getattr(Limits(), field),
                show_default=True,
                help=_HELP[field],
            )
            decorated = option(decorated)
        return decorated

    return decorate
