"""What is said where nothing was found."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.diagnosis import diagnose
from planqk_protocol.engines.container import ContainerOutput
from tests.cli.harness import Run


@pytest.mark.parametrize("command", [("parse",), ("result",), ("parse", "--no-logs")])
@pytest.mark.parametrize("log", [b"", b"a", b"a\n", b"a\nb", b"\n\n\n"])
def test_no_result_is_a_finding(run: Run, command: tuple[str, ...], log: bytes) -> None:
    outcome = run(*command, stdin=log)
    (finding,) = diagnose(log)
    assert outcome.exit_code == 1
    assert outcome.stderr == f"<stdin>: no-result: {finding.message}. {finding.advice}\n"


def test_no_interim_result(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"PlanQK:Job:Result: 42\n")
    outcome = run("result", "--interim", path)
    assert outcome.stderr == (
        f"{path}: no interim result; print it, in Python with "
        "print('PlanQK:Job:InterimResult:', json.dumps(value), flush=True)\n"
    )
    assert outcome.exit_code == 1


def test_who_wants_interim_results_needs_no_result(run: Run) -> None:
    outcome = run("result", "--interim", stdin=b"PlanQK:Job:InterimResult: 42\n")
    assert (outcome.stdout, outcome.stderr, outcome.exit_code) == ("42\n", "", 0)


def test_what_a_damaged_capture_lacks_is_no_fault_of_the_job(run: Run) -> None:
    record = b'{"log":"PlanQK:Job:Result: 42\\n","stream":"stdout","time":"2024-05-01T10:00:00.5Z"}\n'
    outcome = run("result", stdin=record[:40])
    assert "<stdin>: capture-truncated: record 1, at byte 0: " in outcome.stderr
    assert "capture-" in outcome.stderr.splitlines()[0] + outcome.stderr.splitlines()[1]


@pytest.mark.parametrize(
    ("line", "rule", "column"),
    [
        ("  PlanQK:Job:Result: 42", "marker-indented", 1),
        ("planqk:job:result: 42", "marker-case", 1),
        ("\ufeffPlanQK:Job:Result: 42", "marker-after-bom", 1),
        ("2025-11-14 10:00:00 | INFO | PlanQK:Job:Result: 42", "marker-prefixed", 1),
        ("\x1b[32mPlanQK:Job:Result: 42", "marker-coloured", 1),
        ("PlanQK:Job:MultilineResult 42", "fence-with-text", 28),
    ],
)
@pytest.mark.parametrize("command", ["parse", "result"])
def test_a_near_miss_is_named_whether_there_is_a_result_or_not(
    run: Run, tmp_path: Path, command: str, line: str, rule: str, column: int
) -> None:
    path = tmp_path / "job.log"
    path.write_text(f"log\n{line}\n", encoding="utf-8")
    outcome = run(command, path)
    assert outcome.stderr.startswith(f"{path}:2:{column}: {rule}: ")
    assert outcome.stderr.splitlines()[1].startswith(f"{path}: no-result: ")
    assert outcome.exit_code == 1
    path.write_text(f"log\n{line}\nPlanQK:Job:Result: 7\n", encoding="utf-8")
    outcome = run(command, path)
    assert outcome.stderr.startswith(f"{path}:2:{column}: {rule}: ")
    assert outcome.stderr.count("\n") == 1
    assert outcome.exit_code == 0


def test_near_misses_are_capped(run: Run) -> None:
    outcome = run("result", stdin=b" PlanQK:Job:Result: 1\n" * 50 + b"PlanQK:Job:Result: 7\n")
    *first, more = outcome.stderr.splitlines()
    assert [line.split(":")[1] for line in first] == [str(number) for number in range(1, 11)]
    assert more == "marker-indented: and 40 more"


def test_a_near_miss_is_named_by_its_place_in_its_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1\n2\n")
    (tmp_path / "b").write_bytes(b"1\n PlanQK:Job:Result: 1\n")
    outcome = run("parse", tmp_path / "a", tmp_path / "b")
    first, last = outcome.stderr.splitlines()
    assert first.startswith(f"{tmp_path / 'b'}:2:1: marker-indented: ")
    assert last.startswith("2 files: no-result: ")
    assert f" on line 2 of {tmp_path / 'b'}" in last
    assert "on line 4" not in last


def test_an_invalid_interim_result_is_no_reason(run: Run) -> None:
    outcome = run("result", stdin=b"PlanQK:Job:InterimResult: one\n")
    first, last = outcome.stderr.splitlines()
    assert first.startswith("<stdin>:1:27: ")
    assert last.startswith("<stdin>: no-result: ")
    outcome = run("result", "--interim", stdin=b"PlanQK:Job:Result: one\n")
    assert outcome.stderr.splitlines()[-1].startswith("<stdin>: no interim result; ")


def test_a_file_is_read_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b" PlanQK:Job:Result: 1\n")
    reads = []
    opened = open

    def note(name: Any, *args: Any, **options: Any) -> object:
        reads.append(name)
        return opened(name, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "open", note)
        run("result", path)
    assert reads.count(str(path)) == 1


@pytest.mark.parametrize("name", ["a\x1b[31m.log", "a\nb.log", "[red]a.log"])
def test_names_of_files_are_harmless(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    outcome = run("parse", tmp_path / name)
    shown = name.replace("\x1b", r"\x1b").replace("\n", r"\n")
    assert outcome.stderr.startswith(f"{tmp_path}/{shown}: no-result: ")
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
