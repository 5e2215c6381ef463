"""The requests to Docker's Engine API about one container.

They are made by hand on the connections of docker-py, as its own calls lose output and
errors (docker-py 7.2.0). Its ``attach`` stops after 60 seconds without output
(docker-py#2166). It also stops where the connection breaks within a frame, and raises
nothing (docker/utils/socket.py, frames_iter_no_tty). Its ``logs`` gives the payloads of
frames without their types, so an error of the engine looks like output
(docker/api/client.py, _multiplexed_response_stream_helper).
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from planqk_protocol.engines.container import EngineError, shortened
from planqk_protocol.errors import missing_extra

__all__ = ["NO_ENGINE", "BrokenError", "Container", "GoneError", "library_errors"]

NO_ENGINE = "look whether the engine runs, whether you may use it, and whether DOCKER_HOST is its address"
"""What to do if no client can be made: docker-py asks the engine for its version then."""

_CHUNK = 64 * 1024
_CONNECT_TIMEOUT = 10  # seconds
_HTTP_ERROR = 400  # this status and all above it are errors
_NOT_FOUND, _CONFLICT, _TOO_MANY_REQUESTS, _SERVER_ERROR, _NOT_IMPLEMENTED = 404, 409, 429, 500, 501


class BrokenError(EngineError):
    """The engine does not answer, or the connection broke. Another try may help."""


class GoneError(EngineError):
    """The container was removed."""


class Container:
    """A container, and the connections that are open to read it.

    Args:
        client: A ``docker.DockerClient``; ``None`` for one of its own.
        name: Name or id of the container.

    Attributes:
        id: The container's id. A later container of the same name has another one.
        details: What the engine told of the container at the latest `inspect`.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._name = name
        self._answers: set[Any] = set()
        self._is_closed = False
        self._own: Any = None  # the client, if it was made here
        with library_errors(name):
            import docker  # noqa: PLC0415  # heavy, and an extra

            if client is None:
                client = self._own = docker.from_env()
        self._api = client.api
        self.id = name
        self.details: Mapping[str, Any] = {}
        try:
            self.id = self.inspect()["Id"]
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> Mapping[str, Any]:
        """Its state at the latest `inspect`."""
        state: Mapping[str, Any] = self.details["State"]
        return state

    def inspect(self) -> Mapping[str, Any]:
        """Ask for its details.

        Raises:
            BrokenError: The engine does not answer.
            GoneError: The container was removed.
        """
        with library_errors(self._name):
            self.details = self._api.inspect_container(self.id)
        return self.details

    def is_of_docker(self) -> bool:
        """Whether the engine is Docker, and not another one with the same API.

        Docker names one of its components ``Engine`` (moby, daemon/info.go).
        """
        with library_errors(self._name):
            parts = self._api.version().get("Components") or []
        return any(part["Name"] == "Engine" for part in parts)

    def was_started(self) -> bool:
        """Whether the engine remembers that the container was started; it may be removed since.

        Docker remembers its latest 256 events (moby, daemon/events/events.go, eventsLimit).
        """
        with library_errors(self._name):
            now = self._api.info()["SystemTime"]
            filters = {"container": [self.id], "event": ["start"]}
            return any(True for _ in self._api.events(since=1, until=now, filters=filters))

    def request(self, method: str, call: str, **params: str | int) -> Any:
        """Make a request, and return its answer, which is read as it comes.

        Raises:
            BrokenError: The engine does not answer.
            EngineError: The engine refuses the request.
            GoneError: The container was removed.
        """
        api = self._api
        url = f"{api.base_url}/v{api.api_version}/containers/{self.id}/{call}"
        with library_errors(self._name):
            answer = api.request(method, url, params=params, stream=True, timeout=(_CONNECT_TIMEOUT, None))
            self._answers.add(answer)
            if self._is_closed:
                self.end(answer)
            if answer.status_code >= _HTTP_ERROR:
                self._answers.discard(answer)
                raise _error_of_status(self._name, answer.status_code, answer.text)
        return answer

    def chunks(self, answer: Any) -> Iterator[bytes]:
        """Yield the bytes of an answer as they come.

        Raises:
            BrokenError: The connection broke.
        """
        raw = answer.raw
        with library_errors(self._name):
            while chunk := raw.read1(_CHUNK):
                yield chunk

    def json(self, answer: Any) -> Any:
        """Read an answer to its end, and decode it as JSON.

        Raises:
            BrokenError: The connection broke.
        """
        with library_errors(self._name):
            return answer.json()

    def end(self, answer: Any) -> None:
        """Close the connection of an answer, even while another thread reads it."""
        self._answers.discard(answer)
        with (
            suppress(OSError, ValueError, AttributeError),  # it is closed already, or is not a socket
            socket.fromfd(answer.raw.fileno(), socket.AF_INET, socket.SOCK_STREAM) as connection,
        ):
            connection.shutdown(socket.SHUT_RDWR)
        answer.close()

    def close(self) -> None:
        """Close all connections, even while other threads read them."""
        self._is_closed = True
        for answer in list(self._answers):
            self.end(answer)
        if self._own:
            _close_idle(self._api)
            self._own.close()


def _close_idle(api: Any) -> None:
    """Close the idle connections of a client.

    The client's own ``close`` drops its pools without closing them, so the garbage
    collector has to (urllib3 2.8.0, urllib3/poolmanager.py, PoolManager.clear).
    """
    for adapter in api.adapters.values():
        pools = getattr(getattr(adapter, "poolmanager", None), "pools", {})
        for key in list(pools.keys()):
            pools[key].close()


def _error_of_status(name: str, status: int, text: str) -> EngineError:
    """The error that a status of HTTP means (moby, daemon/server/httpstatus/status.go).

    409 comes for a container that is being removed, and 501 for a logging driver that
    cannot be read (moby, daemon/logs.go, ContainerLogs).
    """
    with suppress(ValueError, KeyError, TypeError):
        text = json.loads(text)["message"]
    message = f"cannot read container {name}: {shortened(text) or status}"
    if status == _NOT_FOUND:
        return GoneError(f"there is no container {name}; docker ps --all lists those there are")
    if status == _CONFLICT:
        return GoneError(message)
    may_pass = status == _TOO_MANY_REQUESTS or (status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED)
    return BrokenError(message) if may_pass else EngineError(message)


@contextmanager
def library_errors(name: str) -> Iterator[None]:
    """Turn the errors of the libraries into `EngineError`."""
    try:
        import docker  # noqa: PLC0415  # heavy, and an extra
        from requests import RequestException  # noqa: PLC0415  # likewise
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise EngineError(missing_extra(error.name, "docker")) from None
    try:
        yield
    except docker.errors.APIError as error:
        raise _error_of_status(name, error.status_code, error.explanation or "") from None
    except (RequestException, HTTPError, OSError) as error:
        raise BrokenError(f"cannot read container {name}: {shortened(str(error))}") from None
    except docker.errors.DockerException as error:
        raise BrokenError(f"cannot read container {name}: {shortened(str(error))}; {NO_ENGINE}") from None
