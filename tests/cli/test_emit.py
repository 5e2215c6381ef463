"""``planqk-protocol emit``: JSON and text from standard input, as jobs print them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from planqk_protocol import InterimResult, Log, MultilineResult, Result, parse
from tests.cli.harness import Call, Run, Start, Terminal

ODD = b'{"b": 1.50, "a": 1E400, "a": 123456789012345678901234567890, "s": "\\ud800\\/"}'


@pytest.mark.parametrize(
    ("kind", "event_type"), [("result", Result), ("interim", InterimResult), ("multiline", MultilineResult)]
)
def test_json_is_printed_untouched(
    run: Run, kind: str, event_type: type[Result | InterimResult | MultilineResult]
) -> None:
    outcome = run("emit", kind, stdin=b"\n" + ODD + b"\n")
    fresh, event = parse(outcome.stdout_bytes)
    assert fresh == Log(1, "")
    assert isinstance(event, event_type)
    assert event.payload.strip() == ODD
    assert event.terminated
    assert (outcome.exit_code, outcome.stderr) == (0, "")


def test_json_over_several_lines(run: Run) -> None:
    text = '{\n  "ä": [\r\n1]\n}'.encode()
    assert run("emit", "result", stdin=text).stdout == '\nPlanQK:Job:Result: {   "\\u00e4": [  1] }\n'
    assert run("emit", "multiline", stdin=text).stdout_bytes == (
        b'\nPlanQK:Job:MultilineResult\n{\n  "\\u00e4": [\r\n1]\n}\nPlanQK:Job:MultilineResult\n'
    )


@pytest.mark.parametrize("kind", ["result", "interim", "multiline"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "ä": nan}', "<stdin>:2:7: not JSON: nan is no JSON value"),
        ("{'a': 1}", "<stdin>:1:2: not JSON: "),
        ("", "<stdin> is empty; give a JSON text"),
        (" \n", "<stdin> is empty; give a JSON text"),
        ("[" * 129 + "]" * 129, "<stdin>:1:129: nested deeper than 128 levels; flatten the value\n"),
        (
            "[\n" + "1" * 4301 + "]",
            "<stdin>:2:1: an integer of more than 4300 digits; print it as a string\n",
        ),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(run: Run, kind: str, text: str, message: str) -> None:
    outcome = run("emit", kind, stdin=text.encode())
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"planqk-protocol: {message}")


def test_what_is_longer_than_parsers_take_is_refused(run: Run) -> None:
    outcome = run("emit", "result", stdin=b'"' + b"x" * 2**26 + b'"')
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert "<stdin>: value takes 67108886 bytes, more than the 67108864" in outcome.stderr


def test_text_stays_log_text(run: Run) -> None:
    outcome = run("emit", "log", stdin="grün\nPlanQK:Job:Result: 1\n\n42".encode())
    events = parse(outcome.stdout_bytes)
    assert {type(event) for event in events} == {Log}
    assert outcome.stdout == "grün\n>PlanQK:Job:Result: 1\n\n\n42\n"
    assert run("emit", "log", stdin=b"").stdout == ""


def test_log_text_comes_line_by_line(start: Start) -> None:
    program = start("emit", "log")
    assert program.stdin
    assert program.stdout
    program.stdin.write(b"one\ntw")
    program.stdin.flush()
    assert program.stdout.readline() == b"one\n"
    program.stdin.write(b"o")
    program.stdin.close()
    assert program.stdout.read() == b"two\n"
    assert program.wait() == 0


def test_a_terminal_is_told_what_is_read(
    call: Call, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", terminal.text())
    terminal.type(b"42\n\x04")
    assert call("emit", "result") == 0
    captured = capsys.readouterr()
    assert captured.out == "\nPlanQK:Job:Result: 42\n"
    assert captured.err == "<stdin>: reading from the terminal; Ctrl-D ends it\n"


def test_without_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert call("emit", "result") == 2


def test_an_unknown_kind_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("emit", str(tmp_path)).exit_code == 2
