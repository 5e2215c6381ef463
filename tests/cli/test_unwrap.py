"""``unwrap``: the bytes of a capture's streams."""

from __future__ import annotations

from pathlib import Path

from tests.cli.captured_logs import MUX, json_file
from tests.cli.harness import Run


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
