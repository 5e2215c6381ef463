"""Lines that are nearly marked: log text that was most likely meant as a marker or a fence."""

from __future__ import annotations

import msgspec

from planqk_protocol.diagnosis.finding import Finding
from planqk_protocol.diagnosis.line import Line

__all__ = ["NearMiss", "echo_key", "near_miss"]


class NearMiss(msgspec.Struct, frozen=True):
    """A line that is nearly marked.

    Attributes:
        finding: What is wrong with it.
        echo: `echo_key` of the marked line that it would be. If a line with a
            valid marker stands near and has the same key, the near miss is only
            its echo.
    """

    finding: Finding
    echo: bytes


def near_miss(line: Line, *, in_block: bool) -> NearMiss | None:
    """Judge a line of log text, or a line within an open block.

    Args:
        line: The line. It is no marker line, or it stands in a block.
        in_block: Whether a block is open.

    Returns:
        ``None`` if the line does not resemble a marker.
    """
    raise NotImplementedError


def echo_key(marked: bytes) -> bytes:
    """What two copies of a marked line have in common: its text without white space, quotes and escapes."""
    raise NotImplementedError
