"""``planqk-protocol check``: the mistakes in a stream, in each form of output."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.cli import capture_messages
from planqk_protocol.diagnosis import RULES, diagnose, finding_schema
from planqk_protocol.diagnosis.rules.schemas import EXAMPLE_FILE
from planqk_protocol.engines.container import ContainerOutput, EngineError
from tests.cli.harness import Call, Run, Terminal

RESULT = b"PlanQK:Job:Result: 42\n"
INDENTED = b"log\n  PlanQK:Job:Result: 1\n"
MANY = b" PlanQK:Job:Result: 1\n" * 30 + RESULT
JSON = ("--output", "json")


def records(output: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in output.splitlines()]
    for record in found:
        jsonschema.Draft202012Validator(finding_schema()).validate(record)
    return found


def rules(output: str) -> list[str]:
    return [record["rule"] for record in records(output)]


def test_nothing_to_find(run: Run) -> None:
    outcome = run("check", stdin=b"log\n" + RESULT)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == "no findings in 2 lines; result at line 2\n"
    assert run("check", *JSON, stdin=RESULT).stdout == ""


def test_a_finding_is_shown_with_its_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(INDENTED + RESULT)
    outcome = run("check", path)
    assert outcome.exit_code == 1
    head, bar, line, carets, advice, empty, summary = outcome.stdout.splitlines()
    assert head.startswith(f"{path}:2:1: warning[marker-indented]: ")
    assert (bar, line, carets) == ("  |", "2 |   PlanQK:Job:Result: 1", "  | ^^")
    assert advice.startswith("  = help: ")
    assert (empty, summary) == ("", "1 finding in 3 lines; result at line 3")


def test_the_records_are_those_of_the_library(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(INDENTED)
    shown = records(run("check", *JSON, path).stdout)
    findings = diagnose(INDENTED)
    assert [(item["rule"], item["line"], item["column"], item["offset"]) for item in shown] == [
        (item.rule, item.line, item.column, item.offset) for item in findings
    ]
    assert {item["file"] for item in shown} == {str(path)}


def test_standard_input_is_no_file(run: Run) -> None:
    outcome = run("check", *JSON, "-", stdin=INDENTED)
    assert {item["file"] for item in records(outcome.stdout)} == {None}
    assert "<stdin>:2:1: " in run("check", stdin=INDENTED).stdout


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (RESULT, 0),
        (b"PlanQK:Job:Result: 12345678901234567890\n", 0),  # only an info
        (RESULT.strip(), 1),  # a warning
        (b"log\n", 1),  # an error
    ],
)
def test_the_exit_code_is_that_of_the_worst_finding(run: Run, log: bytes, code: int) -> None:
    assert run("check", stdin=log).exit_code == code


def test_the_exit_code_of_the_job_is_judged(run: Run) -> None:
    assert rules(run("check", *JSON, "--exit-code", "3", stdin=RESULT).stdout) == ["failed-with-result"]
    assert run("check", "--exit-code", "0", stdin=RESULT).exit_code == 0
    assert run("check", "--exit-code", "-9", stdin=RESULT).exit_code == 1
    assert run("check", "--exit-code", "x", stdin=RESULT).exit_code == 2


def test_places_are_those_of_the_file_that_holds_them(run: Run, tmp_path: Path) -> None:
    names = [tmp_path / name for name in "abc"]
    names[0].write_bytes(b"1\nPlanQK:Job:MultilineResult\n")
    names[1].write_bytes(b"{}\n PlanQK:Job:MultilineResult\n")
    names[2].write_bytes(b"end\n")
    shown = records(run("check", *JSON, *names).stdout)
    by_rule = {item["rule"]: item for item in shown}
    block, fence = by_rule["unterminated-block"], by_rule["fence-indented"]
    assert (block["file"], block["line"], block["offset"]) == (str(names[0]), 2, 2)
    assert (fence["file"], fence["line"], fence["offset"]) == (str(names[1]), 2, 3)
    assert [(item["file"], item["line"]) for item in fence["related"]] == [(str(names[0]), 2)]
    assert by_rule["no-result"]["file"] is None
    text = run("check", *names).stdout
    assert f"{names[1]}:2:1: " in text
    assert f" = note: {names[0]}:2:1: " in text
    assert "3 files: error[no-result]: " in text
    names[2].write_bytes(RESULT)
    text = run("check", names[2], names[2]).stdout
    assert text.splitlines()[-1] == f"1 finding in 2 lines; result at line 1 of {names[2]}"


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit", "github"])
def test_a_name_of_a_file_need_not_be_text(run: Run, tmp_path: Path, output: str) -> None:
    path = tmp_path / os.fsdecode(b"\xff.log")
    path.write_bytes(b" " + RESULT)
    outcome = run("check", "--output", output, path)
    assert outcome.exit_code == 1
    folder, name = (
        (quote(str(tmp_path)), "%FF") if output == "sarif" else (tmp_path, "\N{REPLACEMENT CHARACTER}")
    )
    assert f"{folder}/{name}.log" in outcome.stdout


def test_a_notice_names_its_file(run: Run, tmp_path: Path) -> None:
    record = b'{"log":"log\\n","stream":"stdout","time":"2024-05-01T10:00:00.5Z"}\n'
    (tmp_path / "a").write_bytes(record)
    (tmp_path / "b").write_bytes(record + b"damage\n" + record)
    shown = records(run("check", *JSON, tmp_path / "a", tmp_path / "b").stdout)
    (notice,) = [item for item in shown if item["rule"] == "capture-corrupt"]
    assert (notice["file"], notice["line"]) == (str(tmp_path / "b"), None)
    assert (
        f"{tmp_path / 'b'}: warning[capture-corrupt]: " in run("check", tmp_path / "a", tmp_path / "b").stdout
    )


@pytest.mark.parametrize("output", ["sarif", "github"])
def test_lines_of_a_capture_are_no_lines_of_its_file(run: Run, tmp_path: Path, output: str) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(
        b'{"log":" PlanQK:Job:Result: 1\\n","stream":"stdout","time":"2024-05-01T10:00:00.5Z"}\n'
    )
    assert f"{path} (stdout):1:1: " in run("check", path).stdout
    shown = run("check", "--output", output, path).stdout
    assert f"{path} (stdout):1:1: " in shown.replace("%3A", ":")
    assert not re.search(r"startLine|line=", shown)


def test_rules_are_selected_and_ignored(run: Run) -> None:
    log = INDENTED + b"PlanQK:Job:Result: nan\n"
    assert rules(run("check", *JSON, stdin=log).stdout) == ["marker-indented", "json-nan", "no-result"]
    assert rules(run("check", *JSON, "--select", "json-", stdin=log).stdout) == ["json-nan"]
    args = ("--ignore", "json-", "--ignore", "no-result")
    assert rules(run("check", *JSON, *args, stdin=log).stdout) == ["marker-indented"]
    outcome = run("check", "--ignore", "marker-indented", stdin=INDENTED + RESULT)
    assert (outcome.exit_code, outcome.stdout) == (0, "no findings in 3 lines; result at line 3\n")


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit", "github"])
def test_not_more_findings_than_wanted(run: Run, output: str) -> None:
    outcome = run("check", "--max-findings", "3", "--output", output, stdin=MANY)
    assert outcome.exit_code == 1
    counts: dict[str, Callable[[str], int]] = {
        "text": lambda text: text.count("[marker-indented]"),
        "json": lambda text: len(text.splitlines()),
        "sarif": lambda text: len(json.loads(text)["runs"][0]["results"]),
        "junit": lambda text: text.count("<failure "),
        "github": lambda text: text.count("::warning "),
    }
    count = counts[output]
    assert count(outcome.stdout) == 3
    assert outcome.stderr == "<stdin>: and 27 more findings; see --max-findings\n"
    outcome = run("check", "--max-findings", "none", "--output", output, stdin=MANY)
    assert (count(outcome.stdout), outcome.stderr) == (30, "")


def test_findings_that_are_left_out_count(run: Run) -> None:
    outcome = run("check", "--max-findings", "0", stdin=MANY)
    assert outcome.exit_code == 1
    assert outcome.stdout == "30 findings in 31 lines; result at line 31\n"


@pytest.mark.parametrize("value", ["-1", "x", "1.5", ""])
def test_a_number_of_findings_is_a_number(run: Run, value: str) -> None:
    assert run("check", f"--max-findings={value}", stdin=b"").exit_code == 2


SECRETS = b'PlanQK:Job:Result: {"password": swordfish, "a": \'swordfish\'}\n PlanQK:Job:Result: "swordfish"\n'


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit", "github"])
def test_redacted_output_shows_no_values(run: Run, output: str) -> None:
    assert "swordfish" in run("check", stdin=SECRETS).stdout
    outcome = run("check", "--redact", "--output", output, stdin=SECRETS)
    assert outcome.exit_code == 1
    assert "marker-indented" in outcome.stdout
    assert "swordfish" not in outcome.stdout
    assert "password" not in outcome.stdout


@pytest.mark.parametrize("output", ["json", "sarif", "junit"])
@pytest.mark.parametrize("id_", RULES)
def test_every_rule_can_be_reported(run: Run, tmp_path: Path, output: str, id_: str) -> None:
    path = tmp_path / "job.log"
    for example in RULES[id_].wrong[:1]:
        path.write_bytes(example.stdout)
        (tmp_path / "openapi-spec.yml").write_text(EXAMPLE_FILE)
        args = ["--max-payload", str(example.limits.max_payload)]
        args += ["--openapi", str(tmp_path / "openapi-spec.yml")] if id_.endswith("-schema") else []
        args += [] if example.exit_code is None else ["--exit-code", str(example.exit_code)]
        shown = run("check", "--output", output, "--capture", example.capture, *args, path).stdout
        assert id_ in shown
        if output == "json":
            records(shown)
        elif output == "junit":
            ET.fromstring(shown.encode())  # noqa: S314  # it is our own
        else:
            json.loads(shown)


def test_a_compressed_file_that_is_damaged_is_a_fault(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "job.log.gz"
    path.write_bytes(gzip.compress(b"log\n" * 99 + RESULT)[:-9])
    outcome = run("check", path)
    assert "truncated" in outcome.stderr
    assert "the output was cut off" in outcome.stdout or outcome.exit_code == 0


def test_a_capture_in_another_format_is_said(run: Run) -> None:
    outcome = run("check", "--capture", "cri", stdin=b"log\n" * 100 + RESULT)
    assert outcome.exit_code == 1
    assert outcome.stderr == f"<stdin>: {capture_messages.another_format('cri', 'raw')}\n"
    assert "capture-corrupt" in outcome.stdout


def test_files_in_disorder_are_a_fault(run: Run, tmp_path: Path) -> None:
    for name, hour in (("a", 11), ("b", 10)):
        (tmp_path / name).write_bytes(b"2024-05-01T%d:00:00.5Z stdout F " % hour + RESULT)
    outcome = run("check", "--ignore", "duplicate-result", tmp_path / "a", tmp_path / "b")
    assert outcome.exit_code == 1
    assert ": disorder: " in outcome.stderr


@pytest.mark.parametrize("command", ["check", "result"])
def test_a_result_on_standard_error_is_named(run: Run, command: str) -> None:
    capture = b"2024-05-01T10:00:00.5Z stderr F " + RESULT
    outcome = run(command, "--capture", "cri", stdin=capture)
    assert outcome.exit_code == 1
    assert "a result on standard error" in outcome.stdout + outcome.stderr


def test_limits_are_those_of_the_reader(run: Run) -> None:
    assert run("check", stdin=b"PlanQK:Job:Result: [[1]]\n").exit_code == 0
    outcome = run("check", "--max-depth", "1", stdin=b"PlanQK:Job:Result: [[1]]\n")
    assert "error[payload-too-deep]" in outcome.stdout


def test_values_are_checked_against_the_service(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "openapi-spec.yml"
    path.write_text(EXAMPLE_FILE)
    args = (*JSON, "--openapi", path)
    assert rules(run("check", *args, stdin=b'PlanQK:Job:Result: {"sum": 42}\n').stdout) == []
    (finding,) = records(run("check", *args, stdin=b'PlanQK:Job:Result: {"sum": "42"}\n').stdout)
    assert (finding["rule"], finding["line"], finding["column"]) == ("result-schema", 1, 28)
    assert "$.sum" in finding["message"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read {path}: No such file or directory"),
        ("", "{path}: the file has no field `openapi`"),
        ("{", "{path}: the file is neither JSON nor YAML"),
        ("openapi: 3.0.3", "{path}: the file has no path `/{{id}}/result`"),
    ],
)
def test_a_file_that_describes_no_service_is_a_failure(
    run: Run, tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "openapi-spec.yml"
    if content is not None:
        path.write_text(content)
    outcome = run("check", "--openapi", path, stdin=RESULT)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"planqk-protocol: {said.format(path=path)}")


class Ended:
    """A container that has ended."""

    is_cut_off = False

    def __init__(self, exit_code: int | None) -> None:
        self._exit_code = exit_code

    def items(self) -> Iterator[bytes | CaptureNotice]:
        yield RESULT

    def exit_code(self) -> int | None:
        if self._exit_code is None:
            raise EngineError("the exit code is gone")
        return self._exit_code

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("exit_code", "args", "found"),
    [
        (3, (), ["failed-with-result"]),
        (0, (), []),
        (3, ("--exit-code", "0"), []),
        (None, ("--exit-code", "1"), ["failed-with-result"]),
    ],
)
def test_a_live_container_has_its_own_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, exit_code: int | None, args: tuple[str, ...], found: list[str]
) -> None:
    output = ContainerOutput(Ended(exit_code), capture="raw", caveats=[])
    monkeypatch.setattr("planqk_protocol.engines.docker.follow", lambda *_args, **_options: output)
    outcome = run("check", *JSON, "--container", "job", *args)
    assert rules(outcome.stdout) == found
    assert outcome.exit_code == bool(found)


def test_an_exit_code_that_nobody_knows_is_a_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    output = ContainerOutput(Ended(None), capture="raw", caveats=[])
    monkeypatch.setattr("planqk_protocol.engines.docker.follow", lambda *_args, **_options: output)
    outcome = run("check", "--container", "job")
    assert outcome.stdout == "no findings in 1 line; result at line 1\n"
    assert outcome.exit_code == 2
    assert "the exit code is gone" in outcome.stderr


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals(
    call: Call,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    no_color: str,
    is_coloured: bool,
) -> None:
    path = tmp_path / "job.log"
    path.write_bytes(b"\x1b[31m" + INDENTED)
    monkeypatch.setattr(sys, "stdout", terminal.text())
    monkeypatch.setenv("NO_COLOR", no_color)
    assert call("check", path) == 1
    shown = terminal.shown()
    assert ("\x1b[31m^" in shown or "\x1b[33m^" in shown) == is_coloured
    assert "marker-indented" in shown


def test_the_line_of_a_finding_does_not_act_on_a_terminal(run: Run) -> None:
    outcome = run("check", stdin=b"\x1b[32mPlanQK:Job:Result: 1\x1b[0m\n")
    assert "\x1b" not in outcome.stdout
    assert r"1 | \x1b[32mPlanQK:Job:Result: 1\x1b[0m" in outcome.stdout


def test_the_problem_matcher_reads_the_text(run: Run, examples: Path, tmp_path: Path) -> None:
    matcher = json.loads((examples / "problem-matcher.json").read_text(encoding="utf-8"))["problemMatcher"][0]
    (pattern,) = matcher["pattern"]
    fields = {name: group for name, group in pattern.items() if name != "regexp"}
    path = tmp_path / "a: b.log"
    path.write_bytes(INDENTED + b"PlanQK:Job:Result: {'a': 1}\n")
    matches = [
        match
        for line in run("check", path).stdout.splitlines()
        if (match := re.search(pattern["regexp"], line))
    ]
    found = [{name: match[group] for name, group in fields.items()} for match in matches]
    placed = [item for item in records(run("check", *JSON, path).stdout) if item["line"]]
    assert len(found) == len(placed) == 2
    for item, record in zip(found, placed, strict=True):
        assert item == {
            "file": str(path),
            "line": str(record["line"]),
            "column": str(record["column"]),
            "severity": record["severity"],
            "code": record["rule"],
            "message": record["message"],
        }
