"""The kit fails every wrong decoder, by the rule it breaks, and no right one."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from planqk_protocol.conformance import decoders
from planqk_protocol.conformance.comparison import Profile
from planqk_protocol.conformance.decoders import CHUNKINGS, STEPWISE, Case, cases
from planqk_protocol.conformance.grading import Grade
from planqk_protocol.conformance.vectors import load_vectors
from tests.conformance.zoo.keeper import run_case
from tests.conformance.zoo.plain import Plain
from tests.conformance.zoo.register import BROKEN_RULE, NOTICED_BY

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


@pytest.mark.slow
def test_the_plain_decoder_passes() -> None:
    large = [vector for vector in load_vectors() if len(vector.data()) > _LARGE]
    chosen = [*small_cases(CHUNKINGS), *cases(large, ["bytes"])]
    graded = [run_case(case, Plain) for case in chosen]
    assert [v for v in graded if v.grade is Grade.FAILED] == []
    differs = {v.id for v in graded if v.grade is Grade.DIFFERS}
    assert {id_ for id_ in differs if "/position-" not in id_} == set()


def test_the_zoo_is_large() -> None:
    assert len(BROKEN_RULE) >= 20


FAR = [(decoder, rule) for decoder, rule in BROKEN_RULE.items() if decoder not in NOTICED_BY]


@pytest.mark.parametrize(("decoder", "rule"), FAR, ids=lambda x: getattr(x, "__name__", x))
def test_a_wrong_decoder_fails_by_the_rule_it_breaks(decoder: type[Plain], rule: str) -> None:
    assert any(run_case(case, decoder).grade is Grade.FAILED for case in cases_by_rule()[rule])


@pytest.mark.parametrize(("decoder", "id_"), NOTICED_BY.items(), ids=lambda x: getattr(x, "__name__", x))
def test_a_near_miss_fails_in_the_vector_that_notices_it(decoder: type[Plain], id_: str) -> None:
    chosen = [case for case in cases_by_rule()[BROKEN_RULE[decoder]] if case.vector.id.startswith(id_)]
    assert {run_case(case, decoder).grade for case in chosen} == {Grade.FAILED}


# Wrong about logs, violations or places, but not about results.
RIGHT_RESULTS = {
    *("KeepsCr", "StripsAllCrs", "TrimsText", "ReplacesInvalidText", "DropsEmptyLines", "BlockIsOneLine"),
    *("DuplicateIsLog", "DropsOpenBlock", "OpenBlockIsLog", "TakesCutResultsForWhole"),
    *("CutsAt64KiB", "TruncatesLines", "CountsBracketsInOpenStrings", "DecodesBeforeItMeasures"),
    *("DepthStopsAtZero", "KnowsEscapesInStringsAlone", "EscapesBrackets", "EndsStringsAtLf"),
    *("ShowsOverlongText", "ShowsNoPrivatePlane", "WaitsForTheRestOfALine", "WaitsForTheEndOfALine"),
}


@pytest.mark.parametrize("decoder", BROKEN_RULE, ids=lambda decoder: decoder.__name__)
def test_the_profile_of_results_fails_decoders_that_are_wrong_about_results(decoder: type[Plain]) -> None:
    rules = sorted(cases_by_rule(), key=lambda rule: rule != BROKEN_RULE[decoder])  # the one it breaks first
    chosen = (case for rule in rules for case in cases_by_rule()[rule])
    fails = any(run_case(case, decoder, Profile.RESULTS).grade is Grade.FAILED for case in chosen)
    assert fails == (decoder.__name__ not in RIGHT_RESULTS)


ROOT = Path(__file__).parents[2]
AS_PROGRAMS = [
    ("ChunkIsLine", "chunking/marker", "bytes"),
    ("DecodesChunks", "chunking/multibyte-log", "bytes"),
    ("FailsOnInvalidText", "total/invalid-utf-8", "whole"),
    ("NoPayloadLimit", "limit-payload/rest-is-log", "lines"),
    ("OneLineLate", "latency/log", STEPWISE),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "id_", "chunking"), AS_PROGRAMS)
def test_a_wrong_decoder_fails_as_a_program(
    name: str, id_: str, chunking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoders, "_STEP_PATIENCE", 3)
    vector = next(vector for vector in load_vectors() if vector.id == id_)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        "from tests.conformance.zoo.keeper import main; main()"
    )
    wrong, right = (
        decoders.run_case(Case(vector, chunking), [sys.executable, "-c", code, decoder], 30)
        for decoder in (name, "Plain")
    )
    assert (wrong.grade, right.grade, right.reason) == (Grade.FAILED, Grade.PASSED, "")
