"""``--pod``: containers that are restarted, and pods that are deleted or made anew."""

from __future__ import annotations

import pytest

from planqk_protocol.captures import NoticeKind
from tests.cli.harness import Run as Invoke
from tests.engines.pod_output import FIRST_END, FIRST_LOG, OUTPUT, SECOND_LOG, kinds, read
from tests.engines.servers import joined
from tests.engines.small_cluster import Cluster, Cut, Run, lines


def test_a_restarted_container(cluster: Cluster, run: Invoke) -> None:
    cluster.runs = [Run(lines(b"PlanQK:Job:Result: 1\n"), 2, has_ended=True), *cluster.runs]
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    assert "restarted 1 times; its latest run is read" in outcome.stderr


def test_a_container_that_crashes_again_and_again(cluster: Cluster, run: Invoke) -> None:
    cluster.runs[0].exit_code = 2
    cluster.backs_off = True
    outcome = run("result", "--pod", "default/job")
    assert "the container does not run now: CrashLoopBackOff: back-off" in outcome.stderr
    assert outcome.stderr.splitlines()[-1] == "pod default/job: FAILED, exit code 2"
    assert outcome.stdout == "42\n"


@pytest.mark.parametrize("look", [FIRST_LOG, FIRST_END, SECOND_LOG])
def test_a_container_that_is_restarted_while_it_is_read(cluster: Cluster, look: int) -> None:
    """The run that was read ends: the rest of it is asked for as the previous run.

    Where it is restarted just when the log is asked for, that log may be the next run's.
    """
    cluster.runs[0].exit_code = 5
    cluster.answers = [Cut(60)]
    cluster.at_look[look] = lambda: cluster.runs.append(Run(lines(b"PlanQK:Job:Result: 2\n")))
    pieces, is_cut_off, exit_code = read()
    assert (joined(pieces), is_cut_off, exit_code) == (OUTPUT, False, 5)
    assert cluster.asked[-1]["previous"] == "true"


def test_a_container_that_is_restarted_twice(cluster: Cluster) -> None:
    cluster.answers = [Cut(60)]
    cluster.at_look[FIRST_END] = lambda: cluster.runs.extend(Run(lines(b"2\n")) for _ in "ab")
    said: list[str] = []
    pieces, is_cut_off, exit_code = read(tell=said.append)
    assert kinds(pieces) == [b"log\n", NoticeKind.GAP]
    assert (is_cut_off, exit_code) == (True, None)
    assert said == ["the cluster no longer tells the exit code of the run that was read"]


def test_a_container_that_ends_before_the_next_run_is_over(cluster: Cluster) -> None:
    """Between two runs the cluster gives the log of the latest only."""
    cluster.answers = [Cut(60)]

    def crash() -> None:
        cluster.runs.append(Run(lines(b"2\n")))
        cluster.backs_off = True

    cluster.at_look[FIRST_END] = crash
    pieces, is_cut_off, exit_code = read()
    assert kinds(pieces) == [b"log\n", NoticeKind.GAP]
    assert (is_cut_off, exit_code) == (True, None)


@pytest.mark.parametrize("look", [FIRST_LOG, FIRST_END])
def test_a_pod_that_is_deleted_while_it_is_read(cluster: Cluster, run: Invoke, look: int) -> None:
    """What was read is given; a line that is cut is no result."""
    cluster.answers = [Cut(35 + 31 + len(b"PlanQK:Job:Result: 4"))]
    cluster.separates = True
    cluster.at_look[look] = lambda: setattr(cluster, "is_gone", True)
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert "the pod is gone; what the container printed last may be missing" in outcome.stderr
    assert "UNKNOWN, its exit code is not known" in outcome.stderr


def test_a_pod_that_is_made_anew_is_another_one(cluster: Cluster) -> None:
    cluster.answers = [Cut(50)]
    cluster.at_look[FIRST_END] = lambda: setattr(cluster, "uid", "2")
    _, is_cut_off, exit_code = read()
    assert (is_cut_off, exit_code) == (True, None)
