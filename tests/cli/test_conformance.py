"""``planqk-protocol conformance``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from planqk_protocol import __version__, record_schema
from planqk_protocol.cli.app import cli
from planqk_protocol.cli.commands import conformance
from planqk_protocol.cli.terminal import Messages
from planqk_protocol.conformance.encoders import load_cases
from planqk_protocol.conformance.vectors import RULES, VERSION, load_vectors, vector_files
from tests.conformance.small_programs import ENCODER, PLAIN_DECODER, program

RECORD = '{"type": "log", "line": 1, "text": "\\u001b[0m"}'
BAD = program(f"import sys\nprint({RECORD!r})\nsys.stderr.write('oh dear')")


KIT = f"planqk_protocol {__version__}, vectors {VERSION}"


def claim(result: Result) -> list[str]:
    """The parts of the last line."""
    return result.stdout.splitlines()[-1].split(" | ")


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, ["conformance", *map(str, args)])


def test_a_decoder_that_passes(tmp_path: Path) -> None:
    junit, report = tmp_path / "deep" / "junit.xml", tmp_path / "report.json"
    chosen = ("--rule", "lossless", "--chunks", "bytes", "--jobs", "4", "--timeout", "60")
    options = (*chosen, "--junit", junit, "--json", report)
    result = run("decoder", *options, "--", *PLAIN_DECODER)
    assert result.exit_code == 0
    assert claim(result) == [
        *("PASSED decoder", "profile full", "only --rule lossless --chunks bytes", KIT),
        "10 passed, 0 failed",
    ]
    assert result.output.splitlines()[1].split() == ["lossless", "10"]
    assert json.loads(report.read_bytes())["summary"]["passed"] == 10
    assert junit.read_bytes().startswith(b"<?xml")


def test_a_decoder_that_fails() -> None:
    result = run("decoder", "--rule", "line-crlf", "--chunks", "whole", "--", *BAD)
    assert result.exit_code == 1
    assert claim(result)[-1] == "0 passed, 15 failed"
    first = result.output.splitlines()[:7]
    assert first == [
        "line-crlf/log: The CR before the LF is no part of a log text.",
        "  fails with chunks: whole",
        r"  input: 'one\r\ntwo\r\n'",
        '  - {"type":"log","line":1,"text":"one"}',
        '  - {"type":"log","line":2,"text":"two"}',
        '  + {"type":"log","line":1,"text":"\\u001b[0m"}',
        "  standard error: oh dear",
    ]


def test_a_decoder_that_declines_everything_fails() -> None:
    result = run(
        "decoder", "--rule", "limit-line", "--chunks", "whole", "--", *program("import sys\nsys.exit(2)")
    )
    assert (result.exit_code, claim(result)[-1]) == (1, "0 passed, 0 failed, 18 declined")


def test_a_crash_that_looks_like_declining_is_named() -> None:
    [passing] = [vector for vector in load_vectors() if vector.id == "limit-line/over-limit"]
    code = f"import sys\ndata = sys.stdin.buffer.read()\nif data == {passing.data()!r}:\n"
    code += f"    sys.stdout.write({passing.records().decode()!r})\n"
    code += "else:\n    sys.stderr.write('panic: index out of range')\n    sys.exit(2)"
    rules = ("--rule", passing.id, "--rule", "limit-line/pieces")
    result = run("decoder", *rules, "--chunks", "whole", "--", *program(code))
    assert result.stdout.splitlines()[:4] == [
        "declined by exit code 2, although the program takes these limits in other cases: limit-line/pieces",
        "  help: A crash may end with exit code 2, too, such as a panic in Go.",
        "  standard error: panic: index out of range",
        "",
    ]
    assert claim(result)[-1] == "1 passed, 0 failed, 1 declined"


def test_an_encoder() -> None:
    assert run("encoder", "--rule", "block", "--timeout", "60", "--", *ENCODER).exit_code == 0
    result = run("encoder", "--", *program("print('hello')"))
    assert (result.exit_code, claim(result)[-1]) == (1, f"0 passed, {len(load_cases())} failed")


def test_a_service() -> None:
    result = run("service", "--", *program("print('PlanQK:Job:Result: 1')"))
    assert (result.exit_code, claim(result)[-1]) == (0, "10 passed, 0 failed")
    result = run("service", "--timeout", "20", "--", *program("print(' PlanQK:Job:Result: 1')"))
    assert (result.exit_code, claim(result)[-1]) == (1, "8 passed, 2 failed")
    assert "line 1, column 1: marker-indented: " in result.output


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
    assert "'encoder/*'" in run("list", "--rule", "encoder").stderr


@pytest.mark.parametrize("case_id", ["line-lf/two-lines", "encoder/log-interim-marker"])
def test_a_case_is_chosen_by_its_id(case_id: str) -> None:
    [line] = run("list", "--rule", case_id).stdout.splitlines()
    assert line.startswith(f"{case_id}\t")


def test_list() -> None:
    lines = run("list").stdout.splitlines()
    assert len(lines) == len(load_vectors()) + len(load_cases())
    assert lines[-1] == "encoder/keys\tmust\tEvery string is a key."
    assert lines[0] == "line-lf/one-line\tmust\tA line ends at LF."
    assert {line.split("/")[0] for line in run("list", "--rule", "json*").stdout.splitlines()} == {
        *("encoder", "json", "json-limits", "json-values")
    }


def test_show() -> None:
    assert run("show", "limit-line/over-limit").stdout.splitlines() == [
        "limit-line/over-limit (must): A log line longer than max_line comes in pieces of max_line bytes.",
        "limits: --max-line 5",
        "stream:",
        r"'abcde\nPlanQK:Job:Result: 1\n'",
        "records:",
        '{"type":"log","line":1,"text":"abcde","terminated":false}',
        '{"type":"log","line":1,"text":""}',
        '{"type":"result","line":2,"value":1}',
    ]
    assert "limits:" not in run("show", "line-lf/one-line").stdout
    assert "\nlimits: --max-depth 128 (the default: not given to the decoder)\n" in (
        run("show", "json-limits/depth-129").stdout
    )


def test_vectors_that_differ_are_named() -> None:
    options = ("--rule", "eof-block", "--chunks", "whole", "--jobs", "4", "--timeout", "60")
    result = run("decoder", *options, "--", *PLAIN_DECODER)
    assert (result.exit_code, claim(result)[-1]) == (0, "13 passed, 0 failed, 1 differ")
    assert result.stdout.startswith(
        "other places of faults than expected, or none: eof-block/position-of-fence\n"
        "  help: Both places are in the file that --json FILE writes.\n\n"
    )


def test_show_a_case_for_encoders() -> None:
    assert run("show", "encoder/block-scalar").stdout.splitlines() == [
        "encoder/block-scalar (must): A block may hold a scalar.",
        "rule: block",
        "records:",
        '{"type": "multiline_result", "value": 7}',
        "events:",
        '{"type": "multiline_result", "value": 7}',
    ]


# A decoder that answers well when it is given a whole line, and not before.
BY_CHUNKS = program(
    "import os\nline = 1\n"
    "while chunk := os.read(0, 65536):\n"
    '    if chunk.endswith(b\'\\n\'): os.write(1, b\'{"type":"log","line":%d,"text":"%s"}\\n\''
    " % (line, chunk[:-1])); line += 1"
)


def test_a_failure_is_shown_once_with_its_chunkings() -> None:
    shown = run("decoder", "--rule", "line-lf", "--", *BY_CHUNKS).stdout.split("\n\n")
    [failure] = [text for text in shown if text.startswith("line-lf/two-lines:")]
    assert failure.splitlines()[1:4] == [
        "  fails with chunks: whole, bytes; passes with: lines",
        r"  input: 'one\ntwo\n'",
        "  whole:",
    ]
    assert "  bytes:" in failure.splitlines()


def test_the_input_of_a_failure_is_shown() -> None:
    out = run("decoder", "--rule", "latency", "--max-failures", "2", "--timeout", "5", "--", *BAD).stdout
    assert "  input:\n    'one\\n'\n    'two\\n'\n" in out
    out = run("decoder", "--rule", "limit-line", "--fail-fast", "--chunks", "whole", "--", *BAD).stdout
    assert "  limits: --max-line " in out
    out = run("encoder", "--rule", "block", "--fail-fast", "--", *program("")).stdout
    assert out.startswith("encoder/block: A multi-line result becomes a block.\n  rule: block\n  input:\n")
    assert '    {"type":"log","text":"a"}\n' in out


def test_the_standard_error_of_a_failure_is_shown() -> None:
    crash = program("import sys\nsys.stderr.write('Traceback\\n\\x1b[31m oh\\n\\n')\nsys.exit(7)")
    shown = run("decoder", "--rule", "total", "--fail-fast", "--chunks", "whole", "--", *crash).stdout
    assert (
        "\n  the program ended with exit code 7\n  standard error:\n    Traceback\n    \\x1b[31m oh\n\n"
        in shown
    )


@pytest.mark.parametrize(
    ("options", "failures"),
    [(["--fail-fast"], 1), (["--max-failures", "2"], 2), (["--max-failures", "99"], 14)],
)
def test_the_kit_stops_after_some_failures(options: list[str], failures: int) -> None:
    result = run("decoder", "--rule", "eof-block", *options, "--", *BAD)
    assert result.exit_code == 1
    headings = [line for line in result.stdout.splitlines() if line.startswith("eof-block/")]
    assert len(headings) == failures
    assert claim(result)[-1].startswith("stopped after") == (failures < 13)
    # The last one has been tested in all chunkings, too.
    assert "  fails with chunks: whole, lines, bytes" in result.stdout.splitlines()


def test_the_profile_of_results() -> None:
    without_logs = [
        word.replace("b''.join(records)", "b''.join(r for r in records if b'result\"' in r)")
        for word in PLAIN_DECODER
    ]
    options = ("--rule", "interim-anywhere", "--chunks", "whole")
    result = run("decoder", "--profile", "results", *options, "--", *without_logs)
    assert result.exit_code == 0
    assert claim(result)[:2] == ["PASSED decoder", "profile results"]
    assert run("decoder", "--profile", "full", *options, "--", *without_logs).exit_code == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["decoder", "--rule"], ["json", "json-values", "json-limits"]),
        (["encoder", "--rule"], ["json", "json-values", "json-limits"]),
        (["list", "--rule"], ["json", "json-values", "json-limits"]),
    ],
)
def test_rules_are_completed(words: list[str], found: list[str]) -> None:
    assert completions(words, "json") == found


def test_ids_are_completed() -> None:
    assert completions(["show"], "line-lf/two") == ["line-lf/two-lines"]
    assert completions(["show"], "encoder/log-i") == ["encoder/log-interim-marker"]
    assert completions(["show"], "none/") == []
    assert len(completions(["show"], "")) == len(load_vectors()) + len(load_cases())


def completions(words: list[str], incomplete: str) -> list[str]:
    completer = ShellComplete(cli, {}, "planqk-protocol", "_PLANQK_PROTOCOL_COMPLETE")
    return [item.value for item in completer.get_completions(["conformance", *words], incomplete)]


def test_show_what_is_not_there() -> None:
    result = run("show", "line-lf/none")
    assert result.exit_code == 2
    assert result.stderr == (
        "planqk-protocol: there is no vector line-lf/none; see: planqk-protocol conformance list\n"
    )
    assert run("show", "line-lf").stderr == (
        "planqk-protocol: there is no vector line-lf; see: planqk-protocol conformance list --rule line-lf\n"
    )


def test_export(tmp_path: Path) -> None:
    assert run("export", tmp_path / "kit").exit_code == 0
    assert {path.stem for path in (tmp_path / "kit" / "vectors").iterdir()} == set(RULES)
    assert (tmp_path / "kit" / "vectors.schema.json").read_bytes() == vector_files()["vectors.schema.json"]
    cases = json.loads((tmp_path / "kit" / "encoder.json").read_bytes())
    jsonschema.validate(cases, json.loads((tmp_path / "kit" / "encoder.schema.json").read_bytes()))
    assert json.loads((tmp_path / "kit" / "records.schema.json").read_bytes()) == record_schema()


def test_export_to_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = run("export", tmp_path / "file" / "kit")
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_progress_is_shown_at_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Messages, "is_live", True)
    result = run("encoder", "--rule", "log", "--jobs", "1", "--", *ENCODER)
    assert result.exit_code == 0
    assert claim(result)[-1] == "4 passed, 0 failed"


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
