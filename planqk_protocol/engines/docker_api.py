"""One container in Docker's Engine API.

Requests are made by hand on the connections of Docker's own library, whose
calls for logs read with a time limit, decode, and end without a word where a
connection breaks.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from planqk_protocol.engines.output import EngineError

__all__ = ["BrokenError", "Container", "GoneError", "failing"]

_CHUNK = 64 * 1024
_CONNECTING = 10  # seconds
_HTTP_ERROR, _NOT_FOUND, _CONFLICT, _TOO_MANY, _SERVER_ERROR, _UNSUPPORTED = 400, 404, 409, 429, 500, 501
_MOST_SHOWN = 300  # characters of what the engine says


class BrokenError(EngineError):
    """The engine does not answer, or the connection broke: to be tried again."""


class GoneError(EngineError):
    """The container was removed."""


class Container:
    """A container, and the connections that are open to read it.

    Args:
        client: A ``docker.DockerClient``; ``None`` for one of its own.
        name: Name or id of the container.

    Attributes:
        id: Its id, which another container of this name does not have.
        details: What the engine tells of it, as of the latest look.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._name = name
        self._answers: set[Any] = set()
        self._is_closed = False
        self._own: Any = None
        with failing(name):
            import docker  # noqa: PLC0415  # heavy, and an extra

            if client is None:
                client = self._own = docker.from_env()
        self._api = client.api
        self.id = name
        self.details: Mapping[str, Any] = {}
        try:
            self.id = self.look()["Id"]
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> Mapping[str, Any]:
        """Its state as of the latest look."""
        state: Mapping[str, Any] = self.details["State"]
        return state

    def look(self) -> Mapping[str, Any]:
        """Ask for its details.

        Raises:
            BrokenError: The engine does not answer.
            GoneError: It was removed.
        """
        with failing(self._name):
            self.details = self._api.inspect_container(self.id)
        return self.details

    def is_of_docker(self) -> bool:
        """Whether the engine is Docker, and none that speaks its API."""
        with failing(self._name):
            parts = self._api.version().get("Components") or []
        return any(part["Name"] == "Engine" for part in parts)

    def was_started(self) -> bool:
        """Whether the engine remembers that it was started; it may be gone since."""
        with failing(self._name):
            now = self._api.info()["SystemTime"]
            filters = {"container": [self.id], "event": ["start"]}
            return any(True for _ in self._api.events(since=1, until=now, filters=filters))

    def ask(self, method: str, call: str, **params: str | int) -> Any:
        """Make a request, whose answer is read as it comes.

        Raises:
            BrokenError: The engine does not answer.
            EngineError: It refuses.
            GoneError: The container was removed.
        """
        api = self._api
        url = f"{api.base_url}/v{api.api_version}/containers/{self.id}/{call}"
        with failing(self._name):
            answer = api.request(method, url, params=params, stream=True, timeout=(_CONNECTING, None))
            self._answers.add(answer)
            if self._is_closed:
                self.end(answer)
            if answer.status_code >= _HTTP_ERROR:
                self._answers.discard(answer)
                raise _refused(self._name, answer.status_code, answer.text)
        return answer

    def chunks(self, answer: Any) -> Iterator[bytes]:
        """The bytes of an answer.

        Raises:
            BrokenError: The connection broke.
        """
        raw = answer.raw
        with failing(self._name):
            while chunk := raw.read1(_CHUNK):
                yield chunk

    def json(self, answer: Any) -> Any:
        """What an answer says.

        Raises:
            BrokenError: The connection broke.
        """
        with failing(self._name):
            return answer.json()

    def end(self, answer: Any) -> None:
        """Close the connection of an answer, even while another thread reads it."""
        self._answers.discard(answer)
        with (
            suppress(OSError, ValueError, AttributeError),  # it is closed, or is no socket
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
    """Close the connections that a client keeps for later: its own ``close`` leaves them to the collector."""
    for adapter in api.adapters.values():
        pools = getattr(getattr(adapter, "poolmanager", None), "pools", {})
        for key in list(pools.keys()):
            pools[key].close()


def _refused(name: str, status: int, text: str) -> EngineError:
    with suppress(ValueError, KeyError, TypeError):
        text = json.loads(text)["message"]
    message = f"cannot read container {name}: {text.strip()[:_MOST_SHOWN] or status}"
    if status == _NOT_FOUND:
        return GoneError(f"there is no container {name}; docker ps --all lists those there are")
    if status == _CONFLICT:
        return GoneError(message)  # it is being removed
    passes = status == _TOO_MANY or (status >= _SERVER_ERROR and status != _UNSUPPORTED)
    return BrokenError(message) if passes else EngineError(message)


@contextmanager
def failing(name: str) -> Iterator[None]:
    """Turn the errors of the libraries into `EngineError`."""
    try:
        import docker  # noqa: PLC0415  # heavy, and an extra
        from requests import RequestException  # noqa: PLC0415  # likewise
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise EngineError(f'{error.name} is missing; run: pip install "planqk_protocol[docker]"') from None
    try:
        yield
    except docker.errors.APIError as error:
        raise _refused(name, error.status_code, error.explanation or "") from None
    except (docker.errors.DockerException, RequestException, HTTPError, OSError) as error:
        raise BrokenError(f"cannot read container {name}: {str(error)[:_MOST_SHOWN]}") from None
