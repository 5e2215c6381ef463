r"""Tracebacks of Python: what an exception that ended a job leaves in its output.

A traceback ends with the exception's own line. Little comes after it when the
exception ended the job: a progress bar, a warning, or the same traceback once more,
if standard error is in the output, too. A job that goes on prints more, or a marker.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from planqk_protocol.buffer import LF
from planqk_protocol.diagnosis.finding import Place
from planqk_protocol.diagnosis.line import Line
from planqk_protocol.excerpts import excerpt
from planqk_protocol.marked import marker_prefix

__all__ = ["Raised", "Tail", "last_exception"]

_ENOUGH = 16 * 1024  # bytes at the end of an output in which a traceback is looked for
_MOST_AFTER = 10  # lines after the exception's own that are not indented; its message may have several
_MOST_SHOWN = 100  # characters of the exception's own line

_HEADER = b"Traceback (most recent call last):"
# These are compiled when they are needed, as hardly any stream ends with a traceback.
_EXCEPTION = rb"^[A-Za-z_][\w.]*(?::[^\r\n]*)?(?=\r?$)"
_AT_MARGIN = rb"^[^ \t\r\n]"


class Raised(NamedTuple):
    """The exception that most likely ended a job.

    Attributes:
        start: Where the header of its traceback begins in the bytes that were searched.
        stop: Where that line ends.
        shown: An excerpt of the exception's own line.
    """

    start: int
    stop: int
    shown: str


class Tail:
    r"""The end of a stream, as much of it as tells which exception ended the job.

    >>> tail = Tail()
    >>> tail.feed(b"saving\nTraceback (most recent call last):\n  ...\nValueError: no solution\n")
    >>> tail.exception(5, 72)
    ("'ValueError: no solution'", Place(line=2, column=1, offset=7, length=34))
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self._held += data[-_ENOUGH:]
        if len(self._held) > 2 * _ENOUGH:
            del self._held[:-_ENOUGH]

    @property
    def shown(self) -> str:
        """An excerpt of the exception that most likely ended the job; empty if there is none."""
        raised = last_exception(bytes(self._held[-_ENOUGH:]))
        return raised.shown if raised else ""

    def exception(self, line: int, offset: int) -> tuple[str, Place] | None:
        """The exception that most likely ended the job, and the place where its traceback begins.

        Args:
            line: Number of the line that the next byte of the stream belongs to.
            offset: Number of the bytes of the stream.
        """
        data = bytes(self._held[-_ENOUGH:])
        if len(data) < offset:  # the beginning of the first line may be missing
            data = data[data.find(LF) + 1 :]
        raised = last_exception(data)
        if raised is None:
            return None
        begin = data.rfind(LF, 0, raised.start) + 1
        number = line - data.count(LF, begin)
        header = Line(data[begin : raised.stop], number, offset - len(data) + begin)
        return raised.shown, header.place(raised.start - begin, raised.stop - begin)


def last_exception(data: bytes) -> Raised | None:
    r"""Find the exception whose traceback ends an output.

    >>> last_exception(b"Traceback (most recent call last):\n  ...\nValueError: no solution\n").shown
    "'ValueError: no solution'"
    """
    start = data.rfind(_HEADER, max(0, len(data) - _ENOUGH))
    stop = start + len(_HEADER)
    if start < 0 or data[stop : stop + 2].lstrip(b"\r")[:1] != LF:
        return None
    exception = re.compile(_EXCEPTION, re.MULTILINE).search(data, stop)
    if exception is None:
        return None
    after = data[exception.end() :]
    if LF + marker_prefix() in after or len(re.findall(_AT_MARGIN, after, re.MULTILINE)) > _MOST_AFTER:
        return None  # the job went on
    return Raised(start, stop, excerpt(exception[0], _MOST_SHOWN))
