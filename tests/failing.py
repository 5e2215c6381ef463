"""Calls that fail on their way: the caller is too deep, or there is no memory."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

__all__ = ["deep", "interrupted"]

_Answer = TypeVar("_Answer")
_Given = TypeVar("_Given")


def deep(call: Callable[[_Given], _Answer], given: _Given, room: int) -> _Answer:
    """The answer of a call to a caller who leaves so many calls to the recursion limit."""

    def at_depth(left: int) -> _Answer:
        return call(given) if left <= 0 else at_depth(left - 1)

    frame: FrameType | None = sys._getframe()  # noqa: SLF001  # the frames of this stack, counted
    frames = 0
    while frame:
        frames, frame = frames + 1, frame.f_back
    return at_depth(sys.getrecursionlimit() - frames - room)


PACKAGE = f"{os.sep}planqk_protocol{os.sep}"


class Failing:
    """Raises at the so-manieth call of a function of the package."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, frame: FrameType, what: str, argument: object) -> None:
        del argument
        code = frame.f_code
        # What a generator raises while it is thrown away, the interpreter swallows.
        if what == "call" and PACKAGE in code.co_filename and not code.co_flags & inspect.CO_GENERATOR:
            self.left -= 1
            if self.left == 0:
                raise MemoryError


def interrupted(call: Callable[[], _Answer], number: int) -> _Answer:
    """The answer to a call that fails once on its way, if it is that long."""
    before = sys.getprofile()
    sys.setprofile(Failing(number))
    try:
        return call()
    except MemoryError:
        sys.setprofile(before)
        return call()
    finally:
        sys.setprofile(before)
