"""Decoders that are wrong about payloads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.conformance.zoo.plain import Plain, RefusedError
from tests.conformance.zoo.register import breaks


@breaks("json")
class AcceptsNaN(Plain):
    """Decodes with ``json.loads``."""

    def constant(self, name: str) -> Any:
        return name


@breaks("json")
class StripsUnicodeSpace(Plain):
    """Strips a payload with ``str.strip``."""

    def check(self, payload: bytes) -> None:
        super().check(payload.decode(errors="surrogateescape").strip().encode(errors="surrogateescape"))


@breaks("json")
class ControlInStrings(Plain):
    """Decodes with ``strict=False``."""

    def check(self, payload: bytes) -> None:
        super().check(payload.translate(None, bytes({1, 9})))


@breaks("json")
class EmptyIsNull(Plain):
    """Takes an empty payload for null."""

    def check(self, payload: bytes) -> None:
        super().check(payload if payload.strip() else b"null")

    def value_text(self, payload: bytes) -> bytes:
        return super().value_text(payload) or b"null"


@breaks("json")
class DecodesPayloadLeniently(Plain):
    """Decodes a payload with ``errors="replace"``."""

    def check(self, payload: bytes) -> None:
        super().check(payload.decode(errors="replace").encode())


def _as_double(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


@breaks("json-values")
class BigIntegersAsDoubles(Plain):
    """Turns integers beyond 64 bits into doubles, as orjson does."""

    def value_text(self, payload: bytes) -> bytes:
        return json.dumps(json.loads(payload, parse_int=_as_double)).encode()


@breaks("json-values")
class NumbersAsDoubles(Plain):
    """Turns all numbers into doubles, as JavaScript does; JSON has no Infinity."""

    def value_text(self, payload: bytes) -> bytes:
        return json.dumps(json.loads(payload, parse_int=float)).encode()


@breaks("json-values")
class FirstKeyWins(Plain):
    """Keeps the first of duplicate keys."""

    def value_text(self, payload: bytes) -> bytes:
        def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            return dict(reversed(pairs))

        return json.dumps(json.loads(payload, object_pairs_hook=first)).encode()


@breaks("json-values")
class RefusesDuplicateKeys(Plain):
    """Refuses duplicate keys."""

    def check(self, payload: bytes) -> None:
        super().check(payload)

        def unique(pairs: list[tuple[str, Any]]) -> None:
            if len(dict(pairs)) < len(pairs):
                raise RefusedError("invalid-json")

        json.loads(payload, object_pairs_hook=unique, parse_int=len)


@breaks("json-values")
class RefusesSurrogates(Plain):
    """Encodes the decoded value as UTF-8, which lone surrogates have no form in."""

    def check(self, payload: bytes) -> None:
        super().check(payload)
        try:
            json.dumps(json.loads(payload, parse_int=len), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise RefusedError("invalid-json") from None


@breaks("json-limits")
class NoDepthLimit(Plain):
    """Decodes recursively, and relies on the stack."""

    def check_depth(self, payload: bytes) -> None:
        del payload


@breaks("json-limits")
class CountsBracketsInStrings(Plain):
    """Counts the brackets inside strings, too."""

    def check_depth(self, payload: bytes) -> None:
        super().check_depth(payload.replace(b'"', b" "))


@breaks("json-limits")
class DepthStopsAtZero(Plain):
    """Ignores closing brackets that close nothing."""

    def next_depth(self, depth: int, token: bytes) -> int:
        return max(0, super().next_depth(depth, token))


@breaks("json-limits")
class KnowsEscapesInStringsAlone(Plain):
    """Takes a quote after a backslash outside of strings for the beginning of a string."""

    depth_token = re.compile(rb'"(?:[^"\\]+|\\.)*"?|[\[{\]}]', re.DOTALL)


@breaks("json-limits")
class CountsBracketsInOpenStrings(Plain):
    """Takes a quote for the beginning of a string only if the string ends."""

    depth_token = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{\]}]', re.DOTALL)


@breaks("json-limits")
class DecodesBeforeItMeasures(Plain):
    """Decodes a payload as UTF-8 before it measures the depth."""

    def check(self, payload: bytes) -> None:
        try:
            payload.decode()
        except UnicodeDecodeError:
            raise RefusedError("invalid-json") from None
        super().check(payload)


@breaks("json-limits")
class HasNoDefaults(Plain):
    """Keeps the limits that it is given, and has none by default."""

    def __init__(self, limits: Mapping[str, int | None] | None = None) -> None:
        lifted = dict.fromkeys(("max_line", "max_payload", "max_depth", "max_digits"))
        super().__init__(lifted | dict(limits or {}))
