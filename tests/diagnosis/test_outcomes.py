"""Findings about the outcome: which there are, in which order, and what they say."""

from __future__ import annotations

import msgspec
import pytest

from planqk_protocol import InterimResult, Log, MultilineResult, Result, Violation, parse
from planqk_protocol.captures import CaptureNotice, NoticeKind, Source, StdStream
from planqk_protocol.diagnosis import Example, Finding, Place, Rule, Severity
from planqk_protocol.diagnosis.outcomes import Course, notice_finding
from planqk_protocol.diagnosis.rules.captures import RULES as CAPTURES
from planqk_protocol.diagnosis.rules.outcomes import RULES
from tests.diagnosis.rule_examples import examples

RESULT, INTERIM = b"PlanQK:Job:Result:", b"PlanQK:Job:InterimResult:"
FENCE = b"PlanQK:Job:MultilineResult\n"


def course_of(stream: bytes, *, cause: str = "") -> tuple[Course, list[Finding]]:
    """The course of a stream, and the findings on the way. `cause` is the rule of its violations."""
    course = Course()
    found: list[Finding] = []
    offset = 0
    for event in parse(stream):
        if isinstance(event, InterimResult | Result | MultilineResult | Violation):
            violation = finding_of(cause) if cause else None
            found += course.add(event, offset, violation=violation)
        offset += len(event.raw)
    return course, found


def finding_of(rule: str, place: Place | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message="", advice="", place=place)


def findings(
    stream: bytes,
    exit_code: int | None = None,
    *,
    is_cut_off: bool = False,
    cause: str = "",
    is_on_stderr: bool = False,
    suspect: Finding | None = None,
    why_ended: str = "",
    stderr_exception: str = "",
) -> list[Finding]:
    course, found = course_of(stream, cause=cause)
    if suspect:
        course.suspect(suspect)
    lines = stream.count(b"\n") + (not stream.endswith(b"\n") and stream != b"")
    return found + course.close(
        exit_code=exit_code,
        why_ended=why_ended,
        line_count=lines,
        is_cut_off=is_cut_off,
        is_on_stderr=is_on_stderr,
        stderr_exception=stderr_exception,
    )


def rules(found: list[Finding]) -> list[str]:
    return [finding.rule for finding in found]


@pytest.mark.parametrize(("rule", "wrong"), examples(RULES, "wrong"))
def test_a_wrong_example_has_a_finding_of_its_rule(rule: Rule, wrong: Example) -> None:
    assert rule.id in rules(findings(wrong.stdout, wrong.exit_code))


@pytest.mark.parametrize(("rule", "right"), examples(RULES, "right"))
def test_a_right_example_has_none(rule: Rule, right: Example) -> None:
    assert rule.id not in rules(findings(right.stdout, right.exit_code))


VALID, BROKEN, LATE = RESULT + b" 42\n", RESULT + b" {'a': 1}\n", INTERIM + b" 1\n"


@pytest.mark.parametrize(
    ("stream", "exit_code", "expected"),
    [
        (VALID, None, []),
        (VALID, 0, []),
        (VALID, 1, ["failed-with-result"]),
        (VALID, -9, ["failed-with-result"]),
        (LATE + VALID, 0, []),
        (VALID + LATE, 0, ["interim-after-result"]),
        (VALID + LATE, 3, ["interim-after-result", "failed-with-result"]),
        (VALID + VALID, 0, []),  # the second one is a violation, and has a finding as such
        (VALID[:-1], 0, ["unterminated-result"]),
        (VALID + LATE[:-1], 0, ["interim-after-result"]),
        (LATE[:-1], 0, ["no-result"]),
        (FENCE + b"1\n" + FENCE[:-1], None, ["unterminated-result"]),
        (FENCE + b"1\n" + FENCE, None, []),
        (FENCE + b"1\n", None, ["no-result"]),
        (FENCE + b"1\n", 0, ["succeeded-with-broken-result"]),
        (BROKEN, None, ["no-result"]),
        (BROKEN, 1, ["no-result"]),
        (BROKEN, 0, ["succeeded-with-broken-result"]),
        (BROKEN + VALID, 0, ["succeeded-with-broken-result"]),
        (BROKEN + LATE, None, ["no-result"]),
        (BROKEN[:-1], None, ["unterminated-result", "no-result"]),
        (INTERIM + b" {'a'}\n", 0, ["no-result"]),
        (INTERIM + b" {'a'}\n" + VALID, 0, []),
        (b"log\n", None, ["no-result"]),
        (b"", 0, ["no-result"]),
    ],
)
def test_which_findings_there_are(stream: bytes, exit_code: int | None, expected: list[str]) -> None:
    assert rules(findings(stream, exit_code)) == expected


@pytest.mark.parametrize("cause", ["json-truncated", "json-empty"])
def test_a_cause_that_says_that_the_end_is_missing_says_enough(cause: str) -> None:
    assert rules(findings(RESULT + b' {"a": ', cause=cause)) == ["no-result"]
    assert rules(findings(RESULT + b" {'a'}", cause="json-single-quotes"))[0] == "unterminated-result"


@pytest.mark.parametrize(
    ("stream", "column"),
    [(RESULT + b" 42", 22), ('PlanQK:Job:Result: "ä😀"'.encode(), 24), (FENCE + b"1\n" + FENCE[:-1], 27)],
)
def test_an_unterminated_result_stands_one_past_its_last_character(stream: bytes, column: int) -> None:
    (found,) = findings(b"log\n" + stream)
    assert (found.line, found.column) == (2 + stream.count(b"\n"), column)
    assert (found.offset, found.length) == (4 + len(stream), 0)


def test_an_interim_result_after_the_result_names_both() -> None:
    stream = b"log\n" + RESULT + b"42\r\nlog\n" + INTERIM + b" 1\n"
    (found,) = findings(stream)
    assert found.place == Place(4, 1, stream.index(INTERIM), len(INTERIM))
    assert [related.place for related in found.related] == [Place(2, 1, 4, len(RESULT) + 2)]


def test_of_many_interim_results_after_the_result_only_some_are_found() -> None:
    assert rules(findings(VALID + LATE * 1000)) == ["interim-after-result"] * 10


@pytest.mark.parametrize(
    ("stream", "exit_code", "rule"),
    [
        (VALID, 1, "failed-with-result"),
        (BROKEN, 0, "succeeded-with-broken-result"),
        (BROKEN, None, "no-result"),
    ],
)
def test_findings_about_the_result_are_related_to_it(stream: bytes, exit_code: int | None, rule: str) -> None:
    found = {finding.rule: finding for finding in findings(b"log\n" + stream, exit_code)}[rule]
    assert found.place is None
    assert [related.place for related in found.related] == [Place(2, 1, 4, len(stream) - 1)]


@pytest.mark.parametrize(
    ("exit_code", "severity"), [(None, Severity.ERROR), (0, Severity.ERROR), (1, Severity.WARNING)]
)
def test_of_a_job_that_failed_no_result_is_expected(exit_code: int | None, severity: Severity) -> None:
    assert findings(b"log\n", exit_code)[-1].severity is severity


NEAR_MISS = finding_of("marker-indented", Place(7, 1, 100, 4))


@pytest.mark.parametrize(
    ("found", "there", "cause"),
    [
        (findings(b"log\n"), "", "no line begins with PlanQK:Job:Result:"),
        (findings(b"log\n", 0), " (exit code 0)", "no line begins"),
        (findings(b"", 0), " (exit code 0)", "nothing was printed"),
        (findings(b"log\n", 1), " (exit code 1)", "the job failed before it printed one"),
        (findings(b"log\n", 137), " (exit code 137)", "the job was killed"),
        (findings(b"log\n", is_cut_off=True), "", "the output was cut off"),
        (
            findings(b"log\n", 137, is_cut_off=True, why_ended="it ran longer than 2 s"),
            " (exit code 137)",
            "the job was ended before it printed one, because it ran longer than 2 s",
        ),
        (findings(LATE), " (1 interim result)", "interim results do not count"),
        (findings(LATE * 1200, 0), " (1,200 interim results, exit code 0)", "interim results do not count"),
        (findings(b"x\n" + BROKEN, 1), " (exit code 1)", "the first one, on line 2, is not valid"),
        (
            findings(b"", is_on_stderr=True),
            " (a result on standard error)",
            "only results on standard",
        ),
        (
            findings(LATE, suspect=NEAR_MISS),
            " (1 interim result)",
            "most likely, it is what `marker-indented`",
        ),
        (
            findings(b"x", suspect=finding_of("capture-gap")),
            "",
            "most likely, it is what `capture-gap` found",
        ),
    ],
)
def test_no_result_says_what_there_is_and_why(found: list[Finding], there: str, cause: str) -> None:
    last = found[-1]
    assert last.rule == "no-result"
    assert last.message.startswith(f"there is no result{there}: {cause}")
    assert last.advice


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        ("marker-indented", "Mend what was found, and run the job again."),
        ("capture-truncated", "Do what is advised there. If the result stays lost, run the job again."),
    ],
)
def test_a_job_is_not_run_again_because_its_capture_is_damaged(rule: str, advice: str) -> None:
    assert findings(b"log\n", suspect=finding_of(rule))[-1].advice == advice


RAISED = "'TypeError: Object of type int64 is not JSON serializable'"


@pytest.mark.parametrize(
    ("exit_code", "why_ended", "cause"),
    [
        (1, "", f"most likely, an exception ended the job: {RAISED}"),
        (0, "", "no line begins with"),  # it was dealt with
        (None, "", "no line begins with"),
        (1, "it ran too long", "the job was ended before"),
    ],
)
def test_the_exception_on_standard_error_is_why_a_job_that_failed_gave_no_result(
    exit_code: int | None, why_ended: str, cause: str
) -> None:
    last = findings(b"log\n", exit_code, why_ended=why_ended, stderr_exception=RAISED)[-1]
    assert cause in last.message


def test_of_a_value_that_json_dumps_refuses_the_advice_tells_how_to_convert_it() -> None:
    assert "default=" in findings(b"log\n", 1, stderr_exception=RAISED)[-1].advice
    assert "traceback" in findings(b"log\n", 1, stderr_exception="'KeyError: 1'")[-1].advice


def test_only_where_nothing_tells_how_the_job_ended_the_advice_speaks_of_a_failure() -> None:
    assert "If the job failed" in findings(b"log\n")[-1].advice
    assert "If the job failed" not in findings(b"log\n", 0)[-1].advice


CUT = RESULT + b' {"a": '


@pytest.mark.parametrize("exit_code", [None, 0])
def test_a_job_is_not_blamed_for_a_result_that_breaks_off(exit_code: int | None) -> None:
    last = findings(CUT, exit_code, cause="json-truncated")[-1]
    assert "get the whole output" in last.advice
    assert "Mend" not in last.advice
    assert exit_code == 0 or last.message.endswith("line 1, breaks off at the end of the output")


def test_if_the_job_failed_that_is_why_its_result_breaks_off() -> None:
    last = findings(CUT, 137, cause="json-truncated")[-1]
    assert "the job was killed" in last.message


def test_a_line_that_ends_does_not_break_off() -> None:
    assert "Mend" in findings(CUT + b"\n", cause="json-truncated")[-1].advice


@pytest.mark.parametrize("exit_code", [None, 0, 1])
def test_a_job_is_not_blamed_for_a_result_that_the_capture_damaged(exit_code: int | None) -> None:
    course = Course()
    [event] = parse(BROKEN)
    assert isinstance(event, Violation)
    course.add(msgspec.structs.replace(event, suspect=True), 0, violation=finding_of("json-single-quotes"))
    [last] = course.close(exit_code=exit_code, line_count=1, is_cut_off=False, is_on_stderr=False)
    assert "get the whole output" in last.advice
    assert exit_code == 0 or last.message.endswith("not valid, but bytes of it may be missing or altered")


@pytest.mark.parametrize(("exit_code", "is_said"), [(None, True), (0, False)])
def test_a_job_that_printed_nothing_may_have_failed_unless_its_exit_code_is_known(
    exit_code: int | None, is_said: bool
) -> None:
    [found] = findings(b"", exit_code)
    assert ("did not fail" in found.advice) == is_said


def test_no_result_is_related_to_the_first_suspect() -> None:
    course = Course()
    course.suspect(NEAR_MISS)
    course.suspect(finding_of("marker-case", Place(9, 1, 200, 4)))
    (found,) = course.close(exit_code=None, line_count=10, is_cut_off=False, is_on_stderr=False)
    assert [related.place for related in found.related] == [NEAR_MISS.place]
    assert "on line 7" in found.message


def test_a_suspect_without_a_place_is_related_to_nothing() -> None:
    assert findings(b"x\n", suspect=finding_of("archive-not-log"))[-1].related == ()


# Notices of captures.


def test_there_is_a_rule_for_each_kind_of_notice() -> None:
    assert [rule.id for rule in CAPTURES] == [f"capture-{kind}" for kind in NoticeKind]


def notices(example: Example) -> tuple[list[str], list[str]]:
    """The rules of the findings of an example's notices, and the kinds of its events that are no log text."""
    source = Source(example.capture)
    parts = [source.feed(example.stdout), source.close()]
    found = [notice_finding(notice).rule for part in parts for notice in part.notices]
    events = [type(event).__name__ for part in parts for event in part.events if not isinstance(event, Log)]
    return found, events


@pytest.mark.parametrize(("rule", "wrong"), [(rule, wrong) for rule in CAPTURES for wrong in rule.wrong])
def test_a_wrong_capture_has_its_finding_only(rule: Rule, wrong: Example) -> None:
    assert notices(wrong) == ([rule.id], ["Result"])


@pytest.mark.parametrize(("rule", "right"), [(rule, right) for rule in CAPTURES for right in rule.right])
def test_a_right_capture_has_none(rule: Rule, right: Example) -> None:
    found, events = notices(right)
    assert rule.id not in found
    assert events in (["Result"], [])


@pytest.mark.parametrize("rule", CAPTURES, ids=lambda rule: rule.id)
def test_each_rule_has_examples(rule: Rule) -> None:
    assert len(rule.wrong) >= 1 + (rule.id != "capture-oversize")  # whose examples take a megabyte
    assert rule.right


def test_a_notice_says_where_in_the_capture_it_is() -> None:
    found = notice_finding(CaptureNotice(NoticeKind.GAP, 1234, 56789, "lost", StdStream.STDOUT, file=1))
    assert found.message == "file 2, record 1,234, at byte 56,789: lost"
    assert found.place is None
    assert notice_finding(CaptureNotice(NoticeKind.GAP, 1, 0, "x")).message == "record 1, at byte 0: x"


@pytest.mark.parametrize(
    ("stream", "severity"),
    [
        (StdStream.STDOUT, Severity.WARNING),
        (StdStream.UNKNOWN, Severity.WARNING),
        (StdStream.STDERR, Severity.INFO),
        (None, Severity.INFO),
    ],
)
def test_a_notice_about_another_stream_is_an_information(
    stream: StdStream | None, severity: Severity
) -> None:
    assert notice_finding(CaptureNotice(NoticeKind.TORN, 1, 0, "x", stream)).severity is severity
    assert notice_finding(CaptureNotice(NoticeKind.REPAIRED, 1, 0, "x", stream)).severity is Severity.INFO
