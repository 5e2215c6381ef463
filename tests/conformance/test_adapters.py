"""The adapters in other languages pass the kit, where their toolchains are present."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from planqk_protocol.conformance import encoders
from planqk_protocol.conformance.comparison import Profile
from planqk_protocol.conformance.decoders import Case, cases, run_case
from planqk_protocol.conformance.grading import Grade, GradedCase, summarise
from planqk_protocol.conformance.programs import kill_all, run_all
from planqk_protocol.conformance.vectors import load_vectors
from tests.conformance.small_programs import program

pytestmark = pytest.mark.slow

ADAPTERS = Path(__file__).parents[2] / "docs" / "examples" / "adapters"
TIMEOUT = 60


def needs(tool: str) -> str:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


# Starts of programs take long: each run of the tests puts a part of the vectors to these, .ci/run all.
def put(command: list[str], every: int, profile: Profile = Profile.FULL) -> list[GradedCase]:
    chosen = list(cases(load_vectors(), ["bytes"]))[::every]

    def run(case: Case) -> GradedCase:
        return run_case(case, command, TIMEOUT, profile)

    return list(run_all(run, chosen, 4, should_stop=lambda: False, stop=kill_all))


def failed(graded: list[GradedCase]) -> list[tuple[str, str]]:
    return [(case.id, case.reason) for case in graded if case.grade is Grade.FAILED]


def test_the_decoder_in_c_keeps_all_limits(tmp_path: Path) -> None:
    decoder = tmp_path / "decoder"
    subprocess.run([needs("cc"), "-Wall", "-Werror", "-o", decoder, ADAPTERS / "decoder.c"], check=True)
    graded = put([str(decoder)], every=4)
    assert failed(graded) == []
    assert summarise(graded).declined == 0


@pytest.mark.parametrize(("tool", "name"), [("node", "decoder.js"), ("perl", "decoder.pl")])
def test_the_decoders_without_limits(tool: str, name: str) -> None:
    graded = put([needs(tool), str(ADAPTERS / name)], every=20)
    assert failed(graded) == []
    assert {case.rule for case in graded if case.grade is Grade.DECLINED} >= {"limit-payload"}


def test_the_decoder_of_results() -> None:
    command = [sys.executable, "-I", "-S", str(ADAPTERS / "results_only.py")]
    graded = put(command, every=6, profile=Profile.RESULTS)
    assert failed(graded) == []
    assert summarise(graded).passed > 50
    assert {case.rule for case in graded if case.grade is Grade.DECLINED} >= {"limit-payload"}
    assert len(failed(put(command, every=100))) > 0


def test_the_encoder_in_javascript() -> None:
    command = [needs("node"), str(ADAPTERS / "encoder.js")]
    assert failed([encoders.run_case(case, command, TIMEOUT) for case in encoders.load_cases()]) == []


def test_an_adapter_can_fail() -> None:
    assert len(failed(put(program("print('{}')"), every=100))) > 0
