"""What all decoders share: the calls, the position, the output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any, ClassVar, TypeAlias

from planqk_protocol.buffer import Buffer, BufferMark, as_bytes
from planqk_protocol.captures.bounds import shown
from planqk_protocol.captures.output import CaptureNotice, Chunk, NoticeKind, Output, Pieces, Stream
from planqk_protocol.errors import DecoderClosedError

__all__ = ["Decoder", "DecoderMark"]

DecoderMark: TypeAlias = tuple[dict[str, Any], tuple[Buffer, BufferMark] | None]
"""A state of a `Decoder` to go back to."""


class Decoder(ABC):
    """An incremental decoder of one container's capture.

    It gives the container's bytes, per stream and unchanged, and notices where
    the capture lost some. What it gives does not depend on how the capture is
    cut into chunks. No input makes it raise. It does no I/O, its memory is
    bounded, and it can be copied and pickled in the middle of a capture.

    A call takes all or nothing. Where the interpreter fails, for lack of memory
    or because the caller itself is too deep in calls, nothing is taken, and the
    same call can be made once more.

    Args:
        container: Which container to read, where a capture can hold several:
            its id (``journald-*``), its ``pod/container`` (``kubectl-logs``) or
            its name (``compose-logs``). By default the first one in the capture.
            The output of others is given as `Stream.UNKNOWN`, with a notice for
            each of them where none was named.
        stream: The only stream whose bytes are given, where one is enough, as
            that is faster. Notices are given for all.
    """

    max_record: ClassVar[int] = 1024 * 1024
    """Longest record that is decoded, in bytes; longer ones are skipped (notice ``oversize``)."""
    _in_place: ClassVar[tuple[str, ...]] = ("_met",)
    """Attributes whose dictionaries are changed; those of other attributes are replaced."""

    def __init__(self, container: str | None = None, stream: Stream | None = None) -> None:
        self._container = container
        self._only = stream
        self._is_named = container is not None
        self._met: dict[str, None] = {}
        self._closed = False
        self._file = 0
        self._record = 0  # number of the last record begun in this file
        self._offset = 0  # of the next byte that is looked at, in this file
        self._size = 0  # of this file so far
        self._output: Output = []
        self._pieces: list[bytes] = []  # records of one stream, to become one chunk
        self._stamps: list[bytes | str | None] = []
        self._run = (Stream.UNKNOWN, False)  # their stream, and whether they are suspect

    def feed(self, data: bytes | bytearray | memoryview) -> Output:
        """Take the next bytes of the capture, and give what they complete.

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
        return self._do(partial(self._feed, data)) if data else []

    def cut_off(self) -> Output:
        """Bytes of the capture are missing here, and what follows begins with a record.

        So it is where a connection broke and a new one goes on: half a record
        does not run into what follows. Positions count on.

        Raises:
            DecoderClosedError: The decoder was closed.
        """
        self._check_open("cut_off")
        return self._do(self._cut_off)

    def end_of_file(self) -> Output:
        """A file of the capture ends, and the next one goes on where it ended.

        To be called between rotated files, from the oldest to the newest; a
        record that the end cuts off does not run into the next file. Not needed
        before `close`.

        Raises:
            DecoderClosedError: The decoder was closed.
        """
        self._check_open("end_of_file")
        return self._do(self._end_file)

    def close(self) -> Output:
        """End the capture, and give what its end completes. A second call gives an empty list."""
        return [] if self._closed else self._do(self._close)

    @property
    def containers(self) -> list[str]:
        """Names of the containers in the capture so far, where its format names them.

        Of very many, not all are there, and a name longer than any engine
        gives one is cut short.
        """
        return [name for name in self._met if name]

    def __getstate__(self) -> dict[str, Any]:
        return {name: copy(value) for name, value in self.__dict__.items()}

    @abstractmethod
    def _decode(self, data: bytes) -> None:
        """Take bytes of the current file, at least one."""

    @abstractmethod
    def _end(self) -> None:
        """The current file ends; be ready for the next one."""

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

    def _do(self, work: Callable[[], None]) -> Output:
        """Do all of the work, or nothing of it."""
        before = self._mark()
        try:
            work()
            return self._take_output()
        except BaseException:
            self._reset(before)
            raise

    def _mark(self) -> DecoderMark:
        own = self.__dict__.copy()
        for name in self._in_place:
            own[name] = own[name].copy()
        held = own.get("_held")  # of those that hold bytes of an unfinished record
        return own, None if held is None else (held, held.mark())

    def _reset(self, mark: DecoderMark) -> None:
        """Undo all that was done since the mark was made."""
        own, held = mark
        self.__dict__.update(own)
        self._output, self._pieces, self._stamps = [], [], []  # as they are between two calls
        if held:
            buffer, state = held
            buffer.reset(state)

    def _emit(
        self, stream: Stream, data: bytes, time: bytes | str | None = None, *, suspect: bool = False
    ) -> None:
        """Give the bytes of a record."""
        if not data or self._only not in {None, stream}:
            return
        if self._run != (stream, suspect):
            self._flush()
            self._run = (stream, suspect)
        self._pieces.append(data)
        self._stamps.append(time)

    def _emit_chunk(self, chunk: Chunk) -> None:
        """Give a chunk of several records."""
        if chunk.data and self._only in {None, chunk.stream}:
            self._flush()
            self._output.append(chunk)

    def _notice(
        self,
        kind: NoticeKind,
        message: str,
        *,
        offset: int | None = None,
        record: int | None = None,
        stream: Stream | None = Stream.UNKNOWN,
    ) -> None:
        """Give a notice, by default of the current record, at the current byte, and of any stream."""
        self._flush()
        offset = self._offset if offset is None else offset
        record = self._record if record is None else record
        self._output.append(CaptureNotice(kind, record, offset, message, stream, self._file))

    def _notice_nuls(
        self, of: str = "records", *, offset: int | None = None, record: int | None = None
    ) -> None:
        """Give a notice of NULs in place of what should stand there."""
        message = f"NUL bytes in place of {of}, as a power loss leaves them; what stood there is lost"
        self._notice(NoticeKind.NUL_RUN, message, offset=offset, record=record)

    def _is_ours(self, container: bytes, offset: int) -> bool:
        """Whether a record is of the container that is read; if none was named, a notice for each other."""
        can_be_read = 0 < len(container) <= _LONGEST_NAME
        name = container.decode(errors="replace") if len(container) <= _LONGEST_NAME else shown(container)
        if self._container is None and can_be_read:
            self._container = name
        is_ours = can_be_read and name == self._container
        is_new = name not in self._met and (is_ours or len(self._met) <= _MOST_OTHERS)
        if is_new:
            self._met[name] = None
        if is_new and not is_ours and not self._is_named:
            self._notice(
                NoticeKind.UNKNOWN_STREAM,
                f"the capture holds {name or 'entries of no container'} too, given as unknown; "
                "only one container is read, the first one unless you name another (the argument container)",
                offset=offset,
                stream=None,
            )
        return is_ours

    def _flush(self) -> None:
        if not self._pieces:
            return
        stream, suspect = self._run
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        records = Pieces(self._pieces, self._stamps) if any(self._stamps) else None
        self._output.append(Chunk(stream, data, suspect, records))
        self._pieces, self._stamps = [], []

    def _take_output(self) -> Output:
        self._flush()
        output, self._output = self._output, []
        return output

    def _check_open(self, call: str) -> None:
        if self._closed:
            raise DecoderClosedError(f"{call}() after close(): a capture ends once; make a new decoder")


# What is kept of names is bounded in number and in bytes. Kubernetes has the longest ones: 253
# characters of a pod, a slash, 63 of a container (its API reference, names of objects).
_MOST_OTHERS = 1000  # containers that get a notice of their own
_LONGEST_NAME = 320  # bytes
