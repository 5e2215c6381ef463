"""Which files make up one stream, and in which order: by their names and their time stamps."""

# ruff: noqa: PTH118  # to import pathlib takes as long as to read a small log

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from planqk_protocol.captures import Chunk
from planqk_protocol.captures.timestamps import nanoseconds
from planqk_protocol.cli.sources import label
from planqk_protocol.cli.terminal import Failure

__all__ = ["Clock", "Disorder", "check_one_run", "check_order"]

# The patterns of names are compiled when there are several files.
# Kubernetes logs to N.log, where N counts the restarts of the container (kubelet, pkg/kubelet/kuberuntime/
# helpers.go, buildContainerLogsPath).
_RUN = r"(\d+)\.log(?:\.|$)"
# Kubernetes adds the time of the rotation to the name (kubelet, pkg/kubelet/logs/container_log_manager.go),
# and .tmp while it compresses the file. logrotate adds a date with `dateext`. The greatest is the newest.
_DATED = r"(?s)(?P<base>.+)[.-](?P<date>\d{8}(?:-\d{2,10})?)(?:\.gz|\.zst|\.tmp)?"
# Docker (moby, daemon/logger/loggerutils/logfile.go), conmon and logrotate count. The greatest is the oldest.
# The numbers of `split` have leading zeros; its parts are not rotated files.
_NUMBERED = r"(?s)(?P<base>.+)\.(?P<number>[1-9]\d{0,3})(?:\.gz|\.zst)?"
_DATED_ONES, _NUMBERED_ONES, _NEWEST = range(3)


class _Rotated(NamedTuple):
    """The place of a file in a rotation, by its name."""

    base: str  # the path of the file that the engine writes to
    age: tuple[int, int, str]  # ascending from the oldest to the newest


def check_one_run(names: Sequence[str]) -> None:
    """Check that files named as Kubernetes names them are of one run of one container.

    Raises:
        Failure: They are of different runs, or of different containers.
    """
    runs = {
        (os.path.realpath(folder), int(match[1])): name
        for name in names
        for folder, own_name in [os.path.split(name)]
        if (match := re.match(_RUN, own_name))
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


def check_order(names: Sequence[str]) -> None:
    """Check that rotated files are given from the oldest to the newest.

    Raises:
        Failure: They are not; the message names the right order. Or two names
            are of the same rotated file.
    """
    files = [_rotated(name) for name in names]
    given = {item.base for item in files if item.age[0] == _NEWEST}
    rotated = {
        item.base
        for item in files
        if item.age[0] != _NEWEST and (item.base in given or item.base.endswith("log"))
    }
    places: dict[str, list[int]] = {}
    for place, item in enumerate(files):
        if item.base in rotated:
            places.setdefault(item.base, []).append(place)
    right = list(names)
    for group in places.values():
        in_order = sorted(group, key=lambda place: files[place].age)
        for one, other in pairwise(in_order):
            if files[one].age == files[other].age:
                raise Failure(
                    f"{label(names[one])} and {label(names[other])} are the same file, before and after it "
                    "was compressed; give one of them"
                )
        for place, source in zip(group, in_order, strict=True):
            right[place] = names[source]
    if right != list(names):
        import shlex  # noqa: PLC0415  # hardly ever needed

        raise Failure(
            "the files are not in the order in which they were written, as their names tell; give the oldest "
            f"one first: {shlex.join(right)} (if nothing rotated them, give their bytes on standard input)"
        )


class Disorder(NamedTuple):
    """Two files in the wrong order: the first one read ends later than the second one begins."""

    first: str
    second: str


class Clock:
    """Checks that time stamps do not run backwards from one file to the next."""

    def __init__(self) -> None:
        self._name = ""  # of the current file
        self._first: Chunk | None = None  # of the current file
        self._last: Chunk | None = None
        self._before: tuple[int, str] | None = None  # the last time in an earlier file, and that file's name

    def begin_file(self, name: str) -> None:
        """Begin a file."""
        self._name = name

    def take(self, chunks: Iterable[Chunk]) -> None:
        """Take chunks of the current file."""
        for chunk in chunks:
            self._first = self._first or chunk
            self._last = chunk

    def end_of_file(self) -> Disorder | None:
        """End the current file, if there is one, and compare it with the one before."""
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
    folder, own_name = os.path.split(name)
    base, age = own_name, (_NEWEST, 0, "")
    if dated := re.fullmatch(_DATED, own_name):
        base, age = dated["base"], (_DATED_ONES, 0, dated["date"])
    elif numbered := re.fullmatch(_NUMBERED, own_name):
        base, age = numbered["base"], (_NUMBERED_ONES, -int(numbered["number"]), "")
    return _Rotated(os.path.join(os.path.realpath(folder), base), age)
