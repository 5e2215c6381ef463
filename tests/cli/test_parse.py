"""``planqk-protocol parse``: what is printed where, and the exit code."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import planqk_protocol
from tests.cli.harness import ESCAPE, Call, Run, Terminal


@pytest.mark.parametrize("name", ["minimal", "multiline", "optimiser", "mistakes"])
def test_json_lines_are_the_records_of_the_library(run: Run, examples: Path, name: str) -> None:
    path = examples / f"{name}.log"
    events = planqk_protocol.parse(path.read_bytes())
    assert run("parse", path).stdout_bytes == b"".join(map(planqk_protocol.to_json_line, events))


@pytest.mark.parametrize(
    ("name", "code"), [("minimal", 0), ("multiline", 0), ("optimiser", 0), ("mistakes", 1)]
)
def test_exit_code_of_the_examples(run: Run, examples: Path, name: str, code: int) -> None:
    outcome = run("parse", examples / f"{name}.log")
    assert outcome.exit_code == code
    assert bool(outcome.stderr) == bool(code)


def test_no_logs_leaves_out_log_lines(run: Run, examples: Path) -> None:
    outcome = run("parse", "--no-logs", examples / "minimal.log")
    assert [json.loads(line)["type"] for line in outcome.stdout.splitlines()] == [
        "interim_result",
        "result",
    ]


@pytest.mark.parametrize("args", [(), ("-",)])
def test_reads_standard_input(run: Run, args: tuple[str, ...]) -> None:
    outcome = run("parse", *args, stdin=b"PlanQK:Job:Result: 42\n")
    assert outcome.stdout == '{"type":"result","line":1,"value":42}\n'
    assert outcome.stderr == ""


def test_several_files_are_one_stream(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first\nPlanQK:Job:Res")
    (tmp_path / "b").write_bytes(b"ult: 1\nlast\n")
    outcome = run("parse", tmp_path / "a", "-", tmp_path / "b", stdin=b"")
    assert [json.loads(line) for line in outcome.stdout.splitlines()] == [
        {"type": "log", "line": 1, "text": "first"},
        {"type": "result", "line": 2, "value": 1},
        {"type": "log", "line": 3, "text": "last"},
    ]


def test_violations_are_told_with_their_place(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes('log\nPlanQK:Job:InterimResult: ["ü", NaN]\nPlanQK:Job:Result: 1\n'.encode())
    outcome = run("parse", path)
    assert outcome.exit_code == 1
    assert re.fullmatch(rf"{re.escape(str(path))}:2:33: json-nan: [^\n]+\n", outcome.stderr)
    assert '"type":"result"' in outcome.stdout


def test_places_are_those_of_the_file_that_holds_the_fault(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1\nPlanQK:Job:InterimResult: oops\n3\npart of 4")
    (tmp_path / "b").write_bytes(b"\nPlanQK:Job:MultilineResult\n1\n")
    (tmp_path / "c").write_bytes(b"PlanQK:Job:MultilineResult\nPlanQK:Job:Result: 2")
    outcome = run("parse", *(tmp_path / name for name in "abc"))
    places = [line.split(": ")[:2] for line in outcome.stderr.splitlines()]
    assert places == [
        [f"{tmp_path / 'a'}:2:27", "invalid-json"],
        [f"{tmp_path / 'c'}:2:1", "duplicate-result"],
    ]


def test_text_shows_lines_as_printed_and_what_they_are(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(
        b"a log line\r\nPlanQK:Job:InterimResult: 1\n"
        b"PlanQK:Job:MultilineResult\n2\nPlanQK:Job:MultilineResult\r\nPlanQK:Job:Result: 3\nlast"
    )
    outcome = run("parse", "--output", "text", path)
    assert outcome.stdout.splitlines() == [
        "      1            a log line",
        "      2 interim    PlanQK:Job:InterimResult: 1",
        "      3 result     PlanQK:Job:MultilineResult",
        "      4 result     2",
        "      5 result     PlanQK:Job:MultilineResult",
        "      6 violation  PlanQK:Job:Result: 3",
        "      7            last",
    ]
    assert outcome.exit_code == 1


def test_text_is_harmless_and_no_markup(run: Run) -> None:
    log = "\x1b[2J\x07 \x9b31m a\tb \u202e \r [bold]x[/bold] :warning: ü\n"
    outcome = run("parse", "--output", "text", stdin=log.encode())
    shown = r"\x1b[2J\x07 \x9b31m a" + "\t" + r"b \u202e \r [bold]x[/bold] :warning: ü"
    assert outcome.stdout == f"      1            {shown}\n"


def test_text_of_a_violation_is_harmless(run: Run) -> None:
    outcome = run("parse", "--output", "text", stdin=b"PlanQK:Job:Result: \x1b[31m{}\xff\n")
    assert ESCAPE not in outcome.stdout + outcome.stderr
    assert r"PlanQK:Job:Result: \x1b[31m{}" in outcome.stdout


def test_text_that_the_encoding_lacks_is_escaped(
    call: Call, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    (tmp_path / "job.log").write_text("Köln\nPlanQK:Job:Result: 1\n", encoding="utf-8")
    with open(1, "w", encoding="ascii", closefd=False) as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        assert call("parse", "--output", "text", tmp_path / "job.log") == 0
    assert capfdbinary.readouterr().out.startswith(rb"      1            K\xf6ln")


def test_text_in_colour_on_demand(run: Run, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run("parse", "--output", "text", examples / "minimal.log").stdout
    assert ESCAPE not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("parse", "--output", "text", examples / "minimal.log").stdout
    assert ESCAPE in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert ESCAPE not in run("parse", examples / "minimal.log").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("parse", "--output", "text", examples / "minimal.log").stdout == plain


def test_a_terminal_gets_text_in_colour_on_whole_lines(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    (tmp_path / "job.log").write_bytes(b"x" * 100 + b"\nPlanQK:Job:Result: 1\n")
    monkeypatch.setattr(sys, "stdout", terminal.text())
    assert call("parse", tmp_path / "job.log") == 0
    log, result = terminal.shown().splitlines()
    assert log == "      1            " + "x" * 100
    assert re.fullmatch(r"\x1b\[[0-9;]+m      2 result     PlanQK:Job:Result: 1\x1b\[0m", result)


def test_a_terminal_can_have_json_lines(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, examples: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", terminal.text())
    assert call("parse", "--no-logs", "--output", "jsonl", examples / "minimal.log") == 0
    assert json.loads(terminal.shown().splitlines()[-1]) == {
        "type": "result",
        "line": 5,
        "value": {"sum": 42},
    }


def test_each_violation_is_told_where_it_is_shown(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, examples: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", terminal.text())
    monkeypatch.setattr(sys, "stderr", terminal.text())
    monkeypatch.setenv("NO_COLOR", "1")
    assert call("parse", examples / "mistakes.log") == 1
    lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.shown()).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("      6 violation"))
    assert "mistakes.log:6:47: json-nan: " in lines[at + 1]
    assert lines[at + 2].startswith("      7 violation")


def test_reading_from_a_terminal_is_said(
    call: Call,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", terminal.text())
    terminal.type(b"PlanQK:Job:Result: 42\n\x04")
    assert call("parse") == 0
    streams = capsys.readouterr()
    assert streams.out == '{"type":"result","line":1,"value":42}\n'
    assert streams.err == "<stdin>: reading from the terminal; Ctrl-D ends it\n"


def test_binary_input(run: Run) -> None:
    data = bytes(range(256)) * 100
    outcome = run("parse", stdin=data)
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("<stdin>: no-result: ")
    assert run("parse", "--output", "text", stdin=data).stdout.count("\n") == 101


def test_records_of_the_log_of_the_platform_hold_times_and_severities(run: Run) -> None:
    entries = [
        {"message": "starting", "severity": "DEBUG", "timestamp": "2024-05-01T10:00:00+02:00"},
        {"message": "PlanQK:Job:Result: 1\nPlanQK:Job:Result: 2", "severity": "INFO", "timestamp": "5"},
        {"message": "done", "severity": None, "timestamp": "noon"},
    ]
    outcome = run("parse", "--capture", "planqk-log", stdin=json.dumps(entries).encode())
    records = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [(record["type"], record.get("time"), record.get("severity")) for record in records] == [
        ("log", "2024-05-01T10:00:00+02:00", "DEBUG"),
        ("result", "1970-01-01T00:00:00.005000000Z", "INFO"),
        ("violation", "1970-01-01T00:00:00.005000000Z", "INFO"),
        ("log", None, None),
    ]
    assert outcome.exit_code == 1
