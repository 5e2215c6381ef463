"""The format of a capture: detected from its first bytes, and doubted where its lines speak against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from planqk_protocol.buffer import LF
from planqk_protocol.captures import CaptureNotice, NoticeKind, detect, formats
from planqk_protocol.captures.catalogue import is_line_format
from planqk_protocol.captures.json_text import is_too_deep
from planqk_protocol.captures.open_object import OpenObject, Scan
from planqk_protocol.captures.sniffing import MOST_EXAMINED, first_line_end, is_utf16
from planqk_protocol.excerpts import excerpt
from planqk_protocol.framing import rarest
from planqk_protocol.inputs.input import CutOff, Input, InputError
from planqk_protocol.marked import marker_prefix

__all__ = [
    "AUTO",
    "MOST_DETECTED",
    "PLATFORM_LOG",
    "RAW",
    "answer_without_entries",
    "check_container",
    "detect_format",
    "is_no_record",
    "looks_like",
    "missing_container_message",
]

AUTO, RAW, PLATFORM_LOG = "auto", "raw", "planqk-log"

MOST_DETECTED = 1024 * 1024
"""The most bytes that detection looks at."""

_LONGEST_ENTRY = MOST_EXAMINED  # bytes of an entry after which detection does not wait for its end
_MOST_NAMES = 10
_BYTES_PER_MISS = 1024  # a letter outside of a marker costs less than to search these for all of the marker
_NEARLY_ALL = 9  # bad records for each line that came out
_NOT_RECORDS = frozenset(
    {
        NoticeKind.BAD_STREAM_TYPE,
        NoticeKind.CORRUPT,
        NoticeKind.OVERSIZE,
        NoticeKind.TORN,
        NoticeKind.TRUNCATED,
    }
)


def detect_format(inputs: Iterable[Input], *, at_once: bool) -> tuple[str, Iterator[Input]]:
    """Detect the format of the inputs. Return its id with all of the inputs.

    Args:
        inputs: The inputs.
        at_once: Whether to decide from the first line alone, or from the first
            entry of a list. Live input needs that: more may take long to come.

    Raises:
        InputError: From the chunks: the detected format turns out to be wrong.
    """
    head, inputs = _read_head(iter(inputs), at_once=at_once)
    end = _decided_at(head) if at_once else None
    capture = detect(head[: end or MOST_DETECTED])
    if not is_line_format(capture):
        return capture, inputs
    return capture, (Input(name, _up_to_marker(name, chunks, capture)) for name, chunks in inputs)


def check_container(capture: str, container: str | None) -> None:
    """Check that a container can be chosen from captures in a format.

    Args:
        capture: The id of the format.
        container: The container that the user named, if one was named.

    Raises:
        InputError: It cannot.
    """
    if container is not None and not formats()[capture].containers:
        several = "; ".join(f"{item.id}: {item.containers}" for item in formats().values() if item.containers)
        raise InputError(
            f"the argument container chooses among containers, but {capture} holds only one; name the format "
            f"if it is another one ({several})"
        )


def missing_container_message(names: Sequence[str], container: str) -> str:
    """The message for a capture without the container that the user named."""
    shown = ", ".join(names[:_MOST_NAMES]) or "none"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"the capture holds no container {container!r}; it holds {shown}{more}"


def is_no_record(notice: CaptureNotice) -> bool:
    """Whether a notice is about bytes that are not a record of the capture's format."""
    return notice.kind in _NOT_RECORDS


def looks_like(capture: str, no_records: int, lines: int, head: bytes) -> str | None:
    """The format that a capture looks like, if nearly nothing in it is in the one that the user named.

    Args:
        capture: The id of the format that the user named.
        no_records: Number of notices for which `is_no_record` is true.
        lines: Number of lines that the decoder gave.
        head: The first bytes of the inputs, at most `MOST_DETECTED`.

    Returns:
        Its id; ``None`` if enough of the capture is in the format that the user named.
    """
    if no_records <= _NEARLY_ALL * lines:
        return None
    looks = detect(head)
    return None if looks == capture or not head or is_utf16(head) else looks


class _ServiceError(msgspec.Struct):
    """The members of an error that the platform's Service API gives (RFC 7807)."""

    title: str
    status: int


def answer_without_entries(head: bytes) -> str | None:
    """The message for an answer of the Service API that was saved as a log, but has no entries.

    Args:
        head: The first bytes of the inputs, at most `MOST_DETECTED`.

    Returns:
        ``None`` if it is neither an empty list nor an error.
    """
    if re.fullmatch(rb"\s*\[\s*\]\s*", head):
        return "an empty list; if it is the log of an execution, nothing was logged"
    if not head.lstrip().startswith(b"{") or is_too_deep(head):
        return None
    try:
        error = msgspec.json.decode(head, type=_ServiceError)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return f"this is an error of the service and not a log: {excerpt(error.title)}, status {error.status}"


def _decided_at(head: bytes) -> int | None:
    """Where the bytes end that decide on the format of live input; ``None`` if they have not all come.

    They are the first line that is not blank. If that line only opens a list, they
    are all up to the end of the first object in the list, or its first 64 KiB.
    """
    end = first_line_end(head)
    if not end or head[:end].strip() != b"[":
        return end
    rest = head[end:].lstrip()
    if rest and not rest.startswith(b"{"):
        return end
    found, size = OpenObject().scan(rest, 0, len(rest))
    return None if found is Scan.OPEN and size <= _LONGEST_ENTRY else len(head) - len(rest) + size


def _read_head(inputs: Iterator[Input], *, at_once: bool) -> tuple[bytes, Iterator[Input]]:
    """Read the beginning of the first input that is not empty. Return it with all inputs."""
    seen: list[Input] = []
    head = b""
    for name, chunks in inputs:
        parts: list[bytes] = []
        try:
            for part in _parts_of_head(chunks, at_once=at_once):
                parts.append(part)  # noqa: PERF402  # those before a cut count
        except CutOff as end:
            head = b"".join(parts)
            seen.append(Input(name, _cut_off(head, end)))
        else:
            head = b"".join(parts)
            seen.append(Input(name, chain([head] if head else [], chunks)))
        if head:
            break
    return head, chain(seen, inputs)


def _parts_of_head(chunks: Iterator[bytes], *, at_once: bool) -> Iterator[bytes]:
    """The chunks of an input, up to the one after which its format can be detected."""
    head, size = bytearray(), 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if at_once:
            head += chunk
        if size >= MOST_DETECTED or (at_once and b"\n" in chunk and _decided_at(bytes(head))):
            return


def _cut_off(data: bytes, end: CutOff) -> Iterator[bytes]:
    if data:
        yield data
    raise end


def _up_to_marker(name: str, chunks: Iterable[bytes], capture: str) -> Iterator[bytes]:
    """Pass the chunks on up to a line with a marker: no line of the detected format begins with one.

    The first half of a marker at the beginning of a line is held back, as a decoder may
    give a notice of it.
    """
    prefix = marker_prefix()
    marked = b"\n" + prefix
    is_at_start, held = True, b""  # whether a line begins with `held`
    try:
        for chunk in chunks:
            data = held + chunk
            begins = is_at_start and data.startswith(prefix)
            at = 0 if begins else _marked_line(data, prefix)
            if at >= 0:
                yield data[:at]
                raise InputError(
                    f"{name}: the first line looks like {capture}, but a line with a marker does not; "
                    f"say capture=raw if the job printed all of it, else capture={capture}"
                )
            end = b"\n" * is_at_start + data[-len(prefix) :]
            half = 1
            if prefix[:1] in end:
                half = next((size for size in range(len(prefix), 1, -1) if end.endswith(marked[:size])), 1)
            passed, held = data[: len(data) + 1 - half], data[len(data) + 1 - half :]
            if passed:
                yield passed
                is_at_start = passed.endswith(b"\n")
    except CutOff:
        if held:
            yield held
        raise
    if held:
        yield held


def _marked_line(data: bytes, prefix: bytes) -> int:
    """Where a line after the first one begins with a marker; -1 if none does.

    Args:
        data: The bytes.
        prefix: What all markers begin with.
    """
    needle = LF + prefix
    at, rare = rarest(needle), -1
    for _ in range(len(data) // _BYTES_PER_MISS):  # `Lines` searches likewise, and says why
        rare = data.find(needle[at], rare + 1)
        if rare < 0:
            return -1
        if data.startswith(needle, rare - at):
            return rare - at + 1
    found = data.find(needle, max(rare - at + 1, 0))
    return found + 1 if found >= 0 else -1
