"""Rules as arguments: ids, prefixes, suggestions and completion."""

from __future__ import annotations

import os

import click
import pytest
from click.testing import CliRunner

from planqk_protocol.cli.app import cli
from planqk_protocol.cli.rule_choice import chosen_rules, rule_or_prefix
from planqk_protocol.diagnosis import RULES
from tests.cli.harness import Run

JSON = {id_ for id_ in RULES if id_.startswith("json-")}


def test_all_rules_are_chosen_by_default() -> None:
    assert chosen_rules([], []) == set(RULES)


@pytest.mark.parametrize(
    ("select", "ignore", "chosen"),
    [
        (["json-"], [], JSON),
        (["json-nan", "no-result"], [], {"json-nan", "no-result"}),
        ([], ["json-"], set(RULES) - JSON),
        (["json-"], ["json-nan"], JSON - {"json-nan"}),
        (["json-nan"], ["json-"], set()),
    ],
)
def test_rules_are_selected_and_ignored(select: list[str], ignore: list[str], chosen: set[str]) -> None:
    assert chosen_rules(select, ignore) == chosen


def test_an_id_is_no_prefix() -> None:
    assert chosen_rules(["invalid-json"], []) == {"invalid-json"}


@pytest.mark.parametrize("id_", RULES)
def test_every_id_is_known(id_: str) -> None:
    assert rule_or_prefix(id_) == id_


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("jsn-nan", "there is no rule 'jsn-nan'. Did you mean 'json-nan'?"),
        ("json", "there is no rule 'json'. Did you mean 'json-'?"),
        ("JSON-NAN", "there is no rule 'JSON-NAN'. 'planqk-protocol explain' lists the rules."),
        ("", "there is no rule ''. 'planqk-protocol explain' lists the rules."),
    ],
)
def test_another_rule_is_suggested(run: Run, value: str, said: str) -> None:
    with pytest.raises(click.BadParameter) as error:
        rule_or_prefix(value)
    assert error.value.message == said
    for option in ("--select", "--ignore"):
        assert run("check", option, value, stdin=b"").exit_code == 2


@pytest.mark.parametrize("words", ["explain json-na", "check --select json-na", "check --ignore json-na"])
def test_a_shell_completes_ids(words: str) -> None:
    env = {
        "_PLANQK_PROTOCOL_COMPLETE": "bash_complete",
        "COMP_WORDS": f"planqk-protocol {words}",
        "COMP_CWORD": str(words.count(" ") + 1),
    }
    outcome = CliRunner().invoke(cli, [], prog_name="planqk-protocol", env=os.environ | env)
    assert outcome.stdout.splitlines() == ["plain,json-nan"]
