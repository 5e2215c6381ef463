"""From paths, patterns and URLs to the captures that they name, folder by folder.

Only the names of one folder are held at a time, and those of folders that were not looked
into yet. So the memory does not grow with the number of files, unless each is named by
itself.

Why the order of the arguments does not matter
----------------------------------------------

The files of a folder are put together to captures before anything is left out. Whatever
finds one file of a capture finds the capture. It belongs to the first search that does.
Whether another search came first can be told from the names of the files, without
remembering them: `Search.covers` says it. Only captures that were found by the name of a
file are remembered.

A local file has one name: its path without links. A link to a file stands for that file,
and a link that a pattern matches for its folder. Links in a folder that is searched with
all in it are not followed, so there are no circles. At the end, a link to a folder that
nothing else has searched becomes a capture with an error.

A folder that cannot be read becomes one, too. So each file that is found, and each folder
that cannot be read, ends in a row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from planqk_protocol.archive.names import plain_name, without_credentials
from planqk_protocol.archive.reading import message_of
from planqk_protocol.archive.search import Search
from planqk_protocol.archive.store_entries import (
    Link,
    check_store,
    completed,
    content_of,
    entry_url,
    first_config,
    is_also_file,
    is_folder,
    named_file,
    resolved,
    store_and_path,
)
from planqk_protocol.archive.stored import (
    StoredCapture,
    StoredFile,
    captures_of,
    config_folders,
    is_local,
)

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    _Place: TypeAlias = tuple[AbstractFileSystem, str]  # a folder or a file

__all__ = ["Listed", "listed_captures"]

_MAGIC = re.compile(r"[*?\[]")
_NO_FOLDER = (FileNotFoundError, NotADirectoryError)
_NO_MATCH = "nothing is there that matches the pattern"
_NOT_FOLLOWED = "cannot be read: a link to a folder; give the folder itself"


class Listed(NamedTuple):
    """A capture, and the store that holds it: a file system of fsspec."""

    store: AbstractFileSystem
    capture: StoredCapture


def listed_captures(urls: Iterable[str], storage_options: dict[str, Any] | None = None) -> Iterator[Listed]:
    """Find the captures that paths, patterns and URLs name. Of those in a folder, the largest comes first.

    Which ones are found does not depend on the order of the URLs.

    Args:
        urls: Paths of files and folders, patterns with ``*``, ``**``, ``?`` and ``[…]``, and their URLs in
            any store that fsspec knows. The name of one file of a rotated log stands for all of it. A
            capture that several of them name is found once.
        storage_options: Arguments for the store of the URLs, such as credentials.

    Raises:
        ImportError: fsspec, or what it needs for a store, is missing.
        ValueError: fsspec does not know a store, or a pattern is not valid.
    """
    listing = _Listing()
    unreachable: set[str] = set()
    for url in urls:
        check_store(url)
        try:
            store, path = store_and_path(url, storage_options or {})
        except Exception as error:  # noqa: BLE001  # stores raise what they will
            if url not in unreachable:
                unreachable.add(url)
                yield _unreachable(url, error)
            continue
        search = _search(store, path)
        if search is None or (not search.pattern and is_also_file(store, path)):
            yield from listing.of_name(store, resolved(path) if is_local(store) else path)
        if search and not (yield from listing.of_search(search)) and search.pattern:
            yield _failed(store, path, _NO_MATCH)
    yield from listing.rest()


def _unreachable(url: str, error: Exception) -> Listed:
    """An error in place of the files that a URL names. Nobody reads it, so any store will do for it."""
    store, _ = store_and_path(".", {})
    file = StoredFile(url, without_credentials(plain_name(url)), error=message_of(error))
    return Listed(store, StoredCapture((file,), not_found=True))


def _search(store: AbstractFileSystem, path: str) -> Search | None:
    """The search for what a path or a pattern names; ``None`` if it is the path of a file.

    In a URL of the web, ``?`` begins a query and ``[`` an address. There, a folder has a slash
    at its end: to look for links in a file would be to read all of it.
    """
    is_web = "https" in store.protocol
    magic = re.search(r"\*", path) if is_web else _MAGIC.search(path)
    if magic and not _exists(store, path):
        root = path[: magic.start()].rpartition("/")[0] or ("/" if is_local(store) else "")
        pattern = path[len(root) :].lstrip("/")
        pattern = re.sub(r"[?\[]", r"[\g<0>]", pattern) if is_web else pattern
        return Search(store, resolved(root) if is_local(store) else root, tuple(pattern.split("/")))
    if not (path.endswith("/") if is_web else is_folder(store, path)):
        return None
    return Search(store, resolved(path) if is_local(store) else path.rstrip("/") or "/")


def _exists(store: AbstractFileSystem, path: str) -> bool:
    """Whether there is a file or a folder with the very name of a pattern."""
    try:
        return os.path.lexists(path) if is_local(store) else bool(store.exists(path))
    except Exception:  # noqa: BLE001  # to be told by whoever searches the store
        return False


def _failed(store: AbstractFileSystem, path: str, why: str) -> Listed:
    file = StoredFile(path, entry_url(store, path), error=why)
    return Listed(store, StoredCapture((file,), not_found=True))


class _Listing:
    """The captures that searches and names find, each of them once."""

    def __init__(self) -> None:
        self._searches: dict[_Place, list[tuple[int, Search]]] = {}  # with their numbers, by their roots
        self._count = 0
        self._named: dict[_Place, set[str]] = {}  # by folders: the files of captures that a name has found
        self._unreadable: set[_Place] = set()
        self._links: dict[_Place, str] = {}  # links to folders that were not followed, and to which
        self._names = _Names()

    def of_search(self, search: Search) -> Generator[Listed, None, bool]:
        """Search folder by folder.

        Returns:
            Whether anything is there that the pattern matches.
        """
        store = search.store
        of_root = self._searches.setdefault((store, search.root.rstrip("/")), [])
        if any(other.pattern == search.pattern for _, other in of_root):
            return True
        self._count += 1
        number = self._count
        of_root.append((number, search))
        is_found, waiting = False, [search.root]
        while waiting:
            folder = waiting.pop()
            earlier = self._searches_in(store, folder, number)
            if any(other.covers(folder) for other in earlier) and (is_found or not search.pattern):
                continue
            try:
                content = content_of(store, folder)
            except Exception as error:  # noqa: BLE001  # stores raise what they will
                if search.pattern and folder == search.root and isinstance(error, _NO_FOLDER):
                    break
                is_found = True
                if (store, folder) not in self._unreadable:
                    self._unreadable.add((store, folder))
                    yield _failed(store, folder, message_of(error))
                continue
            is_found = (yield from self._of_files(search, folder, content.files, earlier)) or is_found
            for link in content.links:
                is_found = (yield from self._of_link(search, link)) or is_found
            waiting += sorted(filter(search.may_find_in, content.folders), reverse=True)
        return is_found

    def _of_files(
        self, search: Search, folder: str, files: list[StoredFile], earlier: list[Search]
    ) -> Generator[Listed, None, bool]:
        """Give the captures that no earlier search finds. Returns whether this one finds any."""
        store = search.store
        captures = captures_of(files, first_config(store, config_folders(folder)[1:]))
        if search.pattern:
            captures = [item for item in captures if any(search.covers(file.path) for file in item.files)]
        yield from _largest_first(store, [item for item in captures if self._is_new(store, item, earlier)])
        return bool(captures)

    def _of_link(self, search: Search, link: Link) -> Generator[Listed, None, bool]:
        """Find what a link stands for. Returns whether the pattern matches it."""
        store = search.store
        if link.is_folder and (pattern := search.pattern_in(link.path)) is not None:
            return (yield from self.of_search(Search(store, link.target, pattern)))
        if not search.covers(link.path):
            return False
        if link.is_folder:
            self._links[store, link.path] = link.target
        else:
            yield from self.of_name(store, link.target)
        return True

    def of_name(self, store: AbstractFileSystem, path: str) -> Iterator[Listed]:
        """Add the name of a file. If it is in another folder than those before it, their captures come."""
        for place, paths in self._names.add(store, path):
            yield from self._of_names(place, paths)

    def rest(self) -> Iterator[Listed]:
        """The captures of the last names, and the links to folders that nothing has searched."""
        for place, paths in self._names.rest():
            yield from self._of_names(place, paths)
        for (store, path), target in self._links.items():
            if not any(search.covers(target) for search in self._searches_in(store, target)):
                yield _failed(store, path, _NOT_FOLLOWED)

    def _of_names(self, place: _Place, paths: Iterable[str]) -> Iterator[Listed]:
        """Find the captures of files in a folder. It is listed to find the rest of rotated logs."""
        store, folder = place
        earlier = self._searches_in(store, folder)
        names = {path for path in paths if path not in self._named.get(place, ())}
        found = {path for path in names if any(search.covers(path) for search in earlier)}
        names -= {
            path for path in found if not named_file(store, path).error
        }  # what is not there has an error
        if not names:
            return
        beside = _files_beside(store, folder, names)
        absent = [named_file(store, path) for path in names - {file.path for file in beside}]
        beside += [file for file in absent if not file.error]
        captures = captures_of(beside, first_config(store, config_folders(folder)[1:]))
        captures = [item for item in captures if any(file.path in names for file in item.files)]
        captures = [item for item in captures if self._is_new(store, item, earlier)]
        captures += [StoredCapture((file,), not_found=True) for file in absent if file.error]
        self._named.setdefault(place, set()).update(file.path for item in captures for file in item.files)
        yield from _largest_first(store, captures)

    def _searches_in(self, store: AbstractFileSystem, folder: str, before: int | None = None) -> list[Search]:
        """The searches that may have found what is in a folder.

        Args:
            store: The store.
            folder: The path of the folder.
            before: The number of a search, of which the ones before it are meant.
        """
        found: list[Search] = []
        folder = folder.rstrip("/")
        while (store, folder or "/") not in self._unreadable:
            of_root = self._searches.get((store, folder), [])
            found += [search for number, search in of_root if before is None or number < before]
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        return found

    def _is_new(self, store: AbstractFileSystem, capture: StoredCapture, earlier: list[Search]) -> bool:
        """Whether neither a name nor one of some searches has found a file of a capture."""
        if not (earlier or self._named):
            return True
        paths = [file.path for file in capture.files]
        named = self._named.get((store, paths[0].rpartition("/")[0]), ())
        return not any(path in named or any(search.covers(path) for search in earlier) for path in paths)


class _Names:
    """The files that are named one by one, put together by folders. No folder comes more than twice.

    Most lists of names are sorted, so the names of a folder are complete when that of another one comes.
    What comes later of the same folder waits until the end.
    """

    def __init__(self) -> None:
        self._place: _Place | None = None
        self._paths: dict[str, None] = {}
        self._later: dict[_Place, dict[str, None]] = {}

    def add(self, store: AbstractFileSystem, path: str) -> Iterator[tuple[_Place, Iterable[str]]]:
        """Add a name. What comes are folders, with the names in them, that may be complete."""
        place = (store, path.rpartition("/")[0])
        if place in self._later:
            self._later[place][path] = None
            return
        if place != self._place:
            yield from self._complete()
            self._place = place
        self._paths[path] = None

    def rest(self) -> Iterator[tuple[_Place, Iterable[str]]]:
        """All folders with names that did not come."""
        yield from self._complete()
        yield from self._later.items()

    def _complete(self) -> Iterator[tuple[_Place, Iterable[str]]]:
        place, paths = self._place, self._paths
        self._place, self._paths = None, {}
        if place:
            self._later[place] = {}
            yield place, paths


def _files_beside(store: AbstractFileSystem, folder: str, names: set[str]) -> list[StoredFile]:
    """The files in the folder of some names. If it cannot be listed, Docker's description at most."""
    try:
        if "https" not in store.protocol or not any("?" in name for name in names):  # a query is in no folder
            return content_of(store, folder).files
    except Exception:  # noqa: BLE001, S110  # to read a file may be allowed where to list its folder is not
        pass
    config = first_config(store, [folder])
    return [config] if config else []


def _largest_first(store: AbstractFileSystem, captures: list[StoredCapture]) -> Iterator[Listed]:
    """The captures of a folder. The work on the largest one takes longest, so it has to begin first."""
    found = [
        msgspec.structs.replace(item, files=tuple(completed(store, file) for file in item.files))
        if item.fault
        else item
        for item in captures
    ]
    found.sort(key=lambda capture: (-capture.size, capture.url))
    return (Listed(store, capture) for capture in found)
