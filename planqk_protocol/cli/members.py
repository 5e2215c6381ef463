"""The members of compressed files: the standard library's decompressors in one set of terms."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

__all__ = ["Gzip", "Member", "Zstd"]

_PIECE = 256 * 1024
_MOST_WINDOW_LOG = 28  # 256 MiB, which two decompressors hold
_HIGHEST_WINDOW_LOG = 31  # beyond, no library goes, so the header is damaged
_LONGEST_HEADER = 18  # bytes
_SINGLE_SEGMENT = 0x20


class Member(ABC):
    """One member of a gzip file, or one frame of Zstandard, in the terms of the standard library.

    Its libraries give nothing of the bytes with which a call fails, though what
    stands before the damage in them is good. So a state from before the latest
    data is kept, from which they can be taken once more, byte by byte.

    Args:
        inner: The library's decompressor.
        error: What it raises where the data is damaged.
    """

    def __init__(self, inner: Any, error: type[Exception]) -> None:
        self._inner = inner
        self._error = error

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end of the member in the data it was given."""
        data: bytes = self._inner.unused_data
        return data

    @property
    @abstractmethod
    def needs_input(self) -> bool:
        """Whether all was given that can be had of the data so far."""

    @abstractmethod
    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Some of what comes out of data, at most `max_length` bytes."""

    @abstractmethod
    def rescue(self, data: bytes) -> bytes:
        """What can be had of the data with which the last call failed."""

    @property
    def refusal(self) -> str | None:
        """Why data that may be sound is not decompressed."""
        return None

    def _byte_by_byte(self, member: Any, data: bytes, given: int) -> bytes:
        """What comes out of data up to the damage in it, behind what was given already."""
        pieces = []
        size = 0
        with suppress(self._error):
            for at in range(len(data)):
                if member.eof:  # byte by byte, a library may find no fault in it
                    break
                more = data[at : at + 1]
                while piece := member.decompress(more, max(1, min(_PIECE, given - size))):
                    more = b""
                    pieces += [piece] if size >= given else []
                    size += len(piece)
        return b"".join(pieces)


class Gzip(Member):
    """A member of a gzip file; the state before the latest data is a copy."""

    def __init__(self, inner: Any = None) -> None:
        super().__init__(inner or zlib.decompressobj(wbits=16 + zlib.MAX_WBITS), zlib.error)
        self._unread = b""
        self._before = self._inner

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Some of what comes out of data, at most `max_length` bytes."""
        self._before = self._inner.copy()
        piece: bytes = self._inner.decompress(self._unread + data, max_length)
        self._unread = self._inner.unconsumed_tail
        return piece

    def rescue(self, data: bytes) -> bytes:
        """What can be had of the data with which the last call failed."""
        return self._byte_by_byte(Gzip(self._before), self._unread + data, 0)

    @property
    def needs_input(self) -> bool:
        """Whether all was given that can be had of the data so far."""
        return not self._unread


class Zstd(Member):
    """A frame of Zstandard.

    There is no way to copy a decompressor. So another one follows it, one piece
    of data behind.

    A frame may say how many bytes come out of it. libzstd 1.5 compares that where
    the whole frame is there at once, but not in pieces if the last block is empty
    (``ZSTD_decompressContinue``). So it is compared here.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._options = {library.DecompressionParameter.window_log_max: _MOST_WINDOW_LOG}
        super().__init__(self._make(), library.ZstdError)
        self._before: Any = None  # none so long as it would have been given nothing
        self._data = b""  # what the other one was not given yet
        self._given = 0  # bytes that came out of it
        self._total = 0  # bytes that came out of the frame
        self._header = b""

    def _make(self) -> Any:
        return self._library.ZstdDecompressor(options=self._options)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Some of what comes out of data, at most `max_length` bytes."""
        if data:
            if self._data:
                self._before = self._before or self._make()
                self._before.decompress(self._data, max_length)
                while not self._before.needs_input:
                    self._before.decompress(b"", max_length)
            self._data, self._given = data, 0
            self._header += data[: _LONGEST_HEADER - len(self._header)]
        piece: bytes = self._inner.decompress(data, max_length)
        self._total += len(piece)
        if self.eof and self._size() not in {self._total, None}:
            raise self._error("another number of bytes than the header says")
        self._given += len(piece)
        return piece

    def _size(self) -> int | None:
        """Bytes that come out of the frame, if its header says so."""
        size: int | None = self._library.get_frame_info(self._header).decompressed_size
        return size

    def rescue(self, data: bytes) -> bytes:  # noqa: ARG002  # it is the latest
        """What can be had of the data with which the last call failed."""
        return self._byte_by_byte(self._before or self._make(), self._data, self._given)

    @property
    def needs_input(self) -> bool:
        """Whether all was given that can be had of the data so far."""
        return bool(self._inner.needs_input)

    @property
    def refusal(self) -> str | None:
        """Why data that may be sound is not decompressed: its window is too wide."""
        window = self._window()
        log = (window - 1).bit_length()
        if not _MOST_WINDOW_LOG < log <= _HIGHEST_WINDOW_LOG:
            return None
        return (
            f"its window of {window >> 20} MiB has to be held in memory, and no more than "
            f"{1 << _MOST_WINDOW_LOG >> 20} MiB is; decompress it before: zstd --decompress --long={log}"
        )

    def _window(self) -> int:
        """Bytes that have to be held of what comes out, as the header says (RFC 8878, section 3.1.1.1)."""
        header = self._header
        try:
            if header[4] & _SINGLE_SEGMENT:
                return self._size() or 0
            exponent, mantissa = divmod(header[5], 8)
        except (IndexError, self._error):
            return 0
        return (1 << 10 + exponent) // 8 * (8 + mantissa)
