"""What an engine gives of a container: its output, and its exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.engines.blocking import in_thread

__all__ = ["ContainerOutput", "EngineError", "Reader", "opened"]


class EngineError(Exception):
    """An engine cannot give what was asked of it. The message says why and what to do."""


class Reader(Protocol):
    """How an engine is asked for one container: what `ContainerOutput` needs of it.

    Attributes:
        is_cut_off: Whether output may be missing behind the last piece; it is
            looked at when `pieces` has ended.
    """

    is_cut_off: bool

    def pieces(self) -> Iterator[bytes | CaptureNotice]:
        """The output; called once."""

    def exit_code(self) -> int | None:
        """Wait for the exit code; ``None`` where it cannot be known any more."""

    def close(self) -> None:
        """Close all connections, and end what another thread waits for in `pieces` or `exit_code`."""


class ContainerOutput:
    """The standard output of a container, from its beginning until the container exits.

    It is an iterator of chunks, cut anywhere, that blocks until there is
    output. Where output was lost on the way, a notice of kind ``gap`` stands at
    the place; `planqk_protocol.captures.Source.feed` takes either. It holds
    connections until it is closed, so use it in a ``with`` statement.

    For asyncio it is an asynchronous iterator and an asynchronous context
    manager as well, and has `aexit_code`. These do not block: they wait in
    threads of their own. If the task is cancelled while it waits, the output is
    closed.

    Args:
        reader: Reads the container.
        capture: The id of the format of the chunks.
        caveats: Warnings about the output, one sentence each.

    Attributes:
        capture: The id of the format of the chunks, one of `planqk_protocol.captures.formats`.
        caveats: Warnings about the output, one sentence each.
    """

    def __init__(self, reader: Reader, *, capture: str, caveats: list[str]) -> None:
        self._reader = reader
        self._pieces = reader.pieces()
        self._has_ended = False
        self._is_closed = False
        self._exit_code: int | None = None
        self._has_exit_code = False
        self.capture = capture
        self.caveats = caveats

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes | CaptureNotice:
        if self._is_closed:
            raise StopIteration
        try:
            return next(self._pieces)
        except StopIteration:
            self._has_ended = not self._is_closed  # else another thread has ended it
            raise
        except BaseException:
            self.close()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes | CaptureNotice:
        piece = await in_thread(lambda: next(self, None), abort=self.close)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_cut_off(self) -> bool:
        """Whether output may be missing behind the last chunk. `collect` takes it as ``cut_off``.

        The engine could not give the rest, or the output was closed before its
        end. To be looked at when the iteration has ended.
        """
        return self._reader.is_cut_off if self._has_ended else self._is_closed

    def exit_code(self) -> int | None:
        """Wait for the container's exit code; ``None`` where it cannot be known any more.

        Raises:
            EngineError: The engine does not answer.
            ValueError: The output was closed before the exit code was asked for.
        """
        if not self._has_exit_code:
            if self._is_closed:
                raise ValueError("exit_code() after close(): ask for it before the with statement ends")
            self._exit_code = self._reader.exit_code()
            self._has_exit_code = True
        return self._exit_code

    async def aexit_code(self) -> int | None:
        """`exit_code` for asyncio: waits without blocking.

        Raises:
            EngineError: The engine does not answer.
            ValueError: The output was closed before the exit code was asked for.
        """
        return await in_thread(self.exit_code, abort=self.close)

    def close(self) -> None:
        """Close all connections. A second call does nothing.

        Another thread may call it to end an iteration that waits for output.
        """
        if not self._is_closed:
            self._is_closed = True
            self._pieces = iter(())
            self._reader.close()


async def opened(follow: Callable[[], ContainerOutput], *, abort: Callable[[], None]) -> ContainerOutput:
    """Call a function that follows a container, without blocking.

    Args:
        follow: What is called.
        abort: Makes it return or raise soon. It is called if the task is
            cancelled; an output that is returned then is closed.
    """
    return await in_thread(follow, abort=abort, discard=ContainerOutput.close)
