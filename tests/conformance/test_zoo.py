"""The kit fails every wrong decoder, by the rule it breaks, and no right one."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from planqk_protocol.conformance import decoders
from planqk_protocol.conformance.chunking import CHUNKINGS
from planqk_protocol.conformance.decoders import STEPWISE, Case, cases
from planqk_protocol.conformance.vectors import load_vectors
from planqk_protocol.conformance.verdicts import Status

from .zoo.keeper import run_case
from .zoo.plain import Plain
from .zoo.wrong import BROKEN_RULE

_LARGE = 300_000  # bytes; the right decoder alone is given streams larger than that, and in one way


def small_cases(chunkings: Sequence[str]) -> list[Case]:
    small = [vector for vector in load_vectors() if len(vector.data()) <= _LARGE]
    return list(cases(small, chunkings))


@functools.cache
def cases_by_rule() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in small_cases(["bytes"]):
        found.setdefault(case.vector.rule, []).append(case)
    return found


def test_the_plain_decoder_passes() -> None:
    large = [vector for vector in load_vectors() if len(vector.data()) > _LARGE]
    chosen = [*small_cases(CHUNKINGS), *cases(large, ["bytes"])]
    verdicts = [run_case(case, Plain) for case in chosen]
    assert [v for v in verdicts if v.status is Status.FAILED] == []
    differs = {v.id for v in verdicts if v.status is Status.DIFFERS}
    assert {id_ for id_ in differs if "/position-" not in id_} == {"limit-payload/long-fence"}


def test_the_zoo_is_large() -> None:
    assert len(BROKEN_RULE) >= 20


@pytest.mark.parametrize(("decoder", "rule"), BROKEN_RULE.items(), ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_decoder_fails_by_the_rule_it_breaks(decoder: type[Plain], rule: str) -> None:
    assert any(run_case(case, decoder).status is Status.FAILED for case in cases_by_rule()[rule])


TESTS = Path(__file__).parents[1]
AS_PROGRAMS = [
    ("ChunkIsLine", "chunking/marker", "bytes"),
    ("DecodesChunks", "chunking/multibyte-log", "bytes"),
    ("FailsOnInvalidText", "total/invalid-utf-8", "whole"),
    ("NoPayloadLimit", "limit-payload/rest-is-log", "lines"),
    ("OneLineLate", "latency/log", STEPWISE),
]


@pytest.mark.parametrize(("name", "id_", "chunking"), AS_PROGRAMS)
def test_a_wrong_decoder_fails_as_a_program(
    name: str, id_: str, chunking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoders, "_PATIENCE", 3)
    vector = next(vector for vector in load_vectors() if vector.id == id_)
    code = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from conformance.zoo.keeper import main; main()"
    wrong, right = (
        decoders.run_case(Case(vector, chunking), [sys.executable, "-c", code, decoder], 30)
        for decoder in (name, "Plain")
    )
    assert (wrong.status, right.status, right.reason) == (Status.FAILED, Status.PASSED, "")
