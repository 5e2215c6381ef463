"""Places of faults that the standard library's `json` does not name, or names wrongly.

`json` names no place for NaN, Infinity and integers that are too long: it only
hands them to a callback. To find the place, the text is made invalid there and
decoded once more. Then `json` stops at this place and names it. A search could
not tell a number from the same digits in a string. The second decoding can, and
costs no more than the first.
"""

from __future__ import annotations

import json
import re

__all__ = ["mend_place", "opening_quote", "place_of_constant", "place_of_integer"]

_CUT_ESCAPE = re.compile(r"u[0-9a-fA-F]{0,4}")


def mend_place(text: str, at: int, fault: str) -> tuple[int, str]:
    r"""The place of a fault and its words, corrected where `json` gives wrong ones.

    If a text ends within ``\uXXXX`` or right after it, `json` reports a wrong
    escape (``scanstring_unicode`` in CPython's ``Modules/_json.c``, 3.11 to 3.13).
    The fault is that the string does not end, and its place is the opening quote.

    >>> mend_place(r'["a\u0041', 4, r"Invalid \uXXXX escape")
    (1, 'Unterminated string')
    """
    if fault.startswith("Invalid \\u") and _CUT_ESCAPE.fullmatch(text, at):
        return opening_quote(text, at - 1), "Unterminated string"
    return at, fault


def opening_quote(text: str, at: int) -> int:
    r"""Place of the quote that opens the string around a place.

    >>> opening_quote(r'["a", "b\"c', 10)
    6
    """
    # Without the escaped quotes, the last quote is the one that opens the string.
    return text[:at].replace(r"\\", "--").replace(r"\"", "--").rfind('"')


def place_of_constant(text: str) -> int:
    """Place of the first ``NaN``, ``Infinity`` or ``-Infinity`` outside strings.

    Args:
        text: A text that is JSON up to this place.

    >>> place_of_constant('["NaN", -Infinity]')
    8
    """
    return _place_of_fault(text.replace("NaN", "N--").replace("Infinity", "I-------"))


def place_of_integer(text: str, max_digits: int) -> int:
    """Place of the first integer of more than `max_digits` digits.

    All digits of such integers are replaced by zeros. Two zeros or more are not a JSON
    integer, so `json` stops there. In a string, in a fraction and in an exponent they
    are valid.

    Args:
        text: A valid JSON text that has such an integer.
        max_digits: The limit, in digits without the sign.

    >>> place_of_integer('["1234", 0.1234, 1234.5, 12, -1234]', 3)
    30
    """
    long = re.compile(rf"(?<![0-9])[0-9]{{{max_digits + 1},}}(?![0-9.eE])")
    return _place_of_fault(long.sub(lambda digits: "0" * len(digits[0]), text)) - 1


def _place_of_fault(text: str) -> int:
    """Where `json` stops in a text that is not JSON."""
    try:
        json.JSONDecoder(parse_int=len).decode(text)
    except json.JSONDecodeError as error:
        return error.pos
    raise AssertionError("the text is JSON")
