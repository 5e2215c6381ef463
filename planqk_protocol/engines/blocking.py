"""Blocking calls of an event loop, each in a thread of its own.

The threads that asyncio keeps for blocking calls are few, and all of a program
shares them. A reader that waits for a container's output blocks for hours, so a
few readers would block the program. A thread for each call costs some 50 µs,
which is little beside a chunk from an engine. It ends with the call, so there
is nothing to close, and nothing piles up between the engine and the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar, cast

__all__ = ["in_thread"]

_T = TypeVar("_T")


async def in_thread(
    function: Callable[[], _T],
    *,
    abort: Callable[[], None],
    discard: Callable[[_T], None] = lambda _value: None,
) -> _T:
    """Make a blocking call, and wait for what it returns.

    Args:
        function: What is called.
        abort: Makes the call return soon. It is called, in the event loop, if
            whoever waits is cancelled.
        discard: Takes what the call returns all the same then.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, error: BaseException | None) -> None:
        if future.done():
            drop(value, error)
        elif error is None:
            future.set_result(cast("_T", value))
        else:
            future.set_exception(error)

    def drop(value: _T | None, error: BaseException | None) -> None:
        if error is None:
            discard(cast("_T", value))

    def run() -> None:
        value, error = _called(function)
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:  # the loop is closed, so nobody waits
            drop(value, error)

    threading.Thread(target=run, daemon=True, name="planqk-protocol").start()
    try:
        return await future
    except asyncio.CancelledError:
        abort()
        raise


def _called(function: Callable[[], _T]) -> tuple[_T | None, BaseException | None]:
    """What a call returns, and what it raises."""
    try:
        return function(), None
    except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
        return None, error
