"""Findings about the outcome of a job as a whole."""

from __future__ import annotations

from planqk_protocol.captures import CaptureNotice
from planqk_protocol.diagnosis.finding import Finding
from planqk_protocol.events import InterimResult, MultilineResult, Result, Violation

__all__ = ["Course", "notice_finding"]


class Course:
    """What the outcome depends on, gathered from the events of a stream."""

    def add(self, event: InterimResult | Result | MultilineResult | Violation, offset: int) -> list[Finding]:
        """Take the next event that is no log text. Return findings about its position in the stream.

        An interim result after the result has one.
        """
        raise NotImplementedError

    def add_stderr(self, data: bytes) -> None:
        """Take bytes of standard error, to find a result that was printed there."""
        raise NotImplementedError

    def close(self, *, exit_code: int | None, line_count: int, is_cut_off: bool) -> list[Finding]:
        """Judge the outcome at the end of the stream."""
        raise NotImplementedError


def notice_finding(notice: CaptureNotice) -> Finding:
    """Make the finding of a capture's notice. Its rule is ``capture-`` and the kind of the notice."""
    raise NotImplementedError
