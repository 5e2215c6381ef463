"""The report on a program: its claim, its failures, and the files for other programs."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import msgspec
import pytest

from planqk_protocol import __version__
from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.report import FailedCases, Report
from planqk_protocol.conformance.vectors import VERSION


def graded(id_: str, grade: Grade, chunking: str = "whole", reason: str = "", errors: str = "") -> GradedCase:
    return GradedCase(
        id=id_,
        rule=id_.split("/", maxsplit=1)[0],
        about="It is so.",
        grade=grade,
        chunking=chunking,
        input=("'in'",) if reason else (),
        reason=reason,
        errors=errors,
    )


CASES = [
    graded("exit-code/a", Grade.PASSED, ""),
    graded("block/a", Grade.PASSED),
    graded("line-lf/a", Grade.FAILED, "bytes", "- x\n+ \x1b[0m\x00", "oh\udcffdear"),
    graded("block/b", Grade.DECLINED),
    graded("block/c", Grade.DIFFERS, "lines", "- x"),
]
COMMAND = ["./decoder", "\udcff"]
REPORT = Report(kind="decoder", command=COMMAND, planned=5, cases=CASES, profile="full")
KIT = f"planqk_protocol {__version__}, vectors {VERSION}"


CLAIMS = {
    "failed": (REPORT, f"FAILED decoder | profile full | {KIT} | 2 passed, 1 failed, 1 declined, 1 differ"),
    "passed": (
        Report(kind="encoder", command=[], planned=2, cases=CASES[:2]),
        f"PASSED encoder | {KIT} | 2 passed, 0 failed",
    ),
    "nothing tested": (
        Report(kind="service", command=[], planned=0),
        f"FAILED service | {KIT} | 0 passed, 0 failed",
    ),
    "a part": (
        Report(
            kind="decoder",
            command=[],
            planned=9,
            cases=CASES[1:3],
            profile="full",
            selection=["--rule", "x"],
        ),
        f"FAILED decoder | profile full | only --rule x | {KIT} | 1 passed, 1 failed | stopped after 2 of 9",
    ),
}


@pytest.mark.parametrize(("report", "claim"), CLAIMS.values(), ids=CLAIMS)
def test_the_claim_names_what_was_tested_and_with_what(report: Report, claim: str) -> None:
    assert report.claim == claim


def test_a_failure_is_one_whatever_the_number_of_its_chunkings() -> None:
    whole = graded("block/a", Grade.PASSED, "whole")
    lines, bytes_ = (graded("block/a", Grade.FAILED, chunking, "- x") for chunking in ("lines", "bytes"))
    other = graded("block/b", Grade.FAILED, "whole", "- x")
    report = Report(kind="decoder", command=[], planned=4, cases=[whole, lines, bytes_, other])
    first, second = report.failures()
    assert first == FailedCases(first=lines, reasons=(("- x", (lines, bytes_)),), passed=("whole",))
    assert (first.chunkings, second.chunkings) == (("lines", "bytes"), ("whole",))


def test_a_failure_has_all_its_reasons() -> None:
    cases = [
        graded("block/a", Grade.FAILED, chunking, reason)
        for chunking, reason in (("whole", "x"), ("lines", "y"), ("bytes", "x"))
    ]
    [failed] = Report(kind="decoder", command=[], planned=3, cases=cases).failures()
    assert failed.reasons == (("x", (cases[0], cases[2])), ("y", (cases[1],)))
    assert failed.passed == ()


def test_a_failure_of_an_encoder_has_no_chunkings() -> None:
    [failed] = Report(
        kind="encoder", command=[], planned=1, cases=[graded("encoder/a", Grade.FAILED, "", "x")]
    ).failures()
    assert failed.chunkings == ()


def limited(id_: str, grade: Grade, limits: str, chunking: str = "whole") -> GradedCase:
    return msgspec.structs.replace(graded(id_, grade, chunking), limits=limits)


ODD = {
    "no limit is taken": ([limited("x/a", Grade.DECLINED, "--max-line 5")], []),
    "another limit is taken": (
        [limited("x/a", Grade.PASSED, "--max-line 5"), limited("x/b", Grade.DECLINED, "--max-depth 5")],
        [],
    ),
    "one of two is taken": (
        [
            limited("x/a", Grade.PASSED, "--max-line 5"),
            limited("x/b", Grade.DECLINED, "--max-line 5 --max-depth 5"),
        ],
        [],
    ),
    "a failure takes nothing": (
        [limited("x/a", Grade.FAILED, "--max-line 5"), limited("x/b", Grade.DECLINED, "--max-line 5")],
        [],
    ),
    "a default is not given": (
        [limited("x/a", Grade.PASSED, "--max-line 5"), limited("x/b", Grade.DECLINED, "")],
        [],
    ),
    "each vector once": (
        [
            limited("x/a", Grade.DECLINED, "--max-line 7"),
            limited("x/a", Grade.DECLINED, "--max-line 7", "bytes"),
            limited("x/b", Grade.DIFFERS, "--max-line 5"),
            limited("x/c", Grade.DECLINED, "--max-line none"),
        ],
        [("x/a", "whole"), ("x/c", "whole")],
    ),
}


@pytest.mark.parametrize(("cases", "odd"), ODD.values(), ids=ODD)
def test_limits_are_taken_everywhere_or_nowhere(cases: list[GradedCase], odd: list[tuple[str, str]]) -> None:
    report = Report(kind="decoder", command=[], planned=len(cases), cases=cases)
    assert [(case.id, case.chunking) for case in report.oddly_declined()] == odd


def test_json() -> None:
    report = msgspec.structs.replace(REPORT, cases=CASES[:2] + CASES[3:], selection=["--rule", "\udcff"])
    found = json.loads(report.to_json())
    assert found["command"] == ["./decoder", "\ufffd"]
    assert found["summary"] == {"passed": 2, "failed": 0, "declined": 1, "differs": 1}
    assert list(found["rules"]) == ["block", "exit-code"]
    assert found["cases"][0]["grade"] == "passed"
    assert found["cases"][3]["input"] == ["'in'"]
    assert (found["kit_version"], found["vectors_version"]) == (__version__, VERSION)
    assert (found["kind"], found["profile"], found["planned"]) == ("decoder", "full", 5)
    assert found["selection"] == ["--rule", "\ufffd"]
    assert found["claim"].startswith("PASSED decoder | profile full | only --rule ")
    assert json.loads(Report(kind="service", command=[], planned=0).to_json())["profile"] is None


def test_junit() -> None:
    root = ET.fromstring(REPORT.to_junit())  # noqa: S314  # our own
    suites = root.findall("testsuite")
    assert root.get("name") == "./decoder \ufffd"
    assert [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in suites] == [
        ("line-lf", "1", "1", "0"),
        ("block", "3", "0", "2"),
        ("exit-code", "1", "0", "0"),
    ]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "It is so."
    assert failure.text == "'in'\n- x\n+ \ufffd[0m\ufffd\noh\ufffddear"
    assert [skipped.get("message") for skipped in root.iter("skipped")] == [
        "declined",
        "the place of a fault differs",
    ]
    assert [case.get("name") for case in root.iter("testcase")][::4] == ["line-lf/a (bytes)", "exit-code/a"]


def test_junit_names_the_limits() -> None:
    limited = msgspec.structs.replace(CASES[2], limits="--max-line 5")
    root = ET.fromstring(msgspec.structs.replace(REPORT, cases=[limited]).to_junit())  # noqa: S314  # our own
    assert str(root.findtext("testsuite/testcase/failure")).startswith("limits: --max-line 5\n'in'\n- x\n")
