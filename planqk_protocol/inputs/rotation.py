"""Rotated files: which of them make up one log, and in which order, by their names and their time stamps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from planqk_protocol.captures import Chunk
from planqk_protocol.captures.timestamps import nanoseconds

__all__ = ["Clock", "Disorder", "Rotated", "restart_of", "rotated", "rotations"]

# The patterns of names are compiled when there are names to match: most commands read one file.
# Kubernetes logs to N.log, where N counts the restarts of the container (kubelet, pkg/kubelet/kuberuntime/
# helpers.go, buildContainerLogsPath).
_RUN = r"(\d+)\.log(?:\.|$)"
# Kubernetes adds the time of the rotation to the name (kubelet, pkg/kubelet/logs/container_log_manager.go),
# and .tmp while it compresses the file. logrotate adds a date with `dateext`. The greatest is the newest.
# Eight digits that are no day of this century or the last one are the number of a job, or the like.
_DAY = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_DATED = rf"(?as)(?P<base>.+)[.-](?P<date>{_DAY}(?:-\d{{2,10}})?)(?:\.(?:gz|zst|bz2|xz|tmp))?"
# Docker (moby, daemon/logger/loggerutils/logfile.go), conmon and logrotate count. The greatest is the oldest.
# The numbers of `split` have leading zeros; its parts are not rotated files.
_NUMBERED = r"(?as)(?P<base>.+)\.(?P<number>[1-9]\d{0,3})(?:\.(?:gz|zst|bz2|xz))?"
_ENDS = (*"0123456789", ".gz", ".zst", ".bz2", ".xz", ".tmp")  # of both
_DATED_ONES, _NUMBERED_ONES, _NEWEST = range(3)


class Rotated(NamedTuple):
    """The place of a file in a rotation, by its name.

    Attributes:
        base: Path of the file that the engine writes to.
        age: Ascending from the oldest file to the newest.
    """

    base: str
    age: tuple[int, int, str]


def restart_of(path: str) -> tuple[str, int] | None:
    """The folder and the number of a restart, from the path of a log that is named as Kubernetes names them.

    >>> restart_of("pod/job/1.log.20240501-100000.gz"), restart_of("pod/job.log")
    (('pod/job', 1), None)
    """
    folder, _, name = path.rpartition("/")
    match = re.match(_RUN, name)
    return (folder, int(match[1])) if match else None


def rotated(path: str) -> Rotated:
    """The place of a file in a rotation, by its name. Slashes separate the folders of its path.

    >>> rotated("logs/job.log.2.gz").base
    'logs/job.log'
    """
    if not path.endswith(_ENDS):  # as nearly all; to match a pattern takes ten times as long
        return Rotated(path, (_NEWEST, 0, ""))
    folder, slash, name = path.rpartition("/")
    if dated := re.fullmatch(_DATED, name):
        return Rotated(folder + slash + dated["base"], (_DATED_ONES, 0, dated["date"]))
    if numbered := re.fullmatch(_NUMBERED, name):
        return Rotated(folder + slash + numbered["base"], (_NUMBERED_ONES, -int(numbered["number"]), ""))
    return Rotated(path, (_NEWEST, 0, ""))


def rotations(paths: Sequence[str]) -> list[list[int]]:
    """Find the files of logs that were rotated.

    A name alone may mislead. So the log itself must be among them, or have a name that ends with ``log``.

    Returns:
        For each log, the numbers of its files in `paths`, the oldest first.

    >>> rotations(["a.log", "b.20240501", "a.log.1", "a.log.2.gz"])
    [[3, 2, 0]]
    """
    files = [rotated(path) for path in paths]
    newest = {item.base for item in files if item.age[0] == _NEWEST}
    bases = {
        item.base
        for item in files
        if item.age[0] != _NEWEST and (item.base in newest or item.base.endswith("log"))
    }
    logs: dict[str, list[int]] = {}
    for number, item in enumerate(files):
        if item.base in bases:
            logs.setdefault(item.base, []).append(number)
    return [sorted(numbers, key=lambda number: files[number].age) for numbers in logs.values()]


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
        # Most logs are one file, so the times of a file are computed when another one comes.
        self._latest: tuple[Chunk, Chunk, str] | None = None  # of the file before: first and last chunk, name
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
        latest, self._latest = self._latest, (first, last, self._name)
        if latest and (times := _begin_and_end(latest[0], latest[1])):
            self._before = (times[1], latest[2])
        if self._before is None:
            return None
        times, (end, name) = _begin_and_end(first, last), self._before
        return Disorder(name, self._name) if times and times[0] < end else None


def _begin_and_end(first: Chunk, last: Chunk) -> tuple[int, int] | None:
    """The first and the last time in a file, in nanoseconds; ``None`` if one of them is not known."""
    start, end = first.times_at([0])[0], last.time_ns
    begin = nanoseconds(start) if start else None
    return None if begin is None or end is None else (begin, end)
