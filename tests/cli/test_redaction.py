"""Redacted findings: the rule and the place stay, and nothing that the job printed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Marker
from planqk_protocol.cli.redaction import redacted
from planqk_protocol.diagnosis import RULES, Excerpt, Finding, Fix, Place, Related, diagnose
from planqk_protocol.marked import marker_text

PLACE = Place(line=3, column=21, offset=50, length=4)


@given(
    secret=st.text(st.sampled_from("01459äß日😀"), min_size=3),
    rule=st.sampled_from(sorted(RULES)),
    marker=st.sampled_from(Marker),
)
def test_nothing_that_was_printed_stays(secret: str, rule: str, marker: Marker) -> None:
    finding = Finding(
        rule=rule,
        severity=RULES[rule].severity,
        message=f"{secret} is wrong",
        advice=f"print something else than {secret}",
        place=PLACE,
        excerpt=Excerpt(f"{marker_text(marker)} {secret} {secret}", column=7, is_end=False),
        related=(Related(f"{secret} was here", PLACE),),
        fix=Fix(PLACE, secret),
    )
    hidden = redacted(finding)
    assert secret not in repr(hidden)
    assert (hidden.rule, hidden.severity, hidden.place) == (finding.rule, finding.severity, PLACE)
    if rule != "no-result":
        assert (hidden.message, hidden.advice) == (RULES[rule].summary, RULES[rule].advice)
    stars = "*" * len(secret)
    assert hidden.excerpt == Excerpt(f"{marker_text(marker)} {stars} {stars}", column=7, is_end=False)
    assert [item.place for item in hidden.related] == [PLACE]
    assert hidden.fix is None


def test_a_finding_without_a_line() -> None:
    finding = Finding(rule="no-result", severity=RULES["no-result"].severity, message="none", advice="")
    assert redacted(finding).excerpt is None


def test_why_there_is_no_result_is_told_by_its_line() -> None:
    found = diagnose(b"log\nPlanQK:Job:Result: {'secret': 1}\n")
    hidden = redacted(found[-1])
    assert (hidden.message, hidden.advice) == (
        "the job gave no result: see line 2",
        "Mend what is wrong on line 2.",
    )


def test_what_only_resembles_a_marker_is_hidden() -> None:
    finding = Finding(
        rule="no-result",
        severity=RULES["no-result"].severity,
        message="",
        advice="",
        place=PLACE,
        excerpt=Excerpt("planqk:job:result: 42\tx"),
    )
    assert redacted(finding).excerpt == Excerpt("****************** **\t*")
