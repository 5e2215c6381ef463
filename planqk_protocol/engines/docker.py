"""Containers of Docker, and of other engines with its API. Needs the extra ``[docker]``."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from planqk_protocol.engines.output import ContainerOutput, EngineError

__all__ = ["follow"]

_CHUNK = 64 * 1024
_HTTP_ERROR = 400


def follow(name: str, *, client: Any = None) -> ContainerOutput:
    """The standard output of a container, as the Engine API sends it.

    A container that was created but not started is attached to first, so that
    none of its output is missed, and its start is waited for.

    Args:
        name: Name or id of the container.
        client: A ``docker.DockerClient``; by default one for the engine that
            the environment names (``DOCKER_HOST``).

    Raises:
        EngineError: The library is missing, the engine does not answer, or
            there is no such container; later from the chunks, if the
            connection breaks.
    """
    with _errors(name):
        engine = _Engine(client, name)
        engine.open()
    details = engine.details
    caveats = []
    has_terminal = details["Config"].get("Tty", False)
    if has_terminal:
        caveats.append("the container has a terminal (-t), so its stderr is mixed into its stdout")
    if restarts := details.get("RestartCount", 0):
        caveats.append(f"the container was restarted {restarts} times; the output of all its runs is one log")

    return ContainerOutput(engine, capture="raw" if has_terminal else "docker-mux", caveats=caveats)


class _Engine:
    """One container in the Engine API; requests by hand, as the library's own read time out and decode."""

    is_cut_off = False

    def __init__(self, client: Any, name: str) -> None:
        import docker  # noqa: PLC0415  # heavy, and an extra

        self._open = ExitStack()
        if client is None:
            client = docker.from_env()
            self._open.callback(client.close)
        self._api = client.api
        self._name = name
        self._waiting: Any = None
        self._output: Any = None
        with self._closing_on_errors():
            self.details: Mapping[str, Any] = self._api.inspect_container(name)

    def open(self) -> None:
        """Ask for the output, and for the exit code, before the container can be gone."""
        with self._closing_on_errors():
            if self._is_created:
                self._both("next-exit", "POST", "attach", stream=1, logs=1)
                self.details = self._api.inspect_container(self._name)
                if self._is_created or self.details["State"]["Running"]:
                    return
                _end(self._waiting)  # it has exited meanwhile: neither of them would end
                _end(self._output)
            self._both("not-running", "GET", "logs", follow=1)

    def pieces(self) -> Iterator[bytes]:
        """The output, as it comes."""
        output = self._output.raw
        with _errors(self._name):
            while chunk := output.read1(_CHUNK):
                yield chunk

    def exit_code(self) -> int:
        """Wait for the exit code."""
        with _errors(self._name):
            return int(self._waiting.json()["StatusCode"])

    def close(self) -> None:
        """Close all connections."""
        self._open.close()
        self._waiting = self._output = None  # they hold the library's pool of idle connections

    @contextmanager
    def _closing_on_errors(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _both(self, condition: str, method: str, call: str, **params: int) -> None:
        # Whoever waits before the end gets the exit code of a container that is removed then.
        self._waiting = self._call("POST", "wait", condition=condition)
        self._output = self._call(method, call, **params, stdout=1, stderr=0)

    @property
    def _is_created(self) -> bool:
        return bool(self.details["State"]["Status"] == "created")

    def _call(self, method: str, call: str, **params: str | int) -> Any:
        api = self._api
        url = f"{api.base_url}/v{api.api_version}/containers/{self.details['Id']}/{call}"
        response = api.request(method, url, params=params, stream=True, timeout=None)
        self._open.callback(_end, response)
        if response.status_code >= _HTTP_ERROR:
            raise EngineError(f"cannot read container {self._name}: {response.json()['message']}")
        return response


def _end(response: Any) -> None:
    """Close the connection of an answer, even while another thread reads it."""
    with (
        suppress(OSError, ValueError, AttributeError),  # it is closed, or is no socket
        socket.fromfd(response.raw.fileno(), socket.AF_INET, socket.SOCK_STREAM) as connection,
    ):
        connection.shutdown(socket.SHUT_RDWR)
    response.close()


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """Turn the errors of the libraries into `EngineError`."""
    try:
        import docker  # noqa: PLC0415  # heavy, and an extra
        from requests import RequestException  # noqa: PLC0415  # likewise
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  # likewise
    except ModuleNotFoundError as error:
        raise EngineError(f'{error.name} is missing; run: pip install "planqk_protocol[docker]"') from None
    try:
        yield
    except docker.errors.NotFound:
        raise EngineError(f"there is no container {name}; docker ps --all lists those there are") from None
    except (docker.errors.DockerException, RequestException, HTTPError, OSError) as error:
        raise EngineError(f"cannot read container {name}: {error}") from None
