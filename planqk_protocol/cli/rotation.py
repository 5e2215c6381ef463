"""Rotated files: in which order they are one stream, as their names and their time stamps tell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from planqk_protocol.captures import Chunk
from planqk_protocol.captures.timestamps import nanoseconds
from planqk_protocol.cli.sources import label
from planqk_protocol.cli.terminal import Failure

__all__ = ["Clock", "Disorder", "check_order"]

# Kubernetes puts the time of the rotation behind the name (pkg/kubelet/logs/container_log_manager.go), and
# .tmp behind that while it compresses the file; logrotate puts a date there with `dateext`. The greater,
# the newer.
_DATED = re.compile(r"(?P<base>.+)[.-](?P<date>\d{8}(?:-\d{2,10})?)(?:\.gz|\.zst|\.tmp)?", re.DOTALL)
# Docker (daemon/logger/loggerutils/logfile.go), conmon and logrotate count: the greater, the older. Parts
# that `split` has numbered have leading zeros, and are no rotated files.
_NUMBERED = re.compile(r"(?P<base>.+)\.(?P<number>[1-9]\d{0,3})(?:\.gz|\.zst)?", re.DOTALL)
_DATED_ONES, _NUMBERED_ONES, _NEWEST = range(3)


class _Rotated(NamedTuple):
    """What the name of a file tells."""

    base: Path  # the file that is written to, in its folder
    age: tuple[int, int, str]  # ascending from the oldest to the newest


def check_order(names: Sequence[str]) -> None:
    """Raise if files that an engine or logrotate has rotated are not given from the oldest to the newest.

    Raises:
        Failure: They are not; the message names the right order. Or two names
            are those of the same rotated file.
    """
    told = [_rotated(name) for name in names]
    given = {item.base for item in told if item.age[0] == _NEWEST}
    rotated = {
        item.base
        for item in told
        if item.age[0] != _NEWEST and (item.base in given or item.base.name.endswith("log"))
    }
    places: dict[Path, list[int]] = {}
    for place, item in enumerate(told):
        if item.base in rotated:
            places.setdefault(item.base, []).append(place)
    right = list(names)
    for group in places.values():
        in_order = sorted(group, key=lambda place: told[place].age)
        for one, other in pairwise(in_order):
            if told[one].age == told[other].age:
                raise Failure(
                    f"{label(names[one])} and {label(names[other])} are the same file, before and after it "
                    "was compressed; give one of them"
                )
        for place, source in zip(group, in_order, strict=True):
            right[place] = names[source]
    if right != list(names):
        raise Failure(
            "the files are not in the order in which they were written, as their names tell; give the oldest "
            f"one first: {shlex.join(right)} (if nothing rotated them, give their bytes on standard input)"
        )


class Disorder(NamedTuple):
    """Two files of which the one that was read first ends at a later time than the other one begins."""

    first: str
    second: str


class Clock:
    """Whether time runs on from file to file, as far as their records bear time stamps."""

    def __init__(self) -> None:
        self._name = ""  # of the current file
        self._first: Chunk | None = None  # of it
        self._last: Chunk | None = None
        self._before: tuple[int, str] | None = None  # the last time before it, and the file with that

    def begin_file(self, name: str) -> None:
        """A file begins."""
        self._name = name

    def take(self, chunks: Iterable[Chunk]) -> None:
        """Take chunks of the current file."""
        for chunk in chunks:
            self._first = self._first or chunk
            self._last = chunk

    def end_of_file(self) -> Disorder | None:
        """The current file ends, if there is one; what is to be said of it."""
        first, last = self._first, self._last
        self._first = self._last = None
        if first is None or last is None:
            return None
        before, start, end = self._before, first.times_at([0])[0], last.time_ns
        begin = nanoseconds(start) if start else None
        if begin is None or end is None:
            return None
        self._before = (end, self._name)
        return Disorder(before[1], self._name) if before and begin < before[0] else None


def _rotated(name: str) -> _Rotated:
    path = Path(name)
    folder = path.parent.resolve()
    if dated := _DATED.fullmatch(path.name):
        return _Rotated(folder / dated["base"], (_DATED_ONES, 0, dated["date"]))
    if numbered := _NUMBERED.fullmatch(path.name):
        return _Rotated(folder / numbered["base"], (_NUMBERED_ONES, -int(numbered["number"]), ""))
    return _Rotated(folder / path.name, (_NEWEST, 0, ""))
