"""Findings as a report in JUnit XML, which most services for continuous integration can show.

There is no standard for the format. This is what ``junit-10.xsd`` of Jenkins'
xUnit plugin allows (jenkinsci/xunit-plugin).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from planqk_protocol.cli.found import Found
from planqk_protocol.diagnosis import Severity

__all__ = ["to_junit"]

_ILLEGAL = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # XML 1.0, section 2.2


def to_junit(findings: Sequence[Found], subject: str) -> bytes:
    """A report of findings as JUnit XML.

    Each finding is a test case. It has failed, unless its severity is ``info``.
    If nothing was found, there is one test case, which has passed.

    Args:
        findings: The findings.
        subject: The name of what was checked.
    """
    failures = [found for found in findings if found.finding.severity is not Severity.INFO]
    root = ET.Element("testsuites", name="planqk-protocol check")
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_legal(subject),
        tests=str(len(findings) or 1),
        failures=str(len(failures)),
        errors="0",
    )
    for found in findings:
        case = ET.SubElement(
            suite,
            "testcase",
            name=f"{found.finding.rule} at {_legal(found.spot.shown)}",
            classname=_legal(subject),
        )
        text = _legal("\n".join([f"{found.spot.shown}: {found.text}", *_related(found)]))
        if found.finding.severity is Severity.INFO:
            ET.SubElement(case, "system-out").text = text
        else:
            message = _legal(found.finding.message)
            ET.SubElement(case, "failure", type=found.finding.severity.value, message=message).text = text
    if not findings:
        ET.SubElement(suite, "testcase", name="nothing to find", classname=_legal(subject))
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _related(found: Found) -> list[str]:
    return [f"{spot.shown}: {message}" for message, spot in found.related]


def _legal(text: str) -> str:
    """The text with escapes for the characters that XML does not have."""
    return _ILLEGAL.sub(lambda match: repr(match[0])[1:-1], text)
