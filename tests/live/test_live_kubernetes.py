"""``--pod``: the client library of Kubernetes against a small API server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from planqk_protocol.cli.app import cli
from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.output import EngineError

from .servers import Request, joined, serving

Run = Callable[..., Result]
POD = "/api/v1/namespaces/default/pods/job"
RUNNING: dict[str, Any] = {"running": {}}
VERSION = dict.fromkeys(
    ("buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion", "platform"), ""
) | {"major": "1"}
SEPARATING = 32  # the minor version since which a server knows the parameter stream; others ignore it
MERGED = {"container": "main", "follow": "True"}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def terminated(code: int) -> dict[str, Any]:
    return {"terminated": {"exitCode": code}}


class Cluster:
    """One pod, which changes each time it is looked at, and what was asked of its log."""

    def __init__(self) -> None:
        self.containers = ["main"]
        self.annotations: dict[str, str] | None = None
        self.states: list[Any] = [RUNNING, RUNNING, terminated(0)]
        self.restarts = 0
        self.last: dict[str, Any] = {}
        self.phase = "Running"
        self.is_gone = False
        self.output = [b"log\nPlan", b"QK:Job:Result: 42\n"]
        self.breaks_off = False
        self.looks = 1000  # until the server refuses
        self.minor: str | None = "34+"  # of the version; None for a server that does not tell it
        self.separates = False  # stdout from stderr
        self.error = 0  # the status that the log is answered with
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: Request) -> None:
        _, path = request.call.split()
        if path == f"{POD}/log":
            self.asked.append(request.query)
            knows_streams = int((self.minor or "0").rstrip("+")) >= SEPARATING
            if self.error or ("stream" in request.query and knows_streams and not self.separates):
                request.json({"message": "stream: Forbidden: may not be specified"}, self.error or 422)
                return
            request.stream(iter(self.output), breaks_off=self.breaks_off)
        elif path == "/version/":
            request.json(VERSION | {"minor": self.minor}, 403 if self.minor is None else 200)
        elif path != POD or (self.is_gone and self.asked):
            request.json({"message": "not found"}, 404)
        elif not self.looks:
            request.json({}, 403)
        else:
            self.looks -= 1
            request.json(self._pod())

    def _pod(self) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        status = {
            "name": "main",
            "image": "",
            "imageID": "",
            "ready": True,
            "restartCount": self.restarts + ("restarted" in (state or {})),
            "state": {name: value for name, value in (state or {}).items() if name != "restarted"},
            "lastState": self.last,
        }
        return {
            "metadata": {"name": "job", "annotations": self.annotations},
            "spec": {"containers": [{"name": name} for name in self.containers]},
            "status": {
                "phase": self.phase,
                "reason": "Evicted",
                "containerStatuses": [status] if state else None,
            },
        }


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "http://{}"}}}}]
users: [{{name: me, user: {{}}}}]
"""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    from kubernetes.config import kube_config  # noqa: PLC0415  # an extra

    made = Cluster()
    monkeypatch.setattr(kubernetes, "_PAUSE", 0)
    with serving(made) as address:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(address), encoding="utf-8")
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        yield made


@pytest.fixture
def run() -> Run:
    return lambda *args: CliRunner().invoke(cli, args)


def test_the_result_of_a_pod(cluster: Cluster, run: Run) -> None:
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    merged, status = outcome.stderr.splitlines()
    assert merged.startswith("pod default/job: Kubernetes mixes stderr into stdout")
    assert status == "pod default/job: SUCCEEDED, exit code 0"
    assert cluster.asked[-1] == MERGED


def test_stdout_alone_where_the_cluster_separates_it(cluster: Cluster, run: Run) -> None:
    cluster.separates = True
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    assert outcome.stderr == "pod default/job: SUCCEEDED, exit code 0\n"
    assert cluster.asked == [MERGED | {"stream": "Stdout"}]


@pytest.mark.parametrize(
    ("minor", "asked"),
    [
        pytest.param("34", [MERGED | {"stream": "Stdout"}, MERGED], id="refuses the parameter"),
        pytest.param("31", [MERGED], id="ignores the parameter"),
        pytest.param("", [MERGED], id="does not say its version"),
        pytest.param(None, [MERGED], id="refuses to say its version"),
    ],
)
def test_both_streams_where_the_cluster_does_not_separate_them(
    cluster: Cluster, minor: str | None, asked: list[dict[str, str]]
) -> None:
    cluster.minor = minor
    output = kubernetes.follow("default", "job")
    assert joined(output) == b"".join(cluster.output)
    assert any(caveat.startswith("Kubernetes mixes stderr into stdout") for caveat in output.caveats)
    assert cluster.asked == asked


@pytest.mark.parametrize("separates", [True, False])
def test_a_log_that_is_refused(cluster: Cluster, run: Run, separates: bool) -> None:
    cluster.separates, cluster.error = separates, 400
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read pod default/job: 400 ")
    assert len(cluster.asked) == 1


def test_a_pod_that_failed(cluster: Cluster, run: Run) -> None:
    cluster.states = [terminated(137)]
    outcome = run("parse", "--no-logs", "--pod", "default/job")
    assert outcome.stdout == '{"type":"result","line":2,"value":42}\n'
    assert outcome.exit_code == 1
    assert outcome.stderr.splitlines()[-1] == "pod default/job: FAILED, exit code 137"


def test_a_start_is_waited_for(cluster: Cluster, run: Run) -> None:
    pulling = waiting("ContainerCreating")
    cluster.states = [None, None, pulling, pulling, RUNNING, terminated(0)]
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 0
    assert outcome.stderr.splitlines()[:2] == [
        "pod default/job: container main waits to start: not scheduled yet",
        "pod default/job: container main waits to start: ContainerCreating",
    ]


def test_a_pod_that_never_starts(cluster: Cluster, run: Run) -> None:
    cluster.states = [None]
    cluster.phase = "Failed"
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr == "planqk-protocol: pod default/job has ended without a start: Evicted\n"


def test_a_restarted_container(cluster: Cluster, run: Run) -> None:
    cluster.restarts = 1
    cluster.states = [waiting("CrashLoopBackOff")]
    cluster.last = terminated(2)
    outcome = run("result", "--pod", "default/job")
    assert "restarted 1 times" in outcome.stderr
    assert outcome.stderr.splitlines()[-1] == "pod default/job: FAILED, exit code 2"


def test_a_container_that_is_restarted_at_once(cluster: Cluster, run: Run) -> None:
    cluster.states = [RUNNING, RUNNING, RUNNING | {"restarted": True}]
    cluster.last = terminated(5)
    assert run("result", "--pod", "default/job").stderr.splitlines()[-1].endswith("FAILED, exit code 5")


@pytest.mark.parametrize(
    ("is_gone", "why"), [(True, "the pod is gone"), (False, "has not; was the connection cut?")]
)
def test_an_exit_code_that_is_not_known(cluster: Cluster, run: Run, is_gone: bool, why: str) -> None:
    cluster.states = [RUNNING]
    cluster.is_gone = is_gone
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 1)
    _, reason, status = outcome.stderr.splitlines()
    assert why in reason
    assert status == "pod default/job: UNKNOWN, its exit code is not known"


def test_the_default_container_of_several(cluster: Cluster, run: Run) -> None:
    cluster.containers = ["sidecar", "main"]
    cluster.annotations = {"kubectl.kubernetes.io/default-container": "main"}
    outcome = run("result", "--pod", "default/job")
    assert "the pod has 2 containers, of which main is read" in outcome.stderr
    assert cluster.asked[0]["container"] == "main"


def test_in_python(cluster: Cluster) -> None:
    with pytest.raises(EngineError, match="pod default/job has no container other; it has main"):
        kubernetes.follow("default", "job", container="other")
    output = kubernetes.follow("default", "job")
    assert output.capture == "raw"
    assert joined(output) == b"".join(cluster.output)


def test_a_start_is_waited_for_in_silence_by_default(cluster: Cluster) -> None:
    cluster.states = [RUNNING, waiting("PodInitializing"), RUNNING]
    assert joined(kubernetes.follow("default", "job"))


def test_a_pod_that_is_not_there(cluster: Cluster, run: Run) -> None:
    outcome = run("result", "--pod", "default/other")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "planqk-protocol: there is no pod default/other; kubectl get pods lists those there are\n"
    )
    assert not cluster.asked


@pytest.mark.parametrize("looks", [0, 1])
def test_a_server_that_refuses(cluster: Cluster, run: Run, looks: int) -> None:
    cluster.looks = looks
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read pod default/job: 403 ")
    assert not cluster.asked


def test_a_connection_that_breaks(cluster: Cluster, run: Run) -> None:
    cluster.breaks_off = True
    outcome = run("parse", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert '"result"' in outcome.stdout


def test_no_cluster(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kubernetes.config import kube_config  # noqa: PLC0415  # an extra

    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read pod default/job: ")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    monkeypatch.setitem(sys.modules, "kubernetes.client", None)
    with pytest.raises(EngineError, match=r'is missing; run: pip install "planqk_protocol\[kubernetes\]"'):
        kubernetes.follow("default", "job")
