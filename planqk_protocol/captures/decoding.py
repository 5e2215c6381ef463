"""The base class of all decoders, and the description of a format.

A decoder takes the bytes of one capture and gives chunks and notices. Its
format says what it reads, how to obtain a capture, and what a capture loses.

The decoder of a format subclasses `Decoder` and implements two methods:
``_decode`` takes the next bytes of a file, and ``_end`` is called where the file
ends. Both report what they find by ``_emit`` and ``_notice``, in the order of
the capture. The base class makes chunks and notices of these reports. It joins
neighbouring records of one stream into one chunk, so that a chunk costs little
however short its records are. A notice ends the chunk before it, so that it comes
between the right chunks.

Every decoder keeps three positions within the current file, which notices need:
``_record`` counts records, ``_offset`` is where the decoder stands, and ``_size``
is where the data fed so far ends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import msgspec

from planqk_protocol.buffer import Buffer, BufferCheckpoint, as_bytes
from planqk_protocol.captures.chunks import (
    CaptureNotice,
    Chunk,
    Decoded,
    NoticeKind,
    StampedRecords,
    StdStream,
)
from planqk_protocol.errors import DecoderClosedError
from planqk_protocol.excerpts import excerpt
from planqk_protocol.state import Resumable

__all__ = ["STREAMS", "CatalogueEntry", "Decoder", "DecoderCheckpoint", "Fault", "Format", "fate_of_text"]

DecoderCheckpoint: TypeAlias = tuple[dict[str, Any], list[tuple[Buffer, BufferCheckpoint]]]
"""A state of a `Decoder` to go back to: its attributes, and the states of its buffers."""

# Attributes of these types are changed in place, so a checkpoint copies them. A `Buffer` makes a checkpoint
# of its own. All others are replaced.
_CHANGED_IN_PLACE = (dict, list, msgspec.Struct, Resumable)
_NAMED = (StdStream.STDOUT, StdStream.STDERR)

STREAMS: Mapping[str | bytes, StdStream] = MappingProxyType(
    {stream.value: stream for stream in _NAMED} | {stream.value.encode(): stream for stream in _NAMED}
)
"""The streams by the names that engines give them in a record, as text and as bytes."""

# Limits on the container names that are kept. The longest names are those of Kubernetes: 253 characters
# of a pod, a slash, and 63 of a container (Kubernetes documentation, "Object Names and IDs").
_MOST_OTHERS = 1000  # containers that get a notice of their own
_LONGEST_NAME = 320  # bytes


class Fault(msgspec.Struct, frozen=True):
    """Damage in a record: a notice without its place.

    Attributes:
        kind: What happened, for programs.
        message: What is wrong and what to do, for people.
        stream: The stream that it concerns, as in `CaptureNotice`.
    """

    kind: NoticeKind
    message: str
    stream: StdStream | None = StdStream.UNKNOWN


class Decoder(Resumable, ABC):
    """An incremental decoder of one container's capture.

    It gives the container's bytes, unchanged and by stream, and a notice
    wherever the capture lost some. The output does not depend on how the capture
    is cut into chunks. No input makes a decoder raise. It does no I/O, its memory
    is bounded, and it can be copied and pickled in the middle of a capture.

    A call takes all or nothing. If the interpreter fails, for lack of memory or
    because the caller itself is too deep in calls, nothing was taken: make the
    same call once more.

    Args:
        container: Which container to read, where a capture can hold several:
            its id (``journald-*``), its ``pod/container`` (``kubectl-logs``) or
            its name (``compose-logs``). By default the first one in the capture.
            The output of other containers is given as `StdStream.UNKNOWN`. If
            you choose no container, each of the others gets one notice.
        stream: The only stream whose bytes are given. Choose one if you need no
            other: that is faster. Notices are given for all streams.
    """

    max_record: ClassVar[int] = 1024 * 1024
    """Longest record that is decoded, in bytes; longer ones are skipped (notice ``oversize``)."""

    has_lines: ClassVar[bool] = False
    """Whether a capture is text in which no line begins with a marker of the protocol."""

    def __init__(self, container: str | None = None, stream: StdStream | None = None) -> None:
        self._container = container
        self._only_stream = stream  # the only stream to give; None for all
        self._is_chosen = container is not None  # whether the caller chose the container
        self._names: dict[str, None] = {}  # of the containers so far, in order
        self._closed = False
        self._file = 0
        self._record = 0  # number of the last record begun in this file
        self._offset = 0  # of the next byte to decode, in this file
        self._size = 0  # of this file so far
        self._decoded: Decoded = []
        self._texts: list[bytes] = []  # texts of records of one stream, which become one chunk
        self._stamps: list[bytes | str | None] = []  # of these records
        self._stream_and_suspect = (StdStream.UNKNOWN, False)  # of these records

    def feed(self, data: bytes | bytearray | memoryview) -> Decoded:
        """Decode the next bytes of the capture, and return what they complete.

        Args:
            data: Any number of bytes, cut anywhere. They may be overwritten
                after the call.

        Raises:
            DecoderClosedError: The decoder was closed.
            RecursionError: The caller is within some 200 calls of the
                interpreter's recursion limit. Nothing was taken.
            TypeError: `data` is not bytes.
        """
        self._check_open("feed")
        if type(data) is not bytes:
            data = as_bytes(data, advice="open the file in binary mode")
        return self._all_or_nothing(partial(self._feed, data)) if data else []

    def cut_off(self) -> Decoded:
        """Mark a place where bytes of the capture are missing. The next bytes begin a record.

        Call it where a connection broke and a new one continues the capture:
        half a record does not run into the next one. Positions count on.

        Raises:
            DecoderClosedError: The decoder was closed.
            RecursionError: As for `feed`.
        """
        self._check_open("cut_off")
        return self._all_or_nothing(self._cut_off)

    def end_of_file(self) -> Decoded:
        """End one file of the capture. The next file continues the streams.

        Call it between rotated files, which you feed from the oldest to the
        newest. A record that the end of a file cuts off does not run into the
        next file. Before `close` the call is not needed.

        Raises:
            DecoderClosedError: The decoder was closed.
            RecursionError: As for `feed`.
        """
        self._check_open("end_of_file")
        return self._all_or_nothing(self._end_file)

    def close(self) -> Decoded:
        """End the capture, and return what its end completes. A second call returns an empty list.

        Raises:
            RecursionError: As for `feed`. The decoder is not closed then.
        """
        return [] if self._closed else self._all_or_nothing(self._close)

    @property
    def containers(self) -> list[str]:
        """Names of the containers in the capture so far, where its format names them.

        At most some 1000 names are kept. A name longer than any engine gives is
        cut short.
        """
        return [name for name in self._names if name]

    @abstractmethod
    def _decode(self, data: bytes) -> None:
        """Decode bytes of the current file, at least one."""

    @abstractmethod
    def _end(self) -> None:
        """End the current file, and prepare for the next one."""

    def _feed(self, data: bytes) -> None:
        self._size += len(data)
        self._decode(data)

    def _cut_off(self) -> None:
        self._end()
        self._offset = self._size

    def _end_file(self) -> None:
        self._end()
        self._file += 1
        self._record = self._offset = self._size = 0

    def _close(self) -> None:
        self._closed = True
        self._end()

    def _all_or_nothing(self, work: Callable[[], None]) -> Decoded:
        """Do the work, and give what it decoded. If it fails, undo all of it."""
        before = self._checkpoint()
        try:
            work()
            return self._hand_over()
        except BaseException:
            self._roll_back(before)
            raise

    def _checkpoint(self) -> DecoderCheckpoint:
        """The state, for `_roll_back`."""
        own = {name: copy(it) if isinstance(it, _CHANGED_IN_PLACE) else it for name, it in vars(self).items()}
        return own, [(value, value.checkpoint()) for value in own.values() if isinstance(value, Buffer)]

    def _roll_back(self, checkpoint: DecoderCheckpoint) -> None:
        """Undo everything since the checkpoint was made."""
        own, buffers = checkpoint
        self.__dict__.update(own)
        for buffer, state in buffers:
            buffer.roll_back(state)

    def _emit(
        self, stream: StdStream, data: bytes, time: bytes | str | None = None, *, suspect: bool = False
    ) -> None:
        """Give the bytes of a record."""
        if not data or self._only_stream not in {None, stream}:
            return
        if self._stream_and_suspect != (stream, suspect):
            self._flush()
            self._stream_and_suspect = (stream, suspect)
        self._texts.append(data)
        self._stamps.append(time)

    def _emit_chunk(self, chunk: Chunk) -> None:
        """Give a chunk of several records."""
        if chunk.data and self._only_stream in {None, chunk.stream}:
            self._flush()
            self._decoded.append(chunk)

    def _notice(
        self,
        kind: NoticeKind,
        message: str,
        *,
        offset: int | None = None,
        record: int | None = None,
        stream: StdStream | None = StdStream.UNKNOWN,
    ) -> None:
        """Add a notice, by default about the current record, at the current byte, and for any stream."""
        self._flush()
        offset = self._offset if offset is None else offset
        record = self._record if record is None else record
        self._decoded.append(CaptureNotice(kind, record, offset, message, stream, self._file))

    def _notice_fault(self, fault: Fault, offset: int | None = None) -> None:
        """Add a notice of damage in the current record."""
        self._notice(fault.kind, fault.message, offset=offset, stream=fault.stream)

    def _notice_nuls(
        self, of: str = "records", *, offset: int | None = None, record: int | None = None
    ) -> None:
        """Add a notice that NUL bytes stand in place of records."""
        message = f"NUL bytes in place of {of}, as a power loss leaves them; what stood there is lost"
        self._notice(NoticeKind.NUL_RUN, message, offset=offset, record=record)

    def _stream_named(
        self,
        name: bytes | str,
        *,
        offset: int | None = None,
        concerns: StdStream | None = StdStream.UNKNOWN,
    ) -> StdStream:
        """The stream that a record names. If it is neither stdout nor stderr: unknown, and a notice."""
        stream = STREAMS.get(name, StdStream.UNKNOWN)
        if stream is StdStream.UNKNOWN:
            message = f"the record's stream is {excerpt(name)}, neither stdout nor stderr"
            self._notice(NoticeKind.UNKNOWN_STREAM, message, offset=offset, stream=concerns)
        return stream

    def _is_ours(self, container: bytes, offset: int) -> bool:
        """Whether a record belongs to the container that is read.

        If no container was chosen, the first one is read, and each of the others
        gets one notice.
        """
        can_be_read = 0 < len(container) <= _LONGEST_NAME
        name = container.decode(errors="replace") if len(container) <= _LONGEST_NAME else excerpt(container)
        if self._container is None and can_be_read:
            self._container = name
        is_ours = can_be_read and name == self._container
        is_new = name not in self._names and (is_ours or len(self._names) <= _MOST_OTHERS)
        if is_new:
            self._names[name] = None
        if is_new and not is_ours and not self._is_chosen:
            self._notice(
                NoticeKind.UNKNOWN_STREAM,
                f"the capture holds {name or 'entries of no container'} too; "
                "only one container is read, the first one unless you name another (the argument container)",
                offset=offset,
                stream=None,
            )
        return is_ours

    def _flush(self) -> None:
        """Make one chunk of the records that have been emitted."""
        if not self._texts:
            return
        stream, suspect = self._stream_and_suspect
        data = self._texts[0] if len(self._texts) == 1 else b"".join(self._texts)
        records = StampedRecords(self._texts, self._stamps) if any(self._stamps) else None
        self._decoded.append(Chunk(stream, data, suspect, records))
        self._texts, self._stamps = [], []

    def _hand_over(self) -> Decoded:
        """Return what was decoded since the last call."""
        self._flush()
        decoded, self._decoded = self._decoded, []
        return decoded

    def _check_open(self, call: str) -> None:
        if self._closed:
            raise DecoderClosedError(f"{call}() after close(): a capture ends once; make a new decoder")


def _never(_head: bytes) -> bool:
    return False


def fate_of_text(text: bytes, stream: StdStream) -> str:
    """What a notice about a record that breaks off says of its text.

    Args:
        text: What is left of it.
        stream: Its stream, as far as the record tells it.
    """
    if not text:
        return "its text is lost"
    if stream is StdStream.UNKNOWN:
        return "its text up to there is left out, as its stream is not known"
    return f"its text up to there is read as {stream.value}"


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A format of captures.

    Attributes:
        id: Its name on the command line and in `planqk_protocol.captures.decoder`.
        title: What it is.
        source: How to obtain a capture in this format.
        loses: What such a capture does not hold.
        containers: How a record names its container, where a capture can hold several.
    """

    id: str
    title: str
    source: str
    loses: str
    containers: str = ""


class CatalogueEntry(Format, frozen=True, kw_only=True):
    """A format, with the code that reads and detects it.

    Attributes:
        decoder: Makes a decoder. The arguments are those of `Decoder`.
        sniff: Tells from the first bytes of a capture whether it looks like this format.
    """

    decoder: Callable[..., Decoder]
    sniff: Callable[[bytes], bool] = _never
