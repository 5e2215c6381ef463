"""``planqk-protocol explain``: what a rule is about."""

from __future__ import annotations

import json

import pytest

from planqk_protocol import Limits
from planqk_protocol.cli.rule_text import sections
from planqk_protocol.diagnosis import RULES, Example, Rule, Severity
from tests.cli.harness import Run


@pytest.mark.parametrize("id_", RULES)
def test_a_rule_is_explained(run: Run, id_: str) -> None:
    outcome = run("explain", id_)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    words = outcome.stdout.split()
    assert words[0] == id_
    for text in (RULES[id_].why, f"Severity: {RULES[id_].severity}:"):
        assert " ".join(text.split()) in " ".join(words)
    titles = {"Why it matters": True, "What to do": True}
    titles |= {"Wrong": bool(RULES[id_].wrong), "Right": bool(RULES[id_].right)}
    for title, is_there in titles.items():
        assert (f"\n\n{title}\n\n" in outcome.stdout) == is_there


def test_all_rules_are_listed(run: Run) -> None:
    outcome = run("explain")
    assert [line.split()[:2] for line in outcome.stdout.splitlines()] == [
        [rule.id, rule.severity] for rule in RULES.values()
    ]


def test_rules_are_records_for_programs(run: Run) -> None:
    records = [json.loads(line) for line in run("explain", "--output", "json").stdout.splitlines()]
    assert [record["id"] for record in records] == list(RULES)
    assert set(records[0]) == {"id", "severity", "summary", "why", "advice"}
    (record,) = map(json.loads, run("explain", "no-result", "--output", "json").stdout.splitlines())
    assert record["summary"] == RULES["no-result"].summary


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
        (b"x" * 200 + b"\n", "x" * 50 + "… (100 more characters) …" + "x" * 50),
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
