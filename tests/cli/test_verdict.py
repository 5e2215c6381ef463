"""What is said where nothing was found."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.cli import capture_messages
from planqk_protocol.cli.reading import Files
from planqk_protocol.cli.sources import Input
from planqk_protocol.engines.container import ContainerOutput
from tests.cli.harness import Run


@pytest.mark.parametrize("command", [("parse",), ("result",), ("parse", "--no-logs")])
@pytest.mark.parametrize(
    ("log", "lines"), [(b"a", "1 line"), (b"a\n", "1 line"), (b"a\nb", "2 lines"), (b"\n\n\n", "3 lines")]
)
def test_no_result_says_what_was_seen_and_what_to_do(
    run: Run, command: tuple[str, ...], log: bytes, lines: str
) -> None:
    outcome = run(*command, stdin=log)
    assert outcome.exit_code == 1
    assert outcome.stderr == f"<stdin>: no result in {lines}; {hints.how_to_print('result')}\n"


def test_no_interim_result(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"PlanQK:Job:Result: 42\n")
    outcome = run("result", "--interim", path)
    advice = hints.how_to_print("interim result")
    assert outcome.stderr == f"{path}: no interim result in 1 line; {advice}\n"
    assert outcome.exit_code == 1


@pytest.mark.parametrize("command", ["parse", "result"])
def test_empty_input(run: Run, command: str, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.touch()
    outcome = run(command, path)
    assert (outcome.stdout, outcome.exit_code) == ("", 1)
    assert outcome.stderr == f"{path}: no result in 0 lines; {hints.NOTHING_READ}\n"


def test_what_a_damaged_capture_lacks_is_no_fault_of_the_job(run: Run) -> None:
    record = b'{"log":"PlanQK:Job:Result: 42\\n","stream":"stdout","time":"2024-05-01T10:00:00.5Z"}\n'
    assert run("result", stdin=record[:40]).stderr.endswith(f"; {hints.LOST}\n")
    compressed = gzip.compress(b"starting\n" + b"PlanQK:Job:Result: 42\n")
    assert run("result", stdin=compressed[:22]).stderr.endswith(f"; {hints.LOST}\n")


def test_a_byte_order_mark_before_a_marker_is_named(run: Run) -> None:
    outcome = run("result", stdin="\ufeffPlanQK:Job:Result: 42\n".encode())
    assert outcome.stderr == f"<stdin>: no result in 1 line; <stdin>:1 {hints.BYTE_ORDER_MARK}\n"


@pytest.mark.parametrize(
    "line",
    [
        "  PlanQK:Job:Result: 42",
        "planqk:job:result: 42",
        "\ufeff PlanQK:Job:Result: 42",
        "2025-11-14 | INFO | PlanQK:Job:Result: 42",
        "\x1b[32mPlanQK:Job:Result: 42",
        "PlanQK:Job:MultilineResult: 42",
    ],
)
def test_a_near_miss_is_named(run: Run, tmp_path: Path, line: str) -> None:
    path = tmp_path / "job.log"
    path.write_text(f"log\n{line}\n{line}\n", encoding="utf-8")
    outcome = run("result", path)
    assert (
        outcome.stderr
        == f"{path}: no result in 3 lines; {path}:2 {hints.LOOKS_MARKED}{hints.NAME_THE_FORMAT}\n"
    )


def test_a_near_miss_is_named_by_its_place_in_its_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1\n2\n")
    (tmp_path / "b").write_bytes(b"1\n PlanQK:Job:Result: 1\n")
    outcome = run("parse", tmp_path / "a", tmp_path / "b")
    assert (
        outcome.stderr
        == f"2 files: no result in 4 lines; {tmp_path / 'b'}:2 {hints.LOOKS_MARKED}{hints.NAME_THE_FORMAT}\n"
    )


def test_an_invalid_result_is_the_reason(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b" PlanQK:Job:Result: 1\nPlanQK:Job:Result: one\nPlanQK:Job:Result: 1\n")
    outcome = run("result", path)
    *_, last = outcome.stderr.splitlines()
    assert last == f"{path}: no result in 3 lines; {hints.FIRST_IS_INVALID}"


def test_an_invalid_interim_result_is_no_reason(run: Run) -> None:
    outcome = run("result", stdin=b"PlanQK:Job:InterimResult: one\n")
    first, last = outcome.stderr.splitlines()
    assert first.startswith("<stdin>:1:27: invalid-json: ")
    assert last.endswith(hints.how_to_print("result"))
    outcome = run("result", "--interim", stdin=b"PlanQK:Job:Result: one\n")
    assert outcome.stderr.splitlines()[-1].endswith(hints.how_to_print("interim result"))


def test_a_file_that_is_gone_at_the_end_costs_only_the_hint(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"log\n")
    (tmp_path / "gone").symlink_to(tmp_path / "a")
    again = Files.again

    def vanish(files: Files) -> Iterator[Input]:
        (tmp_path / "gone").unlink()
        return again(files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "again", vanish)
        outcome = run("result", tmp_path / "gone")
    assert outcome.exit_code == 1
    assert outcome.stderr.endswith(f"{hints.how_to_print('result')}\n")


@pytest.mark.parametrize("name", ["a\x1b[31m.log", "a\nb.log", "[red]a.log"])
def test_names_of_files_are_harmless(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    outcome = run("parse", tmp_path / name)
    shown = name.replace("\x1b", r"\x1b").replace("\n", r"\n")
    assert outcome.stderr.startswith(f"{tmp_path}/{shown}: no result in 0 lines; ")
    assert outcome.stderr.count("\n") == 1


class Killed:
    """A container that was killed within its last line."""

    is_cut_off = False

    def __init__(self, output: bytes, exit_code: int | None) -> None:
        self._output = output
        self._exit_code = exit_code

    def items(self) -> Iterator[bytes | CaptureNotice]:
        yield self._output

    def exit_code(self) -> int | None:
        return self._exit_code

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("args", "name", "output"),
    [
        (("result",), "Result", "12\n"),
        (("parse", "--no-logs"), "Result", '{"type":"result","line":1,"value":12,"terminated":false}\n'),
        (("result", "--interim"), "InterimResult", "12\n"),
    ],
)
@pytest.mark.parametrize(
    ("exit_code", "is_cut_off", "reason"),
    [
        (137, False, "the exit code is 137"),
        (0, True, "the job may have printed more than was read"),
        (0, False, None),
    ],
)
def test_what_no_lf_ends_may_be_cut_short(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    name: str,
    output: str,
    exit_code: int,
    is_cut_off: bool,
    reason: str | None,
) -> None:
    reader = Killed(f"PlanQK:Job:{name}: 12".encode(), exit_code)
    reader.is_cut_off = is_cut_off
    monkeypatch.setattr(
        "planqk_protocol.engines.docker.follow",
        lambda *_arguments, **_options: ContainerOutput(reader, capture="raw", caveats=[]),
    )
    outcome = run(*args, "--container", "job")
    assert outcome.stdout == output
    said = f"container job:1:1: suspect: no LF ends it, and {reason}: the rest of it may be missing\n"
    assert (said in outcome.stderr) == (reason is not None)
    assert outcome.exit_code == (reason is not None)
