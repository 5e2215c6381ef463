"""Which format a capture is in, and which files make up one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from planqk_protocol.captures import CaptureNotice, NoticeKind, decoder, detect, formats
from planqk_protocol.captures.line_decoder import LineDecoder
from planqk_protocol.captures.sniffing import is_utf16
from planqk_protocol.cli import hints
from planqk_protocol.cli.sources import CutOff, Input, label
from planqk_protocol.cli.terminal import Failure

__all__ = [
    "AUTO",
    "CRI",
    "RAW",
    "another_format",
    "check_one_run",
    "is_no_record",
    "missing_container_message",
    "resolve_format",
]

AUTO, RAW, CRI = "auto", "raw", "cri"

_ENOUGH = 1024 * 1024
# The first line that is not blank; where a small number begins, a length that may hold an LF is passed.
_FIRST_LINE = re.compile(
    rb"(?: [\0-\3].{6} | (?![\0-\3]) ) [\s\0\xef\xbb\xbf]*+ [^\n]*+ \n", re.DOTALL | re.VERBOSE
)
_RUN = re.compile(r"(\d+)\.log(?:\.|$)")
_MOST_NAMES = 10
_NEARLY_ALL = 9  # to one line
_NO_RECORDS = frozenset(
    {
        NoticeKind.BAD_STREAM_TYPE,
        NoticeKind.CORRUPT,
        NoticeKind.OVERSIZE,
        NoticeKind.TORN,
        NoticeKind.TRUNCATED,
    }
)


def resolve_format(
    inputs: Iterable[Input], capture: str, *, container: str | None, at_once: bool
) -> tuple[str, Iterator[Input]]:
    """The format of the inputs, which their first bytes tell if nobody did, and the same inputs.

    Args:
        inputs: The inputs.
        capture: The id of their format, or ``auto``.
        container: The container to read among several.
        at_once: Whether the first line has to tell, as where the rest may be long in coming.

    Raises:
        Failure: There are no several containers in the format. From the chunks, if the format was
            guessed and is wrong.
    """
    told = iter(inputs)
    if capture == AUTO:
        capture, told = _identified(told, at_once=at_once)
    if container is not None and not formats()[capture].containers:
        several = "; ".join(f"{item.id}: {item.containers}" for item in formats().values() if item.containers)
        raise Failure(
            f"--only chooses among containers, but {capture} holds only one; name the format if it is "
            f"another one ({several})"
        )
    return capture, told


def missing_container_message(names: Sequence[str], container: str) -> str:
    """What to say where a capture does not hold a container."""
    shown = ", ".join(names[:_MOST_NAMES]) or "none"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"the capture holds no container {container!r}; it holds {shown}{more}"


def check_one_run(names: Sequence[str], capture: str) -> None:
    """Raise if files are those of different containers, as Kubernetes numbers their runs.

    Raises:
        Failure: They are, and nobody said that the files are in another format.
    """
    if capture not in (AUTO, CRI):
        return
    runs = {
        (Path(name).parent.resolve(), int(match[1])): name
        for name in names
        if (match := _RUN.match(Path(name).name))
    }
    if len(runs) > 1:
        first, *_, last = sorted(runs)
        difference = "different runs of a container" if first[0] == last[0] else "of different containers"
        raise Failure(
            f"{label(runs[first])} and {label(runs[last])} are {difference}, which are not one stream: "
            "Kubernetes has a folder for each container, and counts its restarts; give the files of one "
            f"run, such as {last[1]}.log and what was rotated away from it, or --capture raw if Kubernetes "
            "did not write them"
        )


def is_no_record(notice: CaptureNotice) -> bool:
    """Whether a notice is of something that is not in the format of the capture."""
    return notice.kind in _NO_RECORDS


def another_format(capture: str, no_records: int, lines: int, inputs: Iterable[Input]) -> str | None:
    """What to say if nearly nothing in a capture is in the format that the user named.

    Args:
        capture: The id of that format.
        no_records: How many notices `is_no_record` counts.
        lines: Number of lines that came out of it.
        inputs: The inputs once more.
    """
    if no_records <= _NEARLY_ALL * lines:
        return None
    try:
        head, _ = _head(iter(inputs), at_once=False)
    except Failure:  # they are gone
        return None
    looks = detect(head[:_ENOUGH])
    return None if looks == capture or not head or is_utf16(head) else hints.another_format(capture, looks)


def _identified(inputs: Iterator[Input], *, at_once: bool) -> tuple[str, Iterator[Input]]:
    head, told = _head(inputs, at_once=at_once)
    first_line = _FIRST_LINE.match(head) if at_once else None
    capture = detect(head[: first_line.end() if first_line else _ENOUGH])
    if not isinstance(decoder(capture), LineDecoder):
        return capture, told
    return capture, (Input(name, _unrefuted(name, chunks, capture)) for name, chunks in told)


def _head(inputs: Iterator[Input], *, at_once: bool) -> tuple[bytes, Iterator[Input]]:
    """The beginning of the first input that is not empty, and the same inputs."""
    seen: list[Input] = []
    head = bytearray()
    for name, chunks in inputs:
        try:
            for chunk in chunks:
                head += chunk
                if len(head) >= _ENOUGH or (at_once and b"\n" in chunk and _FIRST_LINE.match(head)):
                    break
        except CutOff as end:
            seen.append(Input(name, _cut_off(bytes(head), end)))
        else:
            seen.append(Input(name, chain([bytes(head)] if head else [], chunks)))
        if head:
            break
    return bytes(head), chain(seen, inputs)


def _cut_off(data: bytes, end: CutOff) -> Iterator[bytes]:
    if data:
        yield data
    raise end


def _unrefuted(name: str, chunks: Iterable[bytes], capture: str) -> Iterator[bytes]:
    """The chunks, up to a line that the format cannot hold and the protocol can."""
    before = b"\n"
    for chunk in chunks:
        seen = before + chunk
        at = seen.find(hints.marked_line())
        if at >= 0:
            yield chunk[: max(0, at + 1 - len(before))]
            raise Failure(
                f"{name}: the first line looks like {capture}, but a line with a marker does not; "
                f"say --capture raw if the job printed all of it, else --capture {capture}"
            )
        before = seen[1 - len(hints.marked_line()) :]
        yield chunk
