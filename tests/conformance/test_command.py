"""``planqk-protocol conformance``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from planqk_protocol.cli.app import cli
from planqk_protocol.cli.commands import conformance
from planqk_protocol.cli.notes import Notes
from planqk_protocol.conformance.vectors import RULES, load_vectors, vector_files

from .programs import ENCODER, PLAIN_DECODER, program

RECORD = '{"type": "log", "line": 1, "text": "\\u001b[0m"}'
BAD = program(f"import sys\nprint({RECORD!r})\nsys.stderr.write('oh dear')")


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["conformance", *map(str, args)])


def test_a_decoder_that_passes(tmp_path: Path) -> None:
    junit, report = tmp_path / "deep" / "junit.xml", tmp_path / "report.json"
    chosen = ("--rule", "lossless", "--chunks", "bytes", "--jobs", "4", "--timeout", "60")
    options = (*chosen, "--junit", junit, "--json", report)
    result = run("decoder", *options, "--", *PLAIN_DECODER)
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "10 passed, 0 failed"
    assert result.output.splitlines()[1].split() == ["lossless", "10"]
    assert json.loads(report.read_bytes())["summary"]["passed"] == 10
    assert junit.read_bytes().startswith(b"<?xml")


def test_a_decoder_that_fails() -> None:
    result = run("decoder", "--rule", "line-crlf", "--chunks", "whole", "--", *BAD)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "0 passed, 15 failed"
    first = result.output.splitlines()[:5]
    assert first == [
        "line-crlf: line-crlf/log (whole) The CR before the LF is no part of a log text.",
        '  - {"type":"log","line":1,"text":"one"}',
        '  - {"type":"log","line":2,"text":"two"}',
        '  + {"type": "log", "line": 1, "text": "\\u001b[0m"}',
        "  standard error: oh dear",
    ]


def test_a_decoder_that_declines_everything_fails() -> None:
    result = run(
        "decoder", "--rule", "limit-line", "--chunks", "whole", "--", *program("import sys\nsys.exit(2)")
    )
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "0 passed, 0 failed, 17 declined")


def test_an_encoder() -> None:
    assert run("encoder", "--rule", "block", "--timeout", "60", "--", *ENCODER).exit_code == 0
    result = run("encoder", "--", *program("print('hello')"))
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "0 passed, 22 failed")


def test_a_service() -> None:
    result = run("service", "--", *program("print('PlanQK:Job:Result: 1')"))
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "8 passed, 0 failed")
    result = run("service", "--timeout", "20", "--", *program("print(' PlanQK:Job:Result: 1')"))
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "6 passed, 2 failed")
    assert "line 1 is log text, as no marker begins it exactly:  PlanQK:Job:Result: 1" in result.output


@pytest.mark.parametrize("kind", ["decoder", "encoder", "service"])
def test_a_command_that_is_not_there(kind: str) -> None:
    result = run(kind, "--", "/no/such/program")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "planqk-protocol: cannot run /no/such/program: No such file or directory\n"


@pytest.mark.parametrize("kind", ["decoder", "encoder", "service"])
def test_a_command_is_needed(kind: str) -> None:
    assert run(kind).exit_code == 2


def test_an_unknown_rule() -> None:
    result = run("list", "--rule", "line-cr")
    assert result.exit_code == 2
    assert "line-cr" in result.stderr


def test_list() -> None:
    lines = run("list").stdout.splitlines()
    assert len(lines) == len(load_vectors())
    assert lines[0] == "line-lf/one-line\tmust\tA line ends at LF."
    assert {line.split("/")[0] for line in run("list", "--rule", "json*").stdout.splitlines()} == {
        *("json", "json-limits", "json-values")
    }


def test_show() -> None:
    assert run("show", "limit-line/over-limit").stdout.splitlines() == [
        "limit-line/over-limit (must): A longer one comes in pieces of max_line bytes.",
        "limits: --max-line 5",
        "stream:",
        r"'abcde\nPlanQK:Job:Result: 1\n'",
        "records:",
        '{"type":"log","line":1,"text":"abcde","terminated":false}',
        '{"type":"log","line":1,"text":""}',
        '{"type":"result","line":2,"value":1}',
    ]
    assert "limits:" not in run("show", "line-lf/one-line").stdout


def test_show_what_is_not_there() -> None:
    result = run("show", "line-lf/none")
    assert result.exit_code == 2
    assert result.stderr == (
        "planqk-protocol: there is no vector line-lf/none; see: planqk-protocol conformance list\n"
    )


def test_export(tmp_path: Path) -> None:
    assert run("export", tmp_path / "kit").exit_code == 0
    assert {path.stem for path in (tmp_path / "kit" / "vectors").iterdir()} == set(RULES)
    assert (tmp_path / "kit" / "vectors.schema.json").read_bytes() == vector_files()["vectors.schema.json"]


def test_export_to_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = run("export", tmp_path / "file" / "kit")
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_progress_is_shown_at_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notes, "is_live", True)
    result = run("encoder", "--rule", "log", "--jobs", "1", "--", *ENCODER)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "3 passed, 0 failed"


def test_help() -> None:
    assert "planqk-protocol conformance decoder -- node decoder.js" in run("--help").output
    assert conformance.conformance.commands.keys() == {
        "decoder",
        "encoder",
        "service",
        "list",
        "show",
        "export",
    }
