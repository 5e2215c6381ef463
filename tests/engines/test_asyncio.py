"""Live output in an event loop: nothing blocks it, and cancellation leaves nothing behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.blocking import in_thread
from planqk_protocol.engines.container import ContainerOutput, EngineError, open_in_thread
from tests.engines.servers import joined, serving
from tests.engines.small_cluster import Cluster


class Waiting:
    """Gives a piece, then waits until it is closed."""

    is_cut_off = False

    def __init__(self) -> None:
        self.closed = threading.Event()

    def items(self) -> Iterator[bytes | CaptureNotice]:
        yield b"a"
        self.closed.wait(40)

    def exit_code(self) -> int | None:
        self.closed.wait(40)
        return None

    def close(self) -> None:
        self.closed.set()


def output_of(reader: Waiting) -> ContainerOutput:
    return ContainerOutput(reader, capture="raw", caveats=[])


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "planqk-protocol"]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threads():
        thread.join(40)
    assert not threads()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cluster, object]]:
    from kubernetes import client as library  # noqa: PLC0415  # an extra

    made = Cluster()
    for delay in ("_POLL_INTERVAL", "_FIRST_DELAY"):
        monkeypatch.setattr(kubernetes, delay, 0.01)
    with serving(made) as address:
        api = library.CoreV1Api(library.ApiClient(library.Configuration(host=f"http://{address}")))
        yield made, api
        api.api_client.rest_client.pool_manager.clear()


def test_the_output_of_a_pod(client: tuple[Cluster, object]) -> None:
    cluster, api = client
    cluster.before = [None]
    said: list[tuple[str, threading.Thread]] = []

    def tell(message: str) -> None:
        said.append((message, threading.current_thread()))

    async def read() -> tuple[bytes, int | None, bool]:
        async with await kubernetes.afollow("default", "job", client=api, tell=tell) as output:
            pieces = [piece async for piece in output]
            return joined(pieces), await output.aexit_code(), output.is_cut_off

    assert asyncio.run(read()) == (b"log\nPlanQK:Job:Result: 42\n", 0, False)
    assert said == [("container main waits to start: not scheduled yet", threading.main_thread())]


def test_an_error_is_raised_where_it_is_waited_for(client: tuple[Cluster, object]) -> None:
    async def read() -> None:
        await kubernetes.afollow("default", "other", client=client[1])

    with pytest.raises(EngineError, match="there is no pod default/other"):
        asyncio.run(read())


def test_waiting_for_a_start_can_be_cancelled(client: tuple[Cluster, object]) -> None:
    cluster, api = client
    cluster.has_started = False

    async def read() -> None:
        await asyncio.wait_for(kubernetes.afollow("default", "job", client=api), 0.3)

    with pytest.raises(TimeoutError):
        asyncio.run(read())


def test_waiting_for_another_try_can_be_cancelled(
    client: tuple[Cluster, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, api = client
    cluster.answers = [500] * 9
    monkeypatch.setattr(kubernetes, "_FIRST_DELAY", 60)

    async def read() -> None:
        async with await kubernetes.afollow("default", "job", client=api) as output:
            await asyncio.wait_for(anext(output), 0.3)

    with pytest.raises(TimeoutError):
        asyncio.run(read())


def test_a_silent_connection_is_closed_by_cancellation(client: tuple[Cluster, object]) -> None:
    cluster, api = client
    cluster.hold = threading.Event()

    async def read() -> bytes | CaptureNotice:
        async with await kubernetes.afollow("default", "job", client=api) as output:
            first = await anext(output)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(output), 0.3)
            with pytest.raises(StopAsyncIteration):
                await anext(output)
            assert output.is_cut_off
            return first

    try:
        assert asyncio.run(read()) == b"log\nPlanQK:Job:Result: 42\n"
        for thread in threads():
            thread.join(40)
        assert not threads()
    finally:
        cluster.hold.set()


def test_many_wait_at_once_and_block_nothing() -> None:
    """More than the threads that asyncio keeps."""

    async def read(output: ContainerOutput) -> list[bytes | CaptureNotice]:
        return [piece async for piece in output]

    async def all_of_them() -> list[list[bytes | CaptureNotice]]:
        outputs = [output_of(Waiting()) for _ in range(60)]
        tasks = [asyncio.create_task(read(output)) for output in outputs]
        assert await asyncio.to_thread(lambda: 42) == 42
        for output in outputs:
            output.close()
        return await asyncio.gather(*tasks)

    assert all(pieces in ([], [b"a"]) for pieces in asyncio.run(all_of_them()))


def test_cancellation_closes_the_output() -> None:
    reader = Waiting()

    async def read() -> None:
        async with output_of(reader) as output:
            assert await anext(output) == b"a"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(output.aexit_code(), 0.05)
            assert reader.closed.is_set()

    asyncio.run(read())


def test_an_output_that_comes_too_late_is_closed() -> None:
    reader, go = Waiting(), threading.Event()

    def follow() -> ContainerOutput:
        go.wait(40)
        return output_of(reader)

    async def read() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(open_in_thread(follow, abort=go.set), 0.05)
        assert await asyncio.to_thread(reader.closed.wait, 10)

    asyncio.run(read())


def test_an_output_that_comes_after_the_loop_is_closed() -> None:
    reader, go = Waiting(), threading.Event()

    def follow() -> ContainerOutput:
        go.wait(40)
        return output_of(reader)

    async def read() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(open_in_thread(follow, abort=lambda: None), 0.05)

    asyncio.run(read())
    go.set()
    assert reader.closed.wait(40)


def test_what_fails_too_late_is_nobodys() -> None:
    go = threading.Event()

    def fail() -> None:
        go.wait(40)
        raise EngineError("late")

    async def call(*, waits: bool) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(fail, abort=go.set if waits else lambda: None), 0.05)
        if waits:
            await asyncio.sleep(0.05)

    asyncio.run(call(waits=True))
    go.clear()
    asyncio.run(call(waits=False))
    go.set()
