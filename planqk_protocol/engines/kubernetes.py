"""Containers of Kubernetes. Needs the extra ``[kubernetes]``.

Clusters cut log streams: API servers and proxies end them after minutes or
hours, kubelets restart. Nothing in a stream tells whether its end is the log's.
An API server ends it properly even if its own connection to the kubelet broke.
So a stream's end counts only if it was asked for after the container had ended,
and brought nothing new. If it stops amid what was read, it is not the log's end
either. Until then the log is asked for again and again, from a time on, and
`resumption` tells what of it is new.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Any

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.engines.cluster import (
    Cluster,
    RefusedError,
    UnreachableError,
    library_errors,
)
from planqk_protocol.engines.container import ContainerOutput, EngineError, opened
from planqk_protocol.engines.pod_state import ContainerState, container_state
from planqk_protocol.engines.stamped_lines import StampedLines

__all__ = ["afollow", "follow"]

_PAUSE = 1.0  # seconds between two looks at a pod
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0  # seconds before another try; each delay is twice the one before
_TRIES = 24  # without an answer of the API server: some ten minutes
_LAST_TRIES = 8  # at the rest of a log whose container has ended: a minute, as kubelets may restart
_DOUBTFUL_TRIES = 3  # at a log that has nothing, or not even what was read of it: it may be a failure
_UNKNOWN_PARAMETER = 422
_SEPARATING = (1, 32)  # version since which servers know the parameter `stream`; older ones ignore it
_EXACT = (1, 26)  # version since which kubelets put stamps before lines only
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_MERGED = (
    "Kubernetes mixes stderr into stdout; half a line of it before a marker hides the marker, so let the job "
    "print whole lines only"
)
_OLD = (
    "this version of Kubernetes puts time stamps into lines of more than 16 KiB; such lines are marked as "
    "suspect, so let the job print shorter ones"
)

Tell = Callable[[str], None]


def follow(
    namespace: str,
    name: str,
    *,
    container: str | None = None,
    client: Any = None,
    wait_timeout: float | None = None,
    tell: Tell = lambda _message: None,
) -> ContainerOutput:
    """The standard output of a pod's container, as the API server sends it.

    If the container has not started, the call waits for its start. Then it waits
    for the server's answer, so it may block until the first output. If the connection
    breaks, the log is read on where it broke, each byte once; bytes that the
    cluster no longer has are a notice of kind ``gap``. Of a container that is
    run again, one run is read: the latest one at the beginning.

    Where the cluster does not separate the two (feature gate
    ``PodLogsQuerySplitStreams``), stderr is mixed into stdout, and a caveat
    says so.

    Args:
        namespace: The pod's namespace.
        name: The pod's name.
        container: Which container; by default the one that its annotation
            names as the default, else the first one.
        client: A ``kubernetes.client.CoreV1Api``; by default one for the
            cluster of the kubeconfig file, or for the cluster around.
        wait_timeout: Seconds to wait for the start; by default without end.
        tell: Takes what is waited for, and why output or exit code are missing.

    Raises:
        EngineError: The library is missing, the cluster does not answer or
            refuses, there is no such pod, or the container does not start;
            later from the chunks, if the cluster refuses, or does not answer
            for some ten minutes.
    """
    reader = _Pod(namespace, name, tell)
    return reader.opened(container, client, wait_timeout)


async def afollow(
    namespace: str,
    name: str,
    *,
    container: str | None = None,
    client: Any = None,
    wait_timeout: float | None = None,
    tell: Tell = lambda _message: None,
) -> ContainerOutput:
    """`follow` for asyncio: waits without blocking, in a thread of its own.

    The output is an asynchronous iterator too. Cancellation closes it.

    Args:
        namespace: As in `follow`, like all others.
        name: Likewise.
        container: Likewise.
        client: Likewise.
        wait_timeout: Likewise.
        tell: Likewise; called in the event loop.

    Raises:
        EngineError: As `follow`.
    """
    loop = asyncio.get_running_loop()

    def tell_in_loop(message: str) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, message)

    reader = _Pod(namespace, name, tell_in_loop)
    return await opened(lambda: reader.opened(container, client, wait_timeout), abort=reader.close)


class _Pod:
    """Reads one run of one container."""

    def __init__(self, namespace: str, name: str, tell: Tell) -> None:
        self.is_cut_off = False
        self.caveats: list[str] = []
        self._where = (namespace, name)
        self._tell = tell
        self._told = ""
        self._closed = threading.Event()
        self._deadline: float | None = None  # for the start
        self._cluster: Any = None
        self._container = ""
        self._uid: str | None = None  # of the pod
        self._run = 0
        self._state: ContainerState | None = None  # when it was looked at last; `None` if the pod is gone
        self._stream: str | None = None
        self._lines = StampedLines(is_exact=False)
        self._first: Any = None  # the first response, until it is read
        self._response: Any = None  # the one that is read

    def __str__(self) -> str:
        return "/".join(self._where)

    def opened(self, container: str | None, client: Any, wait_timeout: float | None) -> ContainerOutput:
        """Wait for the start, and ask for the output."""
        if wait_timeout is not None:
            self._deadline = time.monotonic() + wait_timeout
        try:
            with library_errors(str(self)):
                self._cluster = Cluster(client, *self._where)
                state = self._started(self._choose(container), wait_timeout)
                self._run, self._deadline = state.latest, None
                self._open_first()
        except BaseException:
            self.close()
            raise
        if state.latest:
            self.caveats.append(f"the container was restarted {state.latest} times; its latest run is read")
        if state.is_waiting:
            self.caveats.append(f"the container does not run now: {state.reason}")
        return ContainerOutput(self, capture="raw", caveats=self.caveats)

    def pieces(self) -> Iterator[bytes | CaptureNotice]:
        """The output, as it comes, over as many connections as it takes."""
        tries = 0  # since something new has come
        vain = whole = 0  # tries since then and since the container ended; the latest that ended properly
        is_silent = True
        with suppress(_ClosedError), library_errors(str(self)):
            while True:
                state = self._state  # from before the connection: see the essay above
                previous = state.log_of(self._run) if state else None
                if state is None or previous is None:
                    yield from self._cut_off(state)
                    break
                is_whole, is_new = yield from self._connection(is_previous=previous)
                is_silent = is_silent and not is_new
                tries = 0 if is_new else tries + 1
                if state.has_ended(self._run):
                    vain = 0 if is_new else vain + 1
                    whole = whole + 1 if is_whole and not is_new else 0
                    if whole >= (_DOUBTFUL_TRIES if is_silent or self._lines.is_behind else 1):
                        yield from self._lines.close()
                        break
                    if vain == _LAST_TRIES:
                        yield from self._cut_off(state)
                        break
                self._pause(_delay(tries))
                self._look()

    def exit_code(self) -> int | None:
        """The exit code of the run that was read, which the status has some time after the output's end."""
        with library_errors(str(self)):
            while state := self._state:
                if state.has_ended(self._run):
                    code = state.exit_code_of(self._run)
                    if code is None:
                        self._tell("the cluster no longer tells the exit code of the run that was read")
                    return code
                self._pause(_PAUSE)
                self._look()
        self._tell("the pod is gone, and with it the exit code")
        return None

    def close(self) -> None:
        """Close all connections, and end what another thread waits for."""
        self._closed.set()
        if self._first:
            self._first.close()
        if response := self._response:
            with suppress(ValueError, RuntimeError, OSError):  # it has ended meanwhile
                response.shutdown()
        if self._cluster:
            self._cluster.close()

    def _choose(self, container: str | None) -> ContainerState:
        """Choose the container to read."""
        pod = self._pod()
        names = [item.name for item in pod.spec.containers]
        self._container = container or (pod.metadata.annotations or {}).get(_DEFAULT_CONTAINER, names[0])
        if self._container not in names:
            raise EngineError(f"pod {self} has no container {self._container}; it has {', '.join(names)}")
        if len(names) > 1:
            self.caveats.append(f"the pod has {len(names)} containers, of which {self._container} is read")
        self._uid = pod.metadata.uid
        return container_state(pod, self._container)

    def _started(self, state: ContainerState | None, wait_timeout: float | None) -> ContainerState:
        """Wait until there can be output."""
        while not (state and state.has_started):
            if not state:
                raise EngineError(f"pod {self} was deleted before container {self._container} started")
            if state.is_over:
                raise EngineError(f"pod {self} has ended without a start: {state.reason}")
            self._say(f"container {self._container} waits to start: {state.reason}")
            if self._is_late:
                raise EngineError(
                    f"container {self._container} of pod {self} has not started within {wait_timeout:g} "
                    f"seconds: {state.reason}"
                )
            self._pause(_PAUSE)
            self._look()
            state = self._state
        self._state = state
        return state

    @property
    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _open_first(self) -> None:
        """Ask for the output of stdout alone, if possible."""
        version = self._cluster.version()
        self._stream = "Stdout" if version >= _SEPARATING else None
        try:
            self._first = self._open(None, is_previous=False)
        except (RefusedError, UnreachableError) as error:
            self._excuse(error)
        if self._stream is None:
            self.caveats.append(_MERGED)
            if (0, 0) < version < _EXACT:
                self.caveats.append(_OLD)
        self._lines = StampedLines(is_exact=self._stream is None and version >= _EXACT)

    def _open(self, since: int | None, *, is_previous: bool) -> Any:
        def log() -> Any:
            return self._cluster.log(self._container, since=since, previous=is_previous, stream=self._stream)

        try:
            return log()
        except RefusedError as error:
            if error.status != _UNKNOWN_PARAMETER or not self._stream:
                raise
        self._stream = None
        return log()

    def _connection(self, *, is_previous: bool) -> Generator[bytes | CaptureNotice, None, tuple[bool, bool]]:
        """What one connection brings.

        Returns:
            Whether the connection has ended properly, and whether it has brought
            anything new.
        """
        since = self._lines.restart()
        is_whole = is_new = False
        try:
            self._response, self._first = self._first or self._open(since, is_previous=is_previous), None
            with closing(self._response):
                self._look()
                is_ours = self._state is None or self._state.log_of(self._run) == is_previous
                for chunk in self._cluster.chunks(self._response) if is_ours else ():
                    for piece in self._lines.feed(chunk):
                        is_new = is_new or isinstance(piece, bytes)
                        yield piece
                is_whole = is_ours and not (self._lines.is_within_stamp or self._lines.is_short)
        except (RefusedError, UnreachableError) as error:
            self._excuse(error)
        yield from self._lines.end()
        return is_whole, is_new

    def _excuse(self, error: RefusedError | UnreachableError) -> None:
        """Say why there is no log, if another try may bring it; raise if none will."""
        if isinstance(error, RefusedError):
            if error.is_forbidden:
                raise error
            self._say(f"the cluster does not give the log now: {error}")

    def _cut_off(self, state: ContainerState | None) -> list[bytes | CaptureNotice]:
        """The rest of the output cannot be read."""
        self.is_cut_off = True
        return self._lines.cut_off("the log is gone" if state else "the pod is gone")

    def _look(self) -> None:
        """Ask for the state of the container, until there is an answer."""
        with library_errors(str(self)):
            pod = self._pod()
        is_ours = pod is not None and pod.metadata.uid == self._uid
        self._state = container_state(pod, self._container) if is_ours else None

    def _pod(self) -> Any:
        """The pod; ``None`` if it is gone."""
        tries = 0
        while True:
            tries += 1
            is_last = tries == _TRIES or self._is_late
            try:
                return self._cluster.pod()
            except RefusedError as error:
                if self._uid and error.is_gone:
                    return None
                if is_last or error.is_forbidden or error.is_gone:
                    raise
                self._say(f"the cluster does not tell of the pod now: {error}")
            except UnreachableError as error:
                if is_last or not self._uid:  # it may never have been there
                    raise
                self._say(f"the cluster does not answer: {error}")
            self._pause(_delay(tries))

    def _pause(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _ClosedError(f"reading pod {self} was ended")

    def _say(self, message: str) -> None:
        """Tell something once, until something else is to be told."""
        if message != self._told:
            self._tell(message)
            self._told = message


class _ClosedError(EngineError):
    """Another thread has closed the reader."""


def _delay(tries: int) -> float:
    """Seconds before the next try, after a number of tries in vain."""
    return min(_FIRST_DELAY * 2 ** (tries - 1), _LONGEST_DELAY) if tries else 0
