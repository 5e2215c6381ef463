"""Payloads: what is JSON, what its value is, and what is said of the rest."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import Limits, ViolationCode
from planqk_protocol.payload import bounds as depth_module
from planqk_protocol.payload import decode as decode_module
from planqk_protocol.payload.bounds import deeper_than, find_deeper, has_longer, to_int
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError
from planqk_protocol.payload.faults import place_of_constant, place_of_integer
from tests.reference import is_json, is_too_deep
from tests.strategies import json_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.mark import ParameterSet

LOOSE = Limits(max_line=None, max_payload=None, max_digits=None)


def decode(payload: bytes, limits: Limits = LOOSE) -> Any:
    return PayloadDecoder(limits).decode(payload)


def refusal(payload: bytes, limits: Limits = LOOSE) -> PayloadError:
    with pytest.raises(PayloadError) as caught:
        decode(payload, limits)
    return caught.value


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


# Of each kind of value, the one that takes the most for its size.
HEAVY = {
    "nests": b"[" * 127 + b"]" * 127,
    "empty lists": b"[]",
    "empty objects": b"{}",
    "nested objects": b'{"":' * 127 + b"0" + b"}" * 127,
    "pairs": b"[[]]",
    "strings": '"é€"'.encode(),
    "floats": b"1.5",
    "integers": b"300",
}


def seconds(work: Callable[..., Any], argument: Any) -> float:
    """The best of three times."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work(argument)
        times.append(time.process_time() - start)
    return min(times)


def answer(payload: bytes) -> Any:
    """The value, or why there is none."""
    try:
        return decode(payload, Limits())
    except PayloadError as error:
        return error


class TestLimits:
    @pytest.mark.parametrize("unit", HEAVY.values(), ids=HEAVY)
    def test_the_memory_of_a_value_is_what_the_documentation_says(self, unit: bytes) -> None:
        payload = b"[" + (unit + b",") * (100_000 // len(unit)) + b"0]"
        tracemalloc.start()
        try:
            value = decode(payload)
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert taken < 45 * len(payload)
        del value

    @pytest.mark.parametrize("unit", [*HEAVY.values(), b'"' + b"1" * 10_000 + b'"', b"1" * 10_000])
    @pytest.mark.parametrize("end", [b"0", b"1e999", '"😀",1e999'.encode(), b"1" * 5000, b"nope"])
    def test_decoding_takes_little_more_memory_than_the_value(self, unit: bytes, end: bytes) -> None:
        payload = b"[" + (unit + b",") * (200_000 // len(unit)) + end + b"]"
        tracemalloc.start()
        try:
            answer(payload)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 50 * len(payload)

    @pytest.mark.rule("json-limits")
    def test_an_integer_that_is_too_long_takes_no_more_memory_than_a_string(self) -> None:
        tracemalloc.start()
        try:
            error = refusal(b"[-" + b"1" * 300_000 + b"]", Limits())
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (error.code, error.at) == ("number-too-long", 2)
        assert most < 10 * 300_000

    @pytest.mark.parametrize("mantissa", ["1", "-1.7976931348623157", "2.2250738585072011", "9" * 40, "0.5"])
    @pytest.mark.parametrize(
        "exponent", ["", "e3", "E22", "e+100", "e291", "E308", "e-0308", "e-324", "e-400"]
    )
    def test_no_float_takes_longer_than_in_the_standard_library(self, mantissa: str, exponent: str) -> None:
        """One that is beyond the tables of msgspec took it up to thirty times as long."""
        texts = [f"{mantissa}{exponent}", f'"eE",{mantissa}{exponent}', f"{mantissa}{exponent},0.125"]
        for text in texts:
            for size in (100, 20_000):
                payload = f"[{','.join([text] * (size // len(text)))}]"
                data = payload.encode()
                assert decode(data) == json.loads(payload)
                for _ in range(10):
                    if seconds(decode, data) < 4 * seconds(json.loads, payload):
                        break
                else:
                    raise AssertionError(payload[:60])

    @given(st.lists(st.text(alphabet="0123456789.eE+-_ ", max_size=8), min_size=1, max_size=4))
    def test_floats_are_those_of_the_standard_library(self, texts: list[str]) -> None:
        """Both ways in which they are read, of which the length and the exponents decide."""
        for spread in ("", " " * 200, " " * 1400, ",1e300" * 40):
            payload = f"[{','.join(texts)}{spread}]".encode()
            try:
                expected = repr(json.loads(payload))
            except ValueError:
                assert refusal(payload).code == "invalid-json"
            else:
                assert repr(decode(payload)) == expected

    @pytest.mark.rule("json-limits")
    @pytest.mark.parametrize("max_depth", [0, 1, 2, 63, 127, 128])
    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"[[[\\"[[":', "}]")])
    def test_depth(self, max_depth: int, opening: str, closing: str) -> None:
        levels = opening.split('"', maxsplit=1)[0].count("[") + opening.count("{")
        for depth in (max_depth, max_depth + 1):
            times = -(-depth // levels)
            payload = (opening * times + "1" + closing * times).encode()
            if times * levels <= max_depth:
                decode(payload, Limits(max_depth=max_depth))
            else:
                error = refusal(payload, Limits(max_depth=max_depth))
                assert error.code == "payload-too-deep"
                remedy = "flatten the value" + (", or raise Limits.max_depth" if max_depth < 128 else "")
                assert error.message == f"nested deeper than {max_depth} levels; {remedy}"
                assert payload[error.at : error.at + 1] in b"[{"

    @pytest.mark.rule("json-limits")
    def test_brackets_in_strings_do_not_nest(self) -> None:
        for text in (b'"[[[["', b'["\\"[[[["]', b'["\\\\", "[[["]', b'["","[[[",""]'):
            decode(text, Limits(max_depth=1))
        assert refusal(b'["\\\\", [[1]]]', Limits(max_depth=1)).at == 7

    @pytest.mark.rule("json-limits")
    def test_depth_is_judged_before_the_text(self) -> None:
        for text in (b"[[[", b"nope [[[", b"]]] [[[ [[[", b'"\xff", [[[', b"\\[[[["):
            assert refusal(text, Limits(max_depth=2)).code == "payload-too-deep"
        assert refusal(b'["[[[', Limits(max_depth=2)).code == "invalid-json"

    @pytest.mark.rule("json-limits")
    @given(st.text('[]{}"\\a', max_size=60).map(str.encode), st.integers(0, 5), st.integers(1, 9))
    @example(b"[][\\", 1, 9)
    @example(b"[][\\a", 1, 4)
    def test_the_quick_count_and_the_exact_place_agree(self, text: bytes, level: int, slab: int) -> None:
        depth, string, escaped = 0, False, False
        place = None
        for at, byte in enumerate(text.decode()):
            if escaped:
                escaped = False
                if byte in '"\\':
                    continue
            if byte == "\\":
                escaped = True
            elif byte == '"':
                string = not string
            elif not string:
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(byte, 0)
                if place is None and depth > level:
                    place = at
        assert find_deeper(level, text, 0, len(text)) == (-1 if place is None else place)
        assert deeper_than(level, text, 0, len(text)) is (place is not None)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(depth_module, "_SLAB", slab)
            for around in (b"[", b"]", b'"', b"\\"):
                data = around + text + around
                assert find_deeper(level, data, 1, 1 + len(text)) == (-1 if place is None else place + 1)

    @pytest.mark.rule("json-limits")
    def test_depth_across_the_borders_of_slabs(self) -> None:
        for padding in range(262_130, 262_150):
            text = b'["' + b"a" * padding + b'\\\\\\"[[[[", [[1]]]'
            assert deeper_than(2, text, 0, len(text))
            assert not deeper_than(3, text, 0, len(text))

    @pytest.mark.rule("json-limits")
    @pytest.mark.parametrize("process_limit", [0, 640, 4300, 5000])
    @pytest.mark.parametrize("max_digits", [1, 5, 639, 641, 4300, 4301, 4500])
    def test_digits(self, max_digits: int, process_limit: int) -> None:
        before = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(process_limit)
        try:
            limits = Limits(max_digits=max_digits)
            for sign in (b"", b"-"):
                decode(b"[" + sign + b"1" * max_digits + b"]", limits)
                error = refusal(b'["11111111", 0, ' + sign + b"1" * (max_digits + 1) + b"]", limits)
                assert (error.code, error.at) == ("number-too-long", 16 + len(sign))
        finally:
            sys.set_int_max_str_digits(before)

    @pytest.mark.rule("json-limits")
    @pytest.mark.parametrize("digits", [1, 4299, 4300, 4301])
    def test_msgspec_takes_no_integer_of_more_digits_than_are_searched_for(self, digits: int) -> None:
        text = b"1" * digits
        try:
            msgspec.json.decode(text)
        except msgspec.DecodeError:
            accepted = False
        else:
            accepted = True
        assert accepted is (digits <= 4300)
        assert has_longer(digits - 1, text, 0, digits)
        assert not has_longer(digits, text, 0, digits)
        assert not has_longer(digits, text * 2, 0, digits)

    @pytest.mark.rule("json-limits")
    def test_digits_of_other_numbers_and_of_strings_are_not_limited(self) -> None:
        limits = Limits(max_digits=3)
        assert decode(b'[1.23456, 12345e0, 1e0005, "12345", {"12345": "\\"12345"}]', limits)

    @pytest.mark.rule("json-limits")
    @pytest.mark.parametrize(
        "before",
        [
            *("1.23456", "12345e0", "12345.0", "12345E-1", "1e12345", "1e+12345", "1e-12345", "0.12345"),
            *('"12345"', '"\\u12345"', '"\\"12345"', '{"12345": 1}', "123456.5", "912345.5", "1.5e12345"),
        ],
    )
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_the_place_is_that_of_the_integer_and_of_nothing_like_it(self, before: str, sign: str) -> None:
        text = f"[{before}, {sign}12345, 12345]"
        assert refusal(text.encode(), Limits(max_digits=4)).at == len(f"[{before}, {sign}")
        alone = f"{sign}12345"
        assert refusal(alone.encode(), Limits(max_digits=4)).at == len(sign)

    @pytest.mark.rule("json-limits")
    @given(json_values, st.integers(1, 3), st.booleans())
    def test_the_place_is_that_of_the_first_integer_that_is_too_long(
        self, value: Any, max_digits: int, ascii_only: bool
    ) -> None:
        text = json.dumps(value, ensure_ascii=ascii_only)
        token = re.compile(r'"(?:[^"\\]|\\.)*"|-?([0-9]+)([.eE][-+.eE0-9]*)?')
        found = [t for t in token.finditer(text) if t[1] and not t[2] and len(t[1]) > max_digits]
        payload = text.encode(errors="replace")
        if not found or payload.decode() != text:
            return
        error = refusal(payload, Limits(max_digits=max_digits))
        assert (error.code, error.at) == ("number-too-long", len(text[: found[0].start(1)].encode()))

    def test_a_place_is_looked_for_where_there_is_one(self) -> None:
        with pytest.raises(AssertionError, match="is JSON"):
            place_of_constant("[1]")
        with pytest.raises(AssertionError, match="is JSON"):
            place_of_integer("[1]", 1)

    @pytest.mark.rule("json-limits")
    def test_a_long_number_in_a_text_that_is_no_json_is_not_the_fault(self) -> None:
        assert refusal(b"[12345", Limits(max_digits=3)).code == "invalid-json"


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
            (
                b"",
                0,
                "there is no JSON here; print the JSON on the marker's own line, or a result of",
            ),
            (b" \t", 2, "there is no JSON here"),
            (b"\v", 0, r"U\+000B stands here"),
            (b"{1: 2}", 1, "keys of JSON objects are strings in double quotes"),
            (b"{a: 1}", 1, "keys of JSON objects are strings in double quotes"),
            (b'b"x"', 0, "the repr of bytes in Python"),
            (b"array([1, 2])", 0, "Python's repr"),
            (b"[np.float64(1.0)]", 1, "Python's repr"),
            (b"<object object at 0x7f>", 0, "an object as text"),
            (b"[-Inf]", 1, "allow_nan=False"),
            (b'"C:\\path"', 3, "a backslash in a string is written twice"),
            (b'"my\\ file"', 3, r"JSON has no escape \\ followed by U\+0020; "),
            (b"[1,\v2]", 3, r"U\+000B stands here"),
            (b'{"a": NaN}', 6, r"NaN is no JSON value; find it with json.dumps\(..., allow_nan=False\)"),
            (b'["NaN", -Infinity]', 8, "-Infinity is no JSON value"),
            (b"{'a': 1}", 1, "a single quote stands where JSON has a double quote"),
            (b"[True]", 1, "looks like Python's repr"),
            (b"(1, 2)", 0, "looks like Python's repr"),
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
            (b'"\xff"', 1, "byte 0xff is not UTF-8"),
            (
                b"[nope]",
                1,
                "not JSON: 'nope' stands where a JSON value has to begin; print the output of a JSON library",
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
