"""Streams that are no text in UTF-8: another encoding, or an archive."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Finding
from planqk_protocol.diagnosis.line import Line

__all__ = ["ENOUGH", "archive_finding", "encoding_finding"]

ENOUGH = 512
"""Number of bytes at the beginning of a stream that tell an archive."""


def archive_finding(head: bytes) -> Finding | None:
    """Judge the first bytes of a stream: the finding if they are an archive or a program."""
    raise NotImplementedError


def encoding_finding(line: Line) -> Finding | None:
    """Judge a line: the finding if it is text in UTF-16 or UTF-32."""
    raise NotImplementedError
