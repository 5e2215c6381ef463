"""Values to JSON text, with the path of what has no JSON form in the error.

`json.dumps` does not name the path of what it refuses, and it accepts more than it
should: it writes NaN, and makes strings of keys that are numbers. So each value is
first copied to what JSON has, item by item, and `json.dumps` only gets the copy.
The copy has another use: what other threads do to the value meanwhile cannot
break the text.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

from planqk_protocol.limits import MAX_DEPTH, Limits

__all__ = ["Default", "to_json"]

Default: TypeAlias = Callable[[Any], Any]
"""Converts a value of a type that JSON does not have, or raises `TypeError`, as for `json.dumps`."""

_MOST_SHOWN = 240  # characters of a value that a message shows
_MOST_CONVERSIONS = 16  # how often the answer of `default` may have to be converted again
_MAX_DIGITS = Limits().max_digits or 0
_CONVERTING_CALLS = (
    ".tolist()",  # NumPy
    '.to_dict(orient="records")',  # pandas
    '.model_dump(mode="json")',  # pydantic
    ".isoformat()",  # dates and times
)

_Path: TypeAlias = list[str | int]


class _Field(str):
    """The name of a field of a dataclass. As a part of a path, it is shown as an attribute."""

    __slots__ = ()


def to_json(value: Any, indent: int | None = None, default: Default | None = None) -> str:
    """The JSON text of a value, in ASCII.

    Args:
        value: A JSON value. Dataclasses become objects.
        indent: Spaces per level; ``None`` for a text on one line.
        default: Called with each value of another type. It returns what to print
            in its place.

    Raises:
        TypeError: A part of `value` has another type. The message names its path.
        ValueError: A part of `value` has no JSON form, or exceeds the default
            `Limits`. The message names its path.

    >>> to_json({"sum": 42, "ratio": 0.5})
    '{"sum": 42, "ratio": 0.5}'
    """
    return json.dumps(_plain(value, [], default), indent=indent)


def _plain(value: Any, path: _Path, default: Default | None) -> Any:
    """A copy of a value, made of what JSON has."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, int):
        if digits := _exceeded_digits(value):
            raise ValueError(
                f"{_path_text(path)} is an integer of more than {digits} digits; print a string instead"
            )
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(
                f"{_path_text(path)} is {value}, which JSON does not have; print None or a string instead"
            )
        return value
    if isinstance(value, dict | list | tuple):
        return _plain_items(value, path, default)
    return _plain(_converted(value, path, default), path, default)


def _plain_items(value: Any, path: _Path, default: Default | None) -> Any:
    """A copy of an object or array."""
    if len(path) >= MAX_DEPTH:
        place = _path_text(path[:8])
        raise ValueError(f"{place}… nests deeper than {MAX_DEPTH} levels, or contains itself; flatten it")
    copies = []
    for key, item in _items(value, path):
        path.append(key)
        copies.append((key, _plain(item, path, default)))
        path.pop()
    return dict(copies) if isinstance(value, dict) else [copy for _, copy in copies]


def _converted(value: Any, path: _Path, default: Default | None) -> Any:
    """What is printed in place of a value of a type that JSON does not have: a value of one that it has."""
    for _ in range(_MOST_CONVERSIONS):
        if is_dataclass(value) and not isinstance(value, type):
            return {_Field(field.name): getattr(value, field.name) for field in fields(value)}
        if default is None:
            raise TypeError(
                f"{_path_text(path)} is of type {_type_name(value)}, which JSON does not have; "
                f"convert it{_how_to_convert(value)}, or give default="
            )
        value = _default_of(value, path, default)
        if value is None or isinstance(value, str | int | float | dict | list | tuple):
            return value
    raise ValueError(
        f"{_path_text(path)}: default() gave {_MOST_CONVERSIONS} values in turn that JSON does not have, "
        f"the last one of type {_type_name(value)}; return one that it has"
    )


def _how_to_convert(value: Any) -> str:
    """What converts a value of a type that jobs often print, for a message."""
    if isinstance(value, complex):
        return " to [z.real, z.imag]"
    if isinstance(value, set | frozenset):
        return " with list()"
    if isinstance(value, bytes):
        return " with .decode()"
    for call in _CONVERTING_CALLS:
        if hasattr(type(value), call[1 : call.index("(")]):
            return f" with {call}"
    return ""


def _default_of(value: Any, path: _Path, default: Default) -> Any:
    """What `default` returns for a value. Its exceptions name the path."""
    place = f"{_path_text(path)} is of type {_type_name(value)}"
    try:
        return default(value)
    except TypeError as error:
        raise TypeError(
            f"{place}, which JSON does not have, and default() does not convert it: {_shorten(str(error))}"
        ) from error
    except Exception as error:
        error.add_note(f"default() was called for a value of the result: {place}")
        raise


def _exceeded_digits(value: int) -> int:
    """The limit of digits that an integer exceeds; 0 if it exceeds none.

    Parsers have a limit, and so has the interpreter when it converts an integer to
    text (`sys.set_int_max_str_digits`).
    """
    digits = min(_MAX_DIGITS, sys.get_int_max_str_digits() or _MAX_DIGITS)
    # 10**digits is large. An integer of 3 * digits bits is less than 8**digits, so it needs no comparison.
    return digits if value.bit_length() > 3 * digits and abs(value) >= 10**digits else 0


def _items(value: Any, path: _Path) -> Iterator[tuple[str | int, Any]]:
    """The keys or indices of an object or array, with the values there."""
    if not isinstance(value, dict):
        yield from enumerate(value)
        return
    for key, item in value.items():
        if not isinstance(key, str):
            shown = f"{_path_text(path)} has the key {_shorten(repr(key))}"
            raise TypeError(f"{shown}; keys of JSON objects are strings: use str(key)")
        yield key, item


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")


def _path_text(path: _Path) -> str:
    """A path as a message shows it: ``value['a'][0].field``."""
    parts = (f".{part}" if isinstance(part, _Field) else f"[{part!r}]" for part in path)
    return _shorten(f"value{''.join(parts)}")


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN // 2]}…{text[-_MOST_SHOWN // 4 :]}"
