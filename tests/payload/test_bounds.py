"""Limits on payloads: memory, time, depth and digits."""

from __future__ import annotations

import json
import re
import struct
import sys
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planqk_protocol import Collector, Limits, Parser
from planqk_protocol.payload import bounds as depth_module
from planqk_protocol.payload.bounds import deeper_than, find_deeper, has_longer
from planqk_protocol.payload.decode import PayloadError
from planqk_protocol.payload.faults import place_of_constant, place_of_integer
from tests.payload.decoding import decode, refusal, seconds
from tests.strategies import INTERIM, RESULT, json_values

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

    def test_a_runner_holds_three_values_at_most(self) -> None:
        """The result, the last interim result, and the next one: the page on performance says so."""
        nest = HEAVY["nests"]
        payload = b" [" + (nest + b",") * (100_000 // len(nest)) + b"0]\n"
        parser, collector = Parser(logs=False), Collector(keep_interim="last")
        tracemalloc.start()
        try:
            for line in [RESULT + payload, *[INTERIM + payload] * 3]:
                for event in parser.feed(line):
                    collector.add(event)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        word = struct.calcsize("P") / 8  # with 32 bits, as in Pyodide, objects are half as large
        assert 100 * word < most / len(payload) < 150 * word

    @pytest.mark.slow
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
    @pytest.mark.parametrize("closed", [0, 1, 127, 128, 129, 300])
    @pytest.mark.parametrize("filling", [b"", b'""'])
    def test_depth_after_a_slab_with_any_number_of_brackets(self, closed: int, filling: bytes) -> None:
        """Few brackets, many, and strings beside them: the depth is found in three ways."""
        first = b"[{" + b"]" * closed
        first += b" " * (262_144 - len(first) - len(filling)) + filling
        for opened in (closed, closed + 1):
            text = first + b"[" * opened
            found = find_deeper(2, text, 0, len(text))
            assert found == (-1 if opened == closed else len(text) - 1)

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
