"""Payloads that are not JSON: which mistake it is, and where."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol.payload.causes import ADVICE, Cause
from planqk_protocol.payload.classify import classify, is_table, may_begin_table
from planqk_protocol.payload.decode import PayloadError
from tests.payload.decoding import decode, refusal, seconds
from tests.strategies import json_values


def judged(payload: str) -> tuple[str, int]:
    """The cause, and the place of what is wrong, in characters."""
    error = refusal(payload)
    return str(error.cause), len(payload.encode()[: error.start].decode())


# Each payload with the character marked by ‸ at which it is wrong.
MISTAKES = {
    Cause.NAN: [
        *('{"a": ‸NaN}', "[1, ‸-Infinity]", "‸nan", "[‸inf]"),
        *("[‸-inf]", "[‸+Inf]", "[‸nan 1.0]", "‸Infinity"),
        '{"a": "NaN", "b": ‸NaN}',
        "[‸NaT]",
        '{"a": ‸nan, "b": True}',
    ],
    Cause.PYTHON_REPR: [
        *("{‸'a': True}", "{‸'a': None, 'b': 1}", "[‸'x', (1, 2)]", "{‸'a': b'x'}", "{‸'a': array([1])}"),
        *('{"a": ‸True}', "‸None", "‸(1, 2)", '{"a": ‸(1, 2)}', "[‸np.float64(1.0)]", '{"a": ‸b"x"}'),
        *("‸u'text'", "‸array([1, 2])", "‸Counter({'00': 512})", "{‸1: True}", "{‸1, 2}", "{‸(1, 2): 3}"),
        *("{‸None: 1}", "{‸b'a': 1}", "‸set()", "{‸'it': \"isn't\", 'b': False}", "{‸'a': nan}"),
    ],
    Cause.SINGLE_QUOTES: [
        *("{‸'a': 1}", "[‸'a', 'b']", '{"a": ‸\'x\'}', "‸'text'", "{\"a\": 1, ‸'b': 2}", "{‸'a': 'nan'}"),
        *("{‸'a': 'True'}", "{‸'a': \"None (1, 2)\"}", r"{‸'a': 'it\'s True'}", "{‸'Nonesuch': xTrue}"),
        *("[ ‸'a', f: [Function (anonymous)] ]", "{ ‸'a': Map(1) { 'b' => 1 } }"),
    ],
    Cause.TRAILING_COMMA: ['{"a": 1‸,}', "[1, 2‸,]", "[1‸,\n]", '{"a": [1‸, ]}', '{"a": 1}‸,', "[‸,]"],
    Cause.COMMENT: [
        *("{ ‸// one\n}", '{"a": 1 ‸/* one */}', "[1 ‸# one\n]", "‸// one\n{}", '{"a": ‸/* one */ 1}'),
        *("{} ‸// one", "{} ‸/* one */", "{} ‸# one", "‸/* one", '{"a" ‸/* one */: 1}', "‸/* * / ** */ 1"),
    ],
    Cause.EXTRA_TEXT: [
        *('{"sum": 42} ‸(took 3s)', "{} ‸{}", "42 ‸done"),
        *('{"a": 1}‸}', "[1]‸]", "{}‸;", "42 ‸'x'", "1 ‸None"),
        *("{} ‸undefined", "{} ‸+1", "2024‸-01-01", "1‸,2,3", "true‸false", '"a" ‸"b"', "{} ‸#1"),
    ],
    Cause.TRUNCATED: [
        *('{"a": 1‸', '{"a":‸', '{"a": ‸"abc', "[1, 2,‸", "[[1‸", '{"a": [1, tr‸', "[nul‸", "[1, -‸", "{‸"),
        *('{‸"a', '‸"', '‸"\\', '["a", ‸"b\\u00', '{"a": 1‸\n'),
        *("[1.‸", "[1e‸", "[1e+‸", '[‸"a\n', '[‸"a\r\n'),
        *('{"a": ‸"he said “hi”, b', "[fals‸  "),
    ],
    Cause.SMART_QUOTES: [
        *("{‸“a”: 1}", '{"a": ‸“x”}', '{"a‸”: 1}', "‸‘x’", "[‸„x“]", "‸«x»", '["x‸”]'),
    ],
    Cause.NO_BREAK_SPACE: [
        *('{"a":‸\u00a01}', "‸\u200b42", "{}‸\u00a0", "{‸\u202f}", "[1,‸\u3000 2]", '{"a"‸\u00a0: 1}'),
    ],
    Cause.ARRAY_PRINT: [
        *("[1 ‸2 3]", "[1‸. 2. 3.]", "[0.5 ‸1. ]", "[[1 ‸2]\n [3 4]]", "[[1]\n ‸[2]]", "[-1 ‸-2]"),
        *('{"a": [1 ‸2]}', "[1.5e-3 ‸2.]", "[0 ‸1 2]", "[0‸. 0.]"),
        *("[1 ‸nan]", "[0 ‸... 9]"),
    ],
    Cause.DATAFRAME: [
        *("   ‸sum  product\n0   42      441", "0    ‸42\n1    50"),
        *("   ‸sum\n0   42", "‸shape: (2, 2)\n┌──┐"),
        *("‸Empty DataFrame\nColumns: []", "‸+---+\n|sum|", "  ‸best cost  n\n0     1.5   2"),
        "‸DataFrame[sum: bigint]",
    ],
    Cause.BYTES_REPR: ["‸b'{\"a\": 1}'", ' ‸b"[1]"', "‸B'x'", "‸b''"],
    Cause.OBJECT_REPR: [
        *("‸<__main__.Foo object at 0x7f>", "‸[object Object]", "‸map[sum:42]", "‸&{42 0.5}", "{‸42 0.5}"),
        *("‸Foo{a=1}", "‸com.example.Foo@1b6d3586", "‸#<Foo a=1>"),
        *("{‸:sum=>42}", '{"sum"‸=>42}', "‸Foo { a: 1 }", '‸Dict("11" => 514)'),
        *("‸Array\n(\n    [sum] => 42\n)", "‸stdClass Object\n("),
        *("‸array(1) {", "‸%{sum: 42}", "[1, ‸... 9 more]"),
    ],
    Cause.CODE_FENCE: ["‸```json", '‸```\n{"a": 1}\n```', '{"a": 1}\n‸```', "‸~~~", "‸`{}`"],
    Cause.CONTROL_CHARACTER: [
        *('"a‸\tb"', '"a‸\nb"', "42‸\0", "‸\f42", "[1,‸\v2]", '"‸\x1b"', "‸\x1b", '{"a": "‸\0"}', "[1‸\x85]"),
    ],
    Cause.ENCODING: ['{‸\0"\0a\0"\0:\0 \x001\0}\0'],
    Cause.UNDEFINED: ["‸undefined", "[1, ‸undefined]", '{"a": ‸undefined}'],
    Cause.UNQUOTED_KEY: [
        *("{ ‸sum: 42 }", '{"a": 1, ‸b: 2}', "{‸1: 2}", "{‸a-b: 1}", "{‸$a : 1}", "{‸sum=42}", "{‸nan: 1}"),
        *("{‸1: 'True'}", "{ ‸a: True }"),
    ],
    Cause.COLOURED: ["‸\x1b[32m{}\x1b[0m", "{}‸\x1b[0m", '{"a": ‸\x1b[38;5;1m1}', '"‸\x1b[1mx"'],
    Cause.BYTE_ORDER_MARK: ["‸\ufeff{}", "{}‸\ufeff", "[‸\ufeff1]"],
    Cause.NUMBER_FORM: [
        *("0‸1", "[0‸12]", "‸+1", "‸.5", "[‸-.5]", "1‸.", "[1‸.]", "1‸_000", "0‸x2A", "1‸e", "‸--1", "42‸n"),
        *("‸\u22121", "‸٤٢", "1‸,5", "[1‸_0]", '{"a": 0‸0}', "‸-", "[‸+]", '{"a": 1‸L}'),
    ],
    Cause.BAD_ESCAPE: [r'"C:‸\data"', r'"‸\x41"', r'"C:‸\users"', r'"‸\u12"', '{"a": "‸\\\n"}'],
    Cause.OTHER: [
        *("‸done", "[‸nope]", '{"a": "x"‸y"}', '{"a": 1 ‸"b": 2}'),
        *("[1, 2 ‸3]", "[1,‸,2]", '{"a": ‸, "b": 1}'),
        *("[1‸}", '{"a"‸, "b"}', "{‸]", '‸result {"a": 1}', "‸\\", "‸True1", "{‸working\n}", "‸TRUE"),
        *('{"a": 1,‸000}', '‸- {"a": 1}', "‸-- 1", '{"a"‸; 1}'),
        *("[1 ‸done]", "[1 ‸'x']", "[1 ‸undefined]", '[{"a": 1 ‸2}]'),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("cause", "marked"), [(cause, marked) for cause, texts in MISTAKES.items() for marked in texts]
)
def test_the_cause_and_the_place_of_a_mistake(cause: Cause, marked: str) -> None:
    assert marked.count("‸") == 1
    assert judged(marked.replace("‸", "")) == (cause, marked.index("‸"))


def test_every_cause_has_examples_and_advice() -> None:
    assert set(ADVICE) == set(Cause)
    assert set(Cause) - set(MISTAKES) == {Cause.EMPTY, Cause.ON_NEXT_LINE}


@pytest.mark.parametrize("payload", ["", " ", " \t\r\n"])
def test_an_empty_payload(payload: str) -> None:
    error = refusal(payload)
    assert (error.cause, error.at, error.length) == (Cause.EMPTY, len(payload), 0)


@pytest.mark.parametrize(
    ("payload", "start", "length"),
    [
        (b'"K\xf6ln"', 2, 1),
        (b'{"a": \xe2\x82}', 6, 2),
        ('{"ä": “x”}'.encode(), 7, 3),
        (b"[1, -Infinity]", 4, 9),
        (b'{"sum": 42} (took 3s) ', 12, 9),
        (b'"C:\\data"', 3, 2),
        (b"{ sum: 42 }", 2, 3),
        (b'{"a": "x', 6, 1),
        (b'{"a": 1', 7, 0),
    ],
)
def test_the_span_of_what_is_wrong_counts_bytes(payload: bytes, start: int, length: int) -> None:
    error = refusal(payload)
    assert (error.start, error.length) == (start, length)


class TestTables:
    @pytest.mark.parametrize(
        "text",
        [
            "   sum  product\n0   42      441\n1   50      600",
            "    sum  product\n0   42      441",  # after the space of print
            "0    1\n1    2\ndtype: int64",
            " 0    1\n1    2\ndtype: int64",
            "     a    b\n0 -1.0  2.0",
            "                sum\n2026-01-01       42",
        ],
    )
    def test_tables_of_pandas(self, text: str) -> None:
        assert is_table(text)
        assert may_begin_table(text.partition("\n")[0])

    @pytest.mark.parametrize(
        "text",
        [
            *("", "done", "   done", "   done\n2026-01-01 INFO bye", "   sum  product", "   sum  product\n"),
            *("   sum  product\n   42  441", "   sum  product\nstep one", '  {"a": 1}\n0  1', "0    1\nnext"),
            *("0    1\n1    2    3", "x" * 5000 + "\n0 1"),
        ],
    )
    def test_other_texts(self, text: str) -> None:
        assert not is_table(text)


class TestProperties:
    @given(st.text(max_size=40) | st.text("[]{}\"'\\,:.0123456789eE+-TrueNonafls \n\t(b#/*", max_size=30))
    @example("\0")
    @example("'" * 9)
    @example("(")
    def test_every_text_that_is_not_json_has_a_cause_and_a_place_within_it(self, text: str) -> None:
        payload = text.encode(errors="replace")
        try:
            decode(payload)
        except PayloadError as error:
            if error.code != "invalid-json":
                return
            assert error.cause in ADVICE
            assert error.cause is not Cause.ON_NEXT_LINE
            assert 0 <= error.at <= len(payload)
            assert 0 <= error.start <= error.start + error.length <= len(payload)
            assert (error.length == 0) == (
                error.cause is Cause.EMPTY or error.start == len(payload.rstrip(b" \t\r\n"))
            )
            payload[: error.start].decode()
            payload[error.start : error.start + error.length].decode()
            assert bool(error.remedy) == (error.cause is Cause.PYTHON_REPR)
            assert error.message == f"not JSON: {error.fault}; {error.remedy or ADVICE[error.cause]}"
            assert error.message.isprintable()
            assert len(error.message) < 700

    @given(st.text(max_size=20), st.integers(0, 20), st.text(max_size=20))
    def test_any_place_and_any_complaint_have_an_answer(self, text: str, at: int, complaint: str) -> None:
        fault = classify(text, min(at, len(text)), complaint)
        assert 0 <= fault.start <= fault.start + fault.length <= len(text)

    @given(json_values)
    def test_json_has_no_cause(self, value: Any) -> None:
        decode(json.dumps(value).encode())

    @given(json_values.filter(lambda value: isinstance(value, dict | list)))
    def test_the_repr_of_a_value_is_pythons(self, value: Any) -> None:
        """The decision, by another way: Python's own tokens."""
        text = repr(value)
        outside = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "", text)
        try:
            decode(text.encode(errors="backslashreplace"))
        except PayloadError as error:
            if text[error.start : error.start + 1] == "'" and text.isascii():
                expected = re.search(r"\b(?:True|False|None)\b", outside)
                assert error.cause is (Cause.PYTHON_REPR if expected else Cause.SINGLE_QUOTES)


@pytest.mark.parametrize(
    ("beginning", "unit", "end"),
    [
        *(("{", "'", ""), ("{", r"'\'", ""), ("[", "'a',", "")),
        *(("[", "x", ""), ("[", "x.", ""), ("{", "x ", "")),
        *(("[1 /", "*", ""), ("[1 /", "* ", ""), ('["', "“ ", "}"), ('["', "” ” ", "}"), ('["', "”", " }")),
        *((" ", "a ", "{"), ("1", "    1", ""), ("", "`", "")),
        *(("", " ", "x"), ('"', r"\"", ""), ('"', r"\\", "")),
        *(("[1 ", "1 ", ""), ("{", "a", " x"), ("[", "(", ""), ("{1", " ", ":'"), ("Array", " ", "x")),
        *(("{} ", "\0", ""), ("[<", "a", ""), ("", "[", "x")),
        *(("[1", ",", ""), ("[1,", " ", ",]"), ("", "\u00a0", "")),
        *(("{:a", "a", ""), ("{a", " ", "x"), ("[...", ".", "")),
        *(("\x1b[", "1", ""), ("[1", "_", "x"), ("0x", "1", "")),
    ],
)  # fmt: skip
def test_the_time_is_linear(beginning: str, unit: str, end: str) -> None:
    def payload(size: int) -> bytes:
        return f"{beginning}{unit * (size // len(unit))}{end}".encode()

    def refuse(data: bytes) -> None:
        if refusal(data).code == "payload-too-deep":  # it is never classified
            classify(data.decode(), 0, "Expecting value")

    for _ in range(5):
        if seconds(refuse, payload(400_000)) < 16 * seconds(refuse, payload(50_000)) + 0.01:
            break
    else:
        raise AssertionError("eight times the length takes more than sixteen times as long")
