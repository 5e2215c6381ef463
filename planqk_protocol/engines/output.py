"""What an engine gives of a container: its output, and its exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

__all__ = ["ContainerOutput", "EngineError"]


class EngineError(Exception):
    """An engine cannot give what was asked of it. The message says why and what to do."""


class ContainerOutput:
    """The standard output of a container, from its beginning until the container exits.

    It is an iterator of chunks, cut anywhere, that blocks until there is output.

    Args:
        chunks: What the engine sends.
        exit_code: Waits for the container's exit code.
        capture: The format of the chunks.
        caveats: What is to be known of them, a sentence each.

    Attributes:
        capture: The format of the chunks, one of `planqk_protocol.captures.formats`.
        caveats: What is to be known of them, a sentence each.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        exit_code: Callable[[], int | None],
        *,
        capture: str,
        caveats: list[str],
    ) -> None:
        self._chunks = chunks
        self._exit_code = exit_code
        self.capture = capture
        self.caveats = caveats

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def exit_code(self) -> int | None:
        """Wait for the container's exit code; ``None`` where it cannot be known any more.

        Raises:
            EngineError: The engine does not answer.
        """
        return self._exit_code()
