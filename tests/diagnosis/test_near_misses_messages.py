"""Messages, advice and fixes of near misses."""

from __future__ import annotations

import pytest

from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.near_misses import near_miss
from tests.diagnosis.judging import VALUE, judge

MESSAGES = [
    ("    PlanQK:Job:Result: @", "the marker begins at column 5, after 4 spaces"),
    ("\tPlanQK:Job:Result: @", "the marker begins at column 2, after a tab"),
    (" \tPlanQK:Job:Result: @", "the marker begins at column 3, after white space"),
    (
        "  planqk:job:result: @",
        "the marker begins at column 3, after 2 spaces; it is not spelt PlanQK:Job:Result:, either",
    ),
    ("INFO PlanQK:Job:Result: @", "the marker begins at column 6, after a logger's prefix, 'INFO '"),
    (
        "warnPlanQK:Job:Result: @",  # a text that was left unfinished, such as one on standard error
        "the marker begins at column 5, after text that ends with 'warn' and no newline",
    ),
    (
        'event="PlanQK:Job:Result: 42"',
        "the marker begins at column 8, after a logger's record, 'event=\"'",
    ),
    ("+ echo PlanQK:Job:Result: @", "the marker begins at column 8, after a shell's trace, '+ echo '"),
    ("'PlanQK:Job:Result: 42'", 'the marker begins at column 2, after an opening quote, "\'"'),
    ("\ufeffPlanQK:Job:Result: @", "the marker begins at column 2, after a byte order mark (U+FEFF)"),
    (
        "50%\rPlanQK:Job:Result: @",
        "the marker begins at column 5, after text that ends with a carriage return",
    ),
    (
        "done.PlanQK:Job:Result: @",
        "the marker begins at column 6, after text that ends with 'done.' and no newline",
    ),
    (
        "\u200bPlanQK:Job:Result: @",
        "the marker begins at column 2, after the character U+200B (zero width space)",
    ),
    (
        "PlanQK:\u200bJob:Result: @",
        "the character U+200B (zero width space) stands in the marker, at column 8",
    ),
    ("PlanQK:Job:Result @", "no colon stands after PlanQK:Job:Result"),
    ("PlanQK:Job:Results: @", "'PlanQK:Job:Results:' is no marker; the nearest one is PlanQK:Job:Result:"),
    (
        "PlanQk:Job:Result: @",
        "'PlanQk:Job:Result:' differs from PlanQK:Job:Result: in upper and lower case",
    ),
    (
        "PlanQK:Job:MultilineResult: 1",
        "': 1' follows PlanQK:Job:MultilineResult, which must stand alone on its line",
    ),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_the_message_says_what_is_wrong(text: str, message: str) -> None:
    miss = judge(text.replace("@", VALUE))
    assert miss is not None
    assert miss.finding.message == message


@pytest.mark.parametrize("before", ["  ", "INFO ", "\x1b[1m", "\u200b"])
@pytest.mark.parametrize(
    ("marked", "call"),
    [
        ("PlanQK:Job:Result: 1", "print('PlanQK:Job:Result:', json.dumps(value), flush=True)"),
        ("PlanQK:Job:InterimResult: 1", "print('PlanQK:Job:InterimResult:', json.dumps(value), flush=True)"),
    ],
)
def test_the_advice_shows_how_to_print_this_marker(before: str, marked: str, call: str) -> None:
    miss = judge(before + marked)
    assert miss is not None
    assert call in miss.finding.advice


def test_the_advice_shows_how_to_print_a_block() -> None:
    miss = judge("PlanQK:Job:MultiLineResult")
    assert miss is not None
    fence = "'PlanQK:Job:MultilineResult'"
    call = f"print({fence}, json.dumps(value, indent=2), {fence}, sep='\\n', flush=True)"
    assert call in miss.finding.advice


FIXES = [
    ("    PlanQK:Job:Result: @", "PlanQK:Job:Result: @"),
    ("  planqk:job:result: @", "PlanQK:Job:Result: @"),
    ("\ufeffPlanQK:Job:Result: @", "PlanQK:Job:Result: @"),
    ("\x1b[32mPlanQK:Job:Result: @\x1b[0m", "PlanQK:Job:Result: @"),
    ("PlanQK:Job:MultilineResult\x1b[0m", "PlanQK:Job:MultilineResult"),
    ("PlanQK:Job:MultilineResult\u00a0", "PlanQK:Job:MultilineResult"),
    ("PlanQK\uff1aJob\uff1aResult\uff1a @", "PlanQK:Job:Result: @"),
    ("PlanQK:Job:\x1b[1mResult\x1b[0m: @", "PlanQK:Job:Result: @"),
    ("PLANQK:JOB:RESULT: @", "PlanQK:Job:Result: @"),
    ("PlanQK:Job:interimresult @", "PlanQK:Job:InterimResult @"),
    ("PlanQK:Job:Results: @", None),
    ("planqk:job:result @", None),
    ("PlanQK:Job:Result @", None),
    ("INFO PlanQK:Job:Result: @", None),
    ("50%\rPlanQK:Job:Result: @", None),
    ("done.PlanQK:Job:Result: @", None),
    ("  PlanQK:Job:MultilineResult: @", None),
]


@pytest.mark.parametrize(("text", "mended"), FIXES)
def test_a_fix_is_given_where_it_is_certain(text: str, mended: str | None) -> None:
    data = text.replace("@", VALUE).encode()
    miss = judge(data)
    assert miss is not None
    fix = miss.finding.fix
    if fix is None:
        assert mended is None
    else:
        start = fix.place.offset - 1000
        fixed = data[:start] + fix.replacement.encode() + data[start + fix.place.length :]
        assert mended is not None
        assert fixed.decode() == mended.replace("@", VALUE)


def test_no_fix_where_the_end_of_a_line_is_not_held() -> None:
    miss = near_miss(Line(b"  PlanQK:Job:Result: {", 1, 0, is_end=False), in_block=False)
    assert miss is not None
    assert miss.finding.fix is None
