"""Follow containers of Docker, and of other engines with its API. Needs the extra ``[docker]``.

**The stored log.** If the engine can read the log that it stores, that log is read.
Then output can be requested again if the connection breaks or the engine restarts.
The log of a container that was not started is empty, so its start is awaited. (To attach
to it before its start would bring the same bytes without stamps, and only once.)

The log is followed while the container runs. After the exit it is read again, until
there is nothing new. There are two reasons. While Docker follows a log, it leaves out
a last line without LF (moby#43860). And when the engine shuts down, it ends its answers
properly, as at the end of a log (moby, daemon/server/httputils/logstream/logstream.go,
Write).

**Attaching.** Two kinds of containers are attached to before their start, as nothing
else brings all of their output:

- those whose log cannot be read: of the driver ``none`` (moby, daemon/logs.go,
  ContainerLogs), or of a driver without a reader whose log is not cached either (moby,
  daemon/container/container.go, StartLogger);
- those that the engine removes, with their log, as soon as they exit (``--rm``).

If the connection breaks, the output that they print until it is renewed is lost. The
request to attach does not ask for earlier output. If it did, and the log could not be
read, the engine would write that error into the container's stdout (moby,
daemon/attach.go: "Error attaching: …").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from planqk_protocol.captures import CaptureNotice, NoticeKind, StdStream
from planqk_protocol.engines.container import (
    ContainerOutput,
    EngineError,
    OutputItem,
    open_in_thread,
    shortened,
)
from planqk_protocol.engines.docker_api import BrokenError, Container, GoneError
from planqk_protocol.engines.stored import FrameError, PlainLog, StampedLog

__all__ = ["afollow", "follow"]

_T = TypeVar("_T")

_POLL_INTERVAL = 0.1  # seconds between two requests for the state of a container that is not started
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0  # seconds before another try; each delay is twice the one before
_GIVE_UP_AFTER = 90.0  # seconds without a successful try: enough for a restart of the engine
_DOUBTFUL_TRIES = 8  # after the exit, if the log lacks records that were given
_NEVER = "0001-"  # how `StartedAt` begins before the first start: Go's zero time (moby, daemon/inspect.go)

# Without frames, all that the engine writes is one stream (moby, logstream.go, Write).
_TERMINAL = (
    "the container has a terminal (-t), so its stderr and errors of the engine are mixed into its stdout"
)
# Each run appends to the log (moby, daemon/logger/loggerutils/logfile.go, which opens it with O_APPEND).
_RESTARTED = "the container was restarted {} times; the output of all its runs is one log"
_ONCE = "{}, so output that is lost where the connection breaks cannot be read again"
_REMOVED = "the engine removes the container when it exits (--rm)"
_UNREADABLE = "the engine cannot read the log of its driver, {}"
_LAST_LINE = _REMOVED + ", so that a last line without LF is lost; follow it before its start"
_LATE = "the container was started while it was being attached to; its first output may be missing"
_GONE = "container {} was removed before it ran; if nobody removed it, it could not be started"
_ENDED = "cannot read container {}: it runs, but the engine ended the answer"
_BREAK = "the connection to the engine broke; what the container printed until it was renewed is lost"


def follow(name: str, *, client: Any = None, wait_timeout: float | None = None) -> ContainerOutput:
    """Follow the standard output of a container of Docker.

    If the container was created but not started, its start is awaited when the
    first chunk or the exit code is asked for. So call this before you start a
    container, and none of its output is missed. If the connection breaks, or
    the engine restarts, the output goes on where it ended, or a notice says
    that some is missing.

    Args:
        name: Name or id of the container.
        client: A ``docker.DockerClient``; by default one for the engine that
            the environment names (``DOCKER_HOST``).
        wait_timeout: Seconds to wait for the start; by default, for ever.

    Raises:
        EngineError: The library is missing, the engine does not answer, there
            is no such container, or its output cannot be read. The iteration
            raises it if the container cannot start, is removed before its start,
            or the engine does not come back.
    """
    container = Container(client, name)
    try:
        reader = _DockerReader(container, name, wait_timeout)
        reader.open()
    except BaseException:
        container.close()
        raise
    return ContainerOutput(reader, capture=reader.capture, caveats=reader.caveats)


async def afollow(name: str, *, client: Any = None, wait_timeout: float | None = None) -> ContainerOutput:
    """`follow` for asyncio: waits without blocking, in a thread of its own.

    The output is an asynchronous iterator too. Cancellation closes it.

    Args:
        name: As in `follow`.
        client: As in `follow`.
        wait_timeout: As in `follow`.

    Raises:
        EngineError: As `follow`.
    """
    # `follow` cannot be aborted, and need not be: it makes a few requests, and does not wait for the start.
    return await open_in_thread(
        lambda: follow(name, client=client, wait_timeout=wait_timeout), abort=lambda: None
    )


class _ClosedError(Exception):
    """Another thread closed the output."""


class _DockerReader:
    """Reads one container: see `planqk_protocol.engines.container.Reader`."""

    def __init__(self, container: Container, name: str, wait_timeout: float | None) -> None:
        self._container = container
        self._name = name
        self._wait_timeout = wait_timeout
        self._closing = threading.Event()
        self._exit_answer: Any = None  # the answer that will hold the exit code
        self._attach_answer: Any = None  # the answer with the output; `None` if the stored log is read
        self._log: StampedLog | PlainLog = PlainLog("raw")
        self._has_started = False
        self._is_late = False  # the container was started before it was attached to
        self._run = ""  # the time at which the run that is read was started, which names the run
        self._failing_since: float | None = None
        self._delay = _FIRST_DELAY
        self.is_cut_off = False
        self.capture = ""
        self.caveats: list[str] = []

    def open(self) -> None:
        """Make the requests that have to be made before the start, and choose how to read the output."""
        container = self._container
        host = container.details["HostConfig"]
        is_removed, driver = host.get("AutoRemove", False), host.get("LogConfig", {}).get("Type", "")
        refusal = self._refusal_of_log()
        if self._is_created:
            self._open_before_start(can_read_log=not refusal, is_removed=is_removed)
        else:
            self._exit_answer = container.request("POST", "wait", condition="not-running")
        if refusal and not self._attach_answer:
            raise EngineError(f"{refusal}; of such a container, call this before its start")
        has_terminal = container.details["Config"].get("Tty", False)
        if has_terminal:
            self.caveats.append(_TERMINAL)
        if self._attach_answer:
            self.caveats.append(_ONCE.format(_UNREADABLE.format(driver) if refusal else _REMOVED))
            self.capture = "raw" if has_terminal else "docker-mux"
            return
        if is_removed:
            self.caveats.append(_LAST_LINE)
        if restarts := container.details.get("RestartCount", 0):
            self.caveats.append(_RESTARTED.format(restarts))
        if not has_terminal and container.is_of_docker():
            self._log = StampedLog(driver)
        elif not has_terminal:
            self._log = PlainLog("docker-mux")
        self.capture = self._log.capture

    def _refusal_of_log(self) -> EngineError | None:
        """The error with which the engine refuses to give the log; ``None`` if it gives the log."""
        try:
            self._container.end(self._container.request("GET", "logs", stdout=1, tail=0))
        except (BrokenError, GoneError):
            raise
        except EngineError as error:
            return error
        return None

    @property
    def _is_created(self) -> bool:
        return bool(self._container.state["Status"] == "created")

    def _open_before_start(self, *, can_read_log: bool, is_removed: bool) -> None:
        """Ask for the exit code of the first run; attach to it if its log cannot be read, or is removed."""
        container = self._container
        self._exit_answer = container.request("POST", "wait", condition="next-exit")
        if is_removed or not can_read_log:
            self._attach_answer = self._attach()
        container.inspect()
        if self._is_created:
            return
        self._is_late = True
        has_exited = not container.state["Running"]  # then neither request would ever be answered
        if has_exited:
            container.end(self._exit_answer)
            self._exit_answer = container.request("POST", "wait", condition="not-running")
        if self._attach_answer and (can_read_log or has_exited):
            container.end(self._attach_answer)
            self._attach_answer = None

    def _attach(self) -> Any:
        return self._container.request("POST", "attach", stream=1, stdout=1)

    def items(self) -> Iterator[OutputItem]:
        """Yield the output."""
        with suppress(_ClosedError):
            self._wait_for_start()
            yield from (
                self._attached_items(self._attach_answer) if self._attach_answer else self._stored_items()
            )

    def _wait_for_start(self) -> None:
        """Wait until the container has been started; it may have exited since.

        Raises:
            EngineError: It cannot start, was removed, or was not started in time.
        """
        limit = self._wait_timeout
        deadline = float("inf") if limit is None else time.monotonic() + limit
        while not self._has_started:
            try:
                state = self._ask_for_state()
            except GoneError:
                if not (self._attach_answer and self._repeat(self._container.was_started)):
                    raise EngineError(_GONE.format(self._name)) from None
                self._has_started = True  # it ran, and is removed already (--rm)
                return
            if not state["StartedAt"].startswith(_NEVER):  # even if its status is "removing"
                self._run = state["StartedAt"]
                self._has_started = True
            elif error := state.get("Error"):
                raise EngineError(f"container {self._name} cannot start: {shortened(error)}")
            elif time.monotonic() >= deadline:
                raise EngineError(f"container {self._name} was not started within {limit:g} s")
            else:
                self._sleep(_POLL_INTERVAL)

    def _stored_items(self) -> Iterator[OutputItem]:
        """Yield the output from the stored log, up to its end."""
        log = self._log
        answer_ended = False  # whether the latest answer was requested while the container ran, and ended
        doubtful_tries = 0  # tries in a row, after the exit, in which the log lacked records given before
        began = time.monotonic()
        while not log.is_lost:
            try:
                is_over = self._run_is_over()
                if answer_ended and not is_over:
                    self._wait_before_retry(EngineError(_ENDED.format(self._name)), began)
                began, is_new = time.monotonic(), False
                for item in self._items_of_one_answer(log, follow=int(not is_over)):
                    self._failing_since, is_new = None, is_new or isinstance(item, bytes)
                    yield item
                doubtful_tries = doubtful_tries + 1 if is_over and log.is_catching_up and not is_new else 0
                if doubtful_tries and doubtful_tries < _DOUBTFUL_TRIES:
                    self._sleep(min(_FIRST_DELAY * 2**doubtful_tries, _LONGEST_DELAY))
                elif is_over and not is_new:
                    break
                answer_ended = not is_over
            except BrokenError as error:
                self._wait_before_retry(error, began)
            except GoneError:
                self.is_cut_off = True
                return
        yield from log.close()
        self.is_cut_off = bool(log.error or log.is_lost)

    def _items_of_one_answer(self, log: StampedLog | PlainLog, follow: int) -> Iterator[OutputItem]:
        """Request the log once, and yield what is new of it."""
        container = self._container
        answer = container.request("GET", "logs", stdout=1, follow=follow, **log.restart())
        try:
            for chunk in container.chunks(answer):
                yield from log.feed(chunk)
        except FrameError as error:
            raise EngineError(f"cannot read container {self._name}: {error}") from None
        finally:
            container.end(answer)
        if log.is_within:
            raise BrokenError(f"cannot read container {self._name}: the log ended within a record")
        if log.error and follow:
            raise BrokenError(f"cannot read container {self._name}: {log.error}")

    def _attached_items(self, answer: Any) -> Iterator[OutputItem]:
        """Yield the output as the container prints it."""
        container, size = self._container, 0
        if self._is_late:
            yield CaptureNotice(NoticeKind.GAP, 1, 0, _LATE, StdStream.STDOUT)
        while True:
            may_miss_output = False
            try:
                for chunk in container.chunks(answer):
                    size += len(chunk)
                    yield chunk
            except BrokenError:
                may_miss_output = True
            container.end(answer)
            self._failing_since = None
            try:
                is_over = self._run_is_over()
                may_miss_output |= self._failing_since is not None  # the engine may have been restarted
                if is_over:
                    self.is_cut_off = may_miss_output
                    return
                may_miss_output = True
                answer = self._repeat(self._attach)
            except GoneError:
                self.is_cut_off = may_miss_output
                return
            yield CaptureNotice(NoticeKind.GAP, 1, size, _BREAK, StdStream.STDOUT)

    def exit_code(self) -> int | None:
        """Wait for the exit code; ``None`` if the container was removed before the engine gave it."""
        try:
            self._wait_for_start()
            return self._wait_for_exit(self._exit_answer)
        except _ClosedError:
            raise EngineError(f"container {self._name}: the output was closed before it exited") from None

    def _wait_for_exit(self, answer: Any) -> int | None:
        container = self._container
        while True:
            began = time.monotonic()
            try:
                if answer is None:
                    answer = container.request("POST", "wait", condition="not-running")
                status = int(container.json(answer)["StatusCode"])
            except GoneError:
                return None
            except BrokenError as error:
                answer = None
                self._wait_before_retry(error, began)
            else:
                if status >= 0:
                    return status
                # -1: the engine stopped waiting, as it does when it shuts down (moby,
                # daemon/container/state.go, State.Wait).
                answer = None
                self._wait_before_retry(EngineError(_ENDED.format(self._name)), began)

    def close(self) -> None:
        """Close all connections."""
        self._closing.set()
        self._container.close()

    def _run_is_over(self) -> bool:
        """Whether the run that is read has ended."""
        state = self._ask_for_state()
        return not state["Running"] or state.get("Restarting", False) or state["StartedAt"] != self._run

    def _ask_for_state(self) -> Mapping[str, Any]:
        """Ask for the container's state, until the engine answers."""
        self._repeat(self._container.inspect)
        return self._container.state

    def _repeat(self, call: Callable[[], _T]) -> _T:
        """Make a call, and make it again while the engine does not answer."""
        while True:
            began = time.monotonic()
            try:
                return call()
            except BrokenError as error:
                self._wait_before_retry(error, began)

    def _wait_before_retry(self, error: EngineError, began: float) -> None:
        """Wait before another try, longer each time.

        Args:
            error: Why the latest try failed.
            began: When that try began. If it lasted long, it counts as a success.

        Raises:
            EngineError: All tries have failed for too long.
        """
        now = time.monotonic()
        if self._failing_since is None or now - began > _LONGEST_DELAY:
            self._failing_since, self._delay = now, _FIRST_DELAY
        if now - self._failing_since > _GIVE_UP_AFTER:
            raise EngineError(f"{error}; tried for {_GIVE_UP_AFTER:g} s") from None
        self._sleep(self._delay)
        self._delay = min(2 * self._delay, _LONGEST_DELAY)

    def _sleep(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise _ClosedError
