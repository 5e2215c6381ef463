"""The options that bound what is accepted."""

from __future__ import annotations

import pytest

from planqk_protocol.conformance.comparison import difference
from planqk_protocol.conformance.decoders import limit_arguments
from planqk_protocol.conformance.vectors import RULES, load_vectors
from tests.cli.harness import Run

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
    assert "<stdin>:1:148: payload-too-deep: nested deeper than 128 levels" in refused.stderr
    assert "deeper than 0 levels" in run("result", "--max-depth", "0", stdin=DEEP).stderr
    taken = run("result", "--max-depth", "3", stdin=b"PlanQK:Job:Result: [[[1]]]\n")
    assert (taken.exit_code, taken.stdout_bytes) == (0, b"[[[1]]]\n")
    taken = run("result", "--max-digits", "none", stdin=b"PlanQK:Job:Result: " + b"1" * 5000 + b"\n")
    assert (taken.exit_code, taken.stdout_bytes) == (0, b"1" * 5000 + b"\n")
    assert "number-too-long" in run("result", "--max-digits", "2", stdin=b"PlanQK:Job:Result: 123\n").stderr
    assert "payload-too-large" in run("result", "--max-payload", "20", stdin=DEEP).stderr


@pytest.mark.parametrize("command", ["parse", "result"])
@pytest.mark.parametrize(
    ("option", "word"),
    [("--max-payload", "0"), ("--max-digits", "many"), ("--max-digits", "")],
)
def test_what_is_no_limit(run: Run, command: str, option: str, word: str) -> None:
    outcome = run(command, option, word, stdin=DEEP)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    told = " ".join(outcome.stderr.replace("│", "").split())
    assert f"Invalid value for '{option}': {word!r} is not a valid limit; give a number, or 'none'." in told


@pytest.mark.parametrize("command", ["parse", "result"])
@pytest.mark.parametrize("word", ["-1", "129", "none", "deep", ""])
def test_depth_has_bounds(run: Run, command: str, word: str) -> None:
    outcome = run(command, "--max-depth", word, stdin=DEEP)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    told = " ".join(outcome.stderr.replace("│", "").split())
    assert f"Invalid value for '--max-depth': {word!r} is not a number in 0…128." in told
