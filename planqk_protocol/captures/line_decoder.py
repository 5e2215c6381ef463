"""The base class of decoders whose format has lines.

Subclasses decode whole lines in blocks, at C speed, by ``_decode_block``. What they
cannot decode in this way goes line by line to ``_decode_line``. The unfinished line
at the end of the data is held until its LF comes.

The class also finds what can be wrong with lines in any format: NUL bytes that a
power loss left, and lines that are longer than the bound.

The way of the data: `TextDecoder` looks at the first bytes of a file. ``_decode_text``
cuts out the NULs. ``_decode_lines`` cuts what remains into blocks of whole lines and
the unfinished line.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from planqk_protocol.buffer import LF, Buffer
from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.text_decoder import TextDecoder

__all__ = ["NUL", "LineDecoder"]

NUL = b"\0"
"""The byte that a power loss leaves in place of records, often in a whole block of the disk."""

_BLOCK = 64 * 1024  # blocks of this size stay in the processor's cache
_SMALL_BLOCK = 4096  # bytes: a smaller block is not halved


class LineDecoder(TextDecoder):
    """A decoder of a format with lines, each ended by LF."""

    nul_ends_line: ClassVar[bool] = False
    """Whether a NUL byte always means damage: a block of the disk that a power loss left unwritten.

    If so, a line with NULs has a hole, from its first NUL to its last one. The
    bytes before the hole are the beginning of a record. The bytes after it may
    be another record. Bytes between two NULs belong to the hole, as neither the
    beginning nor the end of their line is known.
    """

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._held = Buffer()  # the unfinished line; it begins at the current offset
        self._needed = 0  # bytes to hold before the decoder tries a record on many lines again
        self._in_long_line = False  # within a line that is too long, and skipped
        self._in_hole = False  # within a line, after a NUL
        self._unread = b""  # the unread tail of a line, if its record continues on the next line

    @abstractmethod
    def _decode_line(self, line: bytes, end: bytes) -> None:
        """Decode a line, which begins at the current offset.

        If its record continues on the next line, set ``_unread`` to the unread tail.
        The tail comes again, together with the next line. To wait for more lines,
        set ``_needed`` to the number of bytes that the tail has to reach.

        Args:
            line: The line without its end.
            end: Its end: LF, NUL, or nothing where the file ends.
        """

    def _decode_block(self, block: bytes) -> None:
        """Decode whole lines, which begin at the current offset."""
        for line in block.split(LF)[:-1]:
            if self._held:
                self._hold(line, 0, len(line))
                self._end_line(LF)
            else:
                self._decode_and_advance(line, LF)

    def _decode_halves(self, block: bytes) -> None:
        """Decode a block that could not be decoded at once: its halves, or line by line if it is small."""
        middle = block.find(LF, len(block) // 2) + 1
        if len(block) > _SMALL_BLOCK and 0 < middle < len(block):
            self._decode_block(block[:middle])
            self._decode_block(block[middle:])
        else:
            LineDecoder._decode_block(self, block)

    def _end_text(self) -> None:
        self._end_line(b"")
        self._in_hole = False

    def _decode_text(self, data: bytes) -> None:
        """Decode bytes of the file, and skip the holes in them: see `nul_ends_line`."""
        if not (self.nul_ends_line and (self._in_hole or NUL in data)):
            self._decode_lines(data)
            return
        at = 0
        while at < len(data):
            if self._in_hole:
                at = self._skip_hole(data, at)
                continue
            nul = data.find(NUL, at)
            stop = nul if nul >= 0 else len(data)
            self._decode_lines(data[at:stop])
            at = stop
            if nul >= 0:
                self._end_line(NUL)
                self._notice_nuls(record=self._record + 1)
                self._in_hole = True

    def _skip_hole(self, data: bytes, at: int) -> int:
        """Skip the NULs of a line and all between them, and hold what follows the last one."""
        lf = data.find(LF, at)
        stop = lf if lf >= 0 else len(data)
        after_hole = data.rfind(NUL, at, stop) + 1
        if after_hole:
            self._offset += len(self._held) + after_hole - at
            self._held.take()
            self._in_long_line = False
        self._hold(data, after_hole or at, stop)
        if lf < 0:
            return stop
        if self._held or self._in_long_line:
            self._end_line(LF)
        else:
            self._offset += len(LF)
        self._in_hole = False
        return lf + 1

    def _decode_lines(self, data: bytes) -> None:
        """Decode bytes without holes: whole lines in blocks; the unfinished line is held."""
        at = 0
        if self._held or self._in_long_line:
            at = data.find(LF) + 1
            self._hold(data, 0, at - 1 if at else len(data))
            if not at:
                return
            self._end_line(LF)
        stop = data.rfind(LF, at) + 1
        while at < stop:
            end = data.rfind(LF, at, at + _BLOCK) + 1 or data.find(LF, at) + 1
            if end - at - 1 > self.max_record:
                self._hold(data, at, end - 1)
                self._end_line(LF)
            else:
                self._decode_block(data[at:end])
            at = end
        if at < len(data):
            self._hold(data, at, len(data))

    def _hold(self, data: bytes, start: int, stop: int) -> None:
        """Hold a part of the unfinished line. If the line is too long, skip it instead."""
        if not self._in_long_line and len(self._held) + stop - start > self.max_record:
            if not self._in_hole:  # a hole has its own notice already
                self._record += 1
                message = (
                    f"the record is longer than {self.max_record} bytes and is left out, up to the next line"
                )
                self._notice(NoticeKind.OVERSIZE, message)
            self._offset += len(self._held)
            self._held.take()
            self._in_long_line = True
        if self._in_long_line:
            self._offset += stop - start
        else:
            self._held.append(data, start, stop)

    def _end_line(self, end: bytes) -> None:
        """End the unfinished line, if there is one."""
        if self._in_long_line:
            self._in_long_line = False
            self._needed = 0
            self._offset += end == LF
        elif end == LF and len(self._held) < self._needed:
            self._held.append(LF, 0, len(LF))
        elif self._held:
            self._needed = 0
            self._decode_and_advance(self._held.take(), end)

    def _decode_and_advance(self, line: bytes, end: bytes) -> None:
        """Decode a line, and move the offset to the first byte that was not decoded."""
        self._decode_line(line, end)
        self._offset += len(line) - len(self._unread)
        if self._unread:
            self._held = Buffer(self._unread + end)
            self._unread = b""
        else:
            self._offset += end == LF
