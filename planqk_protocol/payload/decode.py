"""Strict JSON: bytes to a value, or to an error with the place and a remedy.

Two decoders share the work, because neither is enough.

*   msgspec decodes first. It is several times as fast as the standard library, and
    what it accepts is JSON with the right value. Nearly all payloads end here.
*   The standard library's `json` decodes what msgspec refuses. msgspec 0.22 refuses some
    valid texts: integers of more than 4300 digits, numbers too large for a float, and
    lone surrogate escapes. And its messages do not always name a place: for ``[1,`` and
    ``1e999`` they do not. `json` gives either the value, or the fault and its place.

`json` alone would accept too much. It reads NaN and Infinity, so `parse_constant`
refuses them. And it would strip a byte order mark or guess UTF-16 if it were
given bytes. So it is given text that was decoded as UTF-8.

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
from planqk_protocol.payload.bounds import SAFE_DIGITS, find_deeper, has_longer, to_int
from planqk_protocol.payload.causes import ADVICE, Cause
from planqk_protocol.payload.faults import mend_place, place_of_constant, place_of_integer

__all__ = ["PayloadDecoder", "PayloadError"]

_WORTH_A_VIEW = 4096  # bytes; if there are fewer, a copy is cheaper than a view
_MSGSPEC_DIGITS = 4300  # digits of the longest integer that msgspec takes
_accept = msgspec.json.Decoder().decode
# A *slow float* is beyond 10 to the power of 288 or -307. msgspec 0.22.0 takes 9 µs for it, and Python takes
# 0.3 µs (CPython 3.11). This decoder leaves floats to Python.
_accept_with_python_floats = msgspec.json.Decoder(float_hook=float).decode
_BYTES_PER_SLOW_FLOAT = 600  # decoding this many bytes takes about as long as decoding one slow float
_SLOW_EXPONENTS = {letter: re.compile(rb"%b[+-]?0*[1-9][0-9]{2}" % letter) for letter in (b"e", b"E")}
_MOST_STEPS = 500  # from one letter to the next


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
        remedy: What to do in this very case, if the cause alone does not tell.
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
        remedy: str = "",
    ) -> None:
        self.code = code
        self.message = f"{'not JSON: ' if cause else ''}{fault}; {advice}"
        self.at = at
        self.cause = cause
        self.fault = fault
        self.start = at if start is None else start
        self.length = length
        self.remedy = remedy
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
        # A text of at most this many bytes can exceed no limit, so it is not measured.
        self._safe_size = min(
            limits.max_depth, _MSGSPEC_DIGITS if limits.max_digits is None else limits.max_digits
        )

    def decode(self, data: bytes, start: int = 0, stop: int | None = None) -> Any:
        """The value of the JSON text ``data[start:stop]``. It may have white space around it.

        Raises:
            PayloadError: The bytes are no JSON text, or exceed a limit.
            RecursionError: The caller is so near to the interpreter's recursion
                limit that no decoder can recurse (CPython 3.11).
        """
        if stop is None:
            stop = len(data)
        if stop - start <= self._safe_size:
            try:
                return _accept_with_python_floats(data[start:stop])  # a search for slow floats costs more
            except ValueError:
                return self._decode_by_json(data[start:stop])
        if (at := find_deeper(self._max_depth, data, start, stop)) >= 0:
            raise self._too_deep(at - start)
        # msgspec does not know `max_digits`. Check it only if it is lower than msgspec's own limit.
        max_digits = self._max_digits
        if (
            max_digits is not None
            and max_digits < _MSGSPEC_DIGITS
            and has_longer(max_digits, data, start, stop)
        ):
            return self._decode_by_json(data[start:stop])
        accept = _accept_with_python_floats if _has_slow_floats(data, start, stop) else _accept
        try:
            return accept(memoryview(data)[start:stop] if stop - start > _WORTH_A_VIEW else data[start:stop])
        except ValueError:  # the text may still be valid: msgspec refuses some valid texts
            return self._decode_by_json(data[start:stop])

    def _decode_by_json(self, payload: bytes) -> Any:
        """Decode with the standard library, and refuse integers that are too long."""
        max_digits = self._max_digits
        is_too_long = False

        # A call of Python for each integer would cost more than all other work. Payloads repeat integers.
        @lru_cache(1024)
        def parse_int(digits: str) -> int:
            nonlocal is_too_long
            if max_digits is not None and len(digits) - digits.startswith("-") > max_digits:
                # No error is raised yet: if the rest is not JSON, that fault is reported instead.
                is_too_long = True
                return 0
            return to_int(digits)

        text = _text(payload)
        # Without a long integer, `json` converts them itself, which is faster.
        longest = SAFE_DIGITS if max_digits is None else min(SAFE_DIGITS, max_digits)
        value = _strict_value(text, parse_int if has_longer(longest, payload, 0, len(payload)) else None)
        if max_digits is None or not is_too_long:
            return value
        del value  # to find the place, the text is decoded again, which takes as much memory
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


def _has_slow_floats(data: bytes, start: int, stop: int) -> bool:
    """Whether a text has so many slow floats that they would take longer than all other bytes.

    A float with an exponent of three digits is taken for a slow one. Without an exponent, a
    slow float has hundreds of bytes.
    """
    few = (stop - start) // _BYTES_PER_SLOW_FLOAT
    return any(
        _has_more(few, letter, data, start, stop)
        and next(islice(exponent.finditer(data, start, stop), few, None), None)
        for letter, exponent in _SLOW_EXPONENTS.items()
    )


def _has_more(number: int, letter: bytes, data: bytes, start: int, stop: int) -> bool:
    """Whether a letter occurs more than `number` times."""
    # Where it is rare, going from one to the next takes less than a tenth of the time of a count.
    steps = min(number, _MOST_STEPS)
    for _ in range(steps):
        start = data.find(letter, start, stop) + 1
        if not start:
            return False
    return data.count(letter, start, stop) > number - steps


def _strict_value(text: str, parse_int: Callable[[str], int] | None) -> Any:
    """Decode with the standard library, but refuse NaN, Infinity and -Infinity."""
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
    """Decode the payload to text; refuse bytes that are not UTF-8."""
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


def _advice_for_python(text: str) -> str:
    from planqk_protocol.payload.python_values import python_advice  # noqa: PLC0415  # its patterns are seldom needed

    return python_advice(text)


def _invalid(text: str, at: int, complaint: str) -> PayloadError:
    """The error for a place where `json` stops, with the cause, its places counted in bytes."""
    from planqk_protocol.payload.classify import classify  # noqa: PLC0415  # its patterns are seldom needed

    fault = classify(text, *mend_place(text, at, complaint))
    remedy = _advice_for_python(text) if fault.cause is Cause.PYTHON_REPR else ""
    place = _size(text, 0, fault.at)
    start = place if fault.start == fault.at else _size(text, 0, fault.start)
    return PayloadError(
        ViolationCode.INVALID_JSON,
        fault.message,
        remedy or fault.advice,
        place,
        cause=fault.cause,
        start=start,
        length=_size(text, fault.start, fault.start + fault.length),
        remedy=remedy,
    )


def _size(text: str, start: int, stop: int) -> int:
    return len(text[start:stop].encode())
