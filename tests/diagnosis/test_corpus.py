"""The corpus: mistakes as real services make them, and clean logs, in which there is nothing to find.

The expectations were written from the rules, not from what the engine finds. All files are JSON in ASCII:
invisible and foreign characters are escapes there.

``mistakes.json`` has a list of objects:

* ``name``: what the service did.
* ``stream``: what it printed. It is encoded in UTF-8, or as ``encoding`` says: in ``latin-1``, each
  character from U+0000 to U+00FF is the byte of that value.
* ``capture`` and ``exit_code``, if they are there: the arguments of `diagnose`.
* ``first``: the first finding; or a list, if the rules leave open which of several it is. ``rule`` is an id,
  or a list of ids. ``line`` and ``column`` begin at 1, and the column counts characters. ``length`` counts
  bytes. ``null`` says that the finding has no place. What is left out is not tested.
* ``all``, if it is there: the rules of all findings, in order.
* ``among``, if it is there: rules of some of the findings, in order. Others may stand among them.

``clean_lines.json`` has a list of objects: ``kind``, what prints such a line, and ``line``, without its LF.
``clean_streams.json`` has whole streams, with the keys of ``mistakes.json`` up to ``exit_code``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from planqk_protocol import diagnosis

HERE = Path(__file__).parent
RESULT = b'PlanQK:Job:Result: {"sum": 42}\n'
SEVERITIES = {"error", "warning", "info"}
LONGEST = 1000  # characters of a message or advice: it may quote the input, but not at any length
OF_THE_FIRST_BYTES = {"archive-not-log", "wrong-encoding", "no-result"}

Case = dict[str, Any]


def load(name: str) -> list[Case]:
    cases: list[Case] = json.loads((HERE / name).read_text(encoding="ascii"))
    return cases


def by_name(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def stream(case: Case) -> bytes:
    text: str = case["stream"]
    return text.encode(case.get("encoding", "utf-8"))


def find(case: Case) -> list[diagnosis.Finding]:
    return diagnosis.diagnose(
        stream(case), capture=case.get("capture", "raw"), exit_code=case.get("exit_code")
    )


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def rules(findings: list[diagnosis.Finding]) -> list[str]:
    return [str(finding.rule) for finding in findings]


def shown(findings: list[diagnosis.Finding]) -> str:
    """What a failing test says of the findings."""
    return "\n".join(
        f"{finding.line}:{finding.column}+{finding.length} {finding.rule}: {finding.message}"
        for finding in findings
    )


def fits(finding: diagnosis.Finding, wanted: Case) -> bool:
    return str(finding.rule) in as_list(wanted["rule"]) and all(
        getattr(finding, key) == wanted[key] for key in ("line", "column", "length") if key in wanted
    )


MISTAKES = load("mistakes.json")
LINES = load("clean_lines.json")
STREAMS = load("clean_streams.json")
PLACED = [
    case
    for case in MISTAKES
    if "capture" not in case and not OF_THE_FIRST_BYTES & set(as_list(as_list(case["first"])[0]["rule"]))
]
ENDED = [
    case for case in PLACED if case["stream"].endswith("\n") and "unterminated-block" not in json.dumps(case)
]
NOISE = b"".join(case["line"].encode() + b"\n" for case in LINES) * 4  # more than any chunk or buffer holds


def test_the_corpus_is_large_enough_and_names_each_case_once() -> None:
    assert len(MISTAKES) >= 250
    assert len({line["kind"] for line in LINES}) >= 300
    for cases, key in ((MISTAKES, "name"), (LINES, "line"), (STREAMS, "name")):
        assert len({case[key] for case in cases}) == len(cases)


@by_name(MISTAKES)
def test_the_first_finding_names_the_mistake_and_its_place(case: Case) -> None:
    findings = find(case)
    assert findings
    assert any(fits(findings[0], wanted) for wanted in as_list(case["first"])), (
        f"wanted {case['first']}, found\n{shown(findings)}"
    )


@by_name([case for case in MISTAKES if "all" in case])
def test_nothing_else_is_found(case: Case) -> None:
    findings = find(case)
    assert rules(findings) == case["all"], shown(findings)


@by_name([case for case in MISTAKES if "among" in case])
def test_the_others_are_found_too(case: Case) -> None:
    findings = find(case)
    rest = iter(rules(findings))
    assert all(rule in rest for rule in case["among"]), shown(findings)


def test_findings_are_in_order_and_complete() -> None:
    for case in MISTAKES:
        assert_order_and_texts(find(case))


def assert_order_and_texts(findings: list[diagnosis.Finding]) -> None:
    places = [(finding.line is None, finding.line or 0, finding.column or 0) for finding in findings]
    assert places == sorted(places), shown(findings)
    for finding in findings:
        assert str(finding.severity) in SEVERITIES
        for text in (finding.message, finding.advice):
            assert text, shown([finding])
            assert len(text) <= LONGEST
            assert text.replace("\n", " ").isprintable(), f"{text!r} is not harmless at a terminal"


def test_the_offset_is_that_of_line_and_column() -> None:
    for case in PLACED:
        if "encoding" not in case:
            assert_offsets(stream(case), find(case))


def assert_offsets(data: bytes, findings: list[diagnosis.Finding]) -> None:
    lines = data.split(b"\n")
    for finding in findings:
        if finding.line is None or finding.column is None:
            continue
        before = sum(len(line) + 1 for line in lines[: finding.line - 1])
        text = lines[finding.line - 1].decode()
        assert finding.column <= len(text) + 1
        assert finding.offset == before + len(text[: finding.column - 1].encode()), shown([finding])
        assert finding.length is None or finding.offset + finding.length <= len(data)


@by_name(PLACED[::6])
def test_what_stands_before_only_moves_the_findings(case: Case) -> None:
    count = NOISE.count(b"\n")
    before = find(case)
    after = diagnosis.diagnose(NOISE + stream(case), exit_code=case.get("exit_code"))
    assert rules(after) == rules(before), shown(after)
    for near, far in zip(before, after, strict=True):
        assert (far.column, far.length) == (near.column, near.length)
        assert far.line == (None if near.line is None else near.line + count)
        assert far.offset == (None if near.offset is None else near.offset + len(NOISE))


@by_name(ENDED[1::6])
def test_what_stands_behind_adds_no_finding(case: Case) -> None:
    before = find(case)
    after = diagnosis.diagnose(stream(case) + NOISE, exit_code=case.get("exit_code"))
    assert [(item.rule, item.line, item.column, item.length) for item in after] == [
        (item.rule, item.line, item.column, item.length) for item in before
    ]


@pytest.mark.parametrize("marker", ["Result:", "InterimResult:"])
def test_a_payload_that_exceeds_its_limit(marker: str) -> None:
    text = b'"' + b"a" * 64 * 1024 * 1024 + b'"\n'
    findings = diagnosis.diagnose(b"log\nPlanQK:Job:" + marker.encode() + text)
    assert str(findings[0].rule) == "payload-too-large"
    assert findings[0].line == 2


def test_nothing_is_found_in_a_clean_line() -> None:
    for case in LINES:  # one test, as there are hundreds
        line = case["line"].encode() + b"\n"
        for data in (line + RESULT, RESULT + line, b"starting\n" + line + RESULT + line):
            findings = diagnosis.diagnose(data, exit_code=0)
            assert not findings, f"{case['kind']}: {shown(findings)}"


def test_nothing_is_found_in_all_clean_lines_together() -> None:
    lines = [case["line"].encode() + b"\n" for case in LINES]
    for data in (b"".join([*lines, RESULT]), b"".join([RESULT, *reversed(lines)])):
        findings = diagnosis.diagnose(data, exit_code=0)
        assert not findings, shown(findings)


@pytest.mark.parametrize("case", LINES[::10], ids=[case["kind"] for case in LINES[::10]])
def test_a_log_of_clean_lines_lacks_nothing_but_its_result(case: Case) -> None:
    findings = diagnosis.diagnose(case["line"].encode() + b"\n", exit_code=0)
    assert rules(findings) == ["no-result"], shown(findings)


@by_name(STREAMS)
def test_nothing_is_found_in_a_clean_stream(case: Case) -> None:
    findings = find(case)
    assert not findings, shown(findings)
