"""What a command reads: files, or the output of a live container."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from planqk_protocol.cli.capture import RAW
from planqk_protocol.cli.compression import Tell, decompressed
from planqk_protocol.cli.failures import Failure
from planqk_protocol.cli.notes import Notes
from planqk_protocol.cli.progress import progress
from planqk_protocol.cli.sources import Input, label, read, total_size
from planqk_protocol.engines.output import ContainerOutput, EngineError

__all__ = ["Files", "Live", "Reading", "contents"]


class Files:
    """Files, read as one stream.

    Args:
        names: Their paths; ``-`` is standard input.
        capture: The id of their format, or ``auto``.
        notes: Standard error.
    """

    def __init__(self, names: tuple[str, ...], capture: str, notes: Notes) -> None:
        self.names = names
        self.capture = capture
        self._notes = notes

    @property
    def subject(self) -> str:
        """What is read, in messages."""
        return label(self.names[0]) if len(self.names) == 1 else f"{len(self.names)} files"

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[Input]]:
        """The inputs; a progress bar is shown where that is wanted and makes sense."""
        size = total_size(self.names)
        with progress(read(self.names), size if shows_progress else None, self._notes) as inputs:
            yield contents(inputs, self.capture, self._notes.say)

    def again(self) -> Iterator[Input]:
        """The inputs that can be read once more."""
        names = [name for name in self.names if total_size([name])]
        return contents(read(names), self.capture, lambda *_told: None)


class Live:
    """The output of a container, as its engine sends it.

    Args:
        subject: What is read, in messages.
        follow: Begins to read.
        notes: Standard error.
    """

    def __init__(self, subject: str, follow: Callable[[], ContainerOutput], notes: Notes) -> None:
        self.subject = subject
        self._notes = notes
        with _failing():
            self._output = follow()
        self.capture = self._output.capture

    @contextmanager
    def opened(self, *, shows_progress: bool) -> Iterator[Iterable[Input]]:  # noqa: ARG002  # it has no size
        """The container's output, once; what is to be known of it is said."""
        for caveat in self._output.caveats:
            self._notes.say(self.subject, caveat)
        with _failing():
            yield [Input(self.subject, iter(self._output))]

    def again(self) -> Iterator[Input]:
        """Nothing: the output is gone."""
        return iter(())

    def exit_code(self) -> int | None:
        """Wait for the container's exit code; ``None`` where it cannot be known."""
        with _failing():
            return self._output.exit_code()


Reading = Files | Live


def contents(inputs: Iterable[Input], capture: str, tell: Tell) -> Iterator[Input]:
    """The inputs, decompressed; as they are, if their format is said to be ``raw``."""
    return iter(inputs) if capture == RAW else decompressed(inputs, tell)


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise Failure(str(error)) from None
