"""``--pod``: the client library of Kubernetes against a small API server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.cli.app import cli
from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.cluster import Cluster as Api
from planqk_protocol.engines.cluster import UnreachableError
from planqk_protocol.engines.container import EngineError
from tests.engines.kubelet import Piece
from tests.engines.servers import joined, serving
from tests.engines.small_cluster import BEGIN, Cluster, Cut, Run, lines, waiting

Invoke = Callable[..., Result]
MERGED = {"container": "main", "follow": "true", "timestamps": "true"}
OUTPUT = b"log\nPlanQK:Job:Result: 42\n"
LATER = {"sinceTime": "2024-05-01T09:59:50Z"}  # ten seconds before the log begins

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
    for delay in ("_POLL_INTERVAL", "_FIRST_DELAY"):
        monkeypatch.setattr(kubernetes, delay, 0)
    with serving(made) as address:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(address), encoding="utf-8")
        monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        yield made


@pytest.fixture
def run() -> Invoke:
    return lambda *args: CliRunner().invoke(cli, args)


def read(**options: Any) -> tuple[list[bytes | CaptureNotice], bool, int | None]:
    """The pieces of an output, whether it is cut off, and the exit code."""
    with kubernetes.follow("default", "job", **options) as output:
        pieces = list(output)
        return pieces, output.is_cut_off, output.exit_code()


def kinds(pieces: list[bytes | CaptureNotice]) -> list[bytes | NoticeKind]:
    return [piece.kind if isinstance(piece, CaptureNotice) else piece for piece in pieces]


def test_the_result_of_a_pod(cluster: Cluster, run: Invoke) -> None:
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    merged, status = outcome.stderr.splitlines()
    assert merged.startswith("pod default/job: Kubernetes mixes stderr into stdout")
    assert status == "pod default/job: SUCCEEDED, exit code 0"
    assert cluster.asked[-2:] == [MERGED, MERGED | LATER]


def test_stdout_alone_where_the_cluster_separates_it(cluster: Cluster, run: Invoke) -> None:
    cluster.separates = True
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("42\n", 0)
    assert outcome.stderr == "pod default/job: SUCCEEDED, exit code 0\n"
    stdout = MERGED | {"stream": "Stdout"}
    assert cluster.asked == [stdout, stdout | LATER]


@pytest.mark.parametrize(
    ("minor", "first", "caveats"),
    [
        pytest.param("34", ["Stdout", None], 1, id="refuses the parameter"),
        pytest.param("31", [None], 1, id="ignores the parameter"),
        pytest.param("", [None], 1, id="does not say its version"),
        pytest.param(None, [None], 1, id="refuses to say its version"),
        pytest.param("25", [None], 2, id="puts stamps into long lines"),
    ],
)
def test_both_streams_where_the_cluster_does_not_separate_them(
    cluster: Cluster, minor: str | None, first: list[str | None], caveats: int
) -> None:
    cluster.minor = minor
    with kubernetes.follow("default", "job") as output:
        assert joined(output) == OUTPUT
    assert output.caveats[0].startswith("Kubernetes mixes stderr into stdout")
    assert len(output.caveats) == caveats
    assert [asked.get("stream") for asked in cluster.asked] == [*first, None]


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


def test_a_pod_that_failed(cluster: Cluster, run: Invoke) -> None:
    cluster.runs[0].exit_code = 137
    cluster.runs[0].has_ended = True
    outcome = run("parse", "--no-logs", "--pod", "default/job")
    assert outcome.stdout == '{"type":"result","line":2,"value":42}\n'
    assert outcome.exit_code == 1
    assert outcome.stderr.splitlines()[-1] == "pod default/job: FAILED, exit code 137"


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
    assert "--wait-timeout goes with --container or --pod only" in outcome.stderr


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


# The pod is looked at to choose a container, then once for each log that is asked for and for each that ends.
FIRST_LOG, FIRST_END, SECOND_LOG = 2, 3, 4


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


@pytest.mark.parametrize("size", [0, 10, 33, 35, 50, 69, 87, 89, 120])
def test_a_log_that_stops_amid_what_was_read_is_asked_for_again(cluster: Cluster, size: int) -> None:
    """Where an answer ends properly, though it has not even what was read, nothing comes twice."""
    cluster.runs[0].pieces = lines(b"log\n", b"more\n", b"PlanQK:Job:", b"Result: 42\n", b"end\n")
    cluster.answers = [Cut(125), *[Cut(size, breaks_off=False)] * (2 if size in (0, 10) else 5)]
    pieces, is_cut_off, _ = read()
    assert (joined(pieces), is_cut_off) == (b"log\nmore\nPlanQK:Job:Result: 42\nend\n", False)


@pytest.mark.parametrize("size", [0, 10, 33, 50, 69])
def test_a_log_that_stops_amid_what_was_read_for_ever_is_a_gap(cluster: Cluster, size: int) -> None:
    cluster.answers = [Cut(None), *[Cut(size, breaks_off=False)] * 100]
    pieces, is_cut_off, _ = read()
    assert kinds(pieces) == [OUTPUT, NoticeKind.GAP]
    assert is_cut_off is (size > 0)


def test_a_pod_that_is_made_anew_is_another_one(cluster: Cluster) -> None:
    cluster.answers = [Cut(50)]
    cluster.at_look[FIRST_END] = lambda: setattr(cluster, "uid", "2")
    _, is_cut_off, exit_code = read()
    assert (is_cut_off, exit_code) == (True, None)


def test_the_default_container_of_several(cluster: Cluster, run: Invoke) -> None:
    cluster.containers = ["sidecar", "main"]
    cluster.annotations = {"kubectl.kubernetes.io/default-container": "main"}
    outcome = run("result", "--pod", "default/job")
    assert "the pod has 2 containers, of which main is read" in outcome.stderr
    assert cluster.asked[0]["container"] == "main"


def test_in_python(cluster: Cluster) -> None:
    with pytest.raises(EngineError, match="pod default/job has no container other; it has main"):
        kubernetes.follow("default", "job", container="other")
    with kubernetes.follow("default", "job") as output:
        assert output.capture == "raw"
        assert joined(output) == OUTPUT
        assert output.exit_code() == 0
    assert cluster.looked == 5  # the first time for the other container


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


def test_the_exit_code_may_be_asked_for_first(cluster: Cluster) -> None:
    cluster.at_look[5] = lambda: setattr(cluster.runs[0], "has_ended", True)
    with kubernetes.follow("default", "job") as output:
        assert output.exit_code() == 0


def test_an_output_that_is_not_read_is_closed(cluster: Cluster) -> None:
    with kubernetes.follow("default", "job"):
        pass
    assert len(cluster.asked) == 2


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("kubernetes", "kubernetes.client", "kubernetes.config"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineError, match=r'is missing; run: pip install "planqk_protocol\[kubernetes\]"'):
        kubernetes.follow("default", "job")


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


def test_what_was_rotated_away_is_a_gap(cluster: Cluster, run: Invoke) -> None:
    cluster.runs[0].pieces = lines(b"one\n", b"PlanQK:Job:Result: 1\n", b"two\n", b"PlanQK:Job:Result: 2\n")
    cluster.answers = [Cut(40)]
    cluster.at_look[FIRST_END] = lambda: setattr(cluster, "rotated", 2)
    outcome = run("result", "--pod", "default/job")
    assert (outcome.stdout, outcome.exit_code) == ("2\n", 1)
    assert "gap" in outcome.stderr


def test_all_that_is_left_may_have_been_rotated_away(cluster: Cluster) -> None:
    cluster.answers = [Cut(40)]
    cluster.at_look[FIRST_END] = lambda: setattr(cluster, "rotated", 3)
    pieces, is_cut_off, _ = read()
    assert (kinds(pieces), is_cut_off) == ([b"log\n", NoticeKind.GAP], False)


@pytest.mark.parametrize("words", [b"failed to read log file: input/output error", b"no\n", b"short"])
def test_what_the_kubelet_says_is_no_output(cluster: Cluster, words: bytes) -> None:
    cluster.minor = "31"
    cluster.words = words
    pieces, is_cut_off, _ = read()
    assert not is_cut_off
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == OUTPUT
    notices = [piece for piece in pieces if isinstance(piece, CaptureNotice)]
    assert {notice.kind for notice in notices} == {NoticeKind.SYSTEM_ERROR}
    assert words.strip().decode() in notices[0].message
    assert notices[0].stream is None


def test_a_stamp_within_a_line_marks_it(cluster: Cluster) -> None:
    """Old clusters put stamps into long lines, and new ones where stderr comes within a line of stdout."""
    cluster.separates = True
    stamps = [b"2024-05-01T09:00:00.000000000Z ", b"2024-05-01T10:00:00.400000001Z "]
    texts = [b"a " + stamp + b"b\n" for stamp in stamps]
    cluster.runs[0].pieces = lines(*texts)
    pieces, _, _ = read()
    assert kinds(pieces) == [texts[0], NoticeKind.CORRUPT, texts[1]]


def test_a_line_without_a_stamp_is_the_jobs_where_stamps_are_not_exact(cluster: Cluster) -> None:
    cluster.minor = "25"
    cluster.words = b"half"
    pieces, _, _ = read()
    assert joined(pieces) == OUTPUT + b"half"


def test_the_last_line_may_lack_its_end(cluster: Cluster) -> None:
    cluster.runs[0].pieces = [Piece(BEGIN * 10**9, b"PlanQK:Job:Result: 4"), Piece(BEGIN * 10**9, b"2")]
    pieces, is_cut_off, _ = read()
    assert (joined(pieces), is_cut_off) == (b"PlanQK:Job:Result: 42", False)
