"""Blocking calls for an event loop, each in a thread of its own.

asyncio keeps few threads for blocking calls, and all of a program shares them. A
reader that waits for a container's output blocks for hours, so a few readers would
take all of these threads. A thread for each call costs some 50 µs, which is little
beside the time that a chunk takes to come from an engine. The thread ends with the
call, so nothing has to be closed, and no queue grows between the engine and the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

__all__ = ["in_loop", "in_thread"]

_T = TypeVar("_T")


def in_loop(function: Callable[[str], None]) -> Callable[[str], None]:
    """Make a function that may be called in any thread, and calls another one in the running event loop.

    Once the loop is closed, calls do nothing.

    Args:
        function: The function that is called in the loop.
    """
    loop = asyncio.get_running_loop()

    def call(text: str) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(function, text)

    return call


async def in_thread(
    function: Callable[[], _T],
    *,
    abort: Callable[[], None],
    discard: Callable[[_T], None] = lambda _value: None,
) -> _T:
    """Make a blocking call in a thread, and wait for the value that it returns.

    Args:
        function: The function that is called.
        abort: Makes the call return soon. It is called in the event loop if
            the waiting task is cancelled.
        discard: Called with the value if the call returns one after the cancellation.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, error: BaseException | None) -> None:
        if future.done():  # the task was cancelled
            drop(value, error)
        elif error is None:
            future.set_result(cast("_T", value))
        else:
            future.set_exception(error)

    def drop(value: _T | None, error: BaseException | None) -> None:
        if error is None:
            discard(cast("_T", value))

    def run() -> None:
        value, error = _call(function)
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


def _call(function: Callable[[], _T]) -> tuple[_T | None, BaseException | None]:
    """Call a function. Return its value and ``None``, or ``None`` and the exception that it raised."""
    try:
        return function(), None
    except BaseException as error:  # noqa: BLE001  # the waiting task raises it
        return None, error
