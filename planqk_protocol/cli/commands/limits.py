"""The options that bound what is accepted: a number, or ``none``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import rich_click as click

from planqk_protocol import Limits
from planqk_protocol.limits import MAX_DEPTH

__all__ = ["limit_options"]

_NONE = "none"
_HELP = {
    "max_line": "Longest log line given in one piece, in bytes.",
    "max_payload": "Longest marked line or block, in bytes.",
    "max_depth": "Deepest nesting of JSON.",
    "max_digits": "Longest integer in JSON, in digits.",
}

_ALWAYS = {"max_depth": f"0…{MAX_DEPTH}"}  # limits that cannot be lifted, and what they can be

_Function = Callable[..., Any]


def _converter(field: str) -> Callable[[int | str], int | None]:
    """What makes a limit of a word."""

    def limit(word: int | str) -> int | None:
        if word == _NONE and field not in _ALWAYS:
            return None
        try:
            Limits(**{field: int(word)})
        except ValueError:
            raise click.BadParameter(_refusal(word, field)) from None
        return int(word)

    return limit


def _refusal(word: int | str, field: str) -> str:
    if field in _ALWAYS:
        return f"{word!r} is no number of {_ALWAYS[field]}."
    return f"{word!r} is neither a number that can be a limit, nor {_NONE!r}."


def limit_options(*fields: str) -> Callable[[_Function], _Function]:
    """Give a command options for these fields of `Limits`, and the argument ``limits``."""

    def decorate(command: _Function) -> _Function:
        @wraps(command)
        def with_limits(*args: Any, **kwargs: Any) -> Any:
            limits = Limits(**{field: kwargs.pop(field) for field in fields})
            return command(*args, limits=limits, **kwargs)

        decorated: _Function = with_limits
        for field in reversed(fields):
            option = click.option(
                f"--{field.replace('_', '-')}",
                type=_converter(field),
                metavar=_ALWAYS.get(field, "N|none"),
                default=getattr(Limits(), field),
                show_default=True,
                help=_HELP[field],
            )
            decorated = option(decorated)
        return decorated

    return decorate
