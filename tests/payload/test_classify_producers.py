"""Payloads that are not JSON: what languages print where no JSON library is used."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import pprint
import types
import uuid
from typing import Any

import pytest

from planqk_protocol.payload.causes import Cause
from tests.payload.decoding import refusal


class TestProducers:
    """What languages print for values, where no JSON library is used."""

    @dataclasses.dataclass
    class Point:
        x: int = 1

    @pytest.mark.parametrize(
        ("value", "cause"),
        [
            ({"sum": 42}, Cause.SINGLE_QUOTES),
            ({"sum": None}, Cause.PYTHON_REPR),
            ([True], Cause.PYTHON_REPR),
            ((1, 2), Cause.PYTHON_REPR),
            ({"a": (1,)}, Cause.PYTHON_REPR),
            ({1, 2}, Cause.PYTHON_REPR),
            (frozenset({1}), Cause.PYTHON_REPR),
            ({"a": b"x"}, Cause.PYTHON_REPR),
            (b'{"a": 1}', Cause.BYTES_REPR),
            (bytearray(b"{}"), Cause.PYTHON_REPR),
            (1 + 2j, Cause.NUMBER_FORM),
            (-1.5 - 2.5e-9j, Cause.NUMBER_FORM),
            (complex("nan+1j"), Cause.NUMBER_FORM),
            (complex("1+infj"), Cause.NUMBER_FORM),
            (float("nan"), Cause.NAN),
            ([float("-inf")], Cause.NAN),
            (object(), Cause.OBJECT_REPR),
            (int, Cause.OBJECT_REPR),
            (print, Cause.OBJECT_REPR),
            (Point(), Cause.PYTHON_REPR),
            ([decimal.Decimal("1.5")], Cause.PYTHON_REPR),
            ({"at": dt.date(2026, 1, 1)}, Cause.PYTHON_REPR),
            ([uuid.UUID(int=0)], Cause.PYTHON_REPR),
            (types.SimpleNamespace(sum=42), Cause.PYTHON_REPR),
            (..., Cause.PYTHON_REPR),
            (range(3), Cause.PYTHON_REPR),
            ({"a": {}}.keys(), Cause.PYTHON_REPR),
            (iter([]), Cause.OBJECT_REPR),
        ],
    )
    def test_python(self, value: Any, cause: Cause) -> None:
        assert refusal(str(value)).cause is cause
        assert refusal(pprint.pformat([value, value], width=8)).cause in {cause, Cause.PYTHON_REPR}

    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("{ sum: 42, name: 'x' }", Cause.UNQUOTED_KEY),
            ("[ 1, 'a' ]", Cause.SINGLE_QUOTES),
            ("[ 1.5, undefined, -0 ]", Cause.UNDEFINED),
            ("[object Object]", Cause.OBJECT_REPR),
            ("1,2", Cause.NUMBER_FORM),
            ("Map(1) { 'a' => 1 }", Cause.OBJECT_REPR),
            ("Set(1) { 1 }", Cause.OBJECT_REPR),
            ("[class A]", Cause.OBJECT_REPR),
            ("[Function (anonymous)]", Cause.OBJECT_REPR),
            ("[Function: f]", Cause.OBJECT_REPR),
            ("Promise { 1 }", Cause.OBJECT_REPR),
            ("[ 1, NaN, Infinity ]", Cause.NAN),
            ("42n", Cause.NUMBER_FORM),
            ("{ 'a-b': 1, f: [Function: f] }", Cause.SINGLE_QUOTES),
            ("[ <1 empty item>, 1 ]", Cause.OBJECT_REPR),
            ("Symbol(a)", Cause.OBJECT_REPR),
            ("<Buffer 61 62>", Cause.OBJECT_REPR),
            ("Float64Array(2) [ 1.5, 2 ]", Cause.OBJECT_REPR),
        ],
    )
    def test_node(self, text: str, cause: Cause) -> None:
        """What console.log of Node 20 prints for such values."""
        assert refusal(text).cause is cause

    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("[I@2f112965", Cause.OBJECT_REPR),
            ("H$P@4e91d63f", Cause.OBJECT_REPR),
            ("R[x=1, y=b]", Cause.OBJECT_REPR),
            ("{sum=42}", Cause.UNQUOTED_KEY),
            ("Optional[1]", Cause.OBJECT_REPR),
            ("[LH$P;@7adda9cc", Cause.OBJECT_REPR),
            ("[NaN]", Cause.NAN),
            ("H$1@5c909414", Cause.OBJECT_REPR),
        ],
    )
    def test_java(self, text: str, cause: Cause) -> None:
        """What System.out.println of Java 17 prints for such values."""
        assert refusal(text).cause is cause

    @pytest.mark.parametrize(
        "text", ["map[sum:42]", "{42 0.5}", "&{42 0.5}", "main.Result{Sum:42}", "[<nil> 1]", "<nil>"]
    )
    def test_go(self, text: str) -> None:
        assert refusal(text).cause is Cause.OBJECT_REPR

    @pytest.mark.parametrize("text", ['{"sum"=>42}', "{:sum=>42}", "#<struct Foo a=1>", "#<Object:0x0000>"])
    def test_ruby(self, text: str) -> None:
        assert refusal(text).cause is Cause.OBJECT_REPR

    @pytest.mark.parametrize(
        "text", ["Array\n(\n    [sum] => 42\n)\n", "stdClass Object\n(\n)\n", 'array(1) {\n  ["sum"]=>\n']
    )
    def test_php(self, text: str) -> None:
        assert refusal(text).cause is Cause.OBJECT_REPR

    @pytest.mark.parametrize(
        ("text", "cause"),
        [
            ("[1 2 3]", Cause.ARRAY_PRINT),
            ("[1. 2. 3.]", Cause.ARRAY_PRINT),
            ("[ 0.5  1.   1.5]", Cause.ARRAY_PRINT),
            ("[[1 2]\n [3 4]]", Cause.ARRAY_PRINT),
            ("[1.+0.j 0.+1.j]", Cause.NUMBER_FORM),
            ("[ True False]", Cause.PYTHON_REPR),
            ("['a' 'b']", Cause.SINGLE_QUOTES),
            ("array([1, 2, 3])", Cause.PYTHON_REPR),
            ("[np.float64(1.0), np.float64(2.0)]", Cause.PYTHON_REPR),
            ("[nan  1.]", Cause.NAN),
        ],
    )
    def test_numpy(self, text: str, cause: Cause) -> None:
        assert refusal(text).cause is cause
