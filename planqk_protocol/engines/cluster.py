"""The requests to the API of Kubernetes about one pod, through the client library.

Logs are not requested with ``read_namespaced_pod_log``. Of the two ways to limit a log
by time it knows only ``since_seconds`` (kubernetes-client/python 36.0.3,
kubernetes/client/api/core_v1_api.py), which counts back from the clock of the node
(Kubernetes, staging/src/k8s.io/cri-client/pkg/logs/logs.go, NewLogOptions). Logs are
requested with ``sinceTime``, through the client's ``call_api``, which adds the
credentials as to any other request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from planqk_protocol.engines.container import EngineError, shortened
from planqk_protocol.errors import missing_extra

__all__ = ["Cluster", "RefusedError", "UnreachableError", "library_errors"]

_LOG = "/api/v1/namespaces/{namespace}/pods/{name}/log"
_CHUNK = 64 * 1024
_TIMEOUT = (30, 30)  # seconds: to connect, and to wait for the next byte
_LOG_TIMEOUT = (30, 300)  # likewise; a connection that is silent for so long may be dead, and is renewed


class RefusedError(Exception):
    """The API server answers with an error: its status, and its reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status

    @property
    def is_forbidden(self) -> bool:
        """Whether no other try will help: the client is not known, or not allowed to."""
        return self.status in (401, 403)

    @property
    def is_gone(self) -> bool:
        """Whether the server does not have the pod or the log, or no longer has it."""
        return self.status in (404, 410)


class UnreachableError(Exception):
    """The API server does not answer, or the connection breaks."""


class Cluster:
    """An API server, and one pod that is read through it.

    Args:
        client: A ``kubernetes.client.CoreV1Api``; by default one for the cluster in
            which this program runs, else for that of the kubeconfig file.
        namespace: The pod's namespace.
        name: The pod's name.
    """

    def __init__(self, client: Any, namespace: str, name: str) -> None:
        self._is_ours = client is None
        self._core = client or _default_client()
        self._where = {"namespace": namespace, "name": name}

    def pod(self) -> Any:
        """Ask for the pod: an object of the client library.

        Raises:
            RefusedError: The server does not give it.
            UnreachableError: The server does not answer.
        """
        with _client_errors():
            return self._core.read_namespaced_pod(**self._where, _request_timeout=_TIMEOUT)

    def log(self, container: str, *, since: int | None, previous: bool, stream: str | None) -> Any:
        """Ask for the log of a container, with time stamps, as it grows: a ``urllib3.HTTPResponse``.

        Args:
            container: The container's name.
            since: The first second to ask for, since 1970; ``None`` for the whole log.
            previous: Whether to ask for the log of the run before the latest one.
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
        with _client_errors():
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
        """Yield the bytes of a log as they come.

        Raises:
            UnreachableError: The connection breaks, or is silent for too long.
        """
        with _client_errors():
            while chunk := log.read1(_CHUNK):
                yield chunk

    def version(self) -> tuple[int, int]:
        """Ask for the server's version: its major and minor number, or zeros if it does not tell."""
        from kubernetes.client import VersionApi  # noqa: PLC0415  # heavy, and an extra

        with suppress(RefusedError, UnreachableError), _client_errors():
            version = VersionApi(self._core.api_client).get_code(_request_timeout=_TIMEOUT)
            return _number(version.major), _number(version.minor)
        return 0, 0

    def close(self) -> None:
        """Close idle connections, if the client was made here."""
        if self._is_ours:
            self._core.api_client.rest_client.pool_manager.clear()


def _number(text: str | None) -> int:
    """The number in a part of a version, which may have a suffix, such as ``27+``."""
    return int("".join(filter(str.isdigit, text or "")) or 0)


def _default_client() -> Any:
    from kubernetes import client, config  # noqa: PLC0415  # heavy, and an extra

    try:
        config.load_incluster_config()
    except config.ConfigException:
        config.load_kube_config()
    return client.CoreV1Api()


@contextmanager
def _client_errors() -> Iterator[None]:
    """Turn the errors of a request into `RefusedError` and `UnreachableError`."""
    from kubernetes.client import ApiException  # noqa: PLC0415  # heavy, and an extra
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise

    try:
        yield
    except ApiException as error:
        raise RefusedError(int(error.status or 0), shortened(str(error.reason))) from None
    except (HTTPError, OSError) as error:
        raise UnreachableError(str(error)) from None


@contextmanager
def library_errors(pod: str) -> Iterator[None]:
    """Turn the errors of the libraries, and those of this module, into `EngineError`."""
    try:
        from kubernetes.config import ConfigException  # noqa: PLC0415  # heavy, and an extra
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise EngineError(missing_extra(error.name, "kubernetes")) from None
    try:
        yield
    except RefusedError as error:
        if error.is_gone:
            raise EngineError(f"there is no pod {pod}; kubectl get pods lists those there are") from None
        raise EngineError(f"cannot read pod {pod}: {error}") from None
    except (ConfigException, UnreachableError, HTTPError, OSError) as error:
        raise EngineError(f"cannot read pod {pod}: {error}") from None
