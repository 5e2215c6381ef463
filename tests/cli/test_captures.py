"""``--capture``: captured logs in place of stdout."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol.cli import capture_messages, sources
from tests.cli.captured_logs import CAPTURES, RESULT, cri, json_file
from tests.cli.harness import Run, Start
from tests.module_copies import copy_with


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("format_id", CAPTURES)
def test_the_format_is_told_or_seen(run: Run, tmp_path: Path, format_id: str, given: bool) -> None:
    path = tmp_path / "capture"
    path.write_bytes(CAPTURES[format_id])
    outcome = run("result", *(["--capture", format_id] if given else []), path)
    assert (outcome.stdout, outcome.stderr, outcome.exit_code) == ("42\n", "", 0)


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("format_id", CAPTURES)
def test_the_format_is_seen_however_the_head_is_cut(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, format_id: str, size: int
) -> None:
    monkeypatch.setattr(sources, "_CHUNK", size)
    (tmp_path / "capture").write_bytes(CAPTURES[format_id])
    assert run("result", tmp_path / "capture").stdout == "42\n"


def test_a_long_first_line_is_no_reason_to_wait(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 300_000 + b"\n" + RESULT.encode())
    assert run("result", tmp_path / "log").stdout == "42\n"


@pytest.mark.rule("latency")
def test_a_first_line_comes_out_at_once(start: Start) -> None:
    program = start("parse")
    assert program.stdin
    assert program.stdout
    program.stdin.write(b"a\n")
    program.stdin.flush()
    assert json.loads(program.stdout.readline())["text"] == "a"


def test_empty_files_before_the_first_one_count(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "log").write_bytes(b"no record\n" + cri(RESULT.rstrip()))
    outcome = run("result", "--capture", "cri", tmp_path / "empty", tmp_path / "log")
    assert outcome.stdout == "42\n"
    assert outcome.stderr.startswith(f"{tmp_path / 'log'}: capture-corrupt: file 2, record 1, at byte 0: ")
    outcome = run("result", tmp_path / "empty", tmp_path / "empty")
    assert "2 files: no-result: " in outcome.stderr


def test_an_unknown_format_is_refused(run: Run) -> None:
    outcome = run("parse", "--capture", "docker", stdin=b"")
    assert outcome.exit_code == 2
    assert "docker-json-file" in outcome.stderr


def test_stderr_is_not_parsed(run: Run) -> None:
    capture = json_file("Plan") + json_file(RESULT, stream="stderr") + json_file("QK:Job:Result: 1\n")
    assert run("result", stdin=capture).stdout == "1\n"


def test_notices_have_kind_record_and_byte(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job-json.log"
    records = json_file("a\n", RESULT)
    path.write_bytes(records + b"garbage\n" + json_file("b\n"))
    outcome = run("parse", "--no-logs", path)
    assert outcome.exit_code == 0
    guess, notice = outcome.stderr.splitlines()
    assert guess == (
        f"{path}: read as docker-json-file, which its first bytes look like; --capture raw reads it as it is"
    )
    assert notice.startswith(f"{path}: capture-corrupt: record 3, at byte {len(records)}: ")
    assert run("parse", "--capture", "docker-json-file", path).stderr == notice + "\n"


def test_places_are_those_of_stdout(run: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "job.log.1", tmp_path / "job.log"
    one.write_bytes(json_file("log\n", "PlanQK:Job:InterimResult: oops\n", "part of 3"))
    two.write_bytes(json_file("\n", "PlanQK:Job:InterimResult: 1\n", "PlanQK:Job:Result: 1\n", RESULT))
    outcome = run("parse", one, two)
    assert outcome.exit_code == 1
    places = [line.split(": ")[:2] for line in outcome.stderr.splitlines()]
    assert places == [
        [f"{one} (stdout):2:27", "invalid-json"],
        [f"{two} (stdout):4:1", "duplicate-result"],
    ]


@pytest.mark.parametrize(("args", "code"), [(("result",), 1), (("parse",), 1), (("result", "--interim"), 0)])
def test_a_suspect_result_is_told_and_costs_the_exit_code(
    run: Run, tmp_path: Path, args: tuple[str, ...], code: int
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(
        json_file(
            "log\n", "PlanQK:Job:InterimResult: 1\n", 'PlanQK:Job:Result: "\N{REPLACEMENT CHARACTER}"\n'
        )
    )
    text = path.read_bytes().replace(rb"\ufffd", "\N{REPLACEMENT CHARACTER}".encode())
    path.write_bytes(text)
    outcome = run(*args, "--capture", "docker-json-file", path)
    assert outcome.exit_code == code
    notice, suspect = outcome.stderr.splitlines()
    assert ": capture-replacement-char: " in notice
    assert suspect.startswith(f"{path} (stdout):3:1: suspect: bytes of the result may be altered or missing")


@pytest.mark.parametrize("command", ["result", "parse"])
def test_a_result_behind_a_loss_is_printed_and_costs_the_exit_code(
    run: Run, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(cri("log") + b"damage\n" + cri("log", "PlanQK:Job:InterimResult: 1", RESULT.rstrip()))
    outcome = run(command, "--capture", "cri", path)
    assert "42" in outcome.stdout
    assert outcome.stderr.endswith(f"{path} (stdout):4:1: suspect: {capture_messages.AFTER_LOSS}\n")
    assert outcome.stderr.count("suspect: ") == 1
    assert outcome.exit_code == 1
    if command == "parse":
        assert json.loads(outcome.stdout.splitlines()[-1])["after_loss"]
    assert run("result", "--interim", path).exit_code == 0  # each of them counts, whatever came before


@pytest.mark.parametrize("args", [("result",), ("result", "--interim")])
def test_a_sound_result_before_a_loss_is_the_first_one(run: Run, args: tuple[str, ...]) -> None:
    capture = cri("PlanQK:Job:InterimResult: 1", RESULT.rstrip()) + b"damage\n" + cri("log")
    outcome = run(*args, "--capture", "cri", stdin=capture)
    assert outcome.exit_code == 0


def test_a_suspect_interim_result(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    text = 'PlanQK:Job:InterimResult: "\N{REPLACEMENT CHARACTER}"\n'
    record = json.dumps({"log": text, "stream": "stdout"}, ensure_ascii=False).encode() + b"\n"
    path.write_bytes(json_file("log\n") + record + json_file(RESULT))
    outcome = run("parse", path)
    assert outcome.exit_code == 0
    assert f"{path} (stdout):2:1: suspect: bytes of the interim result" in outcome.stderr
    assert [json.loads(line).get("suspect") for line in outcome.stdout.splitlines()] == [None, True, None]
    assert run("result", "--interim", path).exit_code == 1


def test_a_torn_tail_is_no_result(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(cri("log") + cri("PlanQK:Job:Result: 42")[:-2])
    outcome = run("result", path)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert ": capture-truncated: " in outcome.stderr
    assert f"{path} (stdout):2:21: " in outcome.stderr
    assert "the capture is damaged here" in outcome.stderr


def test_a_near_miss_is_found_in_the_stdout_of_a_capture(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(json_file("1\n", "part"))
    (tmp_path / "b").write_bytes(json_file("\n", " " + RESULT))
    outcome = run("result", tmp_path / "a", tmp_path / "b")
    guess, near_miss, missing = outcome.stderr.splitlines()
    assert near_miss.startswith(f"{tmp_path / 'b'} (stdout):2:1: marker-indented: ")
    assert "--capture raw" in guess
    assert missing.startswith("2 files: no-result: ")


def test_files_of_different_runs_are_refused(run: Run, tmp_path: Path) -> None:
    for name in ("0.log", "0.log.20240501-100000", "1.log", "10.log.20240501-100000.gz"):
        (tmp_path / name).write_bytes(cri(RESULT.rstrip()))
    for command in ("result", "parse", "unwrap"):
        outcome = run(command, tmp_path / "0.log", tmp_path / "10.log.20240501-100000.gz", tmp_path / "1.log")
        assert (outcome.stdout, outcome.exit_code) == ("", 2)
        assert re.search(r"0\.log and .+/10\.log\S+ are different runs", outcome.stderr)
        assert "--capture raw" in outcome.stderr
    assert run("result", tmp_path / "0.log.20240501-100000", tmp_path / "0.log").stdout == "42\n"
    outcome = run("result", "--capture", "raw", tmp_path / "0.log", tmp_path / "1.log")
    assert "different runs" not in outcome.stderr


def test_a_growing_capture_is_followed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "job-json.log"
    record = json_file(RESULT)
    path.write_bytes(json_file("first\n") + record[:20])

    def script() -> Iterator[None]:
        with path.open("ab") as file:
            file.write(record[20:])
        yield
        path.rename(tmp_path / "job-json.log.1")
        path.write_bytes(json_file("last\n"))
        yield
        yield

    steps = script()

    def step(_seconds: float) -> None:
        try:
            next(steps)
        except StopIteration:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sources, "time", copy_with(time, sleep=step))
    outcome = run("parse", "--follow", path)
    assert [json.loads(line)["type"] for line in outcome.stdout.splitlines()] == ["log", "result", "log"]
    assert outcome.exit_code == 0


@pytest.mark.parametrize(
    ("damaged", "said"),
    [(0, "suspect result at line 2"), (1, "suspect result at line 2"), (3, "result at line 3")],
)
def test_the_summary_says_that_a_result_is_suspect(run: Run, damaged: int, said: str) -> None:
    """Bytes are lost before it; a loss after it does not matter."""
    texts = ["log", "log", "PlanQK:Job:Result: 1", "log"]
    records = [f"2024-05-01T10:00:00Z stdout F {text}\n".encode() for text in texts]
    records[damaged] = b"damage\n"
    last = run("check", "--capture", "cri", stdin=b"".join(records)).stdout.splitlines()[-1]
    assert last == f"1 finding in 3 lines; {said}"
