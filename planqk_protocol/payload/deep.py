"""A JSON decoder without recursion, for texts too deep for the ones written in C.

The C decoders recurse once for each level, on a stack whose size depends on the
thread and on how deep their caller already is. This one keeps its own stack. It
accepts what they accept and raises the `json.JSONDecodeError` that they raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, but not in the stubs
from typing import Any

__all__ = ["decode_deep"]

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CONSTANTS = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"true|false|null|NaN|-?Infinity")


def decode_deep(text: str, parse_int: Callable[[str], int], parse_constant: Callable[[str], Any]) -> Any:
    """Decode one JSON text.

    Args:
        text: The text, white space around it allowed.
        parse_int: Called with the digits of each integer.
        parse_constant: Called with ``NaN``, ``Infinity`` or ``-Infinity``.

    Raises:
        json.JSONDecodeError: The text is not JSON.
    """
    return _Decoder(text, parse_int, parse_constant).decode()


class _Decoder:
    def __init__(
        self, text: str, parse_int: Callable[[str], int], parse_constant: Callable[[str], Any]
    ) -> None:
        self._text = text
        self._parse_int = parse_int
        self._parse_constant = parse_constant
        self._at = 0
        self._open: list[tuple[Any, str | None]] = []  # containers being filled, with the key that waits

    def decode(self) -> Any:
        self._skip()
        while True:
            value = self._value()
            if value is _OPENED:
                continue
            while self._open:
                container, key = self._open.pop()
                if key is None:
                    container.append(value)
                else:
                    container[key] = value
                if self._goes_on(container):
                    break
                value = container
            else:
                return self._end(value)

    def _skip(self) -> None:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # matches nothing, too

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _end(self, value: Any) -> Any:
        self._skip()
        if self._peek():
            raise JSONDecodeError("Extra data", self._text, self._at)
        return value

    def _value(self) -> Any:
        """The value that begins here; `_OPENED` where that is a container with something in it."""
        first = self._peek()
        if first == '"':
            value, self._at = scanstring(self._text, self._at + 1)
            return value
        if first == "[":
            return self._enter([], "]")
        if first == "{":
            return self._enter({}, "}")
        return self._scalar()

    def _enter(self, container: Any, closing: str) -> Any:
        self._at += 1
        self._skip()
        if self._peek() == closing:
            self._at += 1
            return container
        self._open.append((container, self._key() if closing == "}" else None))
        return _OPENED

    def _key(self) -> str:
        if self._peek() != '"':
            raise JSONDecodeError("Expecting property name enclosed in double quotes", self._text, self._at)
        key, self._at = scanstring(self._text, self._at + 1)
        self._skip()
        if self._peek() != ":":
            raise JSONDecodeError("Expecting ':' delimiter", self._text, self._at)
        self._at += 1
        self._skip()
        return str(key)

    def _goes_on(self, container: Any) -> bool:
        """Whether another value follows in `container`; the reader then stands at it."""
        is_object = isinstance(container, dict)
        self._skip()
        mark = self._peek()
        if mark == ("}" if is_object else "]"):
            self._at += 1
            return False
        if mark != ",":
            raise JSONDecodeError("Expecting ',' delimiter", self._text, self._at)
        self._at += 1
        self._skip()
        self._open.append((container, self._key() if is_object else None))
        return True

    def _scalar(self) -> Any:
        if word := _WORD.match(self._text, self._at):
            self._at = word.end()
            return _CONSTANTS[word[0]] if word[0] in _CONSTANTS else self._parse_constant(word[0])
        number = _NUMBER.match(self._text, self._at)
        if not number:
            raise JSONDecodeError("Expecting value", self._text, self._at)
        self._at = number.end()
        is_integer = number[2] is None and number[3] is None
        return self._parse_int(number[1]) if is_integer else float(number[0])


_OPENED = object()
