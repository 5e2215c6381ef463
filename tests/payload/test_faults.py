"""Payloads that are not JSON: the place of the fault, and the message."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol.payload.decode import PayloadError
from tests.payload.decoding import decode, refusal
from tests.strategies import json_values

BEHIND = [
    *(b"done", b"(took 3s)", b"'x'", b"None", b"True", b"nan", b"-inf", b"NaN", b"np.array(1)", b"<x>"),
    *(b"undefined", b"object x", b"map[a:1]", b"+1", b".5", b"-.5", b"// done", b"# done"),
]

# Where a text may be cut so that all of it could still go on, and the place of the fault then.
OPEN_ENDS = [
    *(
        ('"', 0),
        ('"a', 0),
        ('"\\', 0),
        ('"\\u', 0),
        ('"\\u0', 0),
        ('"\\u00', 0),
        ('"\\u004', 0),
        ('"\\u0041', 0),
    ),
    *(('"\\ud83d', 0), ('"\\ud83d\\', 0), ('"\\ud83d\\u', 0), ('"\\ud83d\\ude0', 0), ('"\\ud83d\\ude00', 0)),
    *(
        ('"\\u0041\\u0041', 0),
        ('["", "\\u0041', 5),
        ('{"\\u00', 1),
        ('{"a": "\\\\\\u00', 6),
        ('["\\"\\u00', 1),
    ),
]


class TestMessages:
    @pytest.mark.parametrize(("text", "at"), OPEN_ENDS)
    def test_a_string_that_does_not_end_is_cut_short_at_its_opening_quote(self, text: str, at: int) -> None:
        error = refusal(text.encode())
        assert error.at == at
        assert error.message.startswith(
            "not JSON: the string that begins here does not end; the JSON is cut short"
        )

    @pytest.mark.parametrize("text", ['"\\uzz', '"\\u00"', '"\\u00 ', '"\\u00zz', '"\\u00\n', '"\\u00\n"'])
    def test_an_escape_that_cannot_go_on_is_the_fault(self, text: str) -> None:
        error = refusal(text.encode())
        assert (error.at, "a backslash in a string is written twice" in error.message) == (2, True)

    @given(json_values, st.integers(0, 500), st.booleans())
    def test_where_a_text_is_cut_short(self, value: Any, at: int, ascii_only: bool) -> None:
        whole = json.dumps(value, ensure_ascii=ascii_only)
        text = whole[: at % len(whole)]
        payload = text.encode(errors="replace")
        if payload.decode() != text:
            return
        quotes = [t.start() for t in re.finditer(r'\\.|"', text) if t[0] == '"']
        try:
            decode(payload)
        except PayloadError as error:
            if len(quotes) % 2:
                assert error.at == len(text[: quotes[-1]].encode())
                assert "does not end; the JSON is cut short" in error.message
            else:  # all of a token that has begun, or the end
                assert text[error.at :].strip(" ") in whole
                assert re.fullmatch(r"|[-.a-zA-Z]\w*[-+]?|-Infinity", payload[error.at :].strip().decode())

    @pytest.mark.parametrize(
        ("payload", "at", "advice"),
        [
            (b"", 0, "there is no JSON here; print the JSON on the marker's own line, or a result of"),
            (b'"my\\ file"', 3, r"JSON has no escape \\ followed by U\+0020; "),
            (b" \t", 2, "there is no JSON here"),
            (b"\v", 0, r"U\+000B stands here"),
            (b"{1: 2}", 1, "keys of JSON objects are strings in double quotes"),
            (b"{a: 1}", 1, "keys of JSON objects are strings in double quotes"),
            (b'b"x"', 0, "bytes of Python; in their place, print data.decode"),
            (b"array([1, 2])", 0, "how Python writes values of NumPy; .* default=lambda"),
            (b"[np.float64(1.0)]", 1, "how Python writes values of NumPy"),
            (b"<object object at 0x7f>", 0, "an object as text"),
            (b"[-Inf]", 1, "allow_nan=False"),
            (b'"C:\\path"', 3, "a backslash in a string is written twice"),
            (b"[1,\v2]", 3, r"U\+000B stands here"),
            (
                b'{"a": NaN}',
                6,
                "NaN is no JSON value; print null or a string instead; with allow_nan=False, json.dumps",
            ),
            (b'["NaN", -Infinity]', 8, "-Infinity is no JSON value"),
            (b"{'a': 1}", 1, "a single quote stands where JSON has a double quote"),
            (b"[True]", 1, r"how Python writes a value; .* json.dumps\(value\)$"),
            (b"(1, 2)", 0, "how Python writes a value"),
            (b"[nan]", 1, "allow_nan=False"),
            (b"undefined", 0, "undefined is no JSON value; give JSON.stringify"),
            (b"[object Object]", 1, "JSON.stringify"),
            (b"map[sum:42]", 0, "json.Marshal"),
            (b"\x1b[32m{}\x1b[0m", 0, "colour"),
            (b"{}\x1b[0m", 2, "colour"),
            (b"\xef\xbb\xbf{}", 0, "byte order mark"),
            (b"// done\n{}", 0, "no comments"),
            (b"{ // done\n}", 2, "no comments"),
            (b"[1 # done\n]", 3, "no comments"),
            *(
                (b"{} " + text, 3, "the JSON ends before .*; print nothing after the JSON")
                for text in BEHIND[:-2]
            ),
            *((b"{} " + text, 3, "JSON has no comments") for text in BEHIND[-2:]),
            *((b"[x " + text + b"]", 1, "'x' stands where a JSON value has to begin") for text in BEHIND),
            (b"[01]", 2, "the number has a leading zero"),
            (b"[1.+2.j 0.+0.j]", 2, r"a complex number stands here, .*: '\.\+2\.j'; .* \[z\.real, z\.imag\]"),
            (b"[1.5+nanj]", 4, r"a complex number stands here, .*: '\+nanj'"),
            (b"[-1.5-2.j  3. +0.j]", 5, r"a complex number stands here, .*: '-2\.j'"),
            (b"(0.7071+0j)", 0, r"a complex number stands here, .*: '\(0\.7071\+0j\)'"),
            (b"2j", 1, "a complex number stands here"),
            (b"[2jobs]", 2, "a comma or a closing bracket is missing"),
            (
                b"{'a': nan}",
                1,
                "of Python stands here, .*; it holds nan or inf, which JSON does not have; .* how Python",
            ),
            (b"{'a': [-inf]}", 1, "it holds nan or inf"),
            (b"{'a': 'nan'}", 1, "a single quote stands where JSON has a double quote"),
            (b"01", 1, "the number has a leading zero"),
            (b"1.", 1, "decimal point|is not a number in JSON"),
            (b"[1.]", 2, "decimal point|is not a number in JSON"),
            (b"[-.5]", 1, "decimal point|is not a number in JSON"),
            (b"[.5]", 1, "decimal point|is not a number in JSON"),
            (b"[+1]", 1, "'\\+1' is not a number in JSON"),
            (b"[1\x00]", 2, r"U\+0000"),
            (b'["a\tb"]', 3, "escape control characters"),
            (b'{"a": [1,2', 10, "cut short"),
            (b'["abc', 1, "not JSON: the string that begins here does not end; the JSON is cut short"),
            (b'["abc\n', 5, "not JSON: the string does not end on its line; the JSON is cut short"),
            (b'"\xff"', 1, "byte 0xff is not UTF-8"),
            (
                b"[nope]",
                1,
                "not JSON: 'nope' stands where a JSON value has to begin; print the marker and the output",
            ),
        ],
    )
    def test_messages_say_what_to_do(self, payload: bytes, at: int, advice: str) -> None:
        error = refusal(payload)
        assert error.at == at
        assert str(error) == error.message
        with pytest.raises(PayloadError, match=advice):
            raise error

    @pytest.mark.parametrize("payload", [b'{"a":1,}', b"[1, ]", b'{"a":[1,\n]}'])
    def test_a_trailing_comma(self, payload: bytes) -> None:
        error = refusal(payload)
        assert "remove the comma" in error.message
        assert error.at == payload.rindex(b",")

    def test_the_place_counts_bytes(self) -> None:
        assert refusal('["äöü", nope]'.encode()).at == len('["äöü", '.encode())
