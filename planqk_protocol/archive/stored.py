"""The files of an archive, and which of them are one capture: by their names alone."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec

from planqk_protocol.inputs.rotation import rotated, rotations

__all__ = [
    "DOCKER_CONFIG",
    "StoredCapture",
    "StoredFile",
    "captures_of",
    "config_folders",
    "is_local",
    "utc_time",
]

DOCKER_CONFIG = "config.v2.json"
"""The file in which Docker describes a container, in its folder (moby, container/container.go)."""

_LOCAL_LOGS = "local-logs"  # the folder of the driver `local` (moby, container/container.go, StartLogger)
# What else is in that folder (moby, container/container.go and container_unix.go).
_OTHER_FILES = frozenset(
    {DOCKER_CONFIG, "hostconfig.json", "hostname", "hosts", "resolv.conf", "resolv.conf.hash"}
)
# The kubelet compresses a rotated file to one with this ending, which it renames when that is complete
# (pkg/kubelet/logs/container_log_manager.go, compressLog).
_UNFINISHED = ".tmp"
_TARS = (".tar", ".tgz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")


class StoredFile(msgspec.Struct, frozen=True, gc=False):  # it is in no cycle, and there may be many
    """A file of an archive.

    Attributes:
        path: Its path in its store.
        url: Its name in rows and messages.
        size: Its size in bytes.
        modified: When it was modified, if the store tells, in the years 1 to 9999.
        offset: Where it begins in a tar; 0 for a file of its own.
        error: Why it cannot be read.
    """

    path: str
    url: str
    size: int = 0
    modified: datetime | None = None
    offset: int = 0
    error: str | None = None


class StoredCapture(msgspec.Struct, frozen=True):
    """The files of one capture, or a tar of captures.

    Attributes:
        files: The files, the oldest first.
        config: What Docker writes about the container, if that is stored beside.
        is_tar: Whether the only file is a tar.
        error: Why the files cannot be read as one capture.
        not_found: Whether this is no capture, but a name, a pattern, a folder or a
            store that a run was given and could not find or list.
    """

    files: tuple[StoredFile, ...]
    config: StoredFile | None = None
    is_tar: bool = False
    error: str | None = None
    not_found: bool = False

    @property
    def fault(self) -> str | None:
        """Why the capture cannot be read, if it is known before."""
        if self.error or len(self.files) == 1:
            return self.error or self.files[0].error
        return next((f"{file.url}: {file.error}" for file in self.files if file.error), None)

    @property
    def url(self) -> str:
        """The name of the capture: that of its newest file."""
        return self.files[-1].url

    @property
    def size(self) -> int:
        """Size of its files in bytes."""
        return self.files[0].size if len(self.files) == 1 else sum(file.size for file in self.files)

    @property
    def modified(self) -> datetime | None:
        """When the last of its files was modified."""
        if len(self.files) == 1:  # as nearly all of many
            return self.files[0].modified
        return max((file.modified for file in self.files if file.modified), default=None)


def is_local(store: Any) -> bool:
    """Whether a store, a file system of fsspec, is that of this machine."""
    return "file" in store.protocol and not isinstance(store.protocol, str)


def utc_time(seconds: float) -> datetime | None:
    """A time in UTC from seconds since 1970. It is ``None`` if it is not in the years 1 to 9999 of Python.

    >>> utc_time(0.5), utc_time(1e12)
    (datetime.datetime(1970, 1, 1, 0, 0, 0, 500000, tzinfo=datetime.timezone.utc), None)
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def captures_of(files: Iterable[StoredFile], config: StoredFile | None = None) -> list[StoredCapture]:
    """Find the captures among files: the rotated files of one log are one capture. Restarts stay apart.

    What Docker stores beside a log is no capture, and neither is what the kubelet has compressed so far of a
    file that is there.

    Args:
        files: Files with different paths: those of a folder, or of a tar.
        config: What Docker writes about the container, if it is not among the files.
    """
    found = {file.path: file for file in files}
    configs = {_folder(path): file for path, file in found.items() if _name(path) == DOCKER_CONFIG}
    paths = list(found)
    if configs:
        paths = [path for path in paths if not (_folder(path) in configs and _name(path) in _OTHER_FILES)]
    paths = [path for path in paths if not (path.endswith(_UNFINISHED) and _is_compressed(path, found))]
    groups = [[paths[number] for number in numbers] for numbers in rotations(paths)]
    joined = {path for group in groups for path in group}
    groups += [[path] for path in paths if path not in joined]
    return [
        StoredCapture(
            files=tuple(found[path] for path in group),
            config=_described(group[-1], configs) or config,
            is_tar=len(group) == 1 and group[0].lower().endswith(_TARS),
            error=_twice([found[path] for path in group]) if len(group) > 1 else None,
        )
        for group in groups
    ]


def _described(path: str, configs: dict[str, StoredFile]) -> StoredFile | None:
    """What Docker writes about the container of a log.

    Args:
        path: The path of the log.
        configs: The descriptions that are there, by their folders.
    """
    if not configs:
        return None
    return next(filter(None, map(configs.get, config_folders(_folder(path)))), None)


def config_folders(folder: str) -> list[str]:
    """Where Docker's description of a container is, for the logs in a folder: there, or above ``local-logs``.

    >>> config_folders("containers/c0ffee/local-logs")
    ['containers/c0ffee/local-logs', 'containers/c0ffee']
    """
    return [folder, _folder(folder)] if _name(folder) == _LOCAL_LOGS else [folder]


def _twice(files: list[StoredFile]) -> str | None:
    """The message that two files hold the same, if two of them do."""
    for one, other in pairwise(files):
        if rotated(one.path).age == rotated(other.path).age:
            both = f"{one.url} and {other.url}"
            return (
                f"{both} are the same file, before and after it was compressed; "
                "if both are there when you try again, move one of them away"
            )
    return None


def _is_compressed(path: str, found: Container[str]) -> bool:
    """Whether a file is to be the compressed form of a rotated file that is there."""
    return path.removesuffix(_UNFINISHED) in found and rotated(path).base != path


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
