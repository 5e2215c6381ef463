"""Properties of near misses: prefixes of any logger, any line, any marked line."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol.diagnosis.line import Line
from planqk_protocol.diagnosis.near_misses import near_miss
from planqk_protocol.diagnosis.rules.markers import RULES
from tests.diagnosis.judging import found

IDS = {rule.id for rule in RULES}

STAMPS = st.datetimes().flatmap(
    lambda time: st.sampled_from(
        [
            time.isoformat(timespec="milliseconds"),
            time.isoformat(timespec="seconds") + "Z",
            time.strftime("%H:%M:%S"),
            f"{time:%m/%d/%y %H:%M:%S}",
            f"{time.year:04}-{time:%m-%d %H:%M:%S},{time.microsecond // 1000:03}",
            f"{time.year:04}/{time:%m/%d %H:%M:%S}",
            f"{time:%b} {time.day:2} {time:%H:%M:%S}",
        ]
    )
)
LEVELS = st.sampled_from(["INFO", "DEBUG", "WARNING", "ERROR", "info", "WARN ", "Info"])

NAMES = st.from_regex(
    r"(job|main|worker)[a-z_]{0,8}(\.[A-Z]?[a-z]{1,8}){0,2}(:[1-9][0-9]{0,3})?", fullmatch=True
)


@st.composite
def prefixes(draw: st.DrawFn) -> str:
    """A logger's prefix: a level or a time stamp, or both, and often a name."""
    marks = draw(st.sampled_from([[STAMPS], [LEVELS], [STAMPS, LEVELS], [LEVELS, STAMPS]]))
    parts = [draw(mark) for mark in marks]
    if draw(st.booleans()):
        parts = [f"[{part}]" for part in parts]
    if draw(st.booleans()):
        parts.append(draw(NAMES))
    separator = draw(st.sampled_from([" - ", " | ", " ", "\t", ": "]))
    return separator.join(parts) + draw(st.sampled_from([separator, ": ", "> ", " - "]))


@given(prefixes())
def test_the_prefix_of_any_logger_is_found(prefix: str) -> None:
    assert found(f"{prefix}PlanQK:Job:Result: 42") == ("marker-prefixed", 1, len(prefix))
    assert found(f"{prefix}printing PlanQK:Job:Result: now") is None


PIECES = st.sampled_from(
    [
        *(
            "PlanQK",
            "Job",
            "Result",
            "InterimResult",
            "MultilineResult",
            ":",
            "PlanQK:Job:",
            "planqk",
            "results",
        ),
        *(
            " ",
            "\t",
            "\r",
            "\x1b[31m",
            "\ufeff",
            "\u200b",
            "\uff1a",
            "\u0430",
            '"',
            "'",
            "b'",
            "{",
            "}",
            "[1]",
            "\\",
        ),
        *(
            "INFO ",
            "2026-01-01 10:00:00 ",
            '{"msg":"',
            "+ echo ",
            "42",
            "=",
            ".",
            "done",
            "\x1b",
            "msg=",
            "PlanQK:Job:Result:",
        ),
    ]
)

LINES = st.one_of(
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()),
    st.tuples(st.lists(PIECES, max_size=6), st.binary(max_size=8), st.lists(PIECES, max_size=6)).map(
        lambda parts: "".join(parts[0]).encode() + parts[1] + "".join(parts[2]).encode()
    ),
).map(lambda data: data.replace(b"\n", b""))


@given(LINES, st.booleans(), st.sampled_from([1, 9001]), st.booleans())
@example(b"\xffPlanQK:Job:Result: 42", False, 1, True)
@example(b"  PlanQK:Job:Result: \xff\x1b[0m", False, 1, True)
def test_any_line_is_judged_and_its_place_is_in_the_line(
    data: bytes, in_block: bool, column: int, is_end: bool
) -> None:
    miss = near_miss(Line(data, 7, 1000, column, is_end), in_block=in_block)
    if miss is None:
        return
    place, fix = miss.finding.place, miss.finding.fix
    assert place is not None
    assert miss.finding.rule in IDS
    assert place.line == 7
    assert 1000 <= place.offset <= place.offset + place.length <= 1000 + len(data)
    assert column <= place.column <= column + len(data)
    assert len(miss.finding.message) < 1000
    assert miss.finding.message.isprintable()
    if fix is not None:
        assert 1000 <= fix.place.offset <= fix.place.offset + fix.place.length <= 1000 + len(data)
        start = fix.place.offset - 1000
        fixed = data[:start] + fix.replacement.encode() + data[start + fix.place.length :]
        assert fixed.startswith(b"PlanQK:Job:")
        assert near_miss(Line(fixed, 7, 1000), in_block=False) is None


@given(st.sampled_from(["Result: ", "InterimResult: ", "InterimResult", "MultilineResult "]), LINES)
def test_a_marked_line_is_none_of_them(kind: str, rest: bytes) -> None:
    data = b"PlanQK:Job:" + kind.encode() + (b"" if kind.startswith("Multi") else rest)
    assert near_miss(Line(data, 1, 0), in_block=False) is None
