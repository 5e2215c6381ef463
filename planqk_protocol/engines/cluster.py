"""The calls to the API of Kubernetes that a reader makes, through the client library.

Log requests do not go through ``read_namespaced_pod_log``: it knows
``sinceSeconds`` only, which counts from the server's clock. They go through the
client's ``call_api``, which signs them like all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from planqk_protocol.engines.container import EngineError

__all__ = ["Cluster", "RefusedError", "UnreachableError", "library_errors"]

_LOG = "/api/v1/namespaces/{namespace}/pods/{name}/log"
_CHUNK = 64 * 1024
_TIMEOUT = (30, 30)  # seconds to connect, and without a byte
_LOG_TIMEOUT = (30, 300)  # likewise; then the connection may be dead, and another one goes on


class RefusedError(Exception):
    """The API server answers with an error: its status, and its words."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status

    @property
    def is_forbidden(self) -> bool:
        """Whether no other try will help: the client is not known, or not allowed to."""
        return self.status in (401, 403)

    @property
    def is_gone(self) -> bool:
        """Whether what was asked for is not there, or not any more."""
        return self.status in (404, 410)


class UnreachableError(Exception):
    """The API server does not answer, or the connection breaks."""


class Cluster:
    """An API server, as seen by the client library.

    Args:
        client: A ``kubernetes.client.CoreV1Api``; by default one for the cluster
            of the kubeconfig file, or for the cluster around.
        namespace: The namespace of the pod that is read.
        name: The pod's name.
    """

    def __init__(self, client: Any, namespace: str, name: str) -> None:
        self._is_ours = client is None
        self._core = client or _client()
        self._where = {"namespace": namespace, "name": name}

    def pod(self) -> Any:
        """The pod, as the library gives it.

        Raises:
            RefusedError: The server does not give it.
            UnreachableError: The server does not answer.
        """
        with _answers():
            return self._core.read_namespaced_pod(**self._where, _request_timeout=_TIMEOUT)

    def log(self, container: str, *, since: int | None, previous: bool, stream: str | None) -> Any:
        """The log of a container, with time stamps, as it grows: a ``urllib3.HTTPResponse``.

        Args:
            container: The container's name.
            since: The first second that is asked for.
            previous: Whether the log of the run before the latest is asked for.
            stream: ``Stdout``, or ``None`` for both streams.

        Raises:
            RefusedError: The server does not give it.
            UnreachableError: The server does not answer.
        """
        query = [("container", container), ("follow", "true"), ("timestamps", "true")]
        if since is not None:
            query.append(("sinceTime", f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"))
        if previous:
            query.append(("previous", "true"))
        if stream:
            query.append(("stream", stream))
        with _answers():
            return self._core.api_client.call_api(
                _LOG,
                "GET",
                self._where,
                query,
                {"Accept": "text/plain, */*"},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=_LOG_TIMEOUT,
            )

    @staticmethod
    def chunks(log: Any) -> Iterator[bytes]:
        """The bytes of a log, as they come.

        Raises:
            UnreachableError: The connection breaks, or is silent for long.
        """
        with _answers():
            while chunk := log.read1(_CHUNK):
                yield chunk

    def version(self) -> tuple[int, int]:
        """The server's version; zeros if it does not tell."""
        from kubernetes.client import VersionApi  # noqa: PLC0415  # heavy, and an extra

        with suppress(RefusedError, UnreachableError), _answers():
            told = VersionApi(self._core.api_client).get_code(_request_timeout=_TIMEOUT)
            return _number(told.major), _number(told.minor)
        return 0, 0

    def close(self) -> None:
        """Close idle connections, if the client is our own."""
        if self._is_ours:
            self._core.api_client.rest_client.pool_manager.clear()


def _number(text: str | None) -> int:
    return int("".join(filter(str.isdigit, text or "")) or 0)


def _client() -> Any:
    from kubernetes import client, config  # noqa: PLC0415  # heavy, and an extra

    try:
        config.load_incluster_config()
    except config.ConfigException:
        config.load_kube_config()
    return client.CoreV1Api()


@contextmanager
def _answers() -> Iterator[None]:
    from kubernetes.client import ApiException  # noqa: PLC0415  # heavy, and an extra
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise

    try:
        yield
    except ApiException as error:
        raise RefusedError(int(error.status or 0), str(error.reason)) from None
    except (HTTPError, OSError) as error:
        raise UnreachableError(str(error)) from None


@contextmanager
def library_errors(pod: str) -> Iterator[None]:
    """Turn what goes wrong into `EngineError`."""
    try:
        from kubernetes.config import ConfigException  # noqa: PLC0415  # heavy, and an extra
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise EngineError(
            f'{error.name} is missing; run: pip install "planqk_protocol[kubernetes]"'
        ) from None
    try:
        yield
    except RefusedError as error:
        if error.is_gone:
            raise EngineError(f"there is no pod {pod}; kubectl get pods lists those there are") from None
        raise EngineError(f"cannot read pod {pod}: {error}") from None
    except (ConfigException, UnreachableError, HTTPError, OSError) as error:
        raise EngineError(f"cannot read pod {pod}: {error}") from None
