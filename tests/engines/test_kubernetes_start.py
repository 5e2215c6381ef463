"""``--pod``: pods that have not started."""

from __future__ import annotations

import pytest

from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.container import EngineError
from tests.cli.harness import Run as Invoke
from tests.engines.pod_output import OUTPUT, read
from tests.engines.servers import joined
from tests.engines.small_cluster import Cluster, Cut, waiting


def test_a_start_is_waited_for(cluster: Cluster, run: Invoke) -> None:
    pulling = waiting("ImagePullBackOff", "no such image " + 1000 * "x")
    cluster.before = [None, None, waiting("ContainerCreating"), pulling, pulling]
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 0
    first, second, third, *_ = outcome.stderr.splitlines()
    assert first == "pod default/job: container main waits to start: not scheduled yet"
    assert second == "pod default/job: container main waits to start: ContainerCreating"
    assert "ImagePullBackOff: no such image xxx" in third
    assert len(third) < 400


def test_a_pod_that_cannot_be_scheduled(cluster: Cluster, run: Invoke) -> None:
    cluster.has_started = False
    cluster.conditions = [
        {"type": "Ready", "status": "False"},
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"},
    ]
    outcome = run("result", "--wait-timeout", "0.1", "--pod", "default/job")
    assert outcome.exit_code == 2
    said, error = outcome.stderr.splitlines()
    assert said == "pod default/job: container main waits to start: Unschedulable: 0/3 nodes"
    assert error == (
        "planqk-protocol: container main of pod default/job has not started within 0.1 seconds: "
        "Unschedulable: 0/3 nodes"
    )


def test_a_timeout_is_for_the_start_only(cluster: Cluster) -> None:
    cluster.answers = [Cut(50)] * 3
    assert joined(read(wait_timeout=0)[0]) == OUTPUT


def test_a_timeout_goes_with_what_is_live(run: Invoke) -> None:
    outcome = run("result", "--wait-timeout", "1", "job.log")
    assert outcome.exit_code == 2
    assert "--wait-timeout goes with --container, --pod or --execution only" in outcome.stderr


def test_a_pod_that_never_starts(cluster: Cluster, run: Invoke) -> None:
    cluster.has_started = False
    cluster.phase = "Failed"
    outcome = run("result", "--pod", "default/job")
    assert outcome.exit_code == 2
    assert outcome.stderr == "planqk-protocol: pod default/job has ended without a start: Evicted\n"


def test_a_pod_that_is_deleted_before_it_starts(cluster: Cluster) -> None:
    cluster.before = [None]
    cluster.looks = [200, 404]
    with pytest.raises(EngineError, match="pod default/job was deleted before container main started"):
        kubernetes.follow("default", "job")
