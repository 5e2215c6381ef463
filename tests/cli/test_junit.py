"""JUnit XML: what is written keeps to the schema that readers use, and says what was found."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import msgspec
import pytest

from planqk_protocol.cli.found import Found
from planqk_protocol.cli.junit import to_junit
from planqk_protocol.diagnosis import Finding
from tests.cli.findings import ALL, INDENTED, RELATED, UNWISE, found

# For each element that junit-10.xsd has (jenkinsci/xunit-plugin): the elements in it, the attributes
# that it must have, and those that it may have. Of those that are not written here, none may come.
SCHEMA = {
    "testsuites": ({"testsuite"}, set(), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
    ),
    "testcase": (
        {"skipped", "error", "failure", "system-out", "system-err"},
        {"name"},
        {"time", "classname", "group"},
    ),
    "failure": (set(), set(), {"type", "message"}),
    "system-out": (set(), set(), set()),
}


def check(element: ET.Element) -> None:
    inside, required, optional = SCHEMA[element.tag]
    assert required <= set(element.keys()) <= required | optional
    assert bool(inside) or not len(element)
    for child in element:
        assert child.tag in inside
        check(child)


def suite(*findings: Found, subject: str = "job.log") -> ET.Element:
    root = ET.fromstring(to_junit(findings, subject))  # noqa: S314  # it is our own
    assert root.tag == "testsuites"
    check(root)
    (only,) = root
    return only


def test_each_finding_is_a_test_case() -> None:
    only = suite(*map(found, ALL))
    assert only.attrib == {"name": "job.log", "tests": "4", "failures": "3", "errors": "0"}
    assert [case.get("name") for case in only] == [
        "marker-indented at job.log:3:1",
        "unterminated-block at job.log:12:1",
        "big-integer at job.log:5:20",
        "no-result at job.log",
    ]
    assert [[child.tag for child in case] for case in only] == [
        ["failure"],
        ["failure"],
        ["system-out"],
        ["failure"],
    ]


def test_a_failure_says_what_and_where() -> None:
    failure = suite(found(INDENTED))[0][0]
    assert failure.attrib == {"type": "error", "message": "two spaces stand before the marker"}
    assert failure.text == (
        "job.log:3:1: two spaces stand before the marker. Print it at the beginning of the line."
    )


def test_related_places_are_named() -> None:
    text = suite(found(RELATED))[0][0].text
    assert text is not None
    assert text.splitlines()[-1] == "job.log:14:2: this line was meant to close it"


def test_what_is_only_unwise_passes() -> None:
    only = suite(found(UNWISE))
    assert only.get("failures") == "0"
    assert only[0][0].text == "job.log:5:20: the integer is beyond 2^53. Print it as a string."


def test_nothing_to_find_is_a_test_case_that_passes() -> None:
    only = suite()
    assert (only.get("tests"), only.get("failures")) == ("1", "0")
    assert [len(case) for case in only] == [0]


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\ufffe", "<&>\"'", "]]>", "\ud800"])
def test_any_text_is_legal(text: str) -> None:
    finding: Finding = msgspec.structs.replace(INDENTED, message=text)
    message = suite(found(finding), subject=text)[0][0].get("message")
    assert message == "".join(
        c if c.isprintable() and c not in "\ufffe\ud800" else repr(c)[1:-1] for c in text
    )
