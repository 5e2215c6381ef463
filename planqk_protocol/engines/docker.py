"""Containers of Docker, and of other engines with its API. Needs the extra ``[docker]``.

Where the engine can read the log that it stores, that log is read: what a
broken connection or a restart of the engine loses can be asked for again. The
log of a container that was not started is empty, so its start is waited for;
to attach to it would bring the same bytes, without stamps, and only once. When
the container has exited, the rest of the log is read, since ``follow`` leaves
out a last line without LF (moby#43860), until there is nothing new: an engine
that shuts down ends its answers properly (moby, daemon/server/httputils/logstream).

Two kinds of containers are attached to before their start, as nothing else
brings all of their output: those whose log cannot be read (driver ``none``,
and drivers without a local copy), and those that the engine removes at once
when they exit (``--rm``). Nothing of it can be asked for again. No history is
asked for: where there is none, the engine writes why to the container's own
stdout (moby, daemon/attach.go: "Error attaching: …").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from planqk_protocol.captures import CaptureNotice, NoticeKind, Stream
from planqk_protocol.engines.docker_api import BrokenError, Container, GoneError
from planqk_protocol.engines.output import ContainerOutput, EngineError, opened
from planqk_protocol.engines.stored import FrameError, Piece, PlainLog, StampedLog

__all__ = ["afollow", "follow"]

_T = TypeVar("_T")

_LOOK = 0.1  # seconds between two looks at a container that has not been started
_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries
_PATIENCE = 90.0  # seconds of tries in vain: engines take up to a minute to restart
_DOUBTFUL_TRIES = 8  # at the rest of a log that does not have what was read of it: it may be a failure
_NEVER = "0001-"  # as what a container that was not started was started: Go's zero time
_MOST_SHOWN = 300  # characters of what the engine says

_TERMINAL = (
    "the container has a terminal (-t), so its stderr and errors of the engine are mixed into its stdout"
)
_RESTARTED = "the container was restarted {} times; the output of all its runs is one log"
_ONCE = "{}, so what is lost where the connection breaks cannot be read again"
_REMOVED = "the engine removes the container when it exits (--rm)"
_UNREADABLE = "the engine cannot read the log of its driver, {}"
_LAST_LINE = _REMOVED + ", so that a last line without LF is lost; follow it before its start"
_LATE = "the container was started while this attached to it; its first output may be missing"
_GONE = "container {} was removed before it ran; if nobody removed it, it could not be started"
_ENDED = "cannot read container {}: it runs, but the engine ended the answer"
_BREAK = "the connection to the engine broke; what the container printed until the next one is lost"


def follow(name: str, *, client: Any = None, wait_timeout: float | None = None) -> ContainerOutput:
    """The standard output of a container, as the Engine API sends it.

    Of a container that was created but not started, the start is waited for,
    as soon as the first chunk or the exit code is asked for; so call this
    before you start a container, and none of its output is missed. If the
    connection breaks, or the engine restarts, the output goes on where it
    ended, or a notice says what is missing.

    Args:
        name: Name or id of the container.
        client: A ``docker.DockerClient``; by default one for the engine that
            the environment names (``DOCKER_HOST``).
        wait_timeout: Seconds to wait for the start; by default, for ever.

    Raises:
        EngineError: The library is missing, the engine does not answer, there
            is no such container, or its output cannot be read; later from the
            chunks, if the container cannot start, is removed before its start,
            or the engine does not come back.
    """
    container = Container(client, name)
    try:
        reader = _Reader(container, name, wait_timeout)
        reader.open()
    except BaseException:
        container.close()
        raise
    return ContainerOutput(reader, capture=reader.capture, caveats=reader.caveats)


async def afollow(name: str, *, client: Any = None, wait_timeout: float | None = None) -> ContainerOutput:
    """`follow` for asyncio: waits without blocking, in a thread of its own.

    The output is an asynchronous iterator too. Cancellation closes it.

    Args:
        name: As in `follow`, like all others.
        client: Likewise.
        wait_timeout: Likewise.

    Raises:
        EngineError: As `follow`.
    """
    return await opened(
        lambda: follow(name, client=client, wait_timeout=wait_timeout), abort=lambda: None
    )  # its requests have limits of their own


class _ClosedError(Exception):
    """Another thread closed the output."""


class _Reader:
    """Reads one container: see `planqk_protocol.engines.output.Reader`."""

    def __init__(self, container: Container, name: str, wait_timeout: float | None) -> None:
        self._container = container
        self._name = name
        self._wait_timeout = wait_timeout
        self._closing = threading.Event()
        self._waiting: Any = None  # the answer that will bring the exit code
        self._attached: Any = None  # the answer that brings the output, where the log is not read
        self._log: StampedLog | PlainLog = PlainLog("raw")
        self._has_started = False
        self._is_late = False  # it was started before it was attached to
        self._run = ""  # when the run that is read was started
        self._failing_since: float | None = None
        self._pause = _PAUSE
        self.is_cut_off = False
        self.capture = ""
        self.caveats: list[str] = []

    def open(self) -> None:
        """Ask for what has to be asked for before the start, and for the exit code."""
        container = self._container
        host = container.details["HostConfig"]
        is_removed, driver = host.get("AutoRemove", False), host.get("LogConfig", {}).get("Type", "")
        refusal = self._refusal()
        if self._is_created:
            self._open_before_start(can_read_log=not refusal, is_removed=is_removed)
        else:
            self._waiting = container.ask("POST", "wait", condition="not-running")
        if refusal and not self._attached:
            raise EngineError(f"{refusal}; of such a container, call this before its start")
        has_terminal = container.details["Config"].get("Tty", False)
        if has_terminal:
            self.caveats.append(_TERMINAL)
        if self._attached:
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

    def _refusal(self) -> EngineError | None:
        """Why the engine does not give the log."""
        try:
            self._container.end(self._container.ask("GET", "logs", stdout=1, tail=0))
        except (BrokenError, GoneError):
            raise
        except EngineError as error:
            return error
        return None

    @property
    def _is_created(self) -> bool:
        return bool(self._container.state["Status"] == "created")

    def _open_before_start(self, *, can_read_log: bool, is_removed: bool) -> None:
        container = self._container
        self._waiting = container.ask("POST", "wait", condition="next-exit")
        if is_removed or not can_read_log:
            self._attached = container.ask("POST", "attach", stream=1, stdout=1)
        container.look()
        if self._is_created:
            return
        self._is_late = True
        if not container.state["Running"]:  # neither of them would end
            container.end(self._waiting)
            self._waiting = container.ask("POST", "wait", condition="not-running")
        if self._attached and (can_read_log or not container.state["Running"]):
            container.end(self._attached)
            self._attached = None

    def pieces(self) -> Iterator[Piece]:
        """The output."""
        with suppress(_ClosedError):
            self._wait_for_start()
            yield from self._attached_pieces(self._attached) if self._attached else self._stored_pieces()

    def _wait_for_start(self) -> None:
        """Wait until the container has been started, and may have exited.

        Raises:
            EngineError: It cannot start, was removed, or was not started in time.
        """
        limit = self._wait_timeout
        deadline = float("inf") if limit is None else time.monotonic() + limit
        while not self._has_started:
            try:
                state = self._look()
            except GoneError:
                if not (self._attached and self._answered(self._container.was_started)):
                    raise EngineError(_GONE.format(self._name)) from None
                self._has_started = True
                return
            if not state["StartedAt"].startswith(_NEVER):  # its status may be "removing" all the same
                self._run = state["StartedAt"]
                self._has_started = True
            elif error := state.get("Error"):
                raise EngineError(f"container {self._name} cannot start: {error[:_MOST_SHOWN]}")
            elif time.monotonic() >= deadline:
                raise EngineError(f"container {self._name} was not started within {limit:g} s")
            else:
                self._sleep(_LOOK)

    def _stored_pieces(self) -> Iterator[Piece]:
        """The output from the stored log, up to its end."""
        log = self._log
        has_ended, doubtful = False, 0
        began = time.monotonic()
        while not log.is_lost:
            try:
                is_over = self._is_over()
                if has_ended and not is_over:
                    self._retry(EngineError(_ENDED.format(self._name)), began)
                began, is_new = time.monotonic(), False
                for piece in self._asked(log, follow=int(not is_over)):
                    self._failing_since, is_new = None, is_new or isinstance(piece, bytes)
                    yield piece
                doubtful = doubtful + 1 if is_over and log.is_behind and not is_new else 0
                if doubtful and doubtful < _DOUBTFUL_TRIES:
                    self._sleep(min(_PAUSE * 2**doubtful, _LONGEST_PAUSE))
                elif is_over and not is_new:
                    break
                has_ended = not is_over
            except BrokenError as error:
                self._retry(error, began)
            except GoneError:
                self.is_cut_off = True
                return
        yield from log.close()
        self.is_cut_off = bool(log.error or log.is_lost)

    def _asked(self, log: StampedLog | PlainLog, follow: int) -> Iterator[Piece]:
        """What one answer brings of the log."""
        container = self._container
        answer = container.ask("GET", "logs", stdout=1, follow=follow, **log.restart())
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

    def _attached_pieces(self, answer: Any) -> Iterator[Piece]:
        """The output as the container prints it."""
        container, size = self._container, 0
        if self._is_late:
            yield CaptureNotice(NoticeKind.GAP, 1, 0, _LATE, Stream.STDOUT)
        while True:
            is_broken = False
            try:
                for chunk in container.chunks(answer):
                    size += len(chunk)
                    yield chunk
            except BrokenError:
                is_broken = True
            container.end(answer)
            self._failing_since = None
            try:
                is_over = self._is_over()
                is_broken |= self._failing_since is not None
                if is_over:
                    self.is_cut_off = is_broken
                    return
                is_broken = True
                answer = self._answered(lambda: container.ask("POST", "attach", stream=1, stdout=1))
            except GoneError:
                self.is_cut_off = is_broken
                return
            yield CaptureNotice(NoticeKind.GAP, 1, size, _BREAK, Stream.STDOUT)

    def exit_code(self) -> int | None:
        """Wait for the exit code; ``None`` if the container was removed before it could be asked for."""
        try:
            self._wait_for_start()
            return self._wait_for_exit(self._waiting)
        except _ClosedError:
            raise EngineError(f"container {self._name}: the output was closed before it exited") from None

    def _wait_for_exit(self, waiting: Any) -> int | None:
        container = self._container
        while True:
            began = time.monotonic()
            try:
                if waiting is None:
                    waiting = container.ask("POST", "wait", condition="not-running")
                status = int(container.json(waiting)["StatusCode"])
            except GoneError:
                return None
            except BrokenError as error:
                waiting = None
                self._retry(error, began)
            else:
                if status >= 0:
                    return status
                waiting = None  # the engine stopped waiting, as it does when it ends
                self._retry(EngineError(_ENDED.format(self._name)), began)

    def close(self) -> None:
        """Close all connections."""
        self._closing.set()
        self._container.close()

    def _is_over(self) -> bool:
        """Whether the run that is read has ended."""
        state = self._look()
        return not state["Running"] or state.get("Restarting", False) or state["StartedAt"] != self._run

    def _look(self) -> Mapping[str, Any]:
        """The container's state."""
        self._answered(self._container.look)
        return self._container.state

    def _answered(self, call: Callable[[], _T]) -> _T:
        """What the engine says to a call, which is made again while it does not answer."""
        while True:
            began = time.monotonic()
            try:
                return call()
            except BrokenError as error:
                self._retry(error, began)

    def _retry(self, error: EngineError, began: float) -> None:
        """Pause before another try, longer each time.

        Args:
            error: Why the latest try failed.
            began: When it began: a connection that lasted is no failure.

        Raises:
            EngineError: Nothing has come for too long.
        """
        now = time.monotonic()
        if self._failing_since is None or now - began > _LONGEST_PAUSE:
            self._failing_since, self._pause = now, _PAUSE
        if now - self._failing_since > _PATIENCE:
            raise EngineError(f"{error}; tried for {_PATIENCE:g} s") from None
        self._sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _sleep(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise _ClosedError
