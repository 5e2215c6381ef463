"""The reports on the page of the conformance kit are those that the kit prints."""

from __future__ import annotations

import sys
from pathlib import Path

from click.testing import CliRunner

from planqk_protocol import __version__
from planqk_protocol.cli.app import cli
from planqk_protocol.conformance.decoders import CHUNKINGS, cases
from planqk_protocol.conformance.grading import Summary
from planqk_protocol.conformance.report import Report
from planqk_protocol.conformance.vectors import VERSION, load_vectors
from tests.docs.pages import DOCS

PAGE = (DOCS / "conformance.md").read_text(encoding="utf-8")
ROOT = Path(__file__).parents[2]


def test_the_failure_is_one_that_the_kit_prints() -> None:
    path = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    code = f"{path}; from tests.conformance.zoo.keeper import main; main()"
    decoder = [sys.executable, "-c", code, "DecodesChunks"]
    options = ["--rule", "chunking", "--fail-fast", "--timeout", "60"]
    shown = CliRunner().invoke(cli, ["conformance", "decoder", *options, "--", *decoder]).stdout
    failure = shown.split("\n\n")[0]
    assert failure.startswith("chunking/multibyte-log: ")
    assert f"```text\n{failure}\n```" in PAGE


def test_the_claim_is_that_of_a_decoder_that_passes_all_cases() -> None:
    count = len(list(cases(load_vectors(), CHUNKINGS)))
    kit = f"planqk_protocol {__version__}, vectors {VERSION}"
    assert f"PASSED decoder | profile full | {kit} | {count} passed, 0 failed\n" in PAGE
    assert f"`stopped after 12 of {count}`" in PAGE
    passed = Summary(passed=count, failed=0, declined=0, differs=0)
    assert str(passed) == f"{count} passed, 0 failed"
    assert Report(kind="decoder", command=[], planned=0, profile="full").claim.startswith(
        f"FAILED decoder | profile full | {kit} | "
    )
