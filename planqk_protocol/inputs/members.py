"""Decompress one member of a compressed file, and rescue what stands before damage."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar

__all__ = ["Bzip2", "Gzip", "Member", "Xz", "Zstd"]

_PIECE = 256 * 1024
_MOST_WINDOW_LOG = 28  # 256 MiB; two decompressors hold as much each
_MOST_XZ_MEMORY = (1 << _MOST_WINDOW_LOG) + (1 << 20)  # a window, and what the library itself takes
_XZ_REFUSAL = (
    f"it needs more than {1 << _MOST_WINDOW_LOG >> 20} MiB of memory, which are allowed; "
    "decompress it first: xz --decompress"
)
# Constants of libzstd (facebook/zstd, lib/zstd.h).
_HIGHEST_WINDOW_LOG = 31  # ZSTD_WINDOWLOG_MAX; a header that names a greater one is damaged
_SINGLE_SEGMENT = 0x20


class Member(ABC):
    """One member of a gzip file, one frame of Zstandard, or one stream of bzip2 or xz.

    The properties and `decompress` have the meaning of those of
    `bz2.BZ2Decompressor`.

    If data is damaged, the call of the library fails as a whole. It gives none of
    the bytes before the damage, though they are good. So a member keeps a state
    from before the latest data. `rescue` starts from that state, and gives it the
    data once more, byte by byte up to the damage.

    Args:
        inner: The library's decompressor.
        error: The exception that it raises if the data is damaged.
    """

    magics: ClassVar[tuple[bytes, ...]]
    """How a member may begin: texts of the same length."""

    def __init__(self, inner: Any, error: type[Exception]) -> None:
        self._inner = inner
        self.error = error

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        """The data after the end of the member."""
        data: bytes = self._inner.unused_data
        return data

    @property
    @abstractmethod
    def needs_input(self) -> bool:
        """Whether more data must be given before more bytes come out."""

    @abstractmethod
    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decompress data, and return at most `max_length` bytes."""

    @abstractmethod
    def rescue(self, data: bytes) -> bytes:
        """Decompress the data of the failed call, up to the damage in it."""

    @property
    def refusal(self) -> str | None:
        """Why the data is not decompressed, though it may be intact; ``None`` if that is not so."""
        return None

    def _byte_by_byte(self, member: Any, data: bytes, given: int) -> bytes:
        """Decompress data up to the damage in it, but leave out the `given` first bytes of the output."""
        pieces = []
        size = 0
        with suppress(self.error):
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
    """A member of a gzip file. The state from before the latest data is a copy of the decompressor."""

    magics = (b"\x1f\x8b",)

    def __init__(self, inner: Any = None) -> None:
        super().__init__(inner or zlib.decompressobj(wbits=16 + zlib.MAX_WBITS), zlib.error)
        self._unread = b""
        self._before = self._inner

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decompress data, and return at most `max_length` bytes."""
        self._before = self._inner.copy()
        piece: bytes = self._inner.decompress(self._unread + data, max_length)
        self._unread = self._inner.unconsumed_tail
        return piece

    def rescue(self, data: bytes) -> bytes:
        """Decompress the data of the failed call, up to the damage in it."""
        return self._byte_by_byte(Gzip(self._before), self._unread + data, 0)

    @property
    def needs_input(self) -> bool:
        """Whether more data must be given before more bytes come out."""
        return not self._unread


class _WithoutCopies(Member):
    """A member whose decompressor cannot be copied.

    So the state from before the latest data is a second decompressor, one chunk
    behind the first one.

    Args:
        library: The module that decompresses.
        error: The exception that it raises if the data is damaged.
    """

    def __init__(self, library: Any, error: type[Exception]) -> None:
        self._library = library
        super().__init__(self._make(), error)
        self._before: Any = None  # the second decompressor, made when it gets its first data
        self._data = b""  # the latest data, which the second decompressor did not get yet
        self._given = 0  # number of bytes that came out of the latest data

    @abstractmethod
    def _make(self) -> Any:
        """Make a decompressor."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decompress data, and return at most `max_length` bytes."""
        if data:
            if self._data:
                self._before = self._before or self._make()
                self._before.decompress(self._data, max_length)
                while not self._before.needs_input:
                    self._before.decompress(b"", max_length)
            self._data, self._given = data, 0
        piece = self._decompress(data, max_length)
        self._given += len(piece)
        return piece

    def _decompress(self, data: bytes, max_length: int) -> bytes:
        piece: bytes = self._inner.decompress(data, max_length)
        return piece

    def rescue(self, data: bytes) -> bytes:  # noqa: ARG002  # kept as `_data`
        """Decompress the data of the failed call, up to the damage in it."""
        return self._byte_by_byte(self._before or self._make(), self._data, self._given)

    @property
    def needs_input(self) -> bool:
        """Whether more data must be given before more bytes come out."""
        return bool(self._inner.needs_input)


class Bzip2(_WithoutCopies):
    """A stream of bzip2."""

    # A log may begin with the first three bytes, so those of the first block belong to it, or of the end.
    magics = tuple(
        b"BZh%d%b" % (level, then) for level in range(1, 10) for then in (b"1AY&SY", b"\x17rE8P\x90")
    )

    def __init__(self, library: Any) -> None:
        super().__init__(library, OSError)

    def _make(self) -> Any:
        return self._library.BZ2Decompressor()


class Xz(_WithoutCopies):
    """A stream of xz."""

    magics = (b"\xfd7zXZ\0",)

    def __init__(self, library: Any) -> None:
        super().__init__(library, library.LZMAError)
        self._refusal: str | None = None

    def _make(self) -> Any:
        return self._library.LZMADecompressor(self._library.FORMAT_XZ, memlimit=_MOST_XZ_MEMORY)

    def _decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return super()._decompress(data, max_length)
        except self.error as error:
            if "limit" in str(
                error
            ):  # LZMA_MEMLIMIT_ERROR (CPython, Modules/_lzmamodule.c, catch_lzma_error)
                self._refusal = _XZ_REFUSAL
            raise

    @property
    def refusal(self) -> str | None:
        """Why the data is not decompressed: it takes too much memory. ``None`` if it does not."""
        return self._refusal


class Zstd(_WithoutCopies):
    """A frame of Zstandard.

    libzstd 1.5 decompresses a frame in another way if the whole frame is there when
    its header ends (the single pass of ``ZSTD_decompressStream``), and then it finds
    more faults, such as an empty block that is marked as compressed. What is found
    must not depend on the chunks. So the header is given alone, byte by byte.

    A frame may say how many bytes come out of it. In pieces, libzstd does not compare
    that if the last block is empty (``ZSTD_decompressContinue``). So it is compared here.
    """

    magics = (b"\x28\xb5\x2f\xfd",)

    def __init__(self, library: Any) -> None:
        self._options = {library.DecompressionParameter.window_log_max: _MOST_WINDOW_LOG}
        super().__init__(library, library.ZstdError)
        self._total = 0  # number of bytes that came out of the frame
        self._header = b""
        self._has_header = False

    def _make(self) -> Any:
        return self._library.ZstdDecompressor(options=self._options)

    def _decompress(self, data: bytes, max_length: int) -> bytes:
        piece = super()._decompress(self._behind_header(data), max_length)
        self._total += len(piece)
        if self.eof and self._size() not in {self._total, None}:
            raise self.error("another number of bytes than the header says")
        return piece

    def _behind_header(self, data: bytes) -> bytes:
        """Give the library what `data` holds of the header, and return the rest of `data`."""
        for at in range(len(data)):
            if self._has_header:
                return data[at:]
            self._header += data[at : at + 1]
            self._inner.decompress(data[at : at + 1])
            self._has_header = self._is_whole_header()
        return b""

    def _is_whole_header(self) -> bool:
        [magic] = self.magics
        if not magic.startswith(self._header[: len(magic)]):
            return True  # a frame to be skipped; nothing comes out of it
        try:
            self._library.get_frame_info(self._header)
        except self.error:
            return False
        return True

    def _size(self) -> int | None:
        """Number of bytes that come out of the frame, if its header says so."""
        size: int | None = self._library.get_frame_info(self._header).decompressed_size
        return size

    @property
    def refusal(self) -> str | None:
        """Why the data is not decompressed: its window is too large. ``None`` if it is not."""
        window = self._window()
        log = (window - 1).bit_length()
        if not _MOST_WINDOW_LOG < log <= _HIGHEST_WINDOW_LOG:
            return None
        return (
            f"it needs a window of {window >> 20} MiB in memory, and at most {1 << _MOST_WINDOW_LOG >> 20} "
            f"MiB are allowed; decompress it first: zstd --decompress --long={log}"
        )

    def _window(self) -> int:
        """The size of the window in bytes, read from the header (RFC 8878, section 3.1.1.1)."""
        header = self._header
        try:
            if header[4] & _SINGLE_SEGMENT:
                return self._size() or 0
            exponent, mantissa = divmod(header[5], 8)
        except (IndexError, self.error):
            return 0
        return (1 << 10 + exponent) // 8 * (8 + mantissa)
