"""One input of a stream: its name and its chunks.

The chunks of an input are read as they are asked for. A function that changes or
counts the bytes on their way to the parser takes an iterator of inputs and returns one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from planqk_protocol.captures import CaptureNotice

__all__ = ["CutOff", "Input", "InputError", "LiveInput"]


class InputError(Exception):
    """An input cannot be read. The message says what is wrong and what to do, on one line."""


class CutOff(Exception):  # noqa: N818  # the bytes before it are used
    """The bytes of an input end too early.

    Attributes:
        is_altered: Whether earlier bytes may be corrupt, too.
    """

    def __init__(self, *, is_altered: bool) -> None:
        super().__init__()
        self.is_altered = is_altered


class Input(NamedTuple):
    """One file, or what a file held until it was replaced."""

    name: str
    chunks: Iterator[bytes]


class LiveInput(NamedTuple):
    """The output of a live container. Notices of lost bytes stand between the bytes."""

    name: str
    chunks: Iterator[bytes | CaptureNotice]
