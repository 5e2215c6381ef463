"""The diagnosis of a stream: events and bytes in, findings out."""

from __future__ import annotations

from planqk_protocol.captures import Captured
from planqk_protocol.diagnosis.finding import Finding
from planqk_protocol.limits import Limits

__all__ = ["Diagnosis", "diagnose"]


class Diagnosis:
    """Finds mistakes in the output of a job, chunk by chunk.

    Args:
        capture: The format that the output was captured in.
    """

    def __init__(self, *, capture: str = "raw") -> None:
        raise NotImplementedError

    def observe(self, captured: Captured) -> list[Finding]:
        """Take what `Source.feed`, `Source.end_of_file`, `Source.cut_off` or `Source.close` returned.

        Returns:
            The findings that are certain now, in the order of their places.
        """
        raise NotImplementedError

    def close(self, *, exit_code: int | None = None) -> list[Finding]:
        """End the stream, and return the findings that are left.

        Observe first what `Source.close` returned.
        """
        raise NotImplementedError


def diagnose(
    data: bytes, *, capture: str = "raw", exit_code: int | None = None, limits: Limits = Limits()
) -> list[Finding]:
    """Find the mistakes in the whole output of a job.

    Args:
        data: The output, or a capture of it.
        capture: The format of the capture, one of `planqk_protocol.captures.formats`.
        exit_code: The exit code of the job; ``None`` if it is not known.
        limits: Bounds on lines and payloads.

    Returns:
        The findings in the order of their places. Those without a place come last.
    """
    raise NotImplementedError
