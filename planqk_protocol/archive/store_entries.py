"""What a store of fsspec says of a file, as a `StoredFile`. Stores say it in different words."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planqk_protocol.archive.reading import message_of
from planqk_protocol.archive.stored import DOCKER_CONFIG, StoredFile, is_local

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["entry_url", "first_config", "named_file", "store_and_path", "stored_file"]

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


def stored_file(store: AbstractFileSystem, entry: dict[str, Any]) -> StoredFile:
    """A file as its store lists it. If it must not be opened, its `StoredFile.error` says why.

    To open a pipe or a device could take for ever. So of local files, only regular
    ones and links to such are read.
    """
    path = entry["name"]
    url = entry_url(store, path)
    if entry["type"] != "file" and is_local(store):
        return _local_file(path, url)
    if entry["type"] != "file" or entry.get("size") is None:
        return StoredFile(path, url, error="cannot be read: it is no file, or its size is not known")
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
