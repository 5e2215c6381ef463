"""``planqk-protocol explain``: what a rule is about."""

from __future__ import annotations

import json
import os
import sys

import pytest
from click.testing import CliRunner

from planqk_protocol import Limits
from planqk_protocol.cli.app import cli
from planqk_protocol.cli.rule_links import page_address
from planqk_protocol.cli.rule_text import all_rules, sections
from planqk_protocol.conformance.protocol_rules import PROTOCOL_RULES
from planqk_protocol.diagnosis import RULES, Example, Rule, Severity
from tests.cli.harness import Call, Run, Terminal


@pytest.mark.parametrize("id_", RULES)
def test_a_rule_is_explained(run: Run, id_: str) -> None:
    outcome = run("explain", id_)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    words = outcome.stdout.split()
    assert words[0] == id_
    for text in (RULES[id_].why, f"Severity: {RULES[id_].severity} ("):
        assert " ".join(text.split()) in " ".join(words)
    titles = {"Why it matters": True, "What to do": True}
    titles |= {"Wrong": bool(RULES[id_].wrong), "Right": bool(RULES[id_].right)}
    for title, is_there in titles.items():
        assert (f"\n\n{title}\n\n" in outcome.stdout) == is_there


def test_all_rules_are_listed(run: Run) -> None:
    outcome = run("explain")
    findings = [[rule.id, rule.severity.value] for rule in RULES.values()]
    protocol = [[id_, "protocol"] for id_ in PROTOCOL_RULES]
    assert [line.split()[:2] for line in outcome.stdout.splitlines()] == findings + protocol


def test_rules_are_records_for_programs(run: Run) -> None:
    records = [json.loads(line) for line in run("explain", "--output", "json").stdout.splitlines()]
    assert [record["id"] for record in records] == [*RULES, *PROTOCOL_RULES]
    assert all((record["severity"] is None) == (record["id"] in PROTOCOL_RULES) for record in records)
    assert set(records[0]) == {"id", "severity", "summary", "why", "advice"}
    (record,) = map(json.loads, run("explain", "no-result", "--output", "json").stdout.splitlines())
    assert record["summary"] == RULES["no-result"].summary


@pytest.mark.parametrize("id_", PROTOCOL_RULES)
def test_a_rule_of_the_protocol_is_explained(run: Run, id_: str) -> None:
    outcome = run("explain", id_)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    rule, words = PROTOCOL_RULES[id_], " ".join(outcome.stdout.split())
    assert words.startswith(
        f"{id_} {rule.summary[0].upper()}{rule.summary[1:]}. This is a rule of the protocol"
    )
    for text in (rule.why, rule.right, rule.mistake, *rule.wrong):
        assert " ".join(text.split()) in words
    titles = [
        title for title in outcome.stdout.split("\n\n") if title in {"Output", "Right", "Wrong", "Findings"}
    ]
    assert titles == ["Output", "Right", "Wrong", *(["Findings"] if rule.findings else [])]


def test_the_right_records_are_those_of_the_reader(run: Run) -> None:
    text = run("explain", "first-wins").stdout
    assert '    {"type":"result","line":1,"value":1}\n' in text
    assert '"code":"duplicate-result","marker":"result","message":"…"' in text
    assert (
        '    {"type":"log","line":1,"text":"01234567","terminated":false}\n'
        in run("explain", "limit-line").stdout
    )


def test_rules_name_each_other(run: Run) -> None:
    findings = "".join(f"    {id_}\n" for id_ in RULES if id_ == "invalid-json" or id_.startswith("json-"))
    assert run("explain", "json").stdout.endswith(f"What 'check' finds about it:\n\n{findings}")
    assert run("explain", "duplicate-result").stdout.endswith("The finding is about:\n\n    first-wins\n")
    assert "Rules of the protocol" not in run("explain", "capture-gap").stdout


@pytest.mark.parametrize("rule", [[], ["json-nan"], ["json"]])
def test_names_are_links_at_a_terminal(
    call: Call, run: Run, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, rule: list[str]
) -> None:
    plain = run("explain", *rule).stdout
    monkeypatch.setattr(sys, "stdout", terminal.text())
    assert call("explain", *rule) == 0
    shown = terminal.shown()
    for id_ in rule or all_rules():
        assert f";{page_address(id_)}\x1b\\" in shown
    assert "\x1b" not in plain


def test_a_shell_completes_rules_of_the_protocol() -> None:
    env = {
        "_PLANQK_PROTOCOL_COMPLETE": "bash_complete",
        "COMP_WORDS": "planqk-protocol explain limit-",
        "COMP_CWORD": "2",
    }
    outcome = CliRunner().invoke(cli, [], prog_name="planqk-protocol", env=os.environ | env)
    assert outcome.stdout.splitlines() == ["plain,limit-line", "plain,limit-payload"]


@pytest.mark.parametrize("value", ["json-", "nothing"])
def test_what_is_no_rule_is_refused(run: Run, value: str) -> None:
    assert run("explain", value).exit_code == 2


def test_another_rule_is_suggested(run: Run) -> None:
    outcome = run("explain", "no-reslt")
    assert outcome.exit_code == 2
    assert "Did you mean 'no-result'?" in " ".join(outcome.stderr.replace("│", " ").split())


def example(
    stdout: bytes, exit_code: int | None = None, capture: str = "raw", limits: Limits | None = None
) -> tuple[str, str]:
    rule = Rule(
        id="a",
        severity=Severity.ERROR,
        summary="a",
        why="b",
        advice="c",
        wrong=(Example(stdout, exit_code, capture, limits or Limits()),),
        right=(),
    )
    *_, section = sections(rule)
    assert section.title == "Wrong"
    return section.text, section.output


@pytest.mark.parametrize(
    ("stdout", "output"),
    [
        (b"a\n", "a"),
        (b"a\r\n\nb\n", "a\n\nb"),
        (b"\x1b[31m\xe2\x80\x8b\xff\n", r"\x1b[31m<U+200B>\xff"),
        (b"\n" * 25, "\n" * 19 + "\n… (5 more lines)"),
        (b"x" * 200 + b"\n", "x" * 50 + "… (136 more characters) …" + "x" * 14),
        ("PlanQK：".encode() + b"\xd6\xb4\n", "PlanQK<U+FF1A><U+05B4>"),
    ],
)
def test_an_example_can_be_seen(stdout: bytes, output: str) -> None:
    assert example(stdout) == ("", output)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((b"a",), "The last line does not end with LF."),
        ((b"a\n", 3), "The job ends with exit code 3."),
        ((b"a\n", None, "cri"), "The output was captured in the format cri."),
        ((b"",), "There is no output."),
        ((b"a\n", None, "raw", Limits(max_payload=9)), "It is read with the limit max_payload=9."),
    ],
)
def test_what_an_example_does_not_show_is_said(
    given: tuple[bytes, int | None, str, Limits], text: str
) -> None:
    assert example(*given)[0] == text
