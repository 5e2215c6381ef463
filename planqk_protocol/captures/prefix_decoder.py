"""The base class of decoders of text in which a command put a prefix before every line.

``docker logs``, ``docker compose logs`` and ``kubectl logs`` print the container's
text with time stamps, names or attributes in front. A prefix is known by its shape
alone, so a job can print the same. Three rules follow:

- A line without the prefix is not the container's. It is given as unknown.
- The first line decides which optional parts the prefix has on every line.
- Docker stores a long line in pieces of 16 KiB (moby, ``daemon/logger/copier.go``)
  and puts the prefix before each piece, so it also comes within a line
  (docker/cli#4941). The decoder removes it only if it is exactly the line's own prefix
  and stands there every 16384 bytes: all pieces of a line bear the same time.

A line is decoded alone, or with its whole block. A block is decoded as a whole if every
prefix in it is that of the last line that was decoded alone, except for the digits of
the time stamp: then each of its lines, decoded alone, would have a prefix of this size,
too. If a block has other lines, its halves are tried, down to 4 KiB.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from io import BytesIO
from itertools import accumulate
from typing import ClassVar

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures.chunks import Chunk, NoticeKind, StdStream
from planqk_protocol.captures.line_decoder import LineDecoder
from planqk_protocol.captures.sniffing import after_blank_lines

__all__ = ["NANO", "NANO_UTC", "STAMP", "Prefix", "PrefixDecoder", "every_line_matches"]

_PIECE = 16 * 1024  # bytes of a line in one stored piece
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_DIGIT = re.compile(rb"\d")

NANO_UTC = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"
"""A time stamp with nine decimals in UTC, as a regular expression."""

NANO = NANO_UTC[:-1] + rb"(?:Z|[+-]\d\d:\d\d)"
"""A time stamp with nine decimals in any zone, as a regular expression."""

STAMP = re.compile(rb"(%b) " % NANO)
"""A time stamp with nine decimals before a text."""


def every_line_matches(head: bytes, *shapes: re.Pattern[bytes]) -> bool:
    """Whether every whole line of `head` begins with the same one of `shapes`.

    If there is no whole line, the unfinished first line decides. A job may print such
    a prefix itself on some of its lines, so every line has to have it.

    Args:
        head: The first bytes of the capture.
        shapes: Shapes of a prefix.
    """
    *lines, rest = after_blank_lines(head).split(b"\n")
    return any(all(shape.match(line) for line in lines or [rest]) for shape in shapes)


class Prefix(msgspec.Struct, frozen=True):
    """The prefix of a line, which stands before the container's text.

    Attributes:
        size: Its length in bytes.
        time: The time stamp in it.
        container: The container that it names.
        repeated: The part at its end that Docker repeats within long lines.
        time_start: Where in it the time stamp begins.
    """

    size: int
    time: bytes | None = None
    container: bytes | None = None
    repeated: bytes = b""
    time_start: int = 0

    @property
    def time_stop(self) -> int:
        """Where in it the time stamp ends."""
        return self.time_start + len(self.time or b"")


class _AlikeLines(msgspec.Struct, frozen=True):
    """Lines whose prefixes have the same size and place of the time stamp."""

    block: bytes
    prefix: Prefix

    def ends(self) -> list[int]:
        """Where the text of each line ends in the chunk's data, in bytes."""
        size = self.prefix.size
        return list(accumulate(len(line) - size for line in BytesIO(self.block)))

    def times(self) -> list[str]:
        """The time stamp of each line."""
        start, stop = self.prefix.time_start, self.prefix.time_stop
        return [line[start:stop].decode() for line in BytesIO(self.block)]

    def time_span(self) -> tuple[str, str]:
        """The time stamps of the first and the last line."""
        last = self.block.rfind(LF, 0, -1) + 1
        start, stop = self.prefix.time_start, self.prefix.time_stop
        return self.block[start:stop].decode(), self.block[last + start : last + stop].decode()


class PrefixDecoder(LineDecoder):
    """A decoder of text with a prefix before every line.

    Such a text does not tell the container's streams apart. All of it is given
    as standard output.
    """

    max_record = 64 * 1024 * 1024  # lines are whole here
    ends_every_line: ClassVar[bool] = False
    """Whether the command adds a missing LF to the last line. A capture without that LF is cut off."""
    _missing: ClassVar[str]
    """The fault of a line without the prefix, for messages."""

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        super().__init__(container, stream)
        self._has_stamps: bool | None = None  # decided by the first line
        self._lacks_stamps = False  # whether a later line has no stamp, and a notice says so
        self._last_prefix: Prefix | None = None  # of the last line that was decoded alone
        self._last_head = b""  # its bytes

    @abstractmethod
    def _prefix(self, line: bytes) -> Prefix | None:
        """The prefix of a line; ``None`` if it has none."""

    def _is_command_message(self, _line: bytes) -> bool:
        """Whether a line without prefix is a message of the command itself."""
        return False

    def _decode_block(self, block: bytes) -> None:
        if not self._decode_alike(block):
            self._decode_halves(block)

    def _decode_alike(self, block: bytes) -> bool:
        """Decode a block if its prefixes are that of the last line decoded alone; return whether they are.

        Only the digits of the time stamp may differ, so all prefixes have the same size.
        They are cut off and compared together. Iterating over ``BytesIO`` gives the lines
        by C's ``memchr``; ``bytes.split`` looks at each byte and takes three times as long.
        """
        prefix = self._last_prefix
        if prefix is None:
            return False
        lines = list(BytesIO(block))
        size = prefix.size
        if not _are_heads_alike([line[:size] for line in lines], self._last_head, prefix):
            return False
        if prefix.repeated and max(map(len, lines)) > size + _PIECE:
            return False
        stream = self._stream_of(prefix)
        data = b"".join([line[size:] for line in lines])
        self._emit_chunk(Chunk(stream, data, records=_AlikeLines(block, prefix) if prefix.time else None))
        self._record += len(lines)
        self._offset += len(block)
        return True

    def _stream_of(self, prefix: Prefix) -> StdStream:
        """The stream of a line: unknown if the line is of another container."""
        is_ours = prefix.container is None or self._is_ours(prefix.container, self._offset)
        return StdStream.STDOUT if is_ours else StdStream.UNKNOWN

    def _decode_line(self, line: bytes, end: bytes) -> None:
        self._record += 1
        prefix = self._prefix(line)
        # Beside lines with stamps, one without has no prefix that tells where the text begins in others.
        self._last_prefix = None if prefix and self._has_stamps and not prefix.time else prefix
        self._last_head = line[: prefix.size] if prefix else b""
        if prefix is None:
            if end and self._is_command_message(line):
                return
            kind = NoticeKind.CORRUPT if end else NoticeKind.TRUNCATED
            self._notice(kind, f"{self._missing}; left out, as its stream is not known")
            self._emit(StdStream.UNKNOWN, line + end, suspect=True)
            return
        stream = self._stream_of(prefix)
        text = line[prefix.size :]
        if prefix.repeated and text.startswith(prefix.repeated, _PIECE):
            text = self._without_repeats(text, prefix.repeated, stream)
        is_cut_off = self.ends_every_line and not end
        self._emit(stream, text + end, prefix.time, suspect=is_cut_off)
        if is_cut_off:
            message = "the capture ends within a line; what it holds is given, without the end of the line"
            self._notice(
                NoticeKind.TRUNCATED, message, stream=None if stream is StdStream.UNKNOWN else stream
            )

    def _stamp_at(self, line: bytes, at: int) -> re.Match[bytes] | None:
        """The command's time stamp. The first line decides whether every line has one."""
        stamp = STAMP.match(line, at)
        if self._has_stamps is None:
            self._has_stamps = stamp is not None
        if self._has_stamps and not stamp and not self._lacks_stamps:
            self._lacks_stamps = True
            message = (
                "no time stamp on the line, unlike on the first one; if the command was run without "
                "--timestamps, the stamps are the job's own, and are missing from its output"
            )
            self._notice(NoticeKind.CORRUPT, message, stream=StdStream.STDOUT)
        return stamp if self._has_stamps else None

    def _without_repeats(self, text: bytes, repeated: bytes, stream: StdStream) -> bytes:
        """Remove the prefixes that Docker repeated within a long line."""
        pieces = []
        at = 0
        while text.startswith(repeated, at + _PIECE):
            pieces.append(text[at : at + _PIECE])
            at += _PIECE + len(repeated)
        message = f"the prefix stands {len(pieces)} more times within the line, every 16384 bytes; left out"
        self._notice(NoticeKind.REPAIRED, message, stream=stream)
        return b"".join([*pieces, text[at:]])


def _are_heads_alike(heads: list[bytes], head: bytes, prefix: Prefix) -> bool:
    """Whether the beginnings of lines are the prefix `head`, but for the digits of its time stamp.

    A line that is too short has a shorter beginning, so the sizes differ, too.
    """
    if not prefix.time:
        return set(heads) == {head}
    if b"".join(heads).translate(_ZEROS) != head.translate(_ZEROS) * len(heads):
        return False
    around_stamp = slice(prefix.time_start), slice(prefix.time_stop, None)
    return all(
        {line_head[part] for line_head in heads} == {head[part]}
        for part in around_stamp
        if _DIGIT.search(head[part])  # else it has been compared as it is
    )
