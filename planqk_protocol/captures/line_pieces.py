"""Checks that no piece of a long line is missing.

Docker stores a line of more than 16 KiB in several records. Its ``local`` and
``journald`` drivers number them: each record has an id that all pieces of one
line share, an ordinal, and a mark on the last one (moby,
``daemon/logger/copier.go``). So it can be seen that a piece is missing, or that a
restart of the container left a line unfinished.
"""

from __future__ import annotations

import msgspec

from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import Fault
from planqk_protocol.state import Resumable

__all__ = ["LinePiece", "PieceOrder", "lacks_beginning"]

_MISSING = (
    "a piece of a long line is missing before this record: records were dropped, "
    "or the container was started again within a line"
)


class LinePiece(msgspec.Struct, frozen=True):
    """A record's place in a line that is stored in several records.

    Attributes:
        line: The identity of the line: equal for all of its pieces, and for no others.
        ordinal: Its number in the line, counted from 1.
        is_last: Whether the line ends with it.
    """

    line: object
    ordinal: int
    is_last: bool


class PieceOrder(Resumable):
    """Checks that each piece of a long line follows the one before."""

    def __init__(self) -> None:
        self._open: dict[StdStream, LinePiece] = {}  # the last piece of each unfinished line

    def check(self, piece: LinePiece | None, stream: StdStream) -> Fault | None:
        """Check the next record of a stream.

        Args:
            piece: Its place in its line; ``None`` if the record is a whole line.
            stream: Its stream.

        Returns:
            The fault, if the record does not follow the one before.
        """
        before = self._open.pop(stream, None)
        if before is None:
            follows = piece is None or piece.ordinal == 1
        else:
            follows = piece is not None and (piece.line, piece.ordinal) == (before.line, before.ordinal + 1)
        if piece and not piece.is_last:
            self._open[stream] = piece
        return None if follows else Fault(NoticeKind.GAP, _MISSING, stream)


def lacks_beginning(piece: LinePiece | None, fault: Fault | None) -> bool:
    """Whether the beginning of a record's line is missing, by what `PieceOrder.check` returned for it."""
    return fault is not None and piece is not None and piece.ordinal > 1
