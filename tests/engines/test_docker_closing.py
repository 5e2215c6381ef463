"""The output of a container is closed: nothing waits, and no socket stays open."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from planqk_protocol.engines import docker, docker_api
from planqk_protocol.engines.container import ContainerOutput, EngineError
from tests.engines.small_engine import Engine


@pytest.mark.parametrize("wait", ["pieces", "exit_code"])
def test_closing_ends_what_another_thread_waits_for(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    monkeypatch.setattr(docker, "_POLL_INTERVAL", 20)
    engine.status, engine.looks = "created", 10_000_000
    output = docker.follow("job")
    ended: list[object] = []

    def read_all() -> None:
        if wait == "pieces":
            ended.append(list(output))
            return
        with pytest.raises(EngineError, match="closed"):
            output.exit_code()
        ended.append(None)

    thread = threading.Thread(target=read_all)
    thread.start()
    time.sleep(0.1)
    output.close()
    thread.join(40)
    assert len(ended) == 1


def test_an_answer_that_comes_when_the_container_is_closed(engine: Engine) -> None:
    container = docker_api.Container(None, "job")
    container.close()
    before = sockets()
    answer = container.request("GET", "logs", stdout=1, follow=0)
    assert answer.raw.closed
    container.close()
    engine.exited.set()
    wait_until(lambda: sockets() <= before)


def test_a_task_that_is_cancelled_closes_the_output(engine: Engine) -> None:
    before = sockets()
    engine.status, engine.looks = "created", 10_000_000

    async def main() -> bool:
        output = await docker.afollow("job", wait_timeout=60)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(output), 0.1)
        return output.is_cut_off

    assert asyncio.run(main())
    engine.exited.set()
    wait_until(lambda: sockets() <= before)


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        time.sleep(0.05)
    assert is_so()


def sockets() -> set[str]:
    """The sockets that this process holds."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists the folder
            links.append(str(entry.readlink()))
    return {link for link in links if link.startswith("socket:")}


def leave(_output: ContainerOutput) -> None:
    """Read nothing."""


def read_some(output: ContainerOutput) -> None:
    next(output)


def read_all(output: ContainerOutput) -> None:
    assert list(output)


def read_exit_code(output: ContainerOutput) -> None:
    list(output)
    assert output.exit_code() == 0


@pytest.mark.parametrize("status", ["running", "created", "exited"])
@pytest.mark.parametrize("driver", ["json-file", "none"])
@pytest.mark.parametrize("use", [leave, read_some, read_all, read_exit_code])
def test_nothing_stays_open(
    engine: Engine, status: str, driver: str, use: Callable[[ContainerOutput], None]
) -> None:
    before = sockets()
    engine.driver, engine.status, engine.looks, engine.stored = driver, status, 3, 0
    with suppress(EngineError), docker.follow("job") as output:
        use(output)
    engine.status = "exited"  # so that the server ends its answers
    engine.exited.set()
    with pytest.raises(EngineError):
        docker.follow("other")
    wait_until(lambda: sockets() <= before)  # the server sees it later
