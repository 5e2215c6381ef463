"""From paths, patterns and URLs to the captures that they name, folder by folder.

Only the names of one folder are held at a time, and those of folders that were not looked
into yet. So the memory does not grow with the number of files, unless each is named by
itself. Links to folders are not followed, so there are no circles.

What cannot be listed is a capture, too, with an error: each file that is found, and each
folder that is not readable, ends in a row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from planqk_protocol.archive.names import plain_name, without_credentials
from planqk_protocol.archive.reading import message_of
from planqk_protocol.archive.store_entries import (
    check_store,
    entries_in,
    entry_url,
    first_config,
    is_folder,
    named_file,
    store_and_path,
    stored_file,
)
from planqk_protocol.archive.stored import (
    DOCKER_CONFIG,
    NO_MATCH,
    StoredCapture,
    StoredFile,
    captures_of,
    config_folders,
    is_local,
)

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["Listed", "listed_captures"]

_MAGIC = re.compile(r"[*?\[]")


class Listed(NamedTuple):
    """A capture, and the store that holds it: a file system of fsspec."""

    store: AbstractFileSystem
    capture: StoredCapture


def listed_captures(urls: Iterable[str], storage_options: dict[str, Any] | None = None) -> Iterator[Listed]:
    """Find the captures that paths, patterns and URLs name. Of those in a folder, the largest comes first.

    Args:
        urls: Paths of files and folders, patterns with ``*``, ``**``, ``?`` and ``[…]``, and URLs of such in
            any store that fsspec knows. A file that several of them name is found once.
        storage_options: Arguments for the store of the URLs, such as credentials.

    Raises:
        ImportError: fsspec, or what it needs for a store, is missing.
        ValueError: fsspec does not know a store, or a pattern is not valid.
    """
    searches: list[_Search] = []
    named = _NamedFiles()
    for url in urls:
        check_store(url)
        try:
            store, path = store_and_path(url, storage_options or {})
        except Exception as error:  # noqa: BLE001  # stores raise what they will
            yield _unreachable(url, error)
            continue
        search = _search(store, path)
        if search is None:
            if not any(other.covers(store, path) for other in searches):
                yield from named.add(store, path)
            continue
        yield from named.captures()
        is_empty = True
        for files, config in search.folders():
            is_empty = is_empty and not files
            new = [file for file in files if not named.has(store, file.path)]
            new = [file for file in new if not any(other.covers(store, file.path) for other in searches)]
            yield from _largest_first(store, captures_of(new, config))
        if is_empty and search.pattern:
            yield Listed(store, StoredCapture((StoredFile(path, entry_url(store, path), error=NO_MATCH),)))
        searches.append(search)
    yield from named.captures()


def _unreachable(url: str, error: Exception) -> Listed:
    """An error in place of the files that a URL names. Nobody reads it, so any store will do for it."""
    store, _ = store_and_path(".", {})
    file = StoredFile(url, without_credentials(plain_name(url)), error=message_of(error))
    return Listed(store, StoredCapture((file,)))


def _search(store: AbstractFileSystem, path: str) -> _Search | None:
    """The search for what a path or a pattern names; ``None`` if it is the path of a file.

    In a URL of the web, ``?`` begins a query and ``[`` an address. There, a folder has a slash
    at its end: to look for links in a file would be to read all of it.
    """
    is_web = "https" in store.protocol
    magic = re.search(r"\*", path) if is_web else _MAGIC.search(path)
    if magic and not _exists(store, path):
        from fsspec.utils import glob_translate  # noqa: PLC0415  # an extra

        root = path[: magic.start()].rpartition("/")[0] or ("/" if is_local(store) else "")
        depth = None if "**" in path else path[len(root) :].strip("/").count("/")
        pattern = re.sub(r"[?\[]", r"[\g<0>]", path) if is_web else path
        return _Search(store, root, re.compile(glob_translate(pattern)), depth)
    is_search = path.endswith("/") if is_web else is_folder(store, path)
    return _Search(store, path.rstrip("/") or "/", None, None) if is_search else None


def _exists(store: AbstractFileSystem, path: str) -> bool:
    """Whether there is a file or a folder with the very name of a pattern."""
    try:
        return os.path.lexists(path) if is_local(store) else bool(store.exists(path))
    except Exception:  # noqa: BLE001  # to be told by whoever searches the store
        return False


class _Search(NamedTuple):
    """A folder to search, and a pattern.

    Attributes:
        store: The store.
        root: The path of the folder.
        pattern: What the path of a file, or of a folder with it, must match; ``None`` if any will do.
        depth: How deep below the root the pattern may match; ``None`` if at any depth.
    """

    store: AbstractFileSystem
    root: str
    pattern: re.Pattern[str] | None
    depth: int | None

    def covers(self, store: AbstractFileSystem, path: str) -> bool:
        """Whether this search finds the file with a path."""
        inside = f"{self.root.rstrip('/')}/" if self.root else ""
        if store != self.store or not path.startswith(inside):
            return False
        if self.pattern is None:
            return True
        folders = [found.start() for found in re.finditer("/", path) if found.start() > len(inside)]
        return any(self.pattern.match(path[:end]) for end in [*folders, len(path)])

    def folders(self) -> Iterator[tuple[list[StoredFile], StoredFile | None]]:
        """The files of each folder that are found, and what Docker writes about their container.

        A folder that cannot be listed comes as a file with an error.
        """
        waiting = [(self.root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                found, folders = entries_in(self.store, folder)
            except Exception as error:  # noqa: BLE001  # stores raise what they will
                url = entry_url(self.store, folder)
                yield [StoredFile(folder, url, error=message_of(error))], None
                continue
            config = found.get(f"{folder.rstrip('/')}/{DOCKER_CONFIG}")
            above = config_folders(folder)[1:]
            description = self._file(config) if config else first_config(self.store, above)
            covered = (path for path in sorted(found) if self.covers(self.store, path))
            yield [self._file(found[path]) for path in covered], description
            waiting += [
                (path, depth + 1)
                for path in reversed(folders)
                if self.depth is None or depth < self.depth or self.covers(self.store, path)
            ]

    def _file(self, entry: dict[str, Any]) -> StoredFile:
        has_size = entry["type"] != "file" or entry.get("size") is not None  # a page of links tells no sizes
        return stored_file(self.store, entry) if has_size else named_file(self.store, entry["name"])


class _NamedFiles:
    """Files that are named one by one. Those of one folder that are named in a row may be of one capture."""

    def __init__(self) -> None:
        self._names: set[tuple[AbstractFileSystem, str]] = set()
        self._store: AbstractFileSystem | None = None
        self._folder = ""
        self._files: list[StoredFile] = []

    def has(self, store: AbstractFileSystem, path: str) -> bool:
        """Whether a file was named."""
        return (store, path) in self._names

    def add(self, store: AbstractFileSystem, path: str) -> Iterator[Listed]:
        """Add a file. If it is in another folder than the files before it, their captures are complete."""
        if self.has(store, path):
            return
        folder = path.rpartition("/")[0]
        if (store, folder) != (self._store, self._folder):
            yield from self.captures()
        self._store, self._folder = store, folder
        self._names.add((store, path))
        self._files.append(named_file(store, path))

    def captures(self) -> Iterator[Listed]:
        """The captures of the files that were added since the last call."""
        files, self._files = self._files, []
        if self._store is not None and files:
            config = first_config(self._store, config_folders(self._folder))
            yield from _largest_first(self._store, captures_of(files, config))


def _largest_first(store: AbstractFileSystem, captures: list[StoredCapture]) -> Iterator[Listed]:
    """The captures of a folder. The work on the largest one takes longest, so it has to begin first."""
    captures.sort(key=lambda capture: (-capture.size, capture.url))
    return (Listed(store, capture) for capture in captures)
