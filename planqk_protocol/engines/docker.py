"""Containers of Docker, and of other engines with its API. Needs the extra ``[docker]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
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
        waiting, output = engine.open()
    details = engine.details
    caveats = []
    has_terminal = details["Config"].get("Tty", False)
    if has_terminal:
        caveats.append("the container has a terminal (-t), so its stderr is mixed into its stdout")
    if restarts := details.get("RestartCount", 0):
        caveats.append(f"the container was restarted {restarts} times; the output of all its runs is one log")

    def exit_code() -> int:
        with _errors(name), closing(waiting):
            return int(waiting.json()["StatusCode"])

    return ContainerOutput(
        _chunks(output, waiting, name),
        exit_code,
        capture="raw" if has_terminal else "docker-mux",
        caveats=caveats,
    )


class _Engine:
    """One container in the Engine API; requests by hand, as the library's own read time out and decode."""

    def __init__(self, client: Any, name: str) -> None:
        import docker  # noqa: PLC0415  # heavy, and an extra

        self._api = (client or docker.from_env()).api
        self._name = name
        self.details: Mapping[str, Any] = self._api.inspect_container(name)

    def open(self) -> tuple[Any, Any]:
        """The answers that will bring the exit code, and the output."""
        if self._is_created:
            waiting, output = self._both("next-exit", "POST", "attach", stream=1, logs=1)
            self.details = self._api.inspect_container(self._name)
            if self._is_created or self.details["State"]["Running"]:
                return waiting, output
            waiting.close()  # it has exited meanwhile: neither of them would end
            output.close()
        return self._both("not-running", "GET", "logs", follow=1)

    def _both(self, condition: str, method: str, call: str, **params: int) -> tuple[Any, Any]:
        # Whoever waits before the end gets the exit code of a container that is removed then.
        waiting = self._call("POST", "wait", condition=condition)
        try:
            return waiting, self._call(method, call, **params, stdout=1, stderr=0)
        except BaseException:
            waiting.close()
            raise

    @property
    def _is_created(self) -> bool:
        return bool(self.details["State"]["Status"] == "created")

    def _call(self, method: str, call: str, **params: str | int) -> Any:
        api = self._api
        url = f"{api.base_url}/v{api.api_version}/containers/{self.details['Id']}/{call}"
        response = api.request(method, url, params=params, stream=True, timeout=None)
        if response.status_code >= _HTTP_ERROR:
            with closing(response):
                raise EngineError(f"cannot read container {self._name}: {response.json()['message']}")
        return response


def _chunks(output: Any, waiting: Any, name: str) -> Iterator[bytes]:
    with closing(output), _errors(name):
        try:
            while chunk := output.raw.read1(_CHUNK):
                yield chunk
        except BaseException:
            waiting.close()  # nobody will ask for the exit code
            raise


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
