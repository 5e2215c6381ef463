"""``--capture``: captured logs in place of stdout."""

from __future__ import annotations

import gzip
import json
import re
import signal
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from planqk_protocol import captures
from planqk_protocol.cli import capture_messages, sources
from planqk_protocol.cli.members import Gzip
from tests.cli.harness import Call, Run, Start, Terminal


def json_file(*pieces: str, stream: str = "stdout") -> bytes:
    """Records of Docker's json-file driver."""
    return b"".join(
        json.dumps(
            {"log": piece, "stream": stream, "time": "2024-05-01T10:00:00.5Z"}, separators=(",", ":")
        ).encode()
        + b"\n"
        for piece in pieces
    )


def cri(*lines: str, tag: str = "F") -> bytes:
    return b"".join(f"2024-05-01T10:00:00.5Z stdout {tag} {line}\n".encode() for line in lines)


def local(text: bytes) -> bytes:
    entry = b"\x0a\x06stdout\x10\x01\x1a" + bytes([len(text)]) + text
    return struct.pack(">I", len(entry)) + entry + struct.pack(">I", len(entry))


RESULT = "PlanQK:Job:Result: 42\n"
MUX = b"\x01\0\0\0" + struct.pack(">I", len(RESULT)) + RESULT.encode()
CAPTURES = {
    "raw": RESULT.encode(),
    "docker-json-file": json_file("log\n", RESULT),
    "cri": cri("log", RESULT.rstrip()),
    "docker-mux": MUX,
    "docker-local": local(RESULT.rstrip().encode()),
    "docker-logs-timestamps": b"2024-05-01T10:00:00.000000000Z " + RESULT.encode(),
    "compose-logs": b"job-1  | " + RESULT.encode(),
}


@pytest.fixture
def zstd() -> ModuleType:
    try:
        return import_module("compression.zstd")
    except ModuleNotFoundError:
        return import_module("backports.zstd")


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

    monkeypatch.setattr(time, "sleep", step)
    outcome = run("parse", "--follow", path)
    assert [json.loads(line)["type"] for line in outcome.stdout.splitlines()] == ["log", "result", "log"]
    assert outcome.exit_code == 0


@pytest.mark.parametrize("chunk", [1, 3, 1000])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_compressed_files_are_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zstd: Any, kind: str, chunk: int
) -> None:
    compress = gzip.compress if kind == "gzip" else zstd.compress
    monkeypatch.setattr(sources, "_CHUNK", chunk)
    monkeypatch.setattr("planqk_protocol.cli.compression._PIECE", 100)
    (tmp_path / "b").write_bytes(compress(json_file("x" * 1000)) + compress(json_file("\n", "Plan")))
    (tmp_path / "a").write_bytes(json_file(RESULT[4:]))
    outcome = run("parse", tmp_path / "b", tmp_path / "a")
    assert outcome.stderr == ""
    assert [json.loads(line).get("text", "result") for line in outcome.stdout.splitlines()] == [
        "x" * 1000,
        "result",
    ]


def test_what_is_said_to_be_raw_is_not_decompressed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(gzip.compress(RESULT.encode()))
    assert run("unwrap", "--capture", "raw", path).stdout_bytes == path.read_bytes()
    assert run("result", "--capture", "raw", path).stdout == ""
    assert run("result", path).exit_code == 0


def test_padding_behind_gzip_is_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_CHUNK", 5)
    data = gzip.compress(RESULT.encode()) + bytes(1000)
    outcome = run("result", stdin=data)
    assert (outcome.stdout, outcome.stderr) == ("42\n", "")


@pytest.mark.parametrize("command", ["result", "unwrap"])
def test_a_cut_off_file_is_read_as_far_as_it_goes(run: Run, tmp_path: Path, zstd: Any, command: str) -> None:
    noise = "".join(f"{number * 7919 % 10007}\n" for number in range(60_000))
    for name, whole in (("a.gz", gzip.compress), ("a.zst", zstd.compress)):
        path = tmp_path / name
        path.write_bytes(whole((RESULT + noise).encode())[:-9])
        outcome = run(command, path)
        assert (
            outcome.stderr
            == f"{path}: truncated: the compressed file ends too early; the part that is there is read\n"
        )
        assert outcome.exit_code == (command == "unwrap")
        assert outcome.stdout


def test_a_result_that_a_cut_off_file_ends_with_is_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    whole = gzip.compress(RESULT.strip().encode(), compresslevel=0)
    path.write_bytes(whole[:-9])  # what is left ends with the 4 of 42
    outcome = run("result", path)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert ": truncated: " in outcome.stderr
    assert f"{path}:1:21: " in outcome.stderr
    (tmp_path / "empty.gz").write_bytes(whole[:5])
    outcome = run("result", tmp_path / "empty.gz")
    assert f"{tmp_path / 'empty.gz'}: no-result: " in outcome.stderr


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_damaged_compression(run: Run, tmp_path: Path, zstd: Any, kind: str) -> None:
    whole = (gzip.compress if kind == "gzip" else zstd.compress)(RESULT.encode())
    path = tmp_path / "log"
    path.write_bytes(whole[:4] + b"\xff" * len(whole))
    outcome = run("result", path)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert outcome.stderr.startswith(f"{path}: corrupt: the compressed data is damaged")
    path.write_bytes(whole + b"garbage")
    outcome = run("result", path)
    assert outcome.stdout == "42\n"
    assert outcome.stderr.startswith(f"{path}: corrupt: the bytes behind the compressed data")


@pytest.mark.parametrize("command", ["result", "parse", "unwrap"])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_checksum_that_fails_costs_the_exit_code_0(run: Run, zstd: Any, kind: str, command: str) -> None:
    data = RESULT.encode()
    if kind == "gzip":
        whole = gzip.compress(data, 0)
    else:
        whole = zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: True})
    assert run(command, stdin=whole).exit_code == 0
    outcome = run(command, stdin=whole.replace(b"42", b"49"))
    assert "49" in outcome.stdout
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("<stdin>: corrupt: the compressed data is damaged; ")
    assert "may be altered" in outcome.stderr


def in_two_blocks(zstd: Any, kind: str, first: bytes, second: bytes) -> tuple[bytes, int]:
    """Data compressed in two blocks, and where the second one begins."""
    if kind == "gzip":
        compressor = zlib.compressobj(wbits=31)
        begin = compressor.compress(first) + compressor.flush(zlib.Z_SYNC_FLUSH)
    else:
        compressor = zstd.ZstdCompressor()
        begin = compressor.compress(first, compressor.FLUSH_BLOCK)
    return begin + compressor.compress(second) + compressor.flush(), len(begin)


@pytest.mark.parametrize("chunk", [1, 10, 1 << 20])
@pytest.mark.parametrize("piece", [7, 1 << 20])
@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_what_stands_before_the_damage_is_read(
    run: Run, monkeypatch: pytest.MonkeyPatch, zstd: Any, kind: str, piece: int, chunk: int
) -> None:
    monkeypatch.setattr(sources, "_CHUNK", chunk)
    monkeypatch.setattr("planqk_protocol.cli.compression._PIECE", piece)
    first = b"".join(b"%d\n" % (number % 7) for number in range(500))
    whole, at = in_two_blocks(zstd, kind, first, b"x" * 500)
    ahead = b"other\n" if chunk > 1 else b""
    compress = gzip.compress if kind == "gzip" else zstd.compress
    damaged = compress(ahead) + whole[:at] + bytes([whole[at] | 6]) + whole[at + 1 :]  # no type of block
    outcome = run("unwrap", stdin=damaged)
    assert outcome.stdout_bytes == ahead + first
    assert outcome.stderr.startswith("<stdin>: corrupt: the compressed data is damaged; ")
    assert outcome.exit_code == 1


def test_all_of_healthy_data_can_be_rescued() -> None:
    assert Gzip().rescue(gzip.compress(b"text")) == b"text"


def test_a_wrong_checksum_costs_no_byte(run: Run) -> None:
    whole = gzip.compress(RESULT.encode())
    outcome = run("unwrap", stdin=whole[:-5] + b"\0\0\0\0\0")
    assert (outcome.stdout, outcome.exit_code) == (RESULT, 1)
    assert ": corrupt: " in outcome.stderr


def test_without_the_library_for_zstandard(run: Run, tmp_path: Path, zstd: Any) -> None:
    path = tmp_path / "log.zst"
    path.write_bytes(zstd.compress(RESULT.encode()))
    missing = ModuleNotFoundError("no", name="backports")

    def refuse(_name: str) -> ModuleType:
        raise missing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planqk_protocol.cli.compression.import_module", refuse)
        outcome = run("result", path)
    assert outcome.exit_code == 2
    advice = 'backports is missing; run: pip install "planqk_protocol[cli]"'
    assert outcome.stderr == f"planqk-protocol: cannot read {path}: {advice}\n"


def test_unwrap_gives_the_bytes_of_the_streams(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(json_file("out\r\n") + json_file("err\n", stream="stderr") + json_file("no end"))
    for stream, expected in (
        ("stdout", "out\r\nno end"),
        ("stderr", "err\n"),
        ("both", "out\r\nerr\nno end"),
    ):
        outcome = run("unwrap", "--stream", stream, path)
        assert (outcome.stdout_bytes, outcome.stderr, outcome.exit_code) == (expected.encode(), "", 0)
    assert run("unwrap", path).stdout_bytes == b"out\r\nno end"
    assert run("unwrap", "--capture", "raw", path).stdout_bytes == path.read_bytes()


def test_unwrap_takes_rotated_files_and_tells_damage(run: Run, tmp_path: Path) -> None:
    old, new = tmp_path / "log.1", tmp_path / "log"
    old.write_bytes(json_file("a") + json_file("b")[:-3])
    new.write_bytes(json_file("c\n"))
    outcome = run("unwrap", old, new)
    assert outcome.stdout == "abc\n"
    assert outcome.stderr.startswith(f"{old}: record 2, byte {len(json_file('a'))}: truncated: ")
    assert outcome.exit_code == 1


def test_unwrap_is_exact_where_another_stream_is_damaged(run: Run) -> None:
    capture = MUX + b"\x02\0\0\0\0\0\0\x09err"
    assert run("unwrap", stdin=capture).exit_code == 0
    assert run("unwrap", "--stream", "both", stdin=capture).exit_code == 1


def test_formats_are_json_lines_for_programs(run: Run) -> None:
    rows = [json.loads(line) for line in run("formats").stdout.splitlines()]
    assert [row["id"] for row in rows] == list(captures.formats())
    for row in rows:
        item = captures.formats()[row["id"]]
        assert row == {"id": item.id, "title": item.title, "source": item.source, "loses": item.loses}


@pytest.mark.parametrize("columns", [20, 80, 150])
def test_formats_are_a_text_for_people(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", terminal.text())
    assert call("formats") == 0
    shown = terminal.shown()
    assert "How to get it" in shown
    lines = shown.splitlines()
    assert all(
        len(line) <= max(columns, 17 + len(line[17:].split()[0])) for line in lines if line[17:].strip()
    )
    for item in captures.formats().values():
        for text in (item.title, item.source, item.loses):  # no word is broken
            assert " ".join(text.split()) in " ".join(shown.split())
