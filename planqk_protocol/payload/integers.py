"""Integers of any length, exactly, without touching the process-wide digit limit."""

from __future__ import annotations

import re

__all__ = ["may_exceed", "to_int", "where_longer"]

_CHUNK = 600  # digits; `int` takes 640 in every configuration of the interpreter
_MSGSPEC_DIGITS = 4300
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*+"|-?([0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?', re.DOTALL)


def to_int(digits: str) -> int:
    """The integer a JSON text spells, however long it is."""
    try:
        return int(digits)
    except ValueError:
        return -_positive(digits[1:]) if digits.startswith("-") else _positive(digits)


def _positive(digits: str) -> int:
    if len(digits) <= _CHUNK:
        return int(digits)
    half = len(digits) // 2
    return int(_positive(digits[:-half]) * 10**half + _positive(digits[-half:]))


def may_exceed(max_digits: int | None, data: bytes, start: int, stop: int) -> bool:
    """Whether msgspec might accept an integer of more than `max_digits` digits in ``data[start:stop]``.

    msgspec takes integers of up to 4300 digits.
    """
    if max_digits is None or max_digits >= _MSGSPEC_DIGITS:
        return False
    return run_of_digits(max_digits + 1).search(data, start, stop) is not None


def run_of_digits(least: int) -> re.Pattern[bytes]:
    """A pattern of `least` digits in a row, tried once for each row: at its first digit."""
    return re.compile(rb"(?<![0-9])[0-9]{%d}" % least)


def where_longer(max_digits: int, text: str) -> int:
    """Position, in characters, of the first integer of more than `max_digits`, of which there is one.

    Args:
        text: A valid JSON text.
        max_digits: The limit, in digits without the sign.
    """
    for token in _TOKEN.finditer(text):
        digits = token.group(1)
        if digits and len(digits) > max_digits and token.end(1) == token.end():
            return token.start(1)
    raise ValueError(f"no integer has more than {max_digits} digits")
