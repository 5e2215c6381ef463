"""The standard output and the exit code of a container, as an engine gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.engines.blocking import in_thread
from planqk_protocol.errors import ProtocolError

__all__ = ["ContainerOutput", "EngineError", "OutputItem", "Reader", "open_in_thread", "shortened"]

OutputItem: TypeAlias = bytes | CaptureNotice
"""A chunk of a container's output, or a notice at the place where some of it is missing."""

_MOST_SHOWN = 300  # characters of a message of an engine: enough for the reason, and no flood of text


class EngineError(ProtocolError):
    """An engine cannot give a container's output or exit code. The message says why and what to do."""


def shortened(message: str) -> str:
    r"""The message of an engine as our own messages show it: without white space around it, and not too long.

    >>> shortened(" no space left on device\n")
    'no space left on device'
    """
    message = message.strip()
    return message if len(message) <= _MOST_SHOWN else f"{message[:_MOST_SHOWN]}…"


class Reader(Protocol):
    """Reads one container. Each engine has its own, and `ContainerOutput` uses them all alike.

    Attributes:
        is_cut_off: Whether output may be missing after the last item. It is valid
            once `items` has ended.
    """

    is_cut_off: bool

    def items(self) -> Iterator[OutputItem]:
        """Yield the output. It is called once."""

    def exit_code(self) -> int | None:
        """Wait for the exit code; ``None`` if the engine no longer knows it."""

    def close(self) -> None:
        """Close all connections, and so end `items` and `exit_code` if another thread waits in them."""


class ContainerOutput:
    """The standard output of a container, from its beginning until the container exits.

    It is an iterator of chunks, cut anywhere, that blocks until there is
    output. Where output was lost on the way, it gives a notice of kind ``gap``
    instead; `planqk_protocol.captures.Source.feed` takes both. It holds
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
        self._items = reader.items()
        self._has_ended = False
        self._is_closed = False
        self._exit_code: int | None = None
        self._has_exit_code = False
        self.capture = capture
        self.caveats = caveats

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> OutputItem:
        if self._is_closed:
            raise StopIteration
        try:
            return next(self._items)
        except StopIteration:
            self._has_ended = not self._is_closed  # another thread may have closed it meanwhile
            raise
        except BaseException:
            self.close()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> OutputItem:
        item = await in_thread(lambda: next(self, None), abort=self.close)
        if item is None:
            raise StopAsyncIteration
        return item

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
        """Whether output may be missing after the last chunk. `collect` takes it as ``cut_off``.

        It is true if the engine could not give the rest, or if the output was
        closed before its end. It is valid once the iteration has ended.
        """
        return self._reader.is_cut_off if self._has_ended else self._is_closed

    def exit_code(self) -> int | None:
        """Wait for the container's exit code; ``None`` if the engine no longer knows it.

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
            self._items = iter(())
            self._reader.close()


async def open_in_thread(
    follow: Callable[[], ContainerOutput], *, abort: Callable[[], None]
) -> ContainerOutput:
    """Call a function that follows a container, without blocking the event loop.

    Args:
        follow: The function. It runs in a thread of its own.
        abort: Makes it return or raise soon. It is called if the task is
            cancelled. An output that the function returns after that is closed.
    """
    return await in_thread(follow, abort=abort, discard=ContainerOutput.close)
