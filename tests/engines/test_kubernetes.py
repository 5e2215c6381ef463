"""``--pod``: the client library of Kubernetes against a small API server."""

from __future__ import annotations

import sys

import pytest

from planqk_protocol.captures import CaptureNotice, NoticeKind
from planqk_protocol.engines import kubernetes
from planqk_protocol.engines.container import EngineError
from tests.cli.harness import Run as Invoke
from tests.engines.kubelet import Piece
from tests.engines.pod_output import FIRST_END, OUTPUT, kinds, read
from tests.engines.servers import joined
from tests.engines.small_cluster import BEGIN, Cluster, Cut, lines

MERGED = {"container": "main", "follow": "true", "timestamps": "true"}
LATER = {"sinceTime": "2024-05-01T09:59:50Z"}  # ten seconds before the log begins


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


def test_a_pod_that_failed(cluster: Cluster, run: Invoke) -> None:
    cluster.runs[0].exit_code = 137
    cluster.runs[0].has_ended = True
    outcome = run("parse", "--no-logs", "--pod", "default/job")
    assert outcome.stdout == '{"type":"result","line":2,"value":42}\n'
    assert outcome.exit_code == 1
    assert outcome.stderr.splitlines()[-1] == "pod default/job: FAILED, exit code 137"


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
    with pytest.raises(EngineError, match=r"is missing; run .* install '\.\[kubernetes\]'"):
        kubernetes.follow("default", "job")


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
