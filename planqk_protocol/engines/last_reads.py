"""Tell when the log of an execution whose status is final has been read often enough.

Logs may arrive some seconds after the status, so one answer is not enough. The reading ends
once several answers in a row brought nothing new. An answer is doubtful if it is empty or
lacks entries that were given: then more of them are waited for.

Some logs never come to rest, such as one whose time stamps are those of the answer. They are
given up: at the first new entry after so many answers or so much time, or once several
answers in a row have none of the entries that were given.
"""

from __future__ import annotations

import time

from planqk_protocol.engines.log_entries import LogEntries, News

__all__ = ["LastReads"]

_QUIET = 4  # answers in a row without anything new, after which the log has been read
_QUIET_IF_DOUBTFUL = 6
_MOST, _LONGEST = 60, 300.0  # answers and seconds, after which no new entry is waited for
_MOST_DISJOINT = 3  # answers in a row that have none of the entries that were given, but others
_RESTLESS = (
    "the log still changes after the final status, and is read no longer; later entries may be missing"
)
_DISJOINT = (
    "since the final status, each answer has other entries than the one before, and the log is read no "
    "longer; entries may be missing, or be given several times"
)


class LastReads:
    """The answers about a log since the status is final.

    Attributes:
        had_whole: Whether one of them had all entries that were given before, save for the oldest.
        are_enough: Whether there is nothing to wait for any more.
        fault: Why the log is given up; ``None`` if it is not.
    """

    def __init__(self) -> None:
        self._began: float | None = None  # when the first answer was noted
        self._count = self._quiet = self._disjoint = 0
        self.had_whole = False
        self.are_enough = False
        self.fault: str | None = None

    def note(self, news: News, entries: LogEntries, *, is_gone: bool) -> None:
        """Note the latest answer.

        Args:
            news: What it brought.
            entries: All entries so far.
            is_gone: Whether it says that there is no log.
        """
        is_doubtful = entries.is_empty or entries.is_behind or is_gone
        self.had_whole = self.had_whole or not is_doubtful
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._count += 1
        self._quiet = 0 if news.entries else self._quiet + 1
        self._disjoint = self._disjoint + 1 if entries.is_disjoint and news.entries else 0
        self.are_enough = self._quiet >= (_QUIET_IF_DOUBTFUL if is_doubtful else _QUIET)
        if self._disjoint == _MOST_DISJOINT:
            self.fault = _DISJOINT
        elif news.entries and (self._count >= _MOST or now - self._began >= _LONGEST):
            self.fault = _RESTLESS
