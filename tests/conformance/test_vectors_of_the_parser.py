"""The parser does what the vectors say."""

from __future__ import annotations

import pytest

from planqk_protocol import Parser, to_json_line
from planqk_protocol.conformance.comparison import difference
from planqk_protocol.conformance.decoders import CHUNKINGS, cut
from planqk_protocol.conformance.vectors import RULES, Vector, load_vectors

VECTORS = load_vectors()


@pytest.mark.parametrize("rule", RULES)
def test_the_parser_does_what_the_vectors_say(rule: str) -> None:
    for vector in VECTORS:
        if vector.rule == rule and not vector.is_stepwise:
            for chunking in CHUNKINGS:
                parser = Parser(limits=vector.parser_limits())
                events = [event for piece in cut(vector.data(), chunking) for event in parser.feed(piece)]
                records = b"".join(map(to_json_line, events + parser.close()))
                assert difference(vector.records(), records) == "", vector.id


@pytest.mark.rule("latency")
@pytest.mark.parametrize("vector", [v for v in VECTORS if v.is_stepwise], ids=lambda vector: vector.id)
def test_the_parser_answers_step_by_step(vector: Vector) -> None:
    parser = Parser(limits=vector.parser_limits())
    records = b""
    for step in vector.steps:
        answer = b"".join(map(to_json_line, parser.feed(step.data())))
        assert difference(step.records(), answer) == ""
        records += answer
    records += b"".join(map(to_json_line, parser.close()))
    assert difference(vector.records(), records) == ""
