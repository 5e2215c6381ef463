"""The diagnosis of a stream: order, echoes, blocks, what is held, and that chunks do not matter."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Limits
from planqk_protocol.captures import Source
from planqk_protocol.diagnosis import Diagnosis, Finding, diagnose
from planqk_protocol.diagnosis.stderr_search import StderrSearch
from planqk_protocol.emit import log_line

MISTAKES = json.loads(Path(__file__).with_name("mistakes.json").read_text(encoding="utf-8"))
STREAMS = [
    case["stream"].encode(case.get("encoding", "utf-8")) for case in MISTAKES if len(case["stream"]) < 2000
]
_DEFAULT = Limits()
FENCE, RESULT = b"PlanQK:Job:MultilineResult\n", b'PlanQK:Job:Result: {"sum": 42}\n'


def in_chunks(
    chunks: list[bytes], *, capture: str = "raw", exit_code: int | None = None, limits: Limits = _DEFAULT
) -> list[Finding]:
    source, diagnosis = Source(capture, limits=limits), Diagnosis(capture=capture)
    stderr = StderrSearch(capture)
    findings: list[Finding] = []
    for chunk in chunks:
        findings += diagnosis.observe(source.feed(chunk))
        stderr.feed(chunk)
    findings += diagnosis.observe(source.close())
    stderr.close()
    return findings + diagnosis.close(exit_code=exit_code, is_on_stderr=stderr.found)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[start:stop] for start, stop in pairwise(places)]


def rules(data: bytes) -> list[str]:
    return [finding.rule for finding in diagnose(data)]


@pytest.mark.parametrize(
    ("after", "goes_on"),
    [
        ('  "sum": 42\n}', True),
        ('\t"sum": [', True),
        ("saving", False),
        ("", False),
        ("42", False),
        ("PlanQK:Job:Result: 1", False),
    ],
)
def test_json_that_breaks_off_may_go_on_on_the_next_line(after: str, goes_on: bool) -> None:
    first = diagnose(f"PlanQK:Job:Result: {{\n{after}\n".encode())[0]
    assert (first.rule, first.column) == ("json-truncated", 21)
    assert ("goes on" in first.message, "indent=" in first.advice, bool(first.related)) == (goes_on,) * 3


def test_a_marker_in_the_middle_of_a_sentence_is_named_if_there_is_no_result() -> None:
    sentence = b"log\nIt failed, but here is the PlanQK:Job:Result: so far it looks good for us.\n"
    (found,) = diagnose(sentence)
    assert "but line 2 has a marker after other text" in found.message
    assert [(item.place.line, item.place.column) for item in found.related] == [(2, 28)]
    assert diagnose(sentence + RESULT) == []


@pytest.mark.parametrize(
    ("mark", "cause"),
    [
        ("Result: 42", "the result on line 2 was printed as log text, with `>` before its marker"),
        ("MultilineResult", "the result on line 2 was printed as log text, with `>` before its marker"),
        ("InterimResult: 1", "no line begins with PlanQK:Job:Result:"),
    ],
)
def test_a_result_that_was_printed_as_log_text(mark: str, cause: str) -> None:
    logged = b"log\n" + log_line(f"PlanQK:Job:{mark}")
    [finding] = diagnose(logged * 2)
    assert finding.message == f"there is no result: {cause}"
    [*_, finding] = diagnose(b" PlanQK:Job:Result: 1\n" + logged)
    assert "`marker-indented` found on line 1" in finding.message  # a mistake for certain


def test_a_result_and_log_text_that_looks_like_one() -> None:
    assert diagnose(log_line("PlanQK:Job:Result: 1") + RESULT) == []


SHORT_MISTAKES = [case for case in MISTAKES if len(case["stream"]) < 400]


@pytest.mark.parametrize("case", SHORT_MISTAKES[::5], ids=[case["name"] for case in SHORT_MISTAKES[::5]])
def test_the_findings_of_a_mistake_are_the_same_byte_by_byte(case: dict[str, str]) -> None:
    data = case["stream"].encode(case.get("encoding", "utf-8"))
    capture = case.get("capture", "raw")
    assert in_chunks([bytes([byte]) for byte in data], capture=capture) == diagnose(data, capture=capture)


@given(
    parts=st.lists(
        st.sampled_from([*STREAMS, b"log\n" * 9, FENCE, RESULT, b"x" * 9000, b"\n"]) | st.binary(max_size=9),
        max_size=8,
    ),
    cuts=st.lists(st.integers(0, 50_000), max_size=8),
    max_payload=st.sampled_from([None, 40, 200]),
)
def test_no_chunk_changes_a_finding(parts: list[bytes], cuts: list[int], max_payload: int | None) -> None:
    data, limits = b"".join(parts), Limits(max_payload=max_payload)
    assert in_chunks(cut(data, cuts), limits=limits) == diagnose(data, limits=limits)


@given(parts=st.lists(st.sampled_from([*STREAMS, FENCE, RESULT, b"\n"]), max_size=8))
def test_findings_are_in_the_order_of_their_places_and_those_without_one_are_last(parts: list[bytes]) -> None:
    findings = diagnose(b"".join(parts), exit_code=0)
    places = [(finding.line or 0, finding.column or 0) for finding in findings if finding.place]
    assert places == sorted(places)
    assert [finding.place is None for finding in findings] == sorted(f.place is None for f in findings)


@given(parts=st.lists(st.sampled_from([*STREAMS, FENCE, RESULT, b"\n"]), max_size=8))
def test_each_place_is_in_the_stream(parts: list[bytes]) -> None:
    data = b"".join(parts)
    for finding in diagnose(data):
        for place in [finding.place, *(related.place for related in finding.related)]:
            if place is not None:
                start = data.rfind(b"\n", 0, place.offset) + 1
                assert data.count(b"\n", 0, start) + 1 == place.line
                assert len(data[start : place.offset].decode(errors="replace")) + 1 == place.column
                assert place.offset + place.length <= len(data)


@pytest.mark.parametrize("echo", [b"+ echo 'PlanQK:Job:Result: {\"sum\": 42}'\n", b"INFO: " + RESULT])
@pytest.mark.parametrize("lines", [0, 3, 7])
def test_an_echo_near_the_marked_line_is_no_finding(echo: bytes, lines: int) -> None:
    between = b"log\n" * lines
    assert rules(echo + between + RESULT) == []
    assert rules(RESULT + between + echo) == []


@pytest.mark.parametrize("echo", [b"+ echo 'PlanQK:Job:Result: {\"sum\": 42}'\n", b"INFO: " + RESULT])
def test_a_copy_far_from_the_marked_line_is_a_finding(echo: bytes) -> None:
    assert len(rules(echo + b"log\n" * 20 + RESULT)) == 1
    assert len(rules(RESULT + b"log\n" * 20 + echo)) == 1


def test_a_copy_of_another_result_is_a_finding() -> None:
    assert len(rules(b'INFO: PlanQK:Job:Result: {"sum": 43}\n' + RESULT)) == 1


def test_a_block_and_the_fence_that_should_close_it_point_at_each_other() -> None:
    block, fence, *_ = diagnose(FENCE + b"42\n  " + FENCE)
    assert (block.rule, block.line, fence.rule, fence.line) == ("unterminated-block", 1, "fence-indented", 3)
    assert [related.place for related in block.related] == [fence.place]
    assert [related.place.line for related in fence.related] == [1]


def test_a_block_that_its_closing_fence_opened_points_at_the_fence_that_should_have_opened_it() -> None:
    fence, block, _ = diagnose(b"50%" + FENCE + b"42\n" + FENCE)
    assert (fence.rule, fence.line, block.rule, block.line) == ("marker-glued", 1, "unterminated-block", 3)
    assert [related.place for related in block.related] == [fence.place]
    assert "meant to close it" in block.advice


@pytest.mark.parametrize(
    "before",
    [b"50%" + FENCE + b"42\n50%" + FENCE, b" PlanQK:Job:InterimResult: 1\n", b"+ echo " + FENCE],
    ids=["both fences are damaged", "another marker", "an echo"],
)
def test_a_block_that_is_never_closed_points_at_no_other_line(before: bytes) -> None:
    block = next(
        finding for finding in diagnose(before + FENCE + b"42\n") if finding.rule == "unterminated-block"
    )
    assert not block.related
    assert "Close the block" in block.advice


@pytest.mark.parametrize("cut", [b'{"a": [1,', b'{"a": [1,\n 2\n', b'"Ber'])
def test_a_block_whose_json_is_cut_short_needs_more_than_its_last_line(cut: bytes) -> None:
    block, outcome = diagnose(FENCE + cut)
    assert block.rule == "unterminated-block"
    assert block.message == "the block is never closed, and the JSON in it ends too early"
    assert "find out why the job ended" in block.advice
    assert "Close the block" not in block.advice
    assert outcome.message.endswith("the first one, on line 1, breaks off at the end of the output")


def test_if_the_job_failed_that_is_why_its_block_breaks_off() -> None:
    _, outcome = diagnose(FENCE + b'{"a": ', exit_code=1)
    assert outcome.message.endswith("the job failed before it printed one")
    _, outcome = diagnose(FENCE + b"42\n", exit_code=1)
    assert outcome.advice.startswith("Mend the result on line 1")


def test_a_damaged_fence_is_found_where_the_json_stops_for_the_same_reason() -> None:
    data = FENCE + b"{}\n\x1b[0m" + FENCE + FENCE
    assert rules(data)[:2] == ["marker-coloured", "json-coloured"]


def test_a_marker_in_a_closed_block_is_found_once_and_names_the_line_that_opened_it() -> None:
    first, *others = diagnose(FENCE + b"{}\n" + RESULT + FENCE)
    assert first.rule == "marker-in-block"
    assert [item.place.line for item in first.related] == [1]
    assert "marker-in-block" not in [item.rule for item in others]


def test_an_interim_result_that_is_log_text_is_not_why_there_is_no_result() -> None:
    interim, result = b"  PlanQK:Job:InterimResult: 1\n", b"  PlanQK:Job:Result: 2\n"
    *_, outcome = diagnose(interim + result)
    assert [item.place.line for item in outcome.related] == [2]
    *_, outcome = diagnose(interim)
    assert outcome.rule == "no-result"
    assert outcome.related == ()


def test_a_valid_block_has_no_near_misses() -> None:
    data = FENCE + b'{\n  "usage":\n    "PlanQK:Job:Result: 42",\n  "n": 1}\n' + FENCE
    assert rules(data) == []


def test_a_block_full_of_near_misses_is_bounded() -> None:
    data = FENCE + b"PlanQK:Job:Result: 42\n" * 5000
    findings = diagnose(data)
    assert findings[0].rule == "unterminated-block"
    assert len(findings[0].related) < 10
    assert 10 < len(findings) < 200


@pytest.mark.parametrize(
    "unit",
    [
        b"  PlanQK:Job:Result: {}\n",
        b"  PlanQK:Job:Result: {}\nPlanQK:Job:InterimResult: 1\n",
        FENCE + b"  PlanQK:Job:Result: 42\n" + FENCE,
    ],
)
def test_the_time_grows_with_the_number_of_near_misses_in_a_chunk(unit: bytes) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        diagnose(unit * count)
        return time.process_time() - start

    # 16 times as many; quadratic, it would take 256 times as much.
    assert seconds(1 << 13) < 64 * min(seconds(1 << 9), seconds(1 << 9))


def test_a_second_result_points_at_the_first_one_and_not_at_an_interim_result() -> None:
    findings = diagnose(b"PlanQK:Job:InterimResult: ?\n" + RESULT + RESULT)
    assert [(finding.rule, finding.line) for finding in findings] == [
        ("invalid-json", 1),
        ("duplicate-result", 3),
    ]
    assert [related.place.line for related in findings[1].related] == [2]


def test_an_archive_is_the_only_finding() -> None:
    findings = diagnose(b"PK\x03\x04" + bytes(1000) + b"\n" + RESULT, exit_code=1)
    assert [finding.rule for finding in findings] == ["archive-not-log"]


def test_of_a_text_in_another_encoding_the_encoding_is_found_once() -> None:
    findings = diagnose(("starting the job\n" * 3 + RESULT.decode() * 3).encode("utf-16"))
    assert [finding.rule for finding in findings] == ["wrong-encoding", "no-result"]
    assert findings[0].line == 1


def test_a_violation_comes_out_of_the_call_that_brings_its_end() -> None:
    source, diagnosis = Source("raw"), Diagnosis()
    assert diagnosis.observe(source.feed(b"log\nPlanQK:Job:Result: {'a': 1}")) == []
    (finding,) = diagnosis.observe(source.feed(b"\n"))
    assert finding.rule == "json-single-quotes"


def test_a_violation_that_waits_for_the_next_line_comes_out_with_it() -> None:
    source, diagnosis = Source("raw"), Diagnosis()
    assert diagnosis.observe(source.feed(b"PlanQK:Job:Result:\n{")) == []
    (finding,) = diagnosis.observe(source.feed(b"}\n"))
    assert finding.rule == "json-on-next-line"


def test_an_endless_capture_of_damage_is_bounded() -> None:
    findings = diagnose(b"no record\n" * 5000, capture="cri")
    assert 0 < len(findings) < 500


def test_findings_about_a_long_line_are_not_repeated() -> None:
    line = b"\rstep 1 of 2" * 2000 + b'\rPlanQK:Job:Result: {"sum": 42}' + b"\rstep 2 of 2" * 2000 + b"\n"
    assert rules(line + RESULT).count("marker-after-carriage-return") == 1


@pytest.mark.parametrize("size", [100, 5000, 20_000])
def test_of_a_long_line_the_first_near_miss_is_found_in_any_chunks(size: int) -> None:
    line = (b"x" * size + b'PlanQK:Job:Result: {"sum": 1} ') * 3 + b"\n"
    chunks = [line[at : at + 1000] for at in range(0, len(line), 1000)]
    assert in_chunks(chunks) == diagnose(line)
    assert [finding.line for finding in diagnose(line)] == [1, None]


def test_data_has_to_be_bytes() -> None:
    with pytest.raises(TypeError, match="not str"):
        diagnose("text")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no such"):
        diagnose(b"", capture="no such")
