"""How a job ended, by its exit code or by the status that a platform gave it."""

from __future__ import annotations

from typing import NamedTuple

from planqk_protocol.outcome import JobStatus

__all__ = ["Ending"]

_KILLED = {137, -9}  # by SIGKILL: 128 + 9, as shells and engines write it, and as Python does
_BY_STATUS = {JobStatus.SUCCEEDED: True, JobStatus.FAILED: False, JobStatus.CANCELLED: False}


class Ending(NamedTuple):
    """How a job ended.

    Attributes:
        has_succeeded: Whether it did; ``None`` if that is not known.
        told_by: What tells so, as a main clause; empty if nothing does.
        short: The same in two words, such as ``exit code 3``.
        cause: Why it gave no result, for a job that failed.
        advice: What to do about that.
        was_ended: Whether it did not end by itself.
    """

    has_succeeded: bool | None
    told_by: str = ""
    short: str = ""
    cause: str = "the job failed before it printed one"
    advice: str = (
        "Read the log text before the end of the output, and standard error: they tell why the job failed."
    )
    was_ended: bool = False

    @classmethod
    def of(cls, exit_code: int | None, status: JobStatus | None, *, why_ended: str = "") -> Ending:
        """Tell the ending. The status takes the place of the exit code, and `why_ended` comes before both.

        >>> Ending.of(3, None).told_by, Ending.of(None, JobStatus.CANCELLED).has_succeeded
        ('the exit code is 3', False)
        """
        if why_ended:
            return cls(
                has_succeeded=False,
                told_by=f"it was ended because {why_ended}",
                short="" if exit_code is None else f"exit code {exit_code}",
                cause=f"the job was ended before it printed one, because {why_ended}",
                advice="Run the job again, and give it the time that it needs.",
                was_ended=True,
            )
        if status is not None:
            ending = cls(_BY_STATUS.get(status), f"the platform's status is {status}", f"status {status}")
            if status is not JobStatus.CANCELLED:
                return ending
            return ending._replace(
                cause="the job was cancelled before it printed one",
                advice="Run the job again, and let it end.",
                was_ended=True,
            )
        if exit_code is None:
            return cls(None)
        ending = cls(exit_code == 0, f"the exit code is {exit_code}", f"exit code {exit_code}")
        if exit_code not in _KILLED:
            return ending
        return ending._replace(
            cause="the job was killed, often because it needed more memory than it was given",
            advice="Give the job more memory, or have it need less. A kill loses what is printed and not "
            "flushed: in Python, print with flush=True.",
        )
