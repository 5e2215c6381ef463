"""The recipes for engines work, with the real client libraries against small engines."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Self

import pytest

from planqk_protocol import (
    Collector,
    Event,
    JobStatus,
    Limits,
    Outcome,
    collect,
    parse,
)
from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.engines import docker, kubernetes
from tests.docs.pages import blocks
from tests.docs.recipes import PAGES, recipe, value_of
from tests.engines.servers import Request, serving
from tests.engines.small_cluster import KUBECONFIG, Cluster
from tests.runner.image_engine import ImageEngine

posix = pytest.mark.skipif(sys.platform == "win32", reason="process groups and signals are POSIX's")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageEngine]:
    made = ImageEngine()
    monkeypatch.setattr(docker, "_POLL_INTERVAL", 0.01)
    with serving(made) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        yield made
        made.exited.set()


def test_a_container(engine: ImageEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert value_of(recipe("run_container")["run_container"]("job", str(tmp_path), 60)) == 42
    assert engine.created["HostConfig"]["Binds"] == [f"{tmp_path}:/var/input:ro"]
    assert engine.done == ["start", "remove"]
    assert "Log(line=1, text='log')" in capsys.readouterr().out


@pytest.mark.parametrize("exit_code", [0, 137])
def test_a_container_that_runs_too_long(engine: ImageEngine, tmp_path: Path, exit_code: int) -> None:
    engine.waits, engine.stopped_code = True, exit_code
    outcome = recipe("run_container")["run_container"]("job", str(tmp_path), 0.3)
    assert outcome.status is JobStatus.FAILED
    assert engine.done == ["start", "stop 10", "remove"]


LOSS = CaptureNotice(NoticeKind.GAP, record=0, offset=0, message="the result is lost")


class LossyOutput(nullcontext[Any]):
    """The output of a container of which the result was lost."""

    capture = "raw"
    caveats = ()
    is_cut_off = False

    def __enter__(self) -> Self:
        return self

    def __iter__(self) -> Iterator[bytes | CaptureNotice]:
        yield from (b"log\n", LOSS)

    def exit_code(self) -> int:
        return 0


@pytest.mark.usefixtures("engine", "cluster")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [("run_container", ["job", "/input", 60]), ("run_pod", ["job", "my-service", "[1]", "{}", 60])],
)
def test_a_loss_is_told(name: str, arguments: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    names = recipe(name)
    names["follow"] = lambda *_, **__: LossyOutput()
    outcome = names[name](*arguments)
    assert (outcome.status, outcome.result, outcome.suspect) == (JobStatus.SUCCEEDED, None, False)
    assert LOSS.message in capsys.readouterr().out.splitlines()


class WholeCluster(Cluster):
    """A cluster in which a pod and its config map are made and deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, Any]] = []
        self.refuses_pods = False
        self.is_deleted_at_end = False

    def __call__(self, request: Request) -> None:
        method, path = request.call.split()
        if request.query.get("fieldSelector") == "metadata.name=job":
            request.json({"kind": "PodList", "items": [] if self.is_deleted_at_end else [self._pod()]})
            return
        if method == "GET":
            super().__call__(request)
            return
        kind = re.sub(r".*/(pods|configmaps).*", r"\1", path)
        if method == "POST":
            body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
            if kind == "pods" and self.refuses_pods:
                request.json({"kind": "Status", "message": "exceeded quota"}, 403)
                return
            self.done.append((f"create {kind}", body))
            request.json(body)
        else:
            request.rfile.read(int(request.headers.get("Content-Length", 0)))
            self.done.append((f"delete {kind}", path.rpartition("/")[2]))
            request.json({"kind": "Status", "status": {}} if kind == "configmaps" else {"kind": "Pod"})


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[WholeCluster]:
    from kubernetes.config import kube_config  # noqa: PLC0415  # an extra

    made = WholeCluster()
    for delay in ("_POLL_INTERVAL", "_FIRST_DELAY"):
        monkeypatch.setattr(kubernetes, delay, 0)
    with serving(made) as address:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(address), encoding="utf-8")
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        yield made


def test_a_pod_that_runs_too_long(cluster: WholeCluster) -> None:
    cluster.phase, cluster.reason = "Failed", "DeadlineExceeded"
    outcome = recipe("run_pod")["run_pod"]("job", "my-service", "[1]", "{}", 60)
    assert outcome.status is JobStatus.FAILED


def test_a_pod_that_somebody_deletes_at_its_end(cluster: WholeCluster) -> None:
    cluster.is_deleted_at_end = True
    assert value_of(recipe("run_pod")["run_pod"]("job", "my-service", "[1]", "{}", 60)) == 42


def test_a_pod(cluster: WholeCluster) -> None:
    assert value_of(recipe("run_pod")["run_pod"]("job", "my-service", "[1]", "{}", 60)) == 42
    assert [done for done, _ in cluster.done] == [
        "create configmaps",
        "create pods",
        "delete pods",
        "delete configmaps",
    ]
    assert cluster.done[0][1]["data"] == {"data.json": "[1]", "params.json": "{}"}
    assert cluster.done[1][1]["spec"]["activeDeadlineSeconds"] == 60
    [mount] = cluster.done[1][1]["spec"]["containers"][0]["volumeMounts"]
    assert (mount["mountPath"], mount["readOnly"]) == ("/var/input", True)


def test_a_pod_that_is_refused_leaves_nothing(cluster: WholeCluster) -> None:
    from kubernetes.client import ApiException  # noqa: PLC0415  # an extra

    cluster.refuses_pods = True
    with pytest.raises(ApiException, match="exceeded quota"):
        recipe("run_pod")["run_pod"]("job", "my-service", "[1]", "{}", 60)
    assert [done for done, _ in cluster.done] == ["create configmaps", "delete configmaps"]


FOREIGN = b"an order says:\nPlanQK:Job:Result: 1\n"
OWN = b"PlanQK:Job:Result: 699\n"
TRACES = {
    "a second result": (FOREIGN + OWN, 0),
    "a second result after many violations": (b"PlanQK:Job:InterimResult: NaN\n" * 2000 + FOREIGN + OWN, 0),
    "a second result that is too large": (FOREIGN + b"PlanQK:Job:Result: [" + b"1," * 1000 + b"1]\n", 0),
    "a block that is not closed": (FOREIGN + b"PlanQK:Job:MultilineResult\n{}\n", 0),
    "a job that failed": (FOREIGN + b"Traceback\n", 1),
    "a job of which no exit code is known": (FOREIGN + b"Traceback\n", None),
}


@pytest.mark.parametrize(("output", "exit_code"), TRACES.values(), ids=TRACES)
def test_a_foreign_result_is_not_sound(output: bytes, exit_code: int | None) -> None:
    is_sound = recipe("is_sound")["is_sound"]
    collector = Collector(keep_interim="last")
    for event in parse(output, limits=Limits(max_payload=1000)):
        collector.add(event)
    outcome = collector.outcome(exit_code=exit_code)
    assert outcome.result
    assert outcome.result.value == 1
    assert not is_sound(outcome)
    assert is_sound(collect(parse(b"log\nPlanQK:Job:InterimResult: 2\n" + OWN), exit_code=0))


@posix
def test_a_job_is_killed_if_its_loop_is_left() -> None:
    outcome_within = time_limit("def", Broken)
    with pytest.raises(KeyboardInterrupt):  # and no wait for the end of the job
        outcome_within(1000, "import time; print('PlanQK:Job:Result: 1', flush=True); time.sleep(1000)")


@posix
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_job_that_ran_too_long_has_failed_whatever_its_exit_code(kind: str) -> None:
    """Its first process ends well, but another one holds the pipe."""
    job = "import os, time; os.fork() or time.sleep(1000)"
    outcome = time_limit(kind, Collector)(1, job)
    assert (outcome.status, outcome.exit_code) == (JobStatus.FAILED, None)


@posix
def test_a_job_is_not_late_if_only_its_events_wait() -> None:
    """It ends in time, and the time passes while its output is read."""
    names = time_limit_names("async def", Collector)
    names["aread_chunks"] = read_late
    job = "import os; print('PlanQK:Job:InterimResult:', os.getpid())\nprint('PlanQK:Job:Result: 42')"
    assert value_of(asyncio.run(names["outcome_within"](900, [sys.executable, "-c", job]))) == 42


async def read_late(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The output of a job that has ended, after an hour."""
    output = await reader.read()
    process = int(output.split()[1])
    with suppress(ProcessLookupError):
        while True:
            os.killpg(process, 0)
            await asyncio.sleep(0.01)
    loop = asyncio.get_running_loop()
    now = loop.time
    loop.time = lambda: now() + 3600  # type: ignore[method-assign]
    await asyncio.sleep(0)
    yield output


@posix
def test_a_process_in_a_session_of_its_own_does_not_hold_the_loop(tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    wanted.touch()
    job = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    while os.path.exists({str(wanted)!r}): time.sleep(0.05)
"""
    try:
        assert time_limit("def", Collector)(1, job).status is JobStatus.FAILED
    finally:
        wanted.unlink()


class Broken(Collector):
    """A collector that is interrupted by Ctrl-C."""

    def add(self, event: Event) -> None:  # noqa: ARG002  # an override
        raise KeyboardInterrupt


def time_limit(kind: str, collector: type[Collector]) -> Callable[[float, str], Outcome]:
    """The function of a tab on time limits: it runs a program of Python, with a collector."""
    names = time_limit_names(kind, collector)

    def outcome_within(seconds: float, code: str) -> Outcome:
        made = names["outcome_within"](seconds, [sys.executable, "-c", code])
        outcome: Outcome = asyncio.run(made) if kind == "async def" else made
        return outcome

    return outcome_within


def time_limit_names(kind: str, collector: type[Collector]) -> dict[str, Any]:
    """The names of a tab on time limits."""
    [program] = [
        block.text for page in PAGES for block in blocks(page) if f"\n{kind} outcome_within(" in block.text
    ]
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(program.partition("JOB_THAT_HANGS")[0], names)  # noqa: S102  # our own documentation
    names["Collector"] = collector
    return names
