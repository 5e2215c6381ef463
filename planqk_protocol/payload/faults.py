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


def place_of_integer(text: str, digits: str) -> int:
    """Place of the first integer of exactly these digits, which is there, in a valid text.

    Nothing but an integer is spoilt by zeros in the place of all its digits: no
    string, no fraction and no exponent.

    Args:
        text: A valid JSON text.
        digits: Two digits or more, without a sign.

    >>> place_of_integer('["123", 0.123, 123.5, -123]', "123")
    23
    """
    return _stop(re.sub(f"{digits}(?![0-9.eE])", "0" * len(digits), text)) - 1


def _stop(text: str) -> int:
    """Where `json` stops in a text that is not JSON."""
    try:
        json.JSONDecoder(parse_int=len).decode(text)
    except json.JSONDecodeError as error:
        return error.pos
    raise AssertionError("the text is JSON")
