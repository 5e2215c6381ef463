"""Strict JSON: bytes to a value, or to an error with the place and a remedy.

Two decoders share the work, because neither is enough.

*   msgspec says yes. It is several times as fast as the standard library, and what
    it accepts is JSON with the right value. Nearly all payloads end here.
*   The standard library's `json` says no. msgspec 0.22 refuses some valid texts:
    integers of more than 4300 digits, numbers too large for a float, and lone
    surrogate escapes. And its messages do not always name a place: for ``[1,`` and
    ``1e999`` they do not. So whatever msgspec refuses, `json` decodes once more. It
    gives either the value, or the fault and its place.

`json` alone would accept too much. It reads NaN and Infinity, which `parse_constant`
turns into an error, and it would strip a byte order mark or guess UTF-16 if it were
given bytes, so it is given text that was decoded as UTF-8.

Both decoders recurse once for each level. So the nesting is measured before either
of them runs (see `bounds`). Rules: ``json``, ``json-values``, ``json-limits``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any, Never

import msgspec

from planqk_protocol.events import ViolationCode
from planqk_protocol.limits import MAX_DEPTH, Limits
from planqk_protocol.payload.bounds import SHORT, find_deeper, has_longer, to_int
from planqk_protocol.payload.causes import ADVICE, Cause
from planqk_protocol.payload.classify import classify
from planqk_protocol.payload.faults import mend_place, place_of_constant, place_of_integer

__all__ = ["PayloadDecoder", "PayloadError"]

_WORTH_A_VIEW = 4096  # bytes; for less, a copy is cheaper than a view
_MSGSPEC_DIGITS = 4300  # the most that msgspec takes of an integer
_accept = msgspec.json.Decoder().decode
# Beyond 10 to the power of 288 or -307, a float costs msgspec 9 µs, and Python 0.3 (0.22.0, CPython 3.11).
_accept_by_python = msgspec.json.Decoder(float_hook=float).decode
_BYTES_OF_DEAR = 600  # so many bytes of a payload take about as long as one such float
_DEAR = [re.compile(rb"%b[+-]?0*[1-9][0-9]{2}" % letter) for letter in (b"e", b"E")]


class PayloadError(Exception):
    """A payload that is not JSON, or exceeds a limit.

    Attributes:
        code: ``invalid-json``, ``payload-too-deep`` or ``number-too-long``.
        message: What is wrong, and what to do.
        at: Offset of the fault in the payload, in bytes.
        cause: Why it is not JSON; ``None`` for other codes.
        fault: What is wrong.
        start: Offset of the first byte that is wrong. In most cases, it is `at`.
        length: Number of bytes that are wrong; 0 if something is missing.
    """

    def __init__(
        self,
        code: ViolationCode,
        fault: str,
        advice: str,
        at: int,
        *,
        cause: Cause | None = None,
        start: int | None = None,
        length: int = 1,
    ) -> None:
        self.code = code
        self.message = f"{'not JSON: ' if cause else ''}{fault}; {advice}"
        self.at = at
        self.cause = cause
        self.fault = fault
        self.start = at if start is None else start
        self.length = length
        super().__init__(self.message)


class PayloadDecoder:
    """Decodes payloads within limits.

    Args:
        limits: `Limits.max_depth` and `Limits.max_digits` apply.

    >>> PayloadDecoder(Limits()).decode(b'{"sum": 42}')
    {'sum': 42}
    """

    def __init__(self, limits: Limits) -> None:
        self._max_depth = limits.max_depth
        self._max_digits = limits.max_digits
        # A text of no more bytes than each limit allows cannot exceed one, and is not measured.
        self._short = min(
            limits.max_depth, _MSGSPEC_DIGITS if limits.max_digits is None else limits.max_digits
        )

    def decode(self, data: bytes, start: int = 0, stop: int | None = None) -> Any:
        """The value of the JSON text ``data[start:stop]``. It may have white space around it.

        Raises:
            PayloadError: The bytes are no JSON text, or exceed a limit.
            RecursionError: The caller is so near to the interpreter's recursion
                limit that no decoder can recurse (CPython 3.11).
        """
        stop = len(data) if stop is None else stop
        max_digits = self._max_digits
        if stop - start > self._short:
            if (at := find_deeper(self._max_depth, data, start, stop)) >= 0:
                raise self._too_deep(at - start)
            # msgspec does not know this limit. It is enough to ask where it is stricter than msgspec's own.
            if (
                max_digits is not None
                and max_digits < _MSGSPEC_DIGITS
                and has_longer(max_digits, data, start, stop)
            ):
                return self._decide(data[start:stop])
            accept = _accept_by_python if _has_dear_floats(data, start, stop) else _accept
        else:
            accept = _accept_by_python  # in a short text, floats cost less than to look for them
        try:
            return accept(memoryview(data)[start:stop] if stop - start > _WORTH_A_VIEW else data[start:stop])
        except ValueError:  # this decides nothing, as msgspec refuses some valid texts
            return self._decide(data[start:stop])

    def _decide(self, payload: bytes) -> Any:
        """The value by the standard library, or its error, within the limit of digits."""
        max_digits = self._max_digits
        is_too_long = False

        # Calling Python for each integer would cost more than all the rest, and payloads repeat integers.
        @lru_cache(1024)
        def parse_int(digits: str) -> int:
            nonlocal is_too_long
            if max_digits is not None and len(digits) - digits.startswith("-") > max_digits:
                # Not an error yet: if the text is not JSON further on, that comes first.
                is_too_long = True
                return 0
            return to_int(digits)

        text = _text(payload)
        # Without a long integer, `json` converts them itself, which is faster.
        longest = SHORT if max_digits is None else min(SHORT, max_digits)
        value = _by_json(text, parse_int if has_longer(longest, payload, 0, len(payload)) else None)
        if max_digits is None or not is_too_long:
            return value
        del value  # the place is found by decoding once more, which takes as much memory
        at = len(text[: place_of_integer(text, max_digits)].encode())
        raise PayloadError(
            ViolationCode.NUMBER_TOO_LONG,
            f"an integer of more than {max_digits} digits",
            "print it as a string, or raise Limits.max_digits",
            at,
        )

    def _too_deep(self, at: int) -> PayloadError:
        max_depth = self._max_depth
        remedy = "flatten the value" + (", or raise Limits.max_depth" if max_depth < MAX_DEPTH else "")
        message = f"nested deeper than {max_depth} levels"
        return PayloadError(ViolationCode.PAYLOAD_TOO_DEEP, message, remedy, at)


def _has_dear_floats(data: bytes, start: int, stop: int) -> bool:
    """Whether so many exponents of three digits are in a text that they would cost more than all the rest.

    Without an exponent, a float as large or as small takes hundreds of bytes.
    """
    few = (stop - start) // _BYTES_OF_DEAR
    if data.count(b"e", start, stop) + data.count(b"E", start, stop) <= few:
        return False
    return any(next(islice(dear.finditer(data, start, stop), few, None), None) for dear in _DEAR)


def _by_json(text: str, parse_int: Callable[[str], int] | None) -> Any:
    """The value by the standard library, made strict."""
    try:
        return json.JSONDecoder(parse_int=parse_int, parse_constant=_refuse).decode(text)
    except json.JSONDecodeError as error:
        raise _invalid(text, error.pos, error.msg) from None
    except _ConstantError as constant:
        raise _invalid(text, place_of_constant(text), f"{constant} is no JSON value") from None


class _ConstantError(Exception):
    """NaN, Infinity or -Infinity, which the standard library would accept."""


def _refuse(constant: str) -> Never:
    raise _ConstantError(constant)


def _text(payload: bytes) -> str:
    """The payload as text, all of which has to be UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(
            ViolationCode.INVALID_JSON,
            f"byte 0x{payload[error.start]:02x} is not UTF-8",
            ADVICE[Cause.ENCODING],
            error.start,
            cause=Cause.ENCODING,
            length=error.end - error.start,
        ) from None


def _invalid(text: str, at: int, complaint: str) -> PayloadError:
    """The error for a place where `json` stops, with the cause, its places counted in bytes."""
    fault = classify(text, *mend_place(text, at, complaint))
    place = _size(text, 0, fault.at)
    start = place if fault.start == fault.at else _size(text, 0, fault.start)
    return PayloadError(
        ViolationCode.INVALID_JSON,
        fault.message,
        fault.advice,
        place,
        cause=fault.cause,
        start=start,
        length=_size(text, fault.start, fault.start + fault.length),
    )


def _size(text: str, start: int, stop: int) -> int:
    return len(text[start:stop].encode())
