"""The parser on single cases: the rules one by one, and its manners towards the caller."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from planqk_protocol import (
    Event,
    InterimResult,
    Limits,
    Log,
    Marker,
    MultilineResult,
    Parser,
    ParserClosedError,
    ProtocolError,
    Result,
    Violation,
    ViolationCode,
    parse,
)
from tests.strategies import FENCE, INTERIM, RESULT, bytewise, feed_all


def texts(data: bytes) -> list[str]:
    return [event.text for event in parse(data) if isinstance(event, Log)]


def only(data: bytes, limits: Limits | None = None) -> Event:
    (event,) = parse(data, limits=limits or Limits())
    return event


def violation(data: bytes, limits: Limits | None = None) -> Violation:
    (found,) = [e for e in parse(data, limits=limits or Limits()) if isinstance(e, Violation)]
    return found


class TestFraming:
    @pytest.mark.rule("line-lf")
    @pytest.mark.parametrize("end", ["\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
    def test_a_line_ends_nowhere_but_at_lf(self, end: str) -> None:
        assert texts(f"one{end}PlanQK:Job:Result: 1\ntwo".encode()) == [
            f"one{end}PlanQK:Job:Result: 1",
            "two",
        ]

    @pytest.mark.rule("line-crlf")
    def test_one_cr_before_lf_belongs_to_the_terminator(self) -> None:
        assert texts(b"a\r\nb\r\r\nc\rd\ne\r") == ["a", "b\r", "c\rd", "e\r"]
        assert [e.terminator for e in parse(b"a\r\nb\nc\r") if isinstance(e, Log)] == [b"\r\n", b"\n", b""]

    @pytest.mark.rule("line-crlf")
    def test_a_payload_ends_before_the_terminator(self) -> None:
        for end, payload in (
            (b"\r\n", b" 1"),
            (b"\n", b" 1"),
            (b"", b" 1"),
            (b"\r\r\n", b" 1\r"),
            (b"\r", b" 1\r"),
        ):
            event = only(RESULT + b" 1" + end)
            assert isinstance(event, Result)
            assert (event.payload, event.value) == (payload, 1)

    @pytest.mark.rule("marker-column")
    @pytest.mark.parametrize(
        "line",
        [
            " PlanQK:Job:Result: 1",
            "\tPlanQK:Job:Result: 1",
            "INFO PlanQK:Job:Result: 1",
            "\x1b[32mPlanQK:Job:Result: 1",
            "\ufeffPlanQK:Job:Result: 1",
            "planqk:job:result: 1",
            "PlanQK:Job:result: 1",
            "PlanQK:Job:Result 1",
            "PlanQK:Job:Results: 1",
            "PlanQK :Job:Result: 1",
            "PlanQK:Job:",
            "PlanQK:Job:MultilineResult: 1",
            "PlanQK:Job:MultilineResults",
        ],
    )
    def test_a_marker_counts_only_at_the_first_byte_exactly_as_written(self, line: str) -> None:
        for end in ("\n", ""):
            assert texts((line + end).encode()) == [line]


class TestMarkers:
    @pytest.mark.rule("result-line")
    def test_result(self) -> None:
        assert only(b'PlanQK:Job:Result:{"sum": 42}\n') == Result(
            line=1, raw=b'PlanQK:Job:Result:{"sum": 42}\n', value={"sum": 42}, start=18, stop=29
        )

    @pytest.mark.rule("interim-line")
    @pytest.mark.parametrize("marker", [b"PlanQK:Job:InterimResult", b"PlanQK:Job:InterimResult:"])
    @pytest.mark.parametrize("payload", [b' {"sum": 25.2}', b'{"sum": 25.2}', b' \t{"sum": 25.2} \t'])
    def test_interim_result_with_and_without_colon(self, marker: bytes, payload: bytes) -> None:
        event = only(marker + payload + b"\n")
        assert isinstance(event, InterimResult)
        assert (event.value, event.payload) == ({"sum": 25.2}, payload)

    @pytest.mark.rule("interim-line")
    def test_the_colon_is_optional_once(self) -> None:
        assert violation(b"PlanQK:Job:InterimResult:: 1\n").column == len("PlanQK:Job:InterimResult:") + 1

    @pytest.mark.rule("fence-line", "block")
    @pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \n", b"\t \r \r\n", b" " * 200 + b"\n"])
    def test_block(self, blank: bytes) -> None:
        event = only(FENCE + blank + b'{\r\n "sum": 42}\r\n\n' + FENCE + blank)
        assert isinstance(event, MultilineResult)
        assert (event.value, event.payload) == ({"sum": 42}, b'{\r\n "sum": 42}\r\n\n')

    @pytest.mark.rule("fence-line")
    @pytest.mark.parametrize("rest", [b"x", b" x", b":", b"\x0b", b"\x00", b" " * 200 + b"x", b"\xc2\xa0"])
    def test_a_fence_with_more_after_it_is_log_text(self, rest: bytes) -> None:
        (event,) = parse(FENCE + rest + b"\n")
        assert isinstance(event, Log)
        assert parse(FENCE + b"\n1\n" + FENCE + rest + b"\n" + FENCE + b"\n")[0].raw.count(FENCE) == 3

    @pytest.mark.rule("block")
    def test_a_marker_in_a_block_is_body_and_the_message_says_so(self) -> None:
        events = parse(b"log\n" + FENCE + b"\n[\n" + INTERIM + b" 1\n" + RESULT + b" 2\n]\n" + FENCE + b"\n")
        (found,) = events[1:]
        assert isinstance(found, Violation)
        assert (found.code, found.marker, found.line) == ("invalid-json", "multiline_result", 2)
        assert "line 4 begins with a marker" in found.message

    @pytest.mark.rule("block", "eof-block")
    def test_the_message_of_an_open_block_names_its_own_marker_alone(self) -> None:
        with_marker = FENCE + b"\n" + RESULT + b" 1\n"
        first, open_block = parse(with_marker + FENCE + b"\n" + FENCE + b"\n1\n")
        assert isinstance(first, Violation)
        assert isinstance(open_block, Violation)
        assert "line 2 begins with a marker" in first.message
        assert "begins with a marker" not in open_block.message
        assert "line 2 begins with a marker" in violation(with_marker).message
        assert "line 2 begins with a marker" in violation(with_marker.removesuffix(b"\n")).message

    @pytest.mark.rule("block")
    def test_the_message_of_a_block_without_a_marker_is_that_of_its_payload(self) -> None:
        assert violation(FENCE + b"\nnope" + b"\n" + FENCE).message == violation(RESULT + b"nope").message

    @pytest.mark.rule("block")
    def test_an_empty_block_is_not_json(self) -> None:
        found = violation(FENCE + b"\n" + FENCE + b"\n")
        assert (found.code, found.error_line, found.column) == ("invalid-json", 2, 1)

    @pytest.mark.rule("log")
    def test_invalid_utf8_is_shown_as_replacement_characters(self) -> None:
        log, other = parse(b"gr\xfc\xdfe\r\n\xc3\xa4\n")
        assert isinstance(log, Log)
        assert (log.text, log.content, log.raw) == ("gr\ufffd\ufffde", b"gr\xfc\xdfe", b"gr\xfc\xdfe\r\n")
        assert other == Log(2, "ä")


class TestFirstWins:
    LINE = RESULT + b" 1\n"
    BLOCK = FENCE + b"\n2\n" + FENCE + b"\n"

    @pytest.mark.rule("first-wins")
    @pytest.mark.parametrize("first", [LINE, BLOCK])
    @pytest.mark.parametrize("second", [LINE, BLOCK])
    def test_the_first_result_takes_the_slot(self, first: bytes, second: bytes) -> None:
        winner, late = parse(first + second)
        assert isinstance(winner, Result | MultilineResult)
        assert isinstance(late, Violation)
        assert (late.code, late.raw) == ("duplicate-result", second)
        assert late.marker == ("result" if second == self.LINE else "multiline_result")
        assert (late.error_line, late.column, late.offset) == (late.line, 1, len(first))

    @pytest.mark.rule("first-wins", "limit-payload", "eof-block")
    @pytest.mark.parametrize(
        ("first", "code"),
        [
            (RESULT + b" {'a': 1}\n", "invalid-json"),
            (FENCE + b"\n{'a': 1}\n" + FENCE + b"\n", "invalid-json"),
            (RESULT + b" [[[[[1]]]]]\n", "payload-too-deep"),
            (RESULT + b" 123456\n", "number-too-long"),
            (RESULT + b" " * 100 + b"1\n", "payload-too-large"),
            (FENCE + b"\n" + b" " * 100 + b"1\n" + FENCE + b"\n", "payload-too-large"),
            (FENCE + b"\n1\n", "unterminated-block"),
        ],
    )
    def test_also_when_it_is_no_good(self, first: bytes, code: str) -> None:
        parser = Parser(limits=Limits(max_payload=100, max_depth=4, max_digits=5))
        events = parser.feed(first + self.LINE) + parser.close()
        assert [e.code for e in events if isinstance(e, Violation)][:1] == [code]
        assert parser.result is None
        assert not any(isinstance(e, Result) for e in events)

    @pytest.mark.rule("interim-anywhere")
    def test_interim_results_count_before_and_after_the_result(self) -> None:
        data = (
            b"".join(INTERIM + b" %d\n" % n for n in (1, 2))
            + self.LINE
            + INTERIM
            + b" 3\n"
            + self.BLOCK
            + INTERIM
            + b" 4"
        )
        assert [e.value for e in parse(data) if isinstance(e, InterimResult)] == [1, 2, 3, 4]


class TestPlaces:
    def test_columns_count_characters_and_offsets_bytes(self) -> None:
        found = violation("grün\n".encode() + INTERIM + ' ["grün", x]\n'.encode())
        assert (found.error_line, found.column, found.offset) == (2, 36, 6 + 36)

    def test_each_byte_that_is_not_utf8_counts_as_one_character(self) -> None:
        assert violation(INTERIM + b' "\xff\xfe\xfd"\n').column == len(INTERIM) + 3
        assert violation(FENCE + b"\n[1,\n2,\nx]\n" + FENCE + b"\n").error_line == 4

    @pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
    def test_what_is_missing_is_missing_before_the_end_of_the_line(self, end: bytes) -> None:
        found = violation(RESULT + b" " + end)
        assert (found.error_line, found.column, found.offset) == (1, len(RESULT) + 2, len(RESULT) + 1)


class TestEnd:
    @pytest.mark.rule("eof-line")
    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"text", Log),
            (b"PlanQK:Job:Res", Log),
            (RESULT + b"1", Result),
            (INTERIM + b"1", InterimResult),
            (FENCE + b"\n1\n" + FENCE, MultilineResult),
            (FENCE + b"\n1\n" + FENCE + b" \t\r", MultilineResult),
            (FENCE, Violation),
            (RESULT, Violation),
        ],
    )
    def test_a_last_line_without_lf_is_complete(self, data: bytes, kind: type) -> None:
        for chunks in ([data], bytewise(data)):
            (event,) = feed_all(chunks)
            assert isinstance(event, kind)
            assert event.raw == data

    @pytest.mark.rule("eof-block")
    @pytest.mark.parametrize("body", [b"", b"\n", b"\n{", b"\n1\n" + FENCE + b"x"])
    def test_an_open_block_is_a_violation_from_its_fence_to_the_end(self, body: bytes) -> None:
        _, found = parse(b"log\n" + FENCE + body)
        assert isinstance(found, Violation)
        assert (found.code, found.raw, found.line) == ("unterminated-block", FENCE + body, 2)
        assert (found.error_line, found.column, found.offset) == (2, 1, 4)


class TestCaller:
    def test_feeding_text_raises_and_says_what_to_do(self) -> None:
        with pytest.raises(TypeError, match="not str; encode it, or open the file in binary mode"):
            Parser().feed("text")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"not int$"):
            Parser().feed(1)  # type: ignore[arg-type]

    def test_feeding_after_the_end_raises(self) -> None:
        parser = Parser()
        assert parser.close() == parser.close() == []
        with pytest.raises(ParserClosedError, match="make a new Parser"):
            parser.feed(b"")
        assert issubclass(ParserClosedError, ProtocolError)

    def test_close_is_idempotent(self) -> None:
        parser = Parser()
        parser.feed(b"text")
        assert (parser.close(), parser.close()) == ([Log(1, "text", b"")], [])

    def test_all_kinds_of_bytes(self) -> None:
        data = bytearray(b"one\ntwo\n")
        parser = Parser()
        assert parser.feed(data[:3]) + parser.feed(memoryview(data)[3:]) == [Log(1, "one"), Log(2, "two")]
        parser.feed(view := bytearray(RESULT))
        view[:] = b"overwritten"
        assert parser.feed(b" 1\n")[0].raw == RESULT + b" 1\n"

    def test_result_is_none_until_there_is_one(self) -> None:
        parser = Parser(logs=False)
        assert parser.result is None
        parser.feed(b"log\n" + RESULT + b" [1]\n")
        assert parser.result == Result(2, RESULT + b" [1]\n", [1], 18, 22)

    def test_codes_and_markers_are_their_text(self) -> None:
        assert ViolationCode("invalid-json") is ViolationCode.INVALID_JSON
        assert f"{Marker.INTERIM_RESULT}" == "interim_result"


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_import_is_light(seed: str) -> None:
    code = (
        "import sys, planqk_protocol;"
        "assert not {'lark', 'rich', 'click', 'importlib.resources', 'asyncio'} & set(sys.modules);"
        "planqk_protocol.parse(b'x'); assert not {'lark', 'importlib.resources'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONHASHSEED": seed})
