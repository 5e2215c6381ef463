"""``--capture auto``: what a capture is taken for, and what comes of a wrong guess."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import pytest

from planqk_protocol.cli import capture_messages, sources
from planqk_protocol.inputs import detection
from tests.cli.harness import Run, Start

RESULT = b"PlanQK:Job:Result: 42\n"
STAMP = b"2024-05-01T10:00:00.000000000Z "
RECORD = b'{"log":"PlanQK:Job:Result: 42\\n","stream":"stdout","time":"2024-05-01T10:00:00.5Z"}\n'


CURSOR = b"__CURSOR=s=%032x;i=1;b=%032x;m=1;t=1;x=1\n__REALTIME_TIMESTAMP=1\n__MONOTONIC_TIMESTAMP=1\n" % (
    1,
    2,
)


def frame(payload: bytes) -> bytes:
    return struct.pack(">B3xI", 1, len(payload)) + payload


def entry(text: bytes, container: str = "c1") -> bytes:
    fields = {"MESSAGE": text.decode(), "PRIORITY": "6", "CONTAINER_ID_FULL": container, "__CURSOR": "s"}
    return json.dumps(fields).encode() + b"\n"


def platform_entry(message: str) -> dict[str, str]:
    return {"message": message, "severity": "INFO", "timestamp": "2024-05-01T10:00:00.5Z"}


CAPTURES = {
    "raw": b"log\n" + RESULT,
    "raw, one line": RESULT,
    "raw, no line end": RESULT[:-1],
    "raw, blank lines": b"\n \n\n" + RESULT,
    "raw, a small number": b"\1\n" + RESULT,
    "docker-json-file": RECORD,
    "docker-json-file, BOM": b"\xef\xbb\xbf" + RECORD,
    "docker-json-file, NULs": b"\0" * 300 + RECORD,
    "docker-json-file, long": RECORD.replace(b"PlanQK", b"x" * 70_000 + b"\\nPlanQK"),
    "cri, NULs": b"\0\0" + STAMP + b"stdout F " + RESULT,
    "docker-mux": frame(RESULT),
    "docker-mux, LF in a length": frame(b"0123456\n89") + frame(b"\n" + RESULT),
    "docker-mux, LF in the middle of a length": frame(b"x" * 2559 + b"\n") + frame(RESULT),
    "docker-local": b"\0\0\0\x21\x0a\x06stdout\x10\x01\x1a\x15" + RESULT[:-1] + b"\0\0\0\x21",
    "journald-json": entry(b"x" * 70_000) + entry(RESULT[:-1]),
    "journald-export": CURSOR + b"CONTAINER_ID_FULL=c\nPRIORITY=6\nMESSAGE=" + RESULT + b"\n",
    "docker-logs-timestamps": STAMP + RESULT,
    "docker-logs-details": STAMP + b" " + RESULT,
    "kubectl-logs": b"\n[pod/a/b] " + STAMP + RESULT,
    "compose-logs": b"Attaching to job-1, db\ndb | x\njob-1 | a\njob-1 exited with code 0\n",
    "planqk-log": json.dumps([platform_entry("a"), platform_entry("PlanQK:Job:Result: 42")]).encode(),
    "planqk-log, indented": json.dumps([platform_entry("PlanQK:Job:Result: 42\n")], indent=2).encode(),
    "planqk-log, long": json.dumps(
        [platform_entry("x" * 70_000), platform_entry("PlanQK:Job:Result: 42")], indent=2
    ).encode(),
    "planqk-log, an entry a line": json.dumps(platform_entry("PlanQK:Job:Result: 42")).encode() + b"\n",
}


PLATFORM_ENTRY = json.dumps(platform_entry("a")).encode() + b"\n"
INDENTED = json.dumps([platform_entry("a"), platform_entry("b")], indent=2).encode()


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_read_does_not_depend_on_how_the_bytes_arrive(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, is_compressed: bool
) -> None:
    capture = CAPTURES[name]
    data = gzip.compress(capture) if is_compressed else capture
    outcomes = set()
    for size in (1, 3, 10, 1000, 1 << 20):
        monkeypatch.setattr(sources, "_CHUNK", max(size, len(data) // 1000))
        monkeypatch.setattr("planqk_protocol.inputs.compression._PIECE", size)
        outcome = run("parse", stdin=data)
        outcomes.add((outcome.stdout, outcome.stderr, outcome.exit_code))
    ((events, notes, code),) = outcomes
    path = tmp_path / "<stdin>"
    path.write_bytes(data)
    outcome = run("parse", path)
    assert (outcome.stdout, outcome.stderr.replace(str(path), "<stdin>"), outcome.exit_code) == (
        events,
        notes,
        code,
    )
    if name != "compose-logs":
        assert json.loads(events.splitlines()[-1])["value"] == 42


@pytest.mark.rule("latency")
@pytest.mark.parametrize(
    "line", [STAMP + b"a\n", b"[pod/a/b] a\n", b"job-1  | a\n", frame(b"a\n"), entry(b"a"), PLATFORM_ENTRY]
)
def test_the_first_line_of_a_capture_comes_out_at_once(start: Start, line: bytes) -> None:
    program = start("parse")
    assert program.stdin
    assert program.stdout
    program.stdin.write(line)
    program.stdin.flush()
    assert json.loads(program.stdout.readline())["text"] == "a"


@pytest.mark.rule("latency")
@pytest.mark.parametrize(
    ("begin", "text"),
    [
        (INDENTED[: INDENTED.index(b"}") + 3], "a"),
        (b"[\n", None),
        (b"[\n  1,\n", "["),
        (b'[\n{"a": x\n', "["),
        (b"[\n" + b"{" + b" " * 70_000 + b"\n", "["),
    ],
)
def test_a_list_on_several_lines_is_recognised_by_its_first_entry(
    start: Start, begin: bytes, text: str | None
) -> None:
    program = start("parse")
    assert program.stdin
    assert program.stdout
    program.stdin.write(begin)
    program.stdin.flush()
    if text is None:
        program.stdin.write(b"]\n")
        program.stdin.flush()
        text = "["
    assert json.loads(program.stdout.readline())["text"] == text


# What a job prints that begins as a capture does.
LOOKS_CAPTURED = {
    "docker-logs-timestamps": STAMP + b"printed by the job\n",
    "kubectl-logs": b"[pod/a/b] printed by the job\n",
    "compose-logs": b"Attaching to the database\njob-1 | x\n",
    "docker-json-file": b'{"log":"printed by the job\\n","stream":"stdout"}\n',
    "planqk-log": PLATFORM_ENTRY,
}


@pytest.mark.parametrize("command", ["parse", "result", "unwrap"])
@pytest.mark.parametrize("format_id", LOOKS_CAPTURED)
def test_no_marker_is_lost_by_a_wrong_guess(
    run: Run, monkeypatch: pytest.MonkeyPatch, format_id: str, command: str
) -> None:
    data = LOOKS_CAPTURED[format_id] + RESULT
    outcomes = set()
    for size in (1, 5, 17, 1 << 20):
        monkeypatch.setattr(sources, "_CHUNK", size)
        outcome = run(command, stdin=data)
        outcomes.add((outcome.stdout, outcome.stderr, outcome.exit_code))
    ((stdout, stderr, code),) = outcomes
    assert code == 2
    assert bool(stdout) == (command != "result")
    assert f"<stdin>: the first line looks like {format_id}, but a line with a marker does not" in stderr
    assert f"say --capture raw if the job printed all of it, else --capture {format_id}" in stderr
    assert "unwrap" in command or run("result", "--capture", "raw", stdin=data).stdout == "42\n"
    kind = "corrupt" if command == "unwrap" else "capture-corrupt"
    assert f": {kind}: " in run(command, "--capture", format_id, stdin=data).stderr


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("end", [b"PlanQ", b"other"])
def test_half_a_marker_at_the_end_is_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, end: bytes, *, is_cut: bool
) -> None:
    data = LOOKS_CAPTURED["docker-logs-timestamps"] + end
    data = gzip.compress(data)[:-4] if is_cut else data
    outcomes = set()
    for size in (1, 7, 1 << 20):
        monkeypatch.setattr(sources, "_CHUNK", size)
        monkeypatch.setattr("planqk_protocol.inputs.compression._PIECE", size)
        outcomes.add(run("unwrap", stdin=data).stderr)
    (told,) = outcomes
    assert "record 2, byte 50: truncated" in told


@pytest.mark.parametrize("size", range(1, 12))
def test_half_a_marker_in_many_chunks_is_held_back(size: int) -> None:
    data = b"a\nPlanQ\n\nPlanQK:Jo"
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    assert b"".join(detection._up_to_marker("job.log", chunks, "cri")) == data  # noqa: SLF001


def test_unwrap_tells_a_guess_that_costs_something(run: Run) -> None:
    capture = RECORD + b"no record\n"
    guess, notice = capture_messages.guess("docker-json-file"), "<stdin>: record 2, byte 84: corrupt: "
    outcome = run("unwrap", stdin=capture)
    assert outcome.stderr.startswith(notice)
    assert outcome.stderr.endswith(f"<stdin>: {guess}\n")
    assert guess not in run("unwrap", "--capture", "docker-json-file", stdin=capture).stderr
    assert run("unwrap", stdin=RECORD).stderr == ""


def test_of_a_file_more_than_the_first_line_tells(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    for format_id in ("docker-logs-timestamps", "kubectl-logs", "compose-logs"):
        path.write_bytes(LOOKS_CAPTURED[format_id] * 100 + RESULT)
        assert run("result", path).stdout == "42\n"
        path.write_bytes(LOOKS_CAPTURED[format_id] * 3000 + RESULT)
        assert run("result", path).exit_code == 2


def test_a_file_that_is_followed_is_judged_by_its_first_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(LOOKS_CAPTURED["kubectl-logs"] + RESULT)
    monkeypatch.setattr(sources, "_CHUNK", 30)
    outcome = run("parse", "--follow", path)
    assert outcome.exit_code == 2
    assert "looks like kubectl-logs" in outcome.stderr


def test_a_file_without_wrapper_among_captures_is_no_capture(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(RECORD.replace(b"Result", b"InterimResult"))
    (tmp_path / "b").write_bytes(RESULT)
    outcome = run("result", tmp_path / "a", tmp_path / "b")
    assert outcome.exit_code == 2
    assert f"{tmp_path / 'b'}: the first line looks like docker-json-file" in outcome.stderr


NOT_FOUND = b'{"title":"Not Found","status":404,"detail":"there is no execution with this id"}\n'


@pytest.mark.parametrize("command", ["result", "check"])
@pytest.mark.parametrize("given", [(), ("--capture", "planqk-log")])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"[]", "an empty list; if it is the log of an execution, nothing was logged"),
        (b" [\n]\n", "an empty list; if it is the log of an execution, nothing was logged"),
        (NOT_FOUND, "this is an error of the service and not a log: 'Not Found', status 404"),
    ],
)
def test_an_answer_without_entries_is_named(
    run: Run, answer: bytes, said: str, given: tuple[str, ...], command: str
) -> None:
    outcome = run(command, *given, stdin=answer)
    assert outcome.exit_code == 1
    assert outcome.stderr.splitlines()[-1] == f"<stdin>: {said}"


DEEP = b'{"x":' + b"[" * 50_000


@pytest.mark.parametrize(
    "printed", [b"[] []", b'{"title":"a","status":"b"}', b"[\xff]", b'{"title":"\xff"}', DEEP]
)
def test_other_json_that_a_job_prints_is_no_answer(run: Run, printed: bytes) -> None:
    assert run("result", stdin=printed).stderr.startswith("<stdin>: no-result: ")
    assert run("result", stdin=printed + b"\n" + RESULT).stderr == ""
    assert run("result", stdin=b"[]\n" + RESULT).stdout == "42\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_named(run: Run, tmp_path: Path, encoding: str) -> None:
    data = "\ufefflog\r\nPlanQK:Job:Result: 42\r\n".encode(encoding)
    path = tmp_path / "job.log"
    path.write_bytes(data)
    outcome = run("result", "--capture", "raw", path)
    assert outcome.stderr.startswith(f"{path}:1:1: wrong-encoding: ")
    assert outcome.stderr.splitlines()[-1].startswith(f"{path}: no-result: ")
    assert run("parse", stdin=data).stderr.startswith("<stdin>:1:1: wrong-encoding: ")
    outcome = run("parse", "--capture", "docker-json-file", path)
    assert "the file is in UTF-16" in outcome.stderr


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_near_miss_in_a_pipe_is_named(run: Run, is_compressed: bool) -> None:
    data = RECORD + RECORD.replace(b"PlanQK", b" PlanQK")
    data = data.replace(b"Result: 42", b"InterimResult: 42", 1)
    outcome = run("result", stdin=gzip.compress(data) if is_compressed else data)
    guess, near_miss, _ = outcome.stderr.splitlines()
    assert guess == f"<stdin>: {capture_messages.guess('docker-json-file')}"
    assert near_miss.startswith("<stdin> (stdout):2:1: marker-indented: ")


def test_a_near_miss_is_named_however_far_into_a_pipe_it_is(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_CHUNK", 7)
    outcome = run("result", stdin=b"a log line\n" * 100 + b" " + RESULT)
    assert outcome.stderr.startswith("<stdin>:101:1: marker-indented: ")


def test_who_misses_a_result_may_name_the_format(run: Run) -> None:
    data = b"job | " + RESULT
    assert run("result", stdin=data).stderr.startswith("<stdin>:1:1: marker-")
    assert run("result", "--capture", "compose-logs", stdin=data).stdout == "42\n"


SEVERAL = {
    "compose-logs": (b"db-1  | " + b"ready\n" + b"job-1 | " + RESULT, "job-1", "db-1"),
    "kubectl-logs": (b"[pod/db/main] ready\n[pod/job/main] " + RESULT, "job/main", "db/main"),
    "journald-json": (
        entry(b"ready") + entry(RESULT[:-1], "c2"),
        "c2",
        "c1",
    ),
    "journald-export": (
        CURSOR
        + b"CONTAINER_ID_FULL=c1\nPRIORITY=6\nMESSAGE=ready\n\n"
        + CURSOR
        + b"CONTAINER_ID_FULL=c2\nPRIORITY=6\nMESSAGE="
        + RESULT
        + b"\n",
        "c2",
        "c1",
    ),
}


@pytest.mark.parametrize("format_id", SEVERAL)
def test_one_container_of_several_is_read(run: Run, format_id: str) -> None:
    capture, name, other = SEVERAL[format_id]
    for options in ((), ("--capture", format_id)):
        outcome = run("result", "--only", name, *options, stdin=capture)
        assert (outcome.stdout, outcome.stderr, outcome.exit_code) == ("42\n", "", 0)
        outcome = run("parse", "--only", name, *options, stdin=capture)
        assert [json.loads(line)["type"] for line in outcome.stdout.splitlines()] == ["result"]
        outcome = run("unwrap", "--only", name, *options, stdin=capture)
        assert (outcome.stdout_bytes, outcome.stderr, outcome.exit_code) == (RESULT, "", 0)
        outcome = run("unwrap", "--only", other, *options, stdin=capture)
        assert (outcome.stdout_bytes, outcome.stderr, outcome.exit_code) == (b"ready\n", "", 0)
    outcome = run("result", stdin=capture)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert "--only" in outcome.stderr


@pytest.mark.parametrize("command", ["parse", "result", "unwrap"])
@pytest.mark.parametrize("format_id", SEVERAL)
def test_a_container_that_is_not_there_is_named_beside_those_that_are(
    run: Run, format_id: str, command: str
) -> None:
    capture, name, other = SEVERAL[format_id]
    outcome = run(command, "--only", "nobody", stdin=capture)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert f"the capture holds no container 'nobody'; it holds {other}, {name}\n" in outcome.stderr


def test_the_containers_that_are_named_are_not_too_many(run: Run) -> None:
    capture = b"".join(b"[pod/p/c%d] x\n" % number for number in range(2000))
    outcome = run("result", "--only", "p/x", stdin=capture)
    assert "it holds p/c0, p/c1, " in outcome.stderr
    assert outcome.stderr.endswith("p/c9 and 991 more\n")
    assert run("unwrap", "--only", "p/c1999", stdin=capture).stdout == "x\n"
    outcome = run("result", "--only", "x", "--capture", "journald-json", stdin=b"")
    assert outcome.stderr == ("<stdin>: the capture holds no container 'x'; it holds none\n")


@pytest.mark.parametrize("command", ["parse", "result", "unwrap"])
def test_only_is_for_formats_that_tell_containers_apart(run: Run, command: str) -> None:
    for args in ((), ("--capture", "raw")):
        outcome = run(command, "--only", "job", *args, stdin=b"job | " + RESULT)
        assert (outcome.stdout, outcome.exit_code) == ("", 2)
        assert "--only chooses among containers, but raw holds only one" in outcome.stderr
        assert all(format_id in outcome.stderr for format_id in SEVERAL)


def test_only_goes_without_live_containers(run: Run) -> None:
    outcome = run("result", "--only", "job", "--container", "job")
    assert outcome.exit_code == 2
    assert "--only" in outcome.stderr


def test_files_of_different_containers_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("0.log", "0.log.20240501-100000"):
            (tmp_path / folder / name).write_bytes(STAMP + b"stdout F x\n")
    (tmp_path / "a" / "0.log").write_bytes(STAMP + b"stdout F " + RESULT)
    (tmp_path / "c").symlink_to("a")
    outcome = run("result", tmp_path / "a" / "0.log", tmp_path / "b" / "0.log")
    assert (outcome.stdout, outcome.exit_code) == ("", 2)
    assert "a/0.log and " in outcome.stderr
    assert "b/0.log are of different containers" in outcome.stderr
    assert run("result", tmp_path / "a" / "0.log.20240501-100000", tmp_path / "c" / "0.log").stdout == "42\n"
    monkeypatch.chdir(tmp_path / "a")
    assert run("result", "./0.log.20240501-100000", tmp_path / "a" / "0.log").stdout == "42\n"
    monkeypatch.chdir(tmp_path)
    assert run("parse", "--capture", "raw", "a/0.log", "b/0.log").exit_code == 1
