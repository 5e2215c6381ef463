"""One capture of an archive to its row: open its files, parse and diagnose them, and sum up.

All knowledge of the protocol is in what this uses: `EventStream`, `Collector` and the
diagnosis. What is wrong with a file ends in its row, never in an exception.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import Counter
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import msgspec

from planqk_protocol.archive.containers import ContainerFacts, facts_in_config, facts_in_path
from planqk_protocol.archive.names import plain_name, without_credentials
from planqk_protocol.archive.rows import MOST_TEXT, OutcomeRow, Violations
from planqk_protocol.archive.stored import StoredCapture, StoredFile, is_local
from planqk_protocol.captures import Captured, Chunk
from planqk_protocol.captures.timestamps import nanoseconds, rfc3339
from planqk_protocol.events import FinalResult, InterimResult, Violation
from planqk_protocol.excerpts import excerpt
from planqk_protocol.inputs.compression import decompressed
from planqk_protocol.inputs.detection import RAW
from planqk_protocol.inputs.event_stream import EventStream
from planqk_protocol.inputs.input import Input, InputError
from planqk_protocol.limits import Limits
from planqk_protocol.outcome import Collector

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Finding

__all__ = ["Reading", "TarFound", "capture_row", "error_row", "message_of", "opened_file"]

_CHUNK = 256 * 1024
_ONE_REQUEST = 1024 * 1024  # bytes of a file that is read at once
_LARGEST_CONFIG = 1024 * 1024
_DISORDER = "disorder"
_NO_RESULT = "no-result"
# POSIX.1-2017, pax, section "ustar Header Block"; GNU tar, src/tar.h, TMAGIC and OLDGNU_MAGIC.
_TAR_MAGICS = (b"ustar\0", b"ustar ")
_TAR_MAGIC_AT = 257
_TAR_HEAD = _TAR_MAGIC_AT + len(_TAR_MAGICS[0])


class TarFound(Exception):  # noqa: N818  # the file is to be read in another way
    """A file of a capture is a tar, whatever its name."""


class Reading(msgspec.Struct, frozen=True):
    """How captures are read.

    Attributes:
        capture: The id of their format, or ``auto``.
        limits: Bounds on lines and payloads.
    """

    capture: str
    limits: Limits


def capture_row(store: Any, capture: StoredCapture, reading: Reading) -> OutcomeRow:
    """Read a capture, and make its row.

    Args:
        store: The file system of fsspec that holds the files, or what opens the members of a tar as one.
        capture: The capture.
        reading: How to read it.

    Raises:
        TarFound: One of its files is a tar.
    """
    if capture.fault:
        return error_row(capture, capture.fault)
    begin = time.perf_counter()
    summary = _Summary(capture)
    try:
        row = summary.read(store, reading)
    except TarFound:
        raise
    except Exception as error:  # noqa: BLE001  # stores raise what they will, and a file must not end the run
        row = error_row(capture, message_of(error))
    return msgspec.structs.replace(row, seconds=time.perf_counter() - begin)


def error_row(capture: StoredCapture, error: str) -> OutcomeRow:
    """The row of a capture that cannot be read."""
    return OutcomeRow(
        url=capture.url,
        files=tuple(file.url for file in capture.files),
        size=capture.size,
        modified=capture.modified,
        error=error,
    )


def message_of(error: BaseException) -> str:
    """What an exception says, bounded and on one line."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"cannot be read: {type(error).__name__}: {excerpt(without_credentials(str(error)))}"


def _chunks(store: Any, file: StoredFile) -> Iterator[bytes]:
    """The bytes of a file, up to the size that it had when it was listed: it may grow for ever."""
    is_one_request = 0 < file.size <= _ONE_REQUEST and not file.offset and not is_local(store)
    left = file.size
    for chunk in _whole(store, file) if is_one_request else _pieces(store, file):
        left -= len(chunk)
        yield chunk
    if left:
        raise InputError(f"{file.url} became shorter while it was read; read it again")


def _whole(store: Any, file: StoredFile) -> Iterator[bytes]:
    # To open a file in S3 is a request of its own, which takes time and is charged for.
    data: bytes = store.cat_file(file.path, start=0, end=file.size)
    yield data[: file.size]  # a server of HTTP may ignore the end


def _pieces(store: Any, file: StoredFile) -> Iterator[bytes]:
    left = file.size
    with opened_file(store, file.path) as opened:
        if file.offset:
            opened.seek(file.offset)
        while left and (chunk := opened.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def opened_file(store: Any, path: str) -> IO[bytes]:
    """Open a file of a store.

    Raises:
        Exception: It cannot be opened, or is no regular file of this machine.
    """
    if is_local(store):
        # fsspec takes longer than to read a small log.
        return open(path, "rb", buffering=0, opener=_open_regular)
    opened: IO[bytes] = store.open(path, "rb")
    return opened


def _open_regular(path: str, flags: int) -> int:
    """Open a regular file. A pipe may have taken its place after it was listed; no writer is awaited then."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has no such flag
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{plain_name(path)} is no longer a regular file")
    return descriptor


def _no_tar(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a file.

    Raises:
        TarFound: They are those of a tar.
    """
    head = b""
    for chunk in chunks:
        if len(head) < _TAR_HEAD:
            head += chunk[: _TAR_HEAD - len(head)]
            if head.startswith(_TAR_MAGICS, _TAR_MAGIC_AT):
                raise TarFound
        yield chunk


def _config_data(store: Any, config: StoredFile) -> bytes:
    if config.error or config.size > _LARGEST_CONFIG:
        raise InputError(config.error or f"it has more than {_LARGEST_CONFIG:,} bytes")
    return b"".join(_chunks(store, config))


class _Summary:
    """What the row of a capture is made of.

    Args:
        capture: The capture.
    """

    def __init__(self, capture: StoredCapture) -> None:
        self._capture = capture
        self._collector = Collector(keep_interim="last", max_violations=0)
        self._interim_count = 0
        self._violations: dict[str, Violations] = {}
        self._findings: Counter[str] = Counter()
        self._notices: Counter[str] = Counter()
        self._first: Chunk | None = None  # the first chunk with time stamps
        self._last: Chunk | None = None

    def read(self, store: Any, reading: Reading) -> OutcomeRow:
        """Read the capture, and return its row."""
        facts, config_error = self._facts(store)
        inputs: Iterator[Input] = (Input(file.url, _chunks(store, file)) for file in self._capture.files)
        if reading.capture != RAW:
            inputs = decompressed(inputs, lambda _name, _message, kind: self._notices.update([str(kind)]))
        inputs = (Input(name, _no_tar(chunks)) for name, chunks in inputs)
        stream = EventStream(inputs, reading.capture, logs=False, limits=reading.limits)
        for captured in stream:
            self._observe(captured, stream.findings(captured))
        findings = stream.last_findings(facts.exit_code, None, is_cut_off=False)
        if facts.is_running:  # it may still print its result
            findings = [finding for finding in findings if finding.rule != _NO_RESULT]
        self._count(findings)
        if stream.disorder:
            self._notices[_DISORDER] = len(stream.disorder)
        return self._row(stream, _with_containers(facts, stream.containers), config_error)

    def _facts(self, store: Any) -> tuple[ContainerFacts, str | None]:
        """What is known of the container, and why Docker's description cannot be read."""
        by_path, config = facts_in_path(plain_name(self._capture.files[-1].path)), self._capture.config
        if config is None:
            return by_path, None
        try:
            return facts_in_config(_config_data(store, config)), None
        except Exception as error:  # noqa: BLE001  # as in `capture_row`
            return by_path, f"{config.url}: {message_of(error)}"

    def _observe(self, captured: Captured, findings: list[Finding]) -> None:
        for event in captured.events:
            self._collector.add(event)
            if isinstance(event, InterimResult):
                self._interim_count += 1
            elif isinstance(event, Violation):
                before = self._violations.get(event.code, Violations(0, event.message))
                self._violations[event.code.value] = Violations(before.count + 1, before.first_message)
        self._notices.update(notice.kind.value for notice in captured.notices)
        self._count(findings)
        for chunk in captured.chunks:
            self._first = self._first or (chunk if chunk.records else None)
            self._last = chunk

    def _count(self, findings: list[Finding]) -> None:
        self._findings.update(finding.rule for finding in findings)

    def _row(self, stream: EventStream, facts: ContainerFacts, config_error: str | None) -> OutcomeRow:
        outcome = self._collector.outcome(
            exit_code=facts.exit_code, closed=not facts.is_running, cut_off=stream.is_incomplete
        )
        first_time, last_time = self._time_span()
        last_interim = outcome.interim_results[-1] if outcome.interim_results else None
        row = OutcomeRow(
            url=self._capture.url,
            files=tuple(file.url for file in self._capture.files),
            size=self._capture.size,
            modified=self._capture.modified,
            container=facts.container,
            pod=facts.pod,
            image=facts.image,
            started=facts.started,
            finished=facts.finished,
            format=stream.format,
            status=outcome.status.value,
            exit_code=facts.exit_code,
            interim_count=self._interim_count,
            last_interim=_text(last_interim) if last_interim else None,
            violations=dict(sorted(self._violations.items())),
            findings=dict(sorted(self._findings.items())),
            notices=dict(sorted(self._notices.items())),
            suspect=outcome.suspect,
            first_time=first_time,
            last_time=last_time,
            lines=stream.line_count,
            bytes=stream.size,
            error=config_error,
        )
        return _with_result(row, stream, outcome.result) if outcome.result else row

    def _time_span(self) -> tuple[str | None, str | None]:
        first, last = self._first, self._last
        if first is None or last is None:
            return None, None
        begin, end = first.time_span
        return _in_utc(begin), _in_utc(end if first is last else last.time_span[1])


def _with_result(row: OutcomeRow, stream: EventStream, result: FinalResult) -> OutcomeRow:
    payload = result.payload.strip()
    file, line = stream.locate_line(result.line)
    return msgspec.structs.replace(
        row,
        result=_text(result),
        result_size=len(payload),
        result_sha256=hashlib.sha256(payload).hexdigest(),
        result_file=file,
        result_line=line,
    )


def _text(event: FinalResult | InterimResult) -> str | None:
    """The JSON text of an event; ``None`` if it is too long for a row."""
    payload = event.payload.strip()
    return payload.decode() if len(payload) <= MOST_TEXT else None


def _with_containers(facts: ContainerFacts, names: list[str]) -> ContainerFacts:
    """The facts, with the container that the capture names: the first one, which is the one that is read."""
    if facts.container or not names:
        return facts
    pod, _, container = names[0].rpartition("/")
    return msgspec.structs.replace(facts, container=container, pod=facts.pod or pod or None)


def _in_utc(stamp: str | None) -> str | None:
    time_ns = nanoseconds(stamp) if stamp else None
    if stamp is None or time_ns is None:
        return None
    is_in_utc = stamp.endswith("Z") and len(stamp) == len("2026-05-01T10:00:00.123456789Z")
    return stamp if is_in_utc else rfc3339(time_ns)
