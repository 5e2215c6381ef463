"""Strict JSON: bytes to a value, or what is wrong with them.

msgspec says yes: what it accepts is JSON, and its value is right. The standard
library says no: msgspec refuses a few valid texts, and its messages name no
position, so whatever it refuses is decided, and worded, by `json`. Before
either of them runs, the nesting is measured. (Rules ``json``, ``json-values``,
``json-limits``.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Never

import msgspec

from planqk_protocol.events import ViolationCode
from planqk_protocol.limits import Limits
from planqk_protocol.payload.advice import advise
from planqk_protocol.payload.deep import decode_deep
from planqk_protocol.payload.depth import deeper_than, where_deeper
from planqk_protocol.payload.integers import may_exceed, to_int, where_longer

__all__ = ["Decoder", "PayloadError"]

# The depth at which the decoders written in C are safe on a thread stack of 64 KiB.
_SAFE_DEPTH = 128
_WORTH_A_VIEW = 4096  # bytes; below, copying a slice is cheaper than making a view of it
_accept = msgspec.json.Decoder().decode
_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*+"|(NaN|-?Infinity)', re.DOTALL)


class PayloadError(Exception):
    """A payload is refused.

    Attributes:
        code: ``invalid-json``, ``payload-too-deep`` or ``number-too-long``.
        message: What is wrong, and what to do.
        at: Offset of the fault in the payload, in bytes.
    """

    def __init__(self, code: ViolationCode, message: str, at: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at


class Decoder:
    """Decodes payloads within limits.

    Args:
        limits: `Limits.max_depth` and `Limits.max_digits` apply.

    >>> Decoder(Limits()).decode(b'{"sum": 42}')
    {'sum': 42}
    """

    def __init__(self, limits: Limits) -> None:
        self._max_depth = limits.max_depth
        self._max_digits = limits.max_digits
        # A text of no more bytes than a limit cannot exceed it.
        self._short = min(
            limit for limit in (limits.max_depth, limits.max_digits, _SAFE_DEPTH) if limit is not None
        )

    def decode(self, data: bytes, start: int = 0, stop: int | None = None) -> Any:
        """The value of the JSON text ``data[start:stop]``, white space around it allowed.

        Raises:
            PayloadError: The bytes are no JSON text, or exceed a limit.
        """
        stop = len(data) if stop is None else stop
        if stop - start > self._short:
            if self._max_depth is not None and deeper_than(self._max_depth, data, start, stop):
                raise self._too_deep(data[start:stop], self._max_depth)
            deep = deeper_than(_SAFE_DEPTH, data, start, stop)
            if deep or may_exceed(self._max_digits, data, start, stop):
                return self._decide(data[start:stop], deep=deep)
        try:
            return _accept(memoryview(data)[start:stop] if stop - start > _WORTH_A_VIEW else data[start:stop])
        except (ValueError, RecursionError):  # no verdict: msgspec refuses valid texts, too
            return self._decide(data[start:stop], deep=False)

    def _decide(self, payload: bytes, *, deep: bool) -> Any:
        """The verdict of the standard library, within the limits."""
        max_digits = self._max_digits
        too_long = False

        def parse_int(digits: str) -> int:
            nonlocal too_long
            if max_digits is not None and len(digits) - digits.startswith("-") > max_digits:
                too_long = True
                return 0
            return to_int(digits)

        text = _text(payload)
        try:
            value = decode_deep(text, parse_int, _refuse) if deep else _by_json(text, parse_int)
        except json.JSONDecodeError as error:
            raise _invalid(text, error.pos, error.msg) from None
        except _ConstantError as constant:
            at = next(match.start(1) for match in _CONSTANT.finditer(text) if match[1])
            raise _invalid(text, at, f"{constant} is no JSON value") from None
        if too_long and max_digits is not None:
            message = (
                f"an integer of more than {max_digits} digits;"
                " print it as a string, or raise Limits.max_digits"
            )
            at = len(text[: where_longer(max_digits, text)].encode())
            raise PayloadError(ViolationCode.NUMBER_TOO_LONG, message, at)
        return value

    @staticmethod
    def _too_deep(payload: bytes, max_depth: int) -> PayloadError:
        message = f"nested deeper than {max_depth} levels; flatten the value, or raise Limits.max_depth"
        return PayloadError(ViolationCode.PAYLOAD_TOO_DEEP, message, where_deeper(max_depth, payload))


def _by_json(text: str, parse_int: Callable[[str], int]) -> Any:
    try:
        return json.JSONDecoder(parse_int=parse_int, parse_constant=_refuse).decode(text)
    except RecursionError:  # the caller itself is deep in calls
        return decode_deep(text, parse_int, _refuse)


class _ConstantError(Exception):
    pass


def _refuse(constant: str) -> Never:
    raise _ConstantError(constant)


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(
            ViolationCode.INVALID_JSON,
            f"not JSON: byte 0x{payload[error.start]:02x} is not UTF-8; print JSON in UTF-8, "
            "or in ASCII alone, as json.dumps does by default",
            error.start,
        ) from None


def _invalid(text: str, at: int, fault: str) -> PayloadError:
    at, advice = advise(text, at, fault)
    fault = fault.removesuffix(" at").removesuffix(" starting")
    return PayloadError(
        ViolationCode.INVALID_JSON,
        f"not JSON: {fault}; {advice}" if advice else f"not JSON: {fault}",
        len(text[:at].encode()),
    )
