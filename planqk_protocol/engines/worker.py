"""Blocking calls of an event loop, in a thread of their own.

The threads that asyncio keeps for blocking calls are few, and shared by all of
a program. A reader that waits for a container's output blocks for hours, so a
few of them would block the program. Each has a thread of its own instead. It
makes one call at a time, as it is asked, so nothing piles up between the engine
and the loop. It ends with its owner, and does not keep the program from ending.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar, cast

__all__ = ["Worker"]

_T = TypeVar("_T")


class Worker:
    """A thread that makes blocking calls for event loops."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def call(
        self,
        function: Callable[[], _T],
        *,
        abort: Callable[[], None],
        discard: Callable[[_T], None] = lambda _value: None,
    ) -> _T:
        """Make a call, and wait for what it returns.

        Args:
            function: What is called.
            abort: Makes the call return soon, from any thread. It is called if
                whoever waits is cancelled.
            discard: Takes what the call returns all the same then.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()

        def settle(value: _T | None, error: BaseException | None) -> None:
            if error is None and future.done():
                discard(cast("_T", value))
            elif error is None:
                future.set_result(cast("_T", value))
            elif not future.done():
                future.set_exception(error)

        def run() -> None:
            value, error = _called(function)
            try:
                loop.call_soon_threadsafe(settle, value, error)
            except RuntimeError:  # the loop is closed, so nobody waits
                if error is None:
                    discard(cast("_T", value))

        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="planqk-protocol")
            self._thread.start()
        self._calls.put(run)
        try:
            return await future
        except asyncio.CancelledError:
            abort()
            raise

    def end(self) -> None:
        """End the thread when the call at hand has returned."""
        self._calls.put(None)

    def _work(self) -> None:
        while call := self._calls.get():
            call()


def _called(function: Callable[[], _T]) -> tuple[_T | None, BaseException | None]:
    """What a call returns, and what it raises."""
    try:
        return function(), None
    except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
        return None, error
