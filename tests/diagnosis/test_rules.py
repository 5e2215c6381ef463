"""Rules: their texts, and their examples, each of which is diagnosed."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from planqk_protocol import diagnosis
from planqk_protocol.diagnosis import RULES, Example, Rule, diagnose, rules
from tests.diagnosis.rule_examples import examples

BESIDE = {"succeeded-with-broken-result"}  # comes with the finding of a violation, after it
NEEDS_MORE = {"result-schema", "interim-schema"}  # a schema; their examples are tested beside it
DIAGNOSED = [rule for rule in RULES.values() if rule.id not in NEEDS_MORE]


def rules_found(example: Example) -> list[str]:
    findings = diagnose(
        example.stdout, capture=example.capture, exit_code=example.exit_code, limits=example.limits
    )
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(("rule", "example"), examples(DIAGNOSED, "wrong"))
def test_a_wrong_example_has_a_finding_of_the_rule(rule: Rule, example: Example) -> None:
    assert rule.id in rules_found(example)


@pytest.mark.parametrize(("rule", "example"), examples(DIAGNOSED, "right"))
def test_a_right_example_has_no_finding_of_the_rule(rule: Rule, example: Example) -> None:
    assert rule.id not in rules_found(example)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_first_wrong_example_shows_the_rule_alone(rule: Rule) -> None:
    if rule.id not in NEEDS_MORE | BESIDE:
        assert rules_found(rule.wrong[0])[0] == rule.id


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_texts_are_whole(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert rule.summary
    assert not rule.summary.endswith(".")
    assert rule.why.endswith(".")
    assert rule.advice
    assert rule.wrong
    assert rule.right


def test_the_first_right_example_of_most_rules_has_no_finding_at_all() -> None:
    spoilt = [rule.id for rule in RULES.values() if rule.id not in NEEDS_MORE and rules_found(rule.right[0])]
    assert spoilt == []


@pytest.mark.parametrize("module", [diagnosis, rules])
def test_beside_the_rules_nothing_is_imported_late(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018
