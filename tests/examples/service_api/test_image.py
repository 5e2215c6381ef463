"""An image of Docker as the service, with docker-py against a small engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engines.servers import Request
from tests.engines.servers import serving as engine_serving
from tests.examples.service_api.server import serving, wait_for
from tests.runner.image_engine import ImageEngine

pytestmark = pytest.mark.service_api


class SlowEngine(ImageEngine):
    """An engine that can be held when it makes a container."""

    def __init__(self) -> None:
        super().__init__()
        self._held = threading.Lock()
        self.is_asked = False

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Make no container so long."""
        with self._held:
            yield

    def _create(self, request: Request) -> None:
        self.is_asked = True
        with self._held:
            super()._create(request)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowEngine]:
    made = SlowEngine()
    with engine_serving(made) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        yield made
        made.exited.set()


def test_an_image(engine: SlowEngine, tmp_path: Path) -> None:
    engine.errors = b"warning\n"
    with serving(tmp_path, "--image", "job", command=["fast"]) as server:
        execution = server.run("")
        assert server.status(execution) == "SUCCEEDED"
        assert server.get(f"{execution}/result")["result"] == 42
        entries = server.get(f"{execution}/log")
    assert engine.created["Cmd"] == ["fast"]
    assert {(entry["severity"], entry["message"]) for entry in entries} >= {
        ("NOTICE", "PlanQK:Job:Result: 42"),
        ("WARNING", "warning"),
    }


def test_a_container_is_cancelled(engine: SlowEngine, tmp_path: Path) -> None:
    engine.waits = True
    with serving(tmp_path, "--image", "job", command=[]) as server:
        execution = server.post("")
        wait_for(lambda: "start" in engine.done)
        server.client.put(f"/{execution}/cancel")
        assert server.ended(execution) == "CANCELLED"
    assert engine.done == ["start", "stop 10", "remove"]


def test_a_container_is_cancelled_while_it_is_made(engine: SlowEngine, tmp_path: Path) -> None:
    engine.waits = True
    with serving(tmp_path, "--image", "job", command=[]) as server:
        with engine.holding():
            execution = server.post("")
            wait_for(lambda: engine.is_asked)
            assert server.client.put(f"/{execution}/cancel").json()["status"] == "RUNNING"
        assert server.ended(execution) == "CANCELLED"
    assert engine.done == ["start", "stop 10", "remove"]


def test_an_engine_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with serving(tmp_path, "--image", "job", command=[]) as server:
        execution = server.run("")
        assert server.status(execution) == "FAILED"
        assert server.problem(execution)["detail"].startswith("cannot run 'job': ")
