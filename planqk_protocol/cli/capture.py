"""Which format a capture is in, and which files make up one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from planqk_protocol.captures import detect
from planqk_protocol.cli.compression import CutOff
from planqk_protocol.cli.failures import Failure
from planqk_protocol.cli.sources import Input, label

__all__ = ["AUTO", "CRI", "RAW", "check_one_run", "identified"]

AUTO, RAW, CRI = "auto", "raw", "cri"

_ENOUGH = 64 * 1024
_BINARY_HEAD = 12  # bytes that tell formats that begin with a small number
_RUN = re.compile(r"(\d+)\.log(?:\.|$)")


def identified(inputs: Iterable[Input]) -> tuple[str, Iterator[Input]]:
    """The format that the first bytes of the inputs look like, and the same inputs.

    Of the inputs, no more is read than their first line.
    """
    remaining = iter(inputs)
    seen: list[Input] = []
    head = b""
    for name, chunks in remaining:
        try:
            for chunk in chunks:
                head += chunk
                if _is_enough(head):
                    break
        except CutOff:
            seen.append(Input(name, _cut_off(head)))
        else:
            seen.append(Input(name, chain([head] if head else [], chunks)))
        if head:
            break
    return detect(head[:_ENOUGH]), chain(seen, remaining)


def check_one_run(names: Sequence[str], capture: str) -> None:
    """Raise if files are those of different runs of a container, as Kubernetes numbers them.

    Raises:
        Failure: They are, and nobody said that the files are in another format.
    """
    if capture not in (AUTO, CRI):
        return
    runs = {match[1]: name for name in names if (match := _RUN.match(Path(name).name))}
    if len(runs) > 1:
        first, *_, last = sorted(runs, key=int)
        raise Failure(
            f"{label(runs[first])} and {label(runs[last])} are different runs of a container, which are not "
            f"one stream: Kubernetes counts its restarts; give the files of one run, such as {last}.log "
            "and what was rotated away from it, or --capture raw if Kubernetes did not write them"
        )


def _is_enough(head: bytes) -> bool:
    if len(head) >= _ENOUGH:
        return True
    if head[:1] > b"\3":
        return b"\n" in head
    return len(head) >= _BINARY_HEAD and any(head)


def _cut_off(data: bytes) -> Iterator[bytes]:
    if data:
        yield data
    raise CutOff
