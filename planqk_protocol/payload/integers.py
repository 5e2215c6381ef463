"""Integers of any length, exactly, without touching the process-wide digit limit."""

from __future__ import annotations

import re

__all__ = ["SHORT", "has_longer", "to_int"]

SHORT = 600
"""Number of digits that `int` takes in every configuration of the interpreter, whose least limit is 640."""


def to_int(digits: str) -> int:
    """The integer that a JSON text spells, however long it is.

    The two halves of a long one are converted alone and put together by a
    multiplication, which costs Python n to the power of 1.58 for n digits. `int`
    itself, where the interpreter lets it, costs the square of n on CPython 3.11.
    """
    return -_positive(digits[1:]) if digits.startswith("-") else _positive(digits)


def _positive(digits: str) -> int:
    if len(digits) <= SHORT:
        return int(digits)
    half = len(digits) // 2
    return int(_positive(digits[:-half]) * 10**half + _positive(digits[-half:]))


def has_longer(count: int, data: bytes, start: int, stop: int) -> bool:
    """Whether more than `count` digits stand in a row in ``data[start:stop]``."""
    return run_of_digits(count + 1).search(data, start, stop) is not None


def run_of_digits(least: int) -> re.Pattern[bytes]:
    """A pattern of `least` digits in a row, tried once for each row: at its first digit."""
    return re.compile(rb"(?<![0-9])[0-9]{%d}" % least)
