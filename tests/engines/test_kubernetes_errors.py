"""``--pod``: clusters that refuse, or do not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from planqk_protocol.captures import NoticeKind
from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.cluster import Cluster as Api
from planqk_protocol.engines.cluster import UnreachableError
from planqk_protocol.engines.container import EngineError
from tests.cli.harness import Run as Invoke
from tests.engines.pod_output import OUTPUT, kinds, read
from tests.engines.servers import joined
from tests.engines.small_cluster import KUBECONFIG, Cluster, Cut


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("first", [[], [Cut(40)]])
def test_a_log_that_is_forbidden(cluster: Cluster, run: Invoke, status: int, first: list[Cut]) -> None:
    cluster.minor = "31"
    cluster.answers = [*first, status]
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr.splitlines()[-1].startswith(
        f"planqk-protocol: cannot read pod default/job: {status} "
    )
    assert len(cluster.asked) == len(first) + 1


def test_a_pod_that_is_not_there(cluster: Cluster, run: Invoke) -> None:
    outcome = run("result", "--pod", "default/other")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "planqk-protocol: there is no pod default/other; kubectl get pods lists those there are\n"
    )
    assert not cluster.asked


@pytest.mark.parametrize("looks", [[403], [200, 401]])
def test_a_server_that_refuses(cluster: Cluster, run: Invoke, looks: list[int]) -> None:
    cluster.looks = [*looks]
    cluster.before = [None]
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert f"planqk-protocol: cannot read pod default/job: {looks[-1]} " in outcome.stderr
    assert not cluster.asked


def test_no_cluster(run: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kubernetes.config import kube_config  # noqa: PLC0415  # an extra

    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read pod default/job: ")


def test_a_cluster_that_does_not_answer(
    run: Invoke, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kubernetes.config import kube_config  # noqa: PLC0415  # an extra

    assert not cluster.asked
    path = tmp_path / "nobody"
    path.write_text(KUBECONFIG.format("127.0.0.1:9"), encoding="utf-8")
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("planqk-protocol: cannot read pod default/job: ")


def test_a_connection_that_is_refused_for_a_while(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first answer, a server that is away is waited for."""
    monkeypatch.setattr(kubernetes, "_TRIES", 3)
    ask, away = Api.pod, [True, True]

    def pod(api: Api) -> object:
        if cluster.looked == 1 and away and away.pop():
            raise UnreachableError("away")
        return ask(api)

    monkeypatch.setattr(Api, "pod", pod)
    said: list[str] = []
    assert joined(read(tell=said.append)[0]) == OUTPUT
    assert said == ["the cluster does not answer: away"]
    away[:] = [True] * 3
    cluster.looked = 0
    with pytest.raises(EngineError, match="cannot read pod default/job: away"):
        read()


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_errors_are_waited_out(cluster: Cluster, status: int) -> None:
    cluster.minor = "31"
    cluster.answers = [Cut(40), status, Cut(80), status, status, Cut(90, breaks_off=False)]
    cluster.ends_after = 7
    said: list[str] = []
    pieces, is_cut_off, exit_code = read(tell=said.append)
    assert (joined(pieces), is_cut_off, exit_code) == (OUTPUT, False, 0)
    assert len(said) == 1
    assert said[0].startswith(f"the cluster does not give the log now: {status} ")


@pytest.mark.parametrize("status", [400, 429, 503])
def test_errors_of_the_pods_state_are_waited_out(cluster: Cluster, status: int) -> None:
    cluster.looks = [status, 200, status, status, 200, status]
    said: list[str] = []
    pieces, _, exit_code = read(tell=said.append)
    assert (joined(pieces), exit_code) == (OUTPUT, 0)
    assert len(said) == 1
    assert said[0].startswith(f"the cluster does not give the pod's state now: {status} ")


def test_a_server_that_does_not_come_back(cluster: Cluster) -> None:
    cluster.looks = [200, *[500] * 100]
    with pytest.raises(EngineError, match="cannot read pod default/job: 500 "):
        read()
    assert cluster.looked == 1 + kubernetes._TRIES  # noqa: SLF001


def test_a_log_that_is_gone_though_its_container_is_not(cluster: Cluster) -> None:
    cluster.answers = [Cut(50), *[404] * 100]
    said: list[str] = []
    pieces, is_cut_off, exit_code = read(tell=said.append)
    assert (is_cut_off, exit_code) == (True, 0)
    assert kinds(pieces)[-1] is NoticeKind.GAP
    assert len(said) == 1
