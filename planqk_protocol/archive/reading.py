"""One capture of an archive to its row: open its files, parse and diagnose them, and sum up.

All knowledge of the protocol is in what this uses: `EventStream`, `Collector` and the
diagnosis. What is wrong with a file ends in its row, never in an exception.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from planqk_protocol.archive.containers import ContainerFacts, facts_in_config, facts_in_path
from planqk_protocol.archive.contents import TarFound, config_contents, contents, no_tar, with_size_of_now
from planqk_protocol.archive.names import plain_name, without_credentials
from planqk_protocol.archive.rows import MOST_TEXT, SCHEMA_VERSION, OutcomeRow, Violations, checked
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.captures import Captured, CaptureNotice, Chunk, StdStream
from planqk_protocol.captures.timestamps import nanoseconds, rfc3339
from planqk_protocol.diagnosis.outcomes import notice_finding
from planqk_protocol.events import FinalResult, InterimResult, Violation
from planqk_protocol.excerpts import excerpt
from planqk_protocol.inputs.compression import decompressed
from planqk_protocol.inputs.detection import RAW
from planqk_protocol.inputs.event_stream import EventStream
from planqk_protocol.inputs.input import Input, InputError
from planqk_protocol.limits import Limits
from planqk_protocol.outcome import Collector, JobStatus

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Finding

__all__ = ["DISORDER", "ReadOptions", "capture_row", "error_row", "message_of"]

DISORDER = "disorder"
"""The kind of notice that counts files which are older than the file before them."""

_MOST_SHOWN = 200  # characters of each end of a message
_NO_RESULT = "no-result"


class ReadOptions(msgspec.Struct, frozen=True):
    """How captures are read.

    Attributes:
        capture: The id of their format, or ``auto``.
        limits: Bounds on lines and payloads.
    """

    capture: str
    limits: Limits

    def fingerprint(self, capture: StoredCapture) -> str | None:
        """A hash of what a row is made from: the files as they were listed, and how they are read.

        Returns:
            Hexadecimal digits; ``None`` if it is not known when a file was modified.
        """
        files = [*capture.files, capture.config] if capture.config else capture.files
        states = [(file.url, file.size, file.modified.timestamp()) for file in files if file.modified]
        if len(states) < len(files):
            return None
        # The text of numbers and strings, of which repr escapes what UTF-8 does not have.
        return hashlib.blake2b(f"{_how(self)}{states!r}".encode(), digest_size=16).hexdigest()


@lru_cache
def _how(options: ReadOptions) -> str:
    return repr((SCHEMA_VERSION, options.capture, options.limits))


def capture_row(store: Any, capture: StoredCapture, options: ReadOptions) -> OutcomeRow:
    """Read a capture, and make its row.

    Args:
        store: The file system of fsspec that holds the files, or what opens the members of a tar as one.
        capture: The capture.
        options: How to read it.

    Raises:
        TarFound: One of its files is a tar.
    """
    if capture.fault:
        return error_row(capture, capture.fault)
    begin = time.perf_counter()
    summary = _Summary(capture)
    try:
        row = checked(summary.read(store, options))
    except TarFound:
        raise
    except Exception as error:  # noqa: BLE001  # stores raise what they will, and a file must not end the run
        row = error_row(capture, message_of(error))
    has_ended = row.error is None and row.status != JobStatus.RUNNING
    return msgspec.structs.replace(
        row,
        fingerprint=options.fingerprint(capture) if has_ended else None,
        seconds=time.perf_counter() - begin,
    )


def error_row(capture: StoredCapture, error: str) -> OutcomeRow:
    """The row of a capture that cannot be read. Every output can hold it."""
    url = capture.url.encode(errors="backslashreplace").decode()
    bare = OutcomeRow(url=url, modified=capture.modified, error=_on_one_line(error))
    files = () if capture.not_found else tuple(file.url for file in capture.files)
    try:
        return checked(msgspec.structs.replace(bare, files=files, size=capture.size))
    except ValueError:
        return bare


def message_of(error: BaseException) -> str:
    """What an exception says. `error_row` makes it short, and puts it on one line."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    return f"cannot be read: {type(error).__name__}: {excerpt(without_credentials(str(error)))}"


def _on_one_line(text: str) -> str:
    """A message for a row: without passwords, on one line, and if it is long, without its middle."""
    plain = without_credentials(text)
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in plain)
    left_out = len(shown) - 2 * _MOST_SHOWN
    return shown if left_out <= 0 else f"{shown[:_MOST_SHOWN]}…(+{left_out})…{shown[-_MOST_SHOWN:]}"


def _naming_contents(store: Any, file: StoredFile) -> Iterator[bytes]:
    """The bytes of a file. The message of a failure names it, as the capture has other files."""
    try:
        yield from contents(store, file)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  # stores raise what they will
        raise InputError(f"{file.url}: {message_of(error)}") from None


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
        self._damage: str | None = None  # the first one
        self._first: Chunk | None = None  # the first chunk with time stamps
        self._last: Chunk | None = None

    def read(self, store: Any, options: ReadOptions) -> OutcomeRow:
        """Read the capture, and return its row."""
        facts, config_error = self._facts(store)
        *files, newest = self._capture.files
        chunks = _naming_contents if files else contents
        if self._capture.config:  # if that says that the container has ended, the rest of the log is there
            newest = with_size_of_now(store, newest)
        inputs: Iterator[Input] = (Input(file.url, chunks(store, file)) for file in (*files, newest))
        if options.capture != RAW:
            inputs = decompressed(inputs, self._observe_damage)
        inputs = (Input(name, no_tar(chunks)) for name, chunks in inputs)
        stream = EventStream(inputs, options.capture, logs=False, limits=options.limits)
        for captured in stream:
            self._observe(captured, stream.findings(captured))
        if wrong := stream.answer_without_entries:
            raise InputError(wrong)
        findings = stream.last_findings(facts.exit_code, None, is_cut_off=False)
        if facts.is_running:  # it may still print its result
            findings = [finding for finding in findings if finding.rule != _NO_RESULT]
        self._count(findings)
        for before, name in stream.disorder:
            message = f"time runs backwards: its first time stamp is earlier than the last one of {before}"
            self._observe_damage(name, message, DISORDER)
        return self._row(stream, _with_containers(facts, stream.containers), config_error)

    def _facts(self, store: Any) -> tuple[ContainerFacts, str | None]:
        """What is known of the container, and what is wrong with Docker's description.

        Raises:
            InputError: The store does not give the description, so the status would be wrong.
        """
        by_path, config = facts_in_path(plain_name(self._capture.files[-1].path)), self._capture.config
        if config is None:
            return by_path, None
        try:
            return facts_in_config(config_contents(store, config)), None
        except (InputError, msgspec.DecodeError, UnicodeDecodeError) as error:
            return by_path, _on_one_line(f"{config.url} is not what Docker writes: {error}")
        except Exception as error:  # noqa: BLE001  # likewise
            raise InputError(f"{config.url}: {message_of(error)}") from None

    def _observe(self, captured: Captured, findings: list[Finding]) -> None:
        for event in captured.events:
            self._collector.add(event)
            if isinstance(event, InterimResult):
                self._interim_count += 1
            elif isinstance(event, Violation):
                before = self._violations.get(event.code, Violations(0, event.message))
                self._violations[event.code.value] = Violations(before.count + 1, before.first_message)
        if captured.notices:
            self._observe_notices(captured.notices)
        self._count(findings)
        for chunk in captured.chunks:
            self._first = self._first or (chunk if chunk.records else None)
            self._last = chunk

    def _observe_notices(self, notices: Sequence[CaptureNotice]) -> None:
        self._notices.update(notice.kind.value for notice in notices)
        damage = next((notice for notice in notices if notice.concerns(StdStream.STDOUT)), None)
        if self._damage is None and damage:
            self._damage = _on_one_line(notice_finding(damage).message)

    def _observe_damage(self, name: str, message: str, kind: str) -> None:
        self._notices[str(kind)] += 1
        self._damage = self._damage or _on_one_line(f"{name}: {message}")

    def _count(self, findings: list[Finding]) -> None:
        if findings:
            self._findings.update(finding.rule for finding in findings)

    def _row(self, stream: EventStream, facts: ContainerFacts, config_error: str | None) -> OutcomeRow:
        outcome = self._collector.outcome(
            exit_code=facts.exit_code, closed=not facts.is_running, cut_off=stream.is_incomplete
        )
        is_doubtful = bool(stream.is_altered or stream.disorder)
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
            suspect=outcome.suspect or (is_doubtful and bool(outcome.result or outcome.reason)),
            damage=self._damage,
            first_time=first_time,
            last_time=last_time,
            lines=stream.line_count,
            bytes=stream.size,
            config_error=config_error,
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
