"""Containers of Kubernetes. Needs the extra ``[kubernetes]``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from planqk_protocol.engines.output import ContainerOutput, EngineError

__all__ = ["follow"]

_CHUNK = 64 * 1024
_PAUSE = 1.0  # seconds between two looks at a pod
_LOOKS = 30  # at a pod whose output has ended, for its exit code
_NOT_FOUND = 404
_REFUSED = 422
_SEPARATING = (1, 32)  # version since which servers know the parameter `stream`; older ones ignore it
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_MERGED = (
    "Kubernetes mixes stderr into stdout; half a line of it before a marker hides the marker, so let the job "
    "print whole lines only"
)


def follow(
    namespace: str,
    name: str,
    *,
    container: str | None = None,
    client: Any = None,
    tell: Callable[[str], None] = lambda _message: None,
) -> ContainerOutput:
    """The standard output of a pod's container, as the API server sends it.

    Where the cluster does not separate the two (feature gate
    ``PodLogsQuerySplitStreams``), stderr is mixed into it, and a caveat says
    so. A container that has not started is waited for, and then the server's
    answer, which may come no sooner than the first output.

    Args:
        namespace: The pod's namespace.
        name: The pod's name.
        container: Which container; by default the one that its annotation
            names as the default, else the first one.
        client: A ``kubernetes.client.CoreV1Api``; by default one for the
            cluster of the kubeconfig file, or for the cluster around.
        tell: Takes what the container waits for, and why there is no exit code.

    Raises:
        EngineError: The library is missing, the cluster does not answer, or
            there is no such pod; later from the chunks, if the connection
            breaks.
    """
    with _errors(f"{namespace}/{name}"):
        pod = _Pod(client, namespace, name, tell)
        pod.choose(container)
        pod.wait_for_start()
        pod.open()
    return ContainerOutput(pod, capture="raw", caveats=pod.caveats)


class _Pod:
    is_cut_off = False

    def __init__(self, client: Any, namespace: str, name: str, tell: Callable[[str], None]) -> None:
        self._api = client or _client()
        self._where = {"namespace": namespace, "name": name}
        self._tell = tell
        self._container = ""
        self._restarts = 0
        self._output: Any = None
        self.caveats: list[str] = []

    def __str__(self) -> str:
        return "{namespace}/{name}".format(**self._where)

    def choose(self, container: str | None) -> None:
        """Choose the container to read."""
        pod = self._api.read_namespaced_pod(**self._where)
        names = [item.name for item in pod.spec.containers]
        self._container = container or (pod.metadata.annotations or {}).get(_DEFAULT_CONTAINER, names[0])
        if self._container not in names:
            raise EngineError(f"pod {self} has no container {self._container}; it has {', '.join(names)}")
        if len(names) > 1:
            self.caveats.append(f"the pod has {len(names)} containers, of which {self._container} is read")

    def wait_for_start(self) -> None:
        """Wait until there can be output."""
        told = None
        while not (status := self._status()) or not _has_started(status):
            waiting = status and status.state and status.state.waiting
            reason = (waiting and (waiting.reason or waiting.message)) or "not scheduled yet"
            if reason != told:
                self._tell(f"container {self._container} waits to start: {reason}")
                told = reason
            time.sleep(_PAUSE)
        self._restarts = status.restart_count
        if self._restarts:
            self.caveats.append(f"the container was restarted {self._restarts} times; its latest run is read")

    def open(self) -> None:
        """Ask for the output, of stdout alone if possible."""
        from kubernetes.client import ApiException  # noqa: PLC0415  # heavy, and an extra

        if self._knows_streams():
            try:
                self._output = self._log(stream="Stdout")
            except ApiException as error:
                if error.status != _REFUSED:
                    raise
            else:
                return
        self.caveats.append(_MERGED)
        self._output = self._log()

    def pieces(self) -> Iterator[bytes]:
        """The output, as it comes."""
        with _errors(str(self)):
            while chunk := self._output.read1(_CHUNK):
                yield chunk

    def close(self) -> None:
        """Close the connection."""
        self._output.close()

    def _knows_streams(self) -> bool:
        from kubernetes.client import ApiException, VersionApi  # noqa: PLC0415  # heavy, and an extra

        try:
            version = VersionApi(self._api.api_client).get_code()
        except ApiException:
            return False
        digits = ("".join(filter(str.isdigit, part)) for part in (version.major, version.minor))
        return tuple(int(number or 0) for number in digits) >= _SEPARATING

    def _log(self, **stream: str) -> Any:
        # The library would decode the output, were it to read it.
        return self._api.read_namespaced_pod_log(
            **self._where, **stream, container=self._container, follow=True, _preload_content=False
        )

    def exit_code(self) -> int | None:
        """The exit code, which the status has some time after the output's end."""
        with _errors(str(self)):
            for _ in range(_LOOKS):
                status = self._status(is_gone_expected=True)
                if not status:
                    self._tell("the pod is gone, and with it the exit code")
                    return None
                if ended := _end(status, self._restarts):
                    return int(ended.exit_code)
                time.sleep(_PAUSE)
        self._tell("the output has ended, but the container has not; was the connection cut?")
        return None

    def _status(self, *, is_gone_expected: bool = False) -> Any:
        from kubernetes.client import ApiException  # noqa: PLC0415  # heavy, and an extra

        try:
            pod = self._api.read_namespaced_pod(**self._where)
        except ApiException as error:
            if is_gone_expected and error.status == _NOT_FOUND:
                return None
            raise
        statuses = pod.status.container_statuses or []
        found = [status for status in statuses if status.name == self._container]
        if not found and pod.status.phase in ("Failed", "Succeeded") and not is_gone_expected:
            raise EngineError(
                f"pod {self} has ended without a start: {pod.status.message or pod.status.reason}"
            )
        return found[0] if found else None


def _has_started(status: Any) -> bool:
    return bool(status.state.running or _ended(status))


def _ended(status: Any) -> Any:
    return status.state.terminated or (status.last_state and status.last_state.terminated)


def _end(status: Any, restarts: int) -> Any:
    """How the run that was read ended; ``None`` so long as it goes on."""
    if status.state.running and status.restart_count == restarts:
        return None
    if status.restart_count > restarts:
        return status.last_state.terminated
    return _ended(status)


def _client() -> Any:
    from kubernetes import client, config  # noqa: PLC0415  # heavy, and an extra

    try:
        config.load_incluster_config()
    except config.ConfigException:
        config.load_kube_config()
    return client.CoreV1Api()


@contextmanager
def _errors(pod: str) -> Iterator[None]:
    """Turn the errors of the libraries into `EngineError`."""
    try:
        from kubernetes.client import ApiException  # noqa: PLC0415  # heavy, and an extra
        from kubernetes.config import ConfigException  # noqa: PLC0415  # likewise
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise EngineError(
            f'{error.name} is missing; run: pip install "planqk_protocol[kubernetes]"'
        ) from None
    try:
        yield
    except ApiException as error:
        if error.status == _NOT_FOUND:
            raise EngineError(f"there is no pod {pod}; kubectl get pods lists those there are") from None
        raise EngineError(f"cannot read pod {pod}: {error.status} {error.reason}") from None
    except (ConfigException, HTTPError, OSError) as error:
        raise EngineError(f"cannot read pod {pod}: {error}") from None
