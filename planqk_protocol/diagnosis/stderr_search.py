"""Results on standard error: a mistake that only a capture of both streams shows.

To decode standard error beside standard output would take three times as long. So
the bytes of the capture are searched for the markers of a result, which engines store
as they are. Only the records with a marker are decoded once more, for standard error.

That needs a format in which each record is a line. Of any other format, all of
standard error is decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from planqk_protocol.buffer import LF
from planqk_protocol.captures import Chunk, Decoded, StdStream, decoder
from planqk_protocol.captures.catalogue import is_line_format
from planqk_protocol.diagnosis.line_search import AnchoredLine, Found, LineSearch, MarkedLine
from planqk_protocol.events import Marker
from planqk_protocol.marked import marker_text

__all__ = ["ResultSearch", "StderrSearch"]

_OF_ONE_STREAM = frozenset({"raw", "planqk-log"})  # all of it is given as standard output
_LONGEST_RECORD = 64 * 1024  # bytes; engines cut what a job prints into pieces of 16 KiB
_MOST_TRIED = 1000  # records with a marker; all of those may be results on standard output


class ResultSearch:
    r"""Finds out whether a line begins with the marker of a result, or has it after a logger's prefix.

    Attributes:
        found: Whether there is such a line in what was fed.

    >>> search = ResultSearch()
    >>> search.feed(b"INFO:root:PlanQK:Job:Result: 42\n")
    >>> search.found
    True
    """

    def __init__(self) -> None:
        self._search = LineSearch()
        self.found = False

    def feed(self, data: bytes) -> None:
        """Search the next bytes, cut anywhere."""
        if not self.found:
            self._look(self._search.feed(data, 1))

    def close(self) -> None:
        """End the stream: what has no LF is the last line."""
        if not self.found:
            self._look(self._search.close())

    def _look(self, lines: Iterable[Found]) -> None:
        self.found = any(map(_is_result, lines))


class StderrSearch:
    r"""Finds out whether a job printed a result on standard error.

    Args:
        format_id: The format of the capture, one of `formats`.

    Attributes:
        found: Whether there is such a result in what was fed.

    >>> search = StderrSearch("cri")
    >>> search.feed(b"2024-05-01T10:00:00Z stderr F PlanQK:Job:Result: 42\n")
    >>> search.found
    True
    """

    def __init__(self, format_id: str) -> None:
        self._format = format_id
        self._decoder = None if is_line_format(format_id) else decoder(format_id, stream=StdStream.STDERR)
        self._all = ResultSearch()  # where all of standard error is decoded
        self._held = b""  # an unfinished record, or the end of a long one
        self._tried = 0
        self.found = False

    def feed(self, data: bytes, container: str | None = None) -> None:
        """Search the next bytes of the capture.

        Args:
            data: The bytes, cut anywhere.
            container: Name of the container to look at, if the format names containers.
        """
        if self.found or self._format in _OF_ONE_STREAM or self._tried >= _MOST_TRIED:
            return
        if self._decoder:
            self._all.feed(_data(self._decoder.feed(data)))
            self.found = self._all.found
            return
        data = self._held + data
        end = data.rfind(LF) + 1
        self._held = data[max(end, len(data) - _LONGEST_RECORD) :]
        for marker in _markers():
            at = data.find(marker, 0, end)
            while at >= 0 and self._tried < _MOST_TRIED:
                self._tried += 1
                start, stop = data.rfind(LF, 0, at) + 1, data.find(LF, at) + 1
                self._try(data[start:stop], container)
                at = data.find(marker, stop, end)

    def close(self) -> None:
        """End the capture: what has no LF is the last line."""
        self._all.close()
        self.found = self.found or self._all.found

    def _try(self, record: bytes, container: str | None) -> None:
        """Decode one record."""
        search = ResultSearch()
        once = decoder(self._format, container=container, stream=StdStream.STDERR)
        search.feed(_data([*once.feed(record), *once.close()]))
        search.close()
        self.found = self.found or search.found


def _is_result(found: Found) -> bool:
    """Whether a line was meant as a result, or as the first line of one."""
    match found:
        case MarkedLine():
            return found.beginning.startswith(_markers())
        case AnchoredLine() if any(marker in found.line.data for marker in _markers()):
            # Most streams have no such line; see `stream`.
            from planqk_protocol.diagnosis.near_misses import near_miss  # noqa: PLC0415
            from planqk_protocol.diagnosis.rules.markers import PREFIXED  # noqa: PLC0415

            miss = near_miss(found.line, in_block=False)
            return miss is not None and miss.finding.rule == PREFIXED.id
        case _:
            return False


@cache
def _markers() -> tuple[bytes, ...]:
    return tuple(marker_text(marker).encode() for marker in (Marker.RESULT, Marker.MULTILINE_RESULT))


def _data(decoded: Decoded) -> bytes:
    """The bytes of standard error in what a decoder gave."""
    return b"".join(
        item.data for item in decoded if isinstance(item, Chunk) and item.stream is StdStream.STDERR
    )
