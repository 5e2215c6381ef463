"""A small engine, a small cluster, and the command line."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol.engines import docker, kubernetes, planqk, retries
from tests.cli.harness import Run, invoke
from tests.engines.servers import serving
from tests.engines.small_cluster import KUBECONFIG, Cluster
from tests.engines.small_engine import Engine
from tests.engines.small_platform import Platform


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine()
    monkeypatch.setattr(docker, "_FIRST_DELAY", 0)
    monkeypatch.setattr(docker, "_POLL_INTERVAL", 0)
    monkeypatch.setattr(docker, "_GIVE_UP_AFTER", 0.2)
    with serving(made) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        yield made
        made.exited.set()


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    from kubernetes.config import kube_config  # noqa: PLC0415  # an extra

    made = Cluster()
    for delay in ("_POLL_INTERVAL", "_FIRST_DELAY"):
        monkeypatch.setattr(kubernetes, delay, 0)
    with serving(made) as address:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(address), encoding="utf-8")
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        yield made


@pytest.fixture(scope="session")
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, _tls: ssl.SSLContext) -> Iterator[tuple[Platform, str]]:
    """A platform, and the endpoint of its service. There are no access keys in the environment."""
    made = Platform()
    for name in ("PLANQK_ACCESS_KEY_ID", "PLANQK_SECRET_ACCESS_KEY", "PLANQK_TOKEN_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for module, delay in ((planqk, "_FIRST_PAUSE"), (planqk, "_REST"), (retries, "_FIRST_DELAY")):
        monkeypatch.setattr(module, delay, 0)
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: _tls)  # each takes 25 ms, and none is used
    with serving(made) as address:
        yield made, f"http://{address}/service"


@pytest.fixture
def run() -> Run:
    return invoke
