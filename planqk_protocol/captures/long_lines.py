"""Long lines, which engines store in numbered pieces."""

from __future__ import annotations

import msgspec

from planqk_protocol.captures.base import Decoder
from planqk_protocol.captures.output import NoticeKind, Stream

__all__ = ["LinePiece", "LongLineDecoder"]


class LinePiece(msgspec.Struct, frozen=True):
    """A record's place in a line that is stored in several.

    Attributes:
        line: What all pieces of a line share, and those of no other line.
        ordinal: Its number in the line, counted from 1.
        is_last: Whether the line ends with it.
    """

    line: object
    ordinal: int
    is_last: bool


class LongLineDecoder(Decoder):
    """The common part of the decoders of formats that number the pieces of a long line."""

    _in_place = ("_met", "_open")

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        super().__init__(container, stream)
        self._open: dict[Stream, LinePiece] = {}  # the last piece of each line that has not ended

    def _check_order(self, piece: LinePiece | None, stream: Stream, offset: int) -> bool:
        """Give a notice where a record, be it a piece or a whole line, does not follow the one before.

        Returns:
            Whether it is a piece, and what comes before it in its line is missing.
        """
        before = self._open.pop(stream, None)
        if before is None:
            follows = piece is None or piece.ordinal == 1
        else:
            follows = piece is not None and (piece.line, piece.ordinal) == (before.line, before.ordinal + 1)
        if not follows:
            message = (
                "a piece of a long line is missing before this record: records were dropped, "
                "or the container was started again within a line"
            )
            self._notice(NoticeKind.GAP, message, offset=offset, stream=stream)
        if piece and not piece.is_last:
            self._open[stream] = piece
        return not follows and piece is not None and piece.ordinal > 1
