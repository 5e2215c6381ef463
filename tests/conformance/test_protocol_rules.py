"""The texts about the rules of the protocol: each rule has one, and its careless reader is wrong."""

from __future__ import annotations

import json

import pytest

from planqk_protocol import Parser, to_record
from planqk_protocol.conformance import vectors
from planqk_protocol.conformance.protocol_rules import PROTOCOL_RULES, ProtocolRule
from planqk_protocol.diagnosis import RULES

ABOUT_TIME = {"latency"}  # its careless reader gives the same, too late


def test_each_rule_has_its_text_in_the_order_of_the_vectors() -> None:
    assert sorted(PROTOCOL_RULES) == sorted(vectors.RULES)
    assert not set(PROTOCOL_RULES) & set(RULES)


@pytest.mark.parametrize("rule", PROTOCOL_RULES.values(), ids=lambda rule: rule.id)
def test_the_texts_are_whole(rule: ProtocolRule) -> None:
    assert rule.summary
    assert not rule.summary.endswith(".")
    for text in (rule.why, rule.right, rule.mistake):
        assert text.endswith(".")
        assert "  " not in text


@pytest.mark.parametrize("rule", PROTOCOL_RULES.values(), ids=lambda rule: rule.id)
def test_the_careless_reader_gives_other_events(rule: ProtocolRule) -> None:
    parser = Parser(limits=rule.limits)
    events = [event for part in rule.output for event in parser.feed(part)] + parser.close()
    assert events
    right = [to_record(event) for event in events]
    wrong = [json.loads(line) for line in rule.wrong]
    assert wrong != right
    for record in wrong:
        assert {"type", "line"} < set(record)


@pytest.mark.parametrize("rule", PROTOCOL_RULES.values(), ids=lambda rule: rule.id)
def test_the_findings_are_rules(rule: ProtocolRule) -> None:
    for item in rule.findings:
        about = [id_ for id_ in RULES if rule.is_about(id_) and id_.startswith(item)]
        assert about == [item] if not item.endswith("-") else len(about) > 1
    assert not rule.is_about("nothing")
