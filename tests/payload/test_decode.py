"""Payloads: what is JSON, and what its value is."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import Limits, ViolationCode
from planqk_protocol.payload import decode as decode_module
from planqk_protocol.payload.bounds import to_int
from planqk_protocol.payload.decode import PayloadError
from tests.payload.decoding import decode, refusal
from tests.reference import is_json, is_too_deep
from tests.strategies import json_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark import ParameterSet

VALID = [
    *(
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "1e5",
        "1E+2",
        "0.5e-7",
        '""',
        '"a"',
        "[]",
        "{}",
        " [ ] ",
        "\t\r\n1\n",
    ),
    *(
        '{"a":{"b":[1,2,{}]},"c":null}',
        '["\\u0000\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t"]',
        '"\x7f\u2028\ufeff"',
        '{"":0}',
    ),
    *('"\\ud800"', "1e999", "-1e999", '{"a":1,"a":2}', "1" * 4301, "-" + "9" * 20_000, "[" * 128 + "]" * 128),
]

INVALID = [
    *(
        "",
        " ",
        "nul",
        "True",
        "NaN",
        "-Infinity",
        "Infinity",
        "+1",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "0x1",
        "1 2",
        "--1",
    ),
    *(
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "{",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        "{1:2}",
        "{'a':1}",
        '{"a":1}}',
        "[1}",
        '{"a",1}',
    ),
    *(
        '"',
        '"\\x"',
        '"\\u12"',
        '"\n"',
        '"\t"',
        '"\x00"',
        "'a'",
        "// c\n1",
        "1 // c",
        "/* c */1",
        "\ufeff1",
        "\u00a01",
        "1\v",
        "1\x00",
    ),
    *(
        "[1\uff12]",
        '"\\u1_23"',
        '"\\u 123"',
        '"\\u+123"',
        "tru",
        "[true false]",
        '{"a":1 "b":2}',
        "\x1b[32m1",
        "undefined",
    ),
    *("[" * 128, "[" * 128 + "1," + "]" * 128, '{"a":' * 128 + "NaN" + "}" * 128),
]

NOT_UTF8 = [
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"1\x00",
    '"ä"'.encode("latin-1"),
    '{"a":1}'.encode("utf-16"),
    b'["\xc3',
]


def cases(texts: list[str]) -> list[ParameterSet]:
    """Texts with short names, given one by one: names from a function change when pytest runs once more."""
    return [pytest.param(text, id=text[:20]) for text in texts]


def mutate(text: bytes, at: int, junk: bytes, gone: int) -> bytes:
    at %= len(text) + 1
    return text[:at] + junk + text[at + gone :]


mutations = st.builds(
    mutate,
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="replace")),
    st.integers(0, 500),
    st.sampled_from(
        [
            b"",
            b",",
            b"]",
            b"}",
            b'"',
            b"\\",
            b"0",
            b"-",
            b"NaN",
            b"\xff",
            b" ",
            b"\n",
            b"'",
            b"[",
            b"e",
            b"\x0b",
        ]
    ),
    st.integers(0, 2),
)


@contextlib.contextmanager
def only_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(_: object) -> None:
        raise msgspec.DecodeError

    with monkeypatch.context() as patch:
        patch.setattr(decode_module, "_accept", refuse)
        yield


class TestVerdict:
    @pytest.mark.rule("json")
    @pytest.mark.parametrize("text", cases(VALID))
    def test_valid(self, text: str) -> None:
        assert is_json(text.encode())
        decode(text.encode())

    @pytest.mark.rule("json")
    @pytest.mark.parametrize("text", cases(INVALID))
    def test_invalid(self, text: str) -> None:
        assert not is_json(text.encode())
        assert refusal(text.encode()).code == "invalid-json"

    @pytest.mark.rule("json")
    @pytest.mark.parametrize("payload", NOT_UTF8)
    def test_not_utf8(self, payload: bytes) -> None:
        assert not is_json(payload)
        assert refusal(payload).code == "invalid-json"

    @pytest.mark.rule("json")
    @given(st.binary() | st.text().map(str.encode) | mutations)
    def test_the_verdict_is_that_of_an_independent_recogniser(self, payload: bytes) -> None:
        try:
            decode(payload)
        except PayloadError as error:
            is_deep = is_too_deep(payload)
            assert error.code == (ViolationCode.PAYLOAD_TOO_DEEP if is_deep else ViolationCode.INVALID_JSON)
            assert 0 <= error.at <= len(payload)
            assert is_deep or not is_json(payload)
        else:
            assert is_json(payload)
            assert not is_too_deep(payload)

    @pytest.mark.rule("json", "json-values")
    @given(mutations, st.sampled_from([0, 1, 2, 128]))
    def test_verdict_value_and_message_are_the_same_whoever_answers(self, payload: bytes, depth: int) -> None:
        def answer(*, alone: bool) -> object:
            with pytest.MonkeyPatch.context() as patch:
                scope = only_the_standard_library(patch) if alone else contextlib.nullcontext()
                with scope:
                    try:
                        return repr(decode(payload, Limits(max_depth=depth, max_digits=9)))
                    except PayloadError as error:
                        return (error.code, error.message, error.at)

        assert answer(alone=True) == answer(alone=False)


class TestValues:
    @pytest.mark.rule("json-values")
    @given(json_values, st.booleans())
    def test_the_value_is_what_was_printed(self, value: Any, ascii_only: bool) -> None:
        text = json.dumps(value, ensure_ascii=ascii_only)
        payload = text.encode(errors="replace")
        if payload.decode() == text:
            assert repr(decode(payload)) == repr(value)

    @pytest.mark.rule("json-values")
    @pytest.mark.parametrize("digits", [1, 20, 309, 639, 640, 641, 4300, 4301, 5000, 12_345])
    @pytest.mark.parametrize("process_limit", [0, 640, 4300, 9000])
    def test_integers_are_exact(self, digits: int, process_limit: int) -> None:
        value = 10**digits - 1
        before = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        text = str(value)
        try:
            sys.set_int_max_str_digits(process_limit)
            assert decode(text.encode()) == to_int(text) == value
            assert decode(b"[-" + text.encode() + b"]") == [-value]
        finally:
            sys.set_int_max_str_digits(before)

    @pytest.mark.rule("json-values")
    def test_what_the_rules_leave_to_the_value(self) -> None:
        assert decode(b'{"a": 1, "b": 0, "a": 2}') == {"a": 2, "b": 0}
        assert decode(b"[1e999, -1e999]") == [math.inf, -math.inf]
        assert decode(b'"\\ud800"') == "\ud800"
        assert decode(b"-0") == 0


@given(st.integers(0, 5), st.integers(0, 1200), st.integers(0, 1200))
def test_letters_are_counted_beyond_those_that_are_looked_up_one_by_one(
    before: int, there: int, number: int
) -> None:
    data = b"e" * before + b"1e" * there + b"e" * before
    found = decode_module._has_more(number, b"e", data, before, before + 2 * there)  # noqa: SLF001
    assert found is (there > number)
