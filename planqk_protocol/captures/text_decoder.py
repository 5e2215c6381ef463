"""The base class of decoders whose captures are text.

It finds what can be wrong with the first bytes of a text in any format: a byte order
mark, which is left out, and text in UTF-16, which cannot be read.
"""

from __future__ import annotations

from abc import abstractmethod

from planqk_protocol.captures.chunks import NoticeKind, StdStream
from planqk_protocol.captures.decoding import Decoder
from planqk_protocol.captures.sniffing import (
    UTF8_BOM,
    UTF16_EVIDENCE,
    UTF16_FAULT,
    begins_like_utf16,
    is_utf16,
)

__all__ = ["TextDecoder"]


class TextDecoder(Decoder):
    """A decoder of a format whose captures are text in UTF-8.

    Subclasses decode the text by ``_decode_text`` and end a file by ``_end_text``.
    """

    has_lines = True

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._begin_file()

    def _begin_file(self) -> None:
        self._first_bytes: bytes | None = b""  # held until they are known to be no byte order mark
        self._unreadable = False  # the rest of the file cannot be in this format

    @abstractmethod
    def _decode_text(self, data: bytes) -> None:
        """Decode bytes of the current file, after its byte order mark."""

    @abstractmethod
    def _end_text(self) -> None:
        """End the text of the current file."""

    def _decode(self, data: bytes) -> None:
        if self._first_bytes is not None:
            data = self._first_bytes + data
            if len(data) < (UTF16_EVIDENCE if begins_like_utf16(data) else len(UTF8_BOM)):
                self._first_bytes = data
                return
            data = self._check_first_bytes(data)
        if not self._unreadable:
            self._decode_text(data)

    def _end(self) -> None:
        if self._first_bytes:
            self._decode_text(self._check_first_bytes(self._first_bytes))
        self._end_text()
        self._begin_file()

    def _check_first_bytes(self, data: bytes) -> bytes:
        """The beginning of a file without its byte order mark; nothing if the file is in UTF-16."""
        self._first_bytes = None
        if is_utf16(data):
            self._unreadable = True
            self._notice(NoticeKind.CORRUPT, f"the file {UTF16_FAULT}", record=1)
            return b""
        if data.startswith(UTF8_BOM):
            self._notice(
                NoticeKind.REPAIRED, "a byte order mark before the first record is left out", record=1
            )
            self._offset += len(UTF8_BOM)
            return data[len(UTF8_BOM) :]
        return data
