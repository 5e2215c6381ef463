"""Findings about valid results and interim results that are unwise."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Finding
from planqk_protocol.events import InterimResult, MultilineResult, Result

__all__ = ["value_findings"]


def value_findings(
    event: InterimResult | Result | MultilineResult, offset: int, *, capture: str
) -> list[Finding]:
    """Judge the payload and the length of a valid event.

    Args:
        event: The event.
        offset: Offset of its first byte in the stream.
        capture: The format that the stream was captured in.
    """
    raise NotImplementedError
