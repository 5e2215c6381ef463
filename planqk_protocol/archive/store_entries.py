"""Stores of fsspec, and what they say of a file, as a `StoredFile`. Stores say it in different words."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from planqk_protocol.archive.names import member_url, plain_name, without_credentials
from planqk_protocol.archive.reading import message_of
from planqk_protocol.archive.stored import DOCKER_CONFIG, StoredFile, is_local, utc_time

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = [
    "Content",
    "Link",
    "check_store",
    "completed",
    "content_of",
    "entry_url",
    "first_config",
    "is_also_file",
    "is_folder",
    "named_file",
    "resolved",
    "store_and_path",
    "stored_file",
]

_NO_SIZE = "cannot be read: it is no file, or its size is not known"

# How stores name the time of the last modification: local files and SFTP, S3, Azure, Google, and others.
_MODIFIED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
# Where a store is, if the paths in it do not tell: that of FTP, SFTP, SMB and HDFS, of Azure, of GitHub.
_PLACE = ("host", "port", "account_name", "org", "repo", "sha")
_CACHES = ("simplecache", "filecache", "blockcache", "cached")
_MOST_BYTES = 2**63 - 1  # the largest number in a row


def check_store(url: str) -> None:
    """Check that there are such stores as a path or URL names. No store is asked anything.

    Raises:
        ImportError: fsspec, or what it needs for the store, is missing.
        ValueError: fsspec does not know the store.
    """
    from fsspec import get_filesystem_class  # noqa: PLC0415  # an extra, and heavy
    from fsspec.core import split_protocol  # noqa: PLC0415  # likewise

    for part in url.split("::") if "://" in url else []:
        protocol, _ = split_protocol(part)
        get_filesystem_class(protocol)


def store_and_path(url: str, options: dict[str, Any]) -> tuple[AbstractFileSystem, str]:
    """The store of a path or URL, and the path in it.

    Args:
        url: A path of a local file, or a URL. Either may be a pattern.
        options: Arguments for the store of a URL.

    Raises:
        Exception: The store does not answer, or refuses its arguments.
    """
    from fsspec.core import url_to_fs  # noqa: PLC0415  # an extra, and heavy
    from fsspec.implementations.local import LocalFileSystem, make_path_posix  # noqa: PLC0415  # likewise

    if not url:  # to Python it is the current folder; to a shell, a variable without a value
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if "://" in url:
        store, path = url_to_fs(url, **options)
        return store, path
    return LocalFileSystem(), make_path_posix(os.path.abspath(url))  # noqa: PTH100  # it resolves ".."


def entry_url(store: AbstractFileSystem, path: str) -> str:
    """The name of a file in rows: the path of a local one, and the URL of any other."""
    return (
        plain_name(path) if is_local(store) else _located(store.unstrip_protocol(path), store.storage_options)
    )


def _located(url: str, options: dict[str, Any]) -> str:
    """A URL with what a store's paths lack of it: the host, and the archive that holds the file."""
    scheme, _, path = url.partition("://")
    if "target_protocol" not in options:
        place = ":".join(str(options[name]) for name in _PLACE if options.get(name))
        return without_credentials(plain_name(f"{scheme}://{place}/{path.lstrip('/')}" if place else url))
    target, target_options = options["target_protocol"], options.get("target_options") or {}
    if "fo" not in options:  # a cache, whose files are those of the target
        return _located(url, target_options)
    archive = options["fo"]
    while target in _CACHES:
        target, target_options = target_options["target_protocol"], target_options.get("target_options") or {}
    if target == "file":
        return member_url(scheme, path, plain_name(archive))
    return member_url(
        scheme, path, _located(archive if "://" in archive else f"{target}://{archive}", target_options)
    )


def is_folder(store: AbstractFileSystem, path: str) -> bool:
    """Whether a path is that of a folder, as far as its store answers."""
    try:
        return bool(store.isdir(path))
    except Exception:  # noqa: BLE001  # to be told by whoever reads the file
        return False


def is_also_file(store: AbstractFileSystem, folder: str) -> bool:
    """Whether a file has the same path as a folder. In S3 this can be."""
    if is_local(store) or "https" in store.protocol:
        return False
    store.invalidate_cache(folder)  # in which S3 has the folder only
    return not named_file(store, folder).error


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
    folder, name = os.path.split(path)
    try:
        is_there = os.path.exists(path)  # noqa: PTH110  # Path.exists raises where the folder is forbidden
        real = os.path.realpath(path) if is_there else f"{os.path.realpath(folder).rstrip('/')}/{name}"
    except ValueError:  # no file can have this name
        return path
    return real.replace(os.sep, "/")


def content_of(store: AbstractFileSystem, folder: str) -> Content:
    """List a folder.

    Raises:
        Exception: The store does not answer, or refuses it.
    """
    if is_local(store):
        return _local_content(folder)
    files, folders = _entries_in(store, folder)
    return Content([stored_file(store, entry) for entry in files.values()], folders, [])


def _entries_in(store: AbstractFileSystem, folder: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """List a folder of a store that is not local.

    Returns:
        What the store tells of each file, by its path, and the paths of the folders. In S3, a file and
        a folder may have one path, and a folder may have no name, as in ``logs//job.log``. The files in
        such a folder are among the files.
    """
    entries = store.ls(folder, detail=True)
    store.invalidate_cache(folder)  # else S3 keeps the names of all folders
    folders = {entry["name"].rstrip("/") for entry in entries if entry["type"] == "directory"}
    files = {entry["name"]: entry for entry in entries if entry["type"] != "directory"}
    if f"{folder}/" in files and not files[f"{folder}/"]["size"]:
        del files[f"{folder}/"]  # in S3, an object that marks the folder
    if folder in folders:
        folders.remove(folder)  # on the web, it is a link from the folder to itself
        nameless = {} if "https" in store.protocol else store.find(folder, prefix="/", detail=True)
        files |= {path: entry for path, entry in nameless.items() if path.startswith(f"{folder}//")}
    return files, sorted(folders)


def _local_content(folder: str) -> Content:
    content = Content([], [], [])
    inside = f"{folder.rstrip('/')}/"
    with os.scandir(folder) as entries:
        for entry in entries:
            path = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                content.folders.append(path)
            elif entry.is_symlink() and os.path.isdir(path):  # noqa: PTH112  # as above
                content.links.append(Link(path, resolved(path), is_folder=True))
            elif entry.is_symlink() and os.path.isfile(path):  # noqa: PTH113  # likewise
                content.links.append(Link(path, resolved(path), is_folder=False))
            else:
                content.files.append(_local_file(path, plain_name(path)))
    return content


def completed(store: AbstractFileSystem, file: StoredFile) -> StoredFile:
    """A file that was listed, with its size. A page of links does not tell it."""
    return named_file(store, file.path) if file.error == _NO_SIZE else file


def stored_file(store: AbstractFileSystem, entry: dict[str, Any]) -> StoredFile:
    """A file as its store lists it. If it cannot be read, its `StoredFile.error` says why."""
    path = entry["name"]
    url = entry_url(store, path)
    size = entry.get("size")
    if entry["type"] != "file" or not isinstance(size, int) or not 0 <= size <= _MOST_BYTES:
        return StoredFile(path, url, error=_NO_SIZE)
    return StoredFile(path, url, size, _modified(entry))


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
        status = os.stat(path)  # noqa: PTH116  # a Path takes as long as the rest
    except OSError as error:
        is_dangling = isinstance(error, FileNotFoundError) and Path(path).is_symlink()
        why = "a link to nothing" if is_dangling else error.strerror
        return StoredFile(path, url, error=f"cannot be read: {why}")
    except ValueError as error:  # no file can have this name
        return StoredFile(path, url, error=message_of(error))
    if not stat.S_ISREG(status.st_mode):
        return StoredFile(path, url, error="cannot be read: it is not a regular file")
    return StoredFile(path, url, status.st_size, utc_time(status.st_mtime))


def _modified(entry: dict[str, Any]) -> datetime | None:
    value = next((entry[name] for name in _MODIFIED if entry.get(name) is not None), None)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:  # in UTC it is in the year 10000
            return None
    return utc_time(value) if isinstance(value, int | float) else None
