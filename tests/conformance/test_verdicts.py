"""Reports for other programs."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from planqk_protocol.conformance.verdicts import (
    Status,
    Summary,
    Verdict,
    by_rule,
    summarise,
    to_json,
    to_junit,
)


def verdict(rule: str, case: str, status: Status, reason: str = "", errors: str = "") -> Verdict:
    return Verdict(
        rule=rule,
        id=f"{rule}/{case}",
        way="whole",
        status=status,
        about="It is so.",
        reason=reason,
        errors=errors,
    )


VERDICTS = [
    verdict("exit-code", "a", Status.PASSED),
    verdict("block", "a", Status.PASSED),
    verdict("line-lf", "a", Status.FAILED, "- x\n+ \x1b[0m\x00", "oh\udcffdear"),
    verdict("block", "b", Status.DECLINED),
    verdict("block", "c", Status.DIFFERS, "- x"),
]
COMMAND = ["./decoder", "\udcff"]


def test_summary() -> None:
    assert str(summarise(VERDICTS)) == "2 passed, 1 failed, 1 declined"
    assert str(summarise(VERDICTS[:3])) == "2 passed, 1 failed"


@pytest.mark.parametrize(("passed", "failed", "good"), [(1, 0, True), (0, 0, False), (1, 1, False)])
def test_good_is_something_passed_and_nothing_failed(*, passed: int, failed: int, good: bool) -> None:
    assert Summary(passed=passed, failed=failed, declined=1, differs=1).is_good is good


def test_by_rule_in_the_order_of_the_specification() -> None:
    assert by_rule(VERDICTS) == [
        ("line-lf", Summary(passed=0, failed=1, declined=0, differs=0)),
        ("block", Summary(passed=1, failed=0, declined=1, differs=1)),
        ("exit-code", Summary(passed=1, failed=0, declined=0, differs=0)),
    ]


def test_json() -> None:
    report = json.loads(to_json(VERDICTS[:2] + VERDICTS[3:], COMMAND))
    assert report["command"] == ["./decoder", "\ufffd"]
    assert report["summary"] == {"passed": 2, "failed": 0, "declined": 1, "differs": 1}
    assert list(report["rules"]) == ["block", "exit-code"]
    assert report["cases"][0]["status"] == "passed"
    assert report["vectors_version"] == 1


def test_junit() -> None:
    root = ET.fromstring(to_junit(VERDICTS, COMMAND))  # noqa: S314  # our own
    suites = root.findall("testsuite")
    assert root.get("name") == "./decoder \ufffd"
    assert [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in suites] == [
        ("line-lf", "1", "1", "0"),
        ("block", "3", "0", "2"),
        ("exit-code", "1", "0", "0"),
    ]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("It is so.", "- x\n+ \ufffd[0m\ufffd\noh\ufffddear")
    assert [skipped.get("message") for skipped in root.iter("skipped")] == [
        "declined",
        "the rules leave this open",
    ]
