"""The options that bound what is accepted."""

from __future__ import annotations

import pytest

from planqk_protocol.conformance.comparison import difference
from planqk_protocol.conformance.decoders import limit_arguments
from planqk_protocol.conformance.vectors import RULES, load_vectors

from .harness import Run

DEEP = b"PlanQK:Job:Result: " + b"[" * 300 + b"]" * 300 + b"\n"


@pytest.mark.parametrize("rule", RULES)
def test_parse_is_the_reference_decoder(run: Run, rule: str) -> None:
    for vector in load_vectors():
        if vector.rule == rule:
            limits = limit_arguments(vector.limits)
            outcome = run("parse", "--capture", "raw", "--output", "jsonl", *limits, stdin=vector.data())
            assert outcome.exit_code in {0, 1}
            assert difference(vector.records(), outcome.stdout_bytes) == "", vector.id


def test_a_result_within_limits_of_ones_own(run: Run) -> None:
    refused = run("result", stdin=DEEP)
    assert refused.exit_code == 1
    assert "<stdin>:1:276: payload-too-deep: nested deeper than 256 levels" in refused.stderr
    for limit in ("300", "none"):
        taken = run("result", "--max-depth", limit, stdin=DEEP)
        assert (taken.exit_code, taken.stdout_bytes) == (0, DEEP[19:])
    assert "number-too-long" in run("result", "--max-digits", "2", stdin=b"PlanQK:Job:Result: 123\n").stderr
    assert "payload-too-large" in run("result", "--max-payload", "20", stdin=DEEP).stderr


@pytest.mark.parametrize("command", ["parse", "result"])
@pytest.mark.parametrize(
    ("option", "word"),
    [("--max-payload", "0"), ("--max-depth", "-1"), ("--max-digits", "many"), ("--max-digits", "")],
)
def test_what_is_no_limit(run: Run, command: str, option: str, word: str) -> None:
    outcome = run(command, option, word, stdin=DEEP)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    told = " ".join(outcome.stderr.replace("│", "").split())
    assert (
        f"Invalid value for '{option}': {word!r} is neither a number that can be a limit, nor 'none'." in told
    )
