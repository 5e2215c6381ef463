"""Where a fault is, in places that `json` does not name, or names wrongly.

Constants and integers are found by a second decoding of a text that is spoilt
at this place and nowhere before it, so that `json` stops there. That is quick
however long the text is, and skips strings, which a search would have to do
one by one.
"""

from __future__ import annotations

import json
import re

__all__ = ["mend_place", "place_of_constant", "place_of_integer"]

_CUT_ESCAPE = re.compile(r"u[0-9a-fA-F]{0,4}")


def mend_place(text: str, at: int, fault: str) -> tuple[int, str]:
    r"""The place and the words of a fault that `json` found, mended where they are wrong.

    A text that ends within ``\uXXXX`` or right behind it is called a wrong
    escape. But its string is one that does not end: its opening quote is the
    place (``c_scanstring`` in CPython's ``Modules/_json.c``, 3.11 to 3.13).

    >>> mend_place(r'["a\u0041', 4, r"Invalid \uXXXX escape")
    (1, 'Unterminated string')
    """
    if fault.startswith("Invalid \\u") and _CUT_ESCAPE.fullmatch(text, at):
        before = text[: at - 1].replace(r"\\", "--").replace(r"\"", "--")  # all quotes left bound strings
        return before.rfind('"'), "Unterminated string"
    return at, fault


def place_of_constant(text: str) -> int:
    """Place of the first ``NaN``, ``Infinity`` or ``-Infinity`` outside strings, up to which all is JSON.

    >>> place_of_constant('["NaN", -Infinity]')
    8
    """
    return _stop(text.replace("NaN", "N--").replace("Infinity", "I-------"))


def place_of_integer(text: str, max_digits: int) -> int:
    """Place of the first integer of more than `max_digits` digits, which is there, in a valid text.

    Nothing but an integer is spoilt by zeros in the place of all its digits: no
    string, no fraction and no exponent. The pattern says how many digits, not
    which: it would be as long as they are otherwise.

    >>> place_of_integer('["1234", 0.1234, 1234.5, 12, -1234]', 3)
    30
    """
    long = re.compile(rf"(?<![0-9])[0-9]{{{max_digits + 1},}}(?![0-9.eE])")
    return _stop(long.sub(lambda digits: "0" * len(digits[0]), text)) - 1


def _stop(text: str) -> int:
    """Where `json` stops in a text that is not JSON."""
    try:
        json.JSONDecoder(parse_int=len).decode(text)
    except json.JSONDecodeError as error:
        return error.pos
    raise AssertionError("the text is JSON")
