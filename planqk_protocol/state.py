"""Copies and pickles of parsers, decoders, sources and collectors, with the number of their format.

The attributes of a parser differ between versions of the package. If a pickle of
another version were restored without a check, the parser would go on and give wrong
events. So each pickle holds the number of its format, and any other number is
refused.

A pickle is a program. It builds the arguments of a call, makes the call, and builds
the state last. The number is the first argument, and `_checked` builds it. So the
number is checked before the rest of the pickle is read. The rest may name classes
that this version does not have.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from planqk_protocol.errors import StateFormatError

__all__ = ["STATE_FORMAT", "Resumable"]

STATE_FORMAT = 1
"""Number of the format. Raise it when the attributes of any `Resumable` change, or what they mean."""


class Resumable:
    """Base class of objects that can be copied and pickled between any two calls, and then go on."""

    def __reduce__(self) -> tuple[Any, ...]:
        attributes = {name: copy(value) for name, value in self.__dict__.items()}
        return _new, (_Format(), type(self)), attributes


class _Format:
    """Is pickled as the number of the format."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _checked, (STATE_FORMAT,)


def _checked(number: int) -> _Format:
    if number != STATE_FORMAT:
        raise StateFormatError(
            f"the pickle is of another version of planqk_protocol: its state has the format {number}, "
            f"and this version reads the format {STATE_FORMAT}; read the stream again from its beginning"
        )
    return _Format()


def _new(_format: _Format, kind: type[Resumable]) -> Resumable:
    return kind.__new__(kind)
