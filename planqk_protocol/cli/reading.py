"""What a command reads: files, or the output of a live container."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from planqk_protocol.cli.compression import Tell, decompressed
from planqk_protocol.cli.detection import RAW
from planqk_protocol.cli.sources import STDIN, Input, label, read, total_size
from planqk_protocol.cli.terminal import Failure, Messages
from planqk_protocol.engines.container import ContainerOutput, EngineError

__all__ = ["Files", "Live", "Reading", "contents", "progress"]

_LONG = 16 * 1024 * 1024  # bytes; less is read before a bar could be


@contextmanager
def progress(inputs: Iterable[Input], size: int | None, messages: Messages) -> Iterator[Iterable[Input]]:
    """The same inputs; how much of them was read is shown on standard error, where that makes sense.

    The bar is gone at the end. Messages appear above it.

    Args:
        inputs: The inputs.
        size: Number of their bytes; ``None`` where it is not known.
        messages: Standard error.
    """
    if size is None or size < _LONG or not messages.is_live:
        yield inputs
        return
    columns = (
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=messages, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=size)
        yield (Input(name, _counted(chunks, lambda read: bar.advance(task, read))) for name, chunks in inputs)


def _counted(chunks: Iterable[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        advance(len(chunk))
        yield chunk


_MOST_KEPT = 16 * 1024 * 1024


class Files:
    """Files, read as one stream.

    Args:
        names: Their paths; ``-`` is standard input.
        capture: The id of their format, or ``auto``.
        messages: Standard error.
    """

    is_cut_off = False  # none that is known before they are read

    def __init__(self, names: tuple[str, ...], capture: str, messages: Messages) -> None:
        self.names = names
        self.capture = capture
        self._messages = messages
        self._kept: dict[str, list[bytes]] = {}
        self._room = _MOST_KEPT

    @property
    def is_stored(self) -> bool:
        """Whether all of it is there, so that nothing is waited for."""
        return total_size(self.names) is not None

    @property
    def subject(self) -> str:
        """What is read, in messages."""
        return label(self.names[0]) if len(self.names) == 1 else f"{len(self.names)} files"

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[Input]]:
        """The inputs; a progress bar is shown where that is wanted and makes sense."""
        size = total_size(self.names)
        with progress(self._keeping(), size if shows_progress else None, self._messages) as inputs:
            yield contents(inputs, self.capture, self._messages.say)

    def again(self) -> Iterator[Input]:
        """The inputs once more; of a pipe, no more than its beginning."""
        return contents(self._read_again(), self.capture, lambda *_told: None)

    def _keeping(self) -> Iterator[Input]:
        """The inputs; the beginning of those that cannot be read once more is kept."""
        for name, item in zip(self.names, read(self.names), strict=True):
            yield item if _is_file(name) else Input(item.name, self._keep(name, item.chunks))

    def _keep(self, name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        kept = self._kept.setdefault(name, [])
        for chunk in chunks:
            kept.append(chunk[: self._room])
            self._room -= len(kept[-1])
            yield chunk

    def _read_again(self) -> Iterator[Input]:
        for name in self.names:
            if _is_file(name):
                yield from read([name])
            else:
                yield Input(label(name), iter(self._kept.get(name, ())))


class Live:
    """The output of a container, as its engine sends it.

    Args:
        subject: What is read, in messages.
        follow: Begins to read.
        messages: Standard error.

    Attributes:
        is_cut_off: Whether output may be missing at its end, once it has been read.
    """

    is_stored = False

    def __init__(self, subject: str, follow: Callable[[], ContainerOutput], messages: Messages) -> None:
        self.subject = subject
        self.capture = RAW
        self.is_cut_off = False
        self._follow = follow
        self._messages = messages
        self._exit_code: int | None = None
        self._failure: Failure | None = None

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[Input]]:  # noqa: ARG002  # it has no size
        """The container's output, once; what is to be known of it is said.

        When it has been read, the exit code is waited for, and the connections are closed.
        """
        with _failing(), self._follow() as output:
            self.capture = output.capture
            for caveat in output.caveats:
                self._messages.say(self.subject, caveat)
            yield [Input(self.subject, cast("Iterator[bytes]", output))]  # notices go with the bytes
            self.is_cut_off = output.is_cut_off
            try:
                self._exit_code = output.exit_code()
            except EngineError as error:  # to be said when the result is out
                self._failure = Failure(str(error))

    def again(self) -> Iterator[Input]:
        """Nothing: the output is gone."""
        return iter(())

    def exit_code(self) -> int | None:
        """The container's exit code; ``None`` where it cannot be known.

        Raises:
            Failure: The engine did not tell it.
        """
        if self._failure:
            raise self._failure
        return self._exit_code


Reading = Files | Live


def contents(inputs: Iterable[Input], capture: str, tell: Tell) -> Iterator[Input]:
    """The inputs, decompressed; as they are, if their format is said to be ``raw``."""
    return iter(inputs) if capture == RAW else decompressed(inputs, tell)


def _is_file(name: str) -> bool:
    return name != STDIN and total_size([name]) is not None


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise Failure(str(error)) from None
