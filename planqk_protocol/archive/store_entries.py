"""What a store of fsspec says of a file, as a `StoredFile`. Stores say it in different words."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from planqk_protocol.archive.reading import message_of
from planqk_protocol.archive.stored import DOCKER_CONFIG, StoredFile, is_local

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = [
    "Content",
    "Link",
    "completed",
    "content_of",
    "entry_url",
    "first_config",
    "named_file",
    "resolved",
    "store_and_path",
    "stored_file",
]

_NO_SIZE = "cannot be read: it is no file, or its size is not known"

# How stores name the time of the last modification: local files and SFTP, S3, Azure, Google, and others.
_MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")


def store_and_path(url: str, options: dict[str, Any]) -> tuple[AbstractFileSystem, str]:
    """The store of a path or URL, and the path in it.

    Args:
        url: A path of a local file, or a URL. Either may be a pattern.
        options: Arguments for the store of a URL.

    Raises:
        ImportError: fsspec, or what it needs for the store, is missing.
        ValueError: fsspec does not know the store.
    """
    from fsspec.core import url_to_fs  # noqa: PLC0415  # an extra, and heavy
    from fsspec.implementations.local import LocalFileSystem, make_path_posix  # noqa: PLC0415  # likewise

    if "://" in url:
        store, path = url_to_fs(url, **options)
        return store, path
    return LocalFileSystem(), make_path_posix(os.path.abspath(url))  # noqa: PTH100  # it resolves ".."


def entry_url(store: AbstractFileSystem, path: str) -> str:
    """The name of a file in rows: the path of a local one, and the URL of any other."""
    name = path if is_local(store) else store.unstrip_protocol(path)
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


class Link(NamedTuple):
    """A link to a file or a folder that is there.

    Attributes:
        path: Its path.
        target: The path of the file or folder, without links.
        is_folder: Whether that is a folder.
    """

    path: str
    target: str
    is_folder: bool


class Content(NamedTuple):
    """What is in a folder.

    Attributes:
        files: Its files. Those that must not be opened have an error, and so have links to nothing.
        folders: The paths of its folders.
        links: Its links.
    """

    files: list[StoredFile]
    folders: list[str]
    links: list[Link]


def resolved(path: str) -> str:
    """The path of a local file without links, of which the last one may lead nowhere."""
    try:
        real = os.path.realpath(path, strict=True)
    except OSError:
        folder, name = os.path.split(path)
        real = os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  # no Path: it is called for each
    return real.replace(os.sep, "/")


def content_of(store: AbstractFileSystem, folder: str) -> Content:
    """List a folder.

    Raises:
        Exception: Whatever the store raises.
    """
    if is_local(store):
        return _local_content(store, folder)
    entries = [entry for entry in store.ls(folder, detail=True) if entry["name"].rstrip("/") != folder]
    store.invalidate_cache(folder)  # else S3 keeps the names of all folders
    folders = [entry["name"].rstrip("/") for entry in entries if entry["type"] == "directory"]
    return Content(
        [stored_file(store, entry) for entry in entries if entry["type"] != "directory"], folders, []
    )


def _local_content(store: AbstractFileSystem, folder: str) -> Content:
    content = Content([], [], [])
    inside = f"{folder.rstrip('/')}/"
    with os.scandir(folder) as entries:
        for entry in entries:
            path = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                content.folders.append(path)
            elif entry.is_symlink() and ((is_folder := os.path.isdir(path)) or os.path.isfile(path)):  # noqa: PTH112, PTH113  # as above
                content.links.append(Link(path, resolved(path), is_folder))
            else:
                content.files.append(_local_file(path, entry_url(store, path)))
    return content


def completed(store: AbstractFileSystem, file: StoredFile) -> StoredFile:
    """A file that was listed, with its size. A page of links does not tell it."""
    return named_file(store, file.path) if file.error == _NO_SIZE else file


def stored_file(store: AbstractFileSystem, entry: dict[str, Any]) -> StoredFile:
    """A file as its store lists it. If it cannot be read, its `StoredFile.error` says why."""
    path = entry["name"]
    url = entry_url(store, path)
    if entry["type"] != "file" or entry.get("size") is None:
        return StoredFile(path, url, error=_NO_SIZE)
    return StoredFile(path, url, entry["size"], _modified(entry))


def named_file(store: AbstractFileSystem, path: str) -> StoredFile:
    """A file with a path that nobody listed. It may not be there: then its `StoredFile.error` says so."""
    url = entry_url(store, path)
    if is_local(store):
        return _local_file(path, url)
    try:
        return stored_file(store, store.info(path))
    except Exception as error:  # noqa: BLE001  # stores raise what they will
        return StoredFile(path, url, error=message_of(error))


def first_config(store: AbstractFileSystem, folders: Iterable[str]) -> StoredFile | None:
    """Docker's description of a container in the first of some folders that has one."""
    configs = (named_file(store, f"{folder}/{DOCKER_CONFIG}") for folder in folders)
    return next((config for config in configs if not config.error), None)


def _local_file(path: str, url: str) -> StoredFile:
    """A local file. To open a pipe or a device could take for ever, so only regular files are read."""
    try:
        status = Path(path).stat()
    except OSError as error:
        is_dangling = isinstance(error, FileNotFoundError) and Path(path).is_symlink()
        why = "a link to nothing" if is_dangling else error.strerror
        return StoredFile(path, url, error=f"cannot be read: {why}")
    if stat.S_ISDIR(status.st_mode):
        return StoredFile(path, url, error="cannot be read: a link to a folder; give the folder itself")
    if not stat.S_ISREG(status.st_mode):
        return StoredFile(path, url, error="cannot be read: it is not a regular file")
    return StoredFile(path, url, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _modified(entry: dict[str, Any]) -> datetime | None:
    value = next((entry[name] for name in _MODIFIED if entry.get(name) is not None), None)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else None
