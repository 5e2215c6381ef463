"""Follow containers of Kubernetes. Needs the extra ``[kubernetes]``.

Clusters cut log streams: API servers and proxies end them after minutes or hours, and
kubelets restart. A stream may end properly although its log goes on: an API server ends
a stream properly even if its own connection to the kubelet broke (Kubernetes,
staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go,
StreamObject, which ignores the error of io.Copy). So the log is requested again and
again, each time from a later second on, and `resumption` finds out which lines are new.

A stream's end counts as the log's end only if three things are true: the stream was
asked for after the container had ended, it brought nothing new, and it did not stop
between lines that were given before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Any

from planqk_protocol.engines.blocking import in_loop
from planqk_protocol.engines.cluster import (
    Cluster,
    RefusedError,
    UnreachableError,
    library_errors,
)
from planqk_protocol.engines.container import ContainerOutput, EngineError, OutputItem, open_in_thread
from planqk_protocol.engines.pod_state import ContainerState, container_state
from planqk_protocol.engines.stamped_lines import StampedLines

__all__ = ["afollow", "follow"]

_POLL_INTERVAL = 1.0  # seconds between two requests for the state of a pod
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0  # seconds before another try; each delay is twice the one before
_TRIES = 24  # requests without an answer of the API server: some ten minutes
_LAST_TRIES = 8  # connections without anything new after the end: a minute, in which a kubelet can restart
_DOUBTFUL_TRIES = 3  # connections, if the log is empty or lacks lines that were given
# Servers know the parameter `stream` since 1.32, and ignore it before. While its feature gate is off, as by
# default, they answer with 422 (Kubernetes, pkg/features/kube_features.go, PodLogsQuerySplitStreams, and
# pkg/apis/core/validation/validation.go, ValidatePodLogOptions).
_UNPROCESSABLE = 422
_HAS_STREAM_PARAMETER = (1, 32)
_STAMPS_LINES_ONLY = (1, 26)  # kubelets since then put stamps before lines only (kubernetes#113481)
# `kubectl logs` obeys it, too (Kubernetes, staging/src/k8s.io/kubectl/pkg/cmd/util/podcmd/podcmd.go).
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_MERGED = (
    "Kubernetes mixes stderr into stdout; half a line of stderr before a marker hides the marker, so let the "
    "job print whole lines only"
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
    """Follow the standard output of a container in a pod.

    If the container has not started, the call waits for its start. Then it waits
    for the server's answer, which may come only with the first output. If the connection
    breaks, the log is read on where it broke, and each byte is given once. A notice of
    kind ``gap`` stands for bytes that the cluster no longer has. If the container is
    restarted, one run is read: the one that is the latest when the call returns.

    Where the cluster cannot give stdout alone (feature gate
    ``PodLogsQuerySplitStreams``), stderr is mixed into stdout, and a caveat
    says so.

    Args:
        namespace: The pod's namespace.
        name: The pod's name.
        container: The container's name; by default the one that the pod's annotation
            ``kubectl.kubernetes.io/default-container`` names, else the first one.
        client: A ``kubernetes.client.CoreV1Api``; by default one for the cluster in
            which this program runs, else for that of the kubeconfig file.
        wait_timeout: Seconds to wait for the start; by default, for ever.
        tell: Called with messages for people: what the call waits for, and why the
            output or the exit code cannot be read.

    Raises:
        EngineError: The library is missing, the cluster does not answer or
            refuses, there is no such pod, or the container does not start.
            The iteration raises it if the cluster refuses, or does not answer
            for some ten minutes.
    """
    reader = _PodReader(namespace, name, tell)
    return reader.open(container, client, wait_timeout)


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
        namespace: As in `follow`.
        name: As in `follow`.
        container: As in `follow`.
        client: As in `follow`.
        wait_timeout: As in `follow`.
        tell: As in `follow`. It is called in the event loop.

    Raises:
        EngineError: As `follow`.
    """
    reader = _PodReader(namespace, name, in_loop(tell))
    return await open_in_thread(lambda: reader.open(container, client, wait_timeout), abort=reader.close)


class _PodReader:
    """Reads one run of one container in a pod: see `planqk_protocol.engines.container.Reader`."""

    def __init__(self, namespace: str, name: str, tell: Tell) -> None:
        self.is_cut_off = False
        self.caveats: list[str] = []
        self._where = (namespace, name)
        self._tell = tell
        self._told = ""  # the latest message
        self._closed = threading.Event()
        self._deadline: float | None = None  # for the start
        self._cluster: Any = None
        self._container = ""
        self._uid: str | None = None  # of the pod
        self._run = 0
        self._state: ContainerState | None = None  # the latest one; `None` if the pod is gone
        self._stream: str | None = None
        self._lines = StampedLines(is_exact=False)
        self._first: Any = None  # the first response, until it is read
        self._response: Any = None  # the response that is read

    def __str__(self) -> str:
        return "/".join(self._where)

    def open(self, container: str | None, client: Any, wait_timeout: float | None) -> ContainerOutput:
        """Wait for the start, and ask for the output."""
        if wait_timeout is not None:
            self._deadline = time.monotonic() + wait_timeout
        try:
            with library_errors(str(self)):
                self._cluster = Cluster(client, *self._where)
                state = self._wait_for_start(self._choose(container), wait_timeout)
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

    def items(self) -> Iterator[OutputItem]:
        """Yield the output, over as many connections as it takes."""
        tries = 0  # connections in a row that brought nothing new
        tries_after_end = 0  # likewise, since the container has ended
        proper_ends = 0  # likewise, if each of them ended in a way in which the log can end
        is_silent = True  # whether no connection has brought anything
        with suppress(_ClosedError), library_errors(str(self)):
            while True:
                state = self._state  # asked for before the connection: see the essay above
                previous = state.log_of(self._run) if state else None
                if state is None or previous is None:
                    yield from self._cut_off(state)
                    break
                is_proper_end, is_new = yield from self._items_of_one_connection(is_previous=previous)
                is_silent = is_silent and not is_new
                tries = 0 if is_new else tries + 1
                if state.has_ended(self._run):
                    tries_after_end = 0 if is_new else tries_after_end + 1
                    proper_ends = proper_ends + 1 if is_proper_end and not is_new else 0
                    is_doubtful = is_silent or self._lines.is_catching_up
                    if proper_ends >= (_DOUBTFUL_TRIES if is_doubtful else 1):
                        yield from self._lines.close()
                        break
                    if tries_after_end == _LAST_TRIES:
                        yield from self._cut_off(state)
                        break
                self._sleep(_delay(tries))
                self._update_state()

    def exit_code(self) -> int | None:
        """Wait for the exit code of the run that is read, which the API tells some time after its end."""
        with library_errors(str(self)):
            while state := self._state:
                if state.has_ended(self._run):
                    code = state.exit_code_of(self._run)
                    if code is None:
                        self._tell("the cluster no longer tells the exit code of the run that was read")
                    return code
                self._sleep(_POLL_INTERVAL)
                self._update_state()
        self._tell("the pod is gone, and with it the exit code")
        return None

    def close(self) -> None:
        """Close all connections, and so end what another thread waits for."""
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
        pod = self._ask_for_pod()
        names = [item.name for item in pod.spec.containers]
        self._container = container or (pod.metadata.annotations or {}).get(_DEFAULT_CONTAINER, names[0])
        if self._container not in names:
            raise EngineError(f"pod {self} has no container {self._container}; it has {', '.join(names)}")
        if len(names) > 1:
            self.caveats.append(f"the pod has {len(names)} containers, of which {self._container} is read")
        self._uid = pod.metadata.uid
        return container_state(pod, self._container)

    def _wait_for_start(self, state: ContainerState | None, wait_timeout: float | None) -> ContainerState:
        """Wait until the container has started, so that there can be output."""
        while not (state and state.has_started):
            if not state:
                raise EngineError(f"pod {self} was deleted before container {self._container} started")
            if state.is_over:
                raise EngineError(f"pod {self} has ended without a start: {state.reason}")
            self._tell_once(f"container {self._container} waits to start: {state.reason}")
            if self._is_past_deadline:
                raise EngineError(
                    f"container {self._container} of pod {self} has not started within {wait_timeout:g} "
                    f"seconds: {state.reason}"
                )
            self._sleep(_POLL_INTERVAL)
            self._update_state()
            state = self._state
        self._state = state
        return state

    @property
    def _is_past_deadline(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _open_first(self) -> None:
        """Ask for the output, for stdout alone if that is possible."""
        version = self._cluster.version()
        self._stream = "Stdout" if version >= _HAS_STREAM_PARAMETER else None
        try:
            self._first = self._request_log(None, is_previous=False)
        except (RefusedError, UnreachableError) as error:
            self._tell_or_raise(error)
        if self._stream is None:
            self.caveats.append(_MERGED)
            if (0, 0) < version < _STAMPS_LINES_ONLY:
                self.caveats.append(_OLD)
        self._lines = StampedLines(is_exact=self._stream is None and version >= _STAMPS_LINES_ONLY)

    def _request_log(self, since: int | None, *, is_previous: bool) -> Any:
        def log() -> Any:
            return self._cluster.log(self._container, since=since, previous=is_previous, stream=self._stream)

        try:
            return log()
        except RefusedError as error:
            if error.status != _UNPROCESSABLE or not self._stream:
                raise
        self._stream = None
        return log()

    def _items_of_one_connection(
        self, *, is_previous: bool
    ) -> Generator[OutputItem, None, tuple[bool, bool]]:
        """Request the log once, and yield what is new of it.

        Returns:
            Whether the stream ended in a way in which the log can end, and whether it
            brought anything new.
        """
        since = self._lines.restart()
        is_proper_end = is_new = False
        try:
            self._response, self._first = (
                self._first or self._request_log(since, is_previous=is_previous),
                None,
            )
            with closing(self._response):
                self._update_state()
                is_ours = self._state is None or self._state.log_of(self._run) == is_previous
                for chunk in self._cluster.chunks(self._response) if is_ours else ():
                    for item in self._lines.feed(chunk):
                        is_new = is_new or isinstance(item, bytes)
                        yield item
                is_proper_end = is_ours and not (self._lines.is_within_stamp or self._lines.is_incomplete)
        except (RefusedError, UnreachableError) as error:
            self._tell_or_raise(error)
        yield from self._lines.end()
        return is_proper_end, is_new

    def _tell_or_raise(self, error: RefusedError | UnreachableError) -> None:
        """Tell why there is no log now if another try may help; otherwise raise the error."""
        if isinstance(error, RefusedError):
            if error.is_forbidden:
                raise error
            self._tell_once(f"the cluster does not give the log now: {error}")

    def _cut_off(self, state: ContainerState | None) -> list[OutputItem]:
        """End the output with a notice, as the rest of it cannot be read."""
        self.is_cut_off = True
        return self._lines.cut_off("the log is gone" if state else "the pod is gone")

    def _update_state(self) -> None:
        """Ask for the state of the container, until there is an answer."""
        with library_errors(str(self)):
            pod = self._ask_for_pod()
        is_ours = pod is not None and pod.metadata.uid == self._uid
        self._state = container_state(pod, self._container) if is_ours else None

    def _ask_for_pod(self) -> Any:
        """Ask for the pod, until there is an answer; ``None`` if it is gone."""
        tries = 0
        while True:
            tries += 1
            is_last = tries == _TRIES or self._is_past_deadline
            try:
                return self._cluster.pod()
            except RefusedError as error:
                if self._uid and error.is_gone:
                    return None
                if is_last or error.is_forbidden or error.is_gone:
                    raise
                self._tell_once(f"the cluster does not give the pod's state now: {error}")
            except UnreachableError as error:
                if is_last or not self._uid:  # the first request: the server may not exist at all
                    raise
                self._tell_once(f"the cluster does not answer: {error}")
            self._sleep(_delay(tries))

    def _sleep(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _ClosedError(f"reading pod {self} was ended")

    def _tell_once(self, message: str) -> None:
        """Tell a message, unless it is the one that was told last."""
        if message != self._told:
            self._tell(message)
            self._told = message


class _ClosedError(EngineError):
    """Another thread has closed the reader."""


def _delay(tries: int) -> float:
    """Seconds before the next try, after a number of tries in vain."""
    return min(_FIRST_DELAY * 2 ** (tries - 1), _LONGEST_DELAY) if tries else 0
