"""The captures in a tar, found by its headers alone.

Of each member, only a few numbers and its name are held, until all of them are known: a
file may be in the tar again after it, or be the target of a link before it. Then the
captures are made folder by folder.

What a damaged or hostile tar may do
------------------------------------

`tarfile` goes back in the tar if a member has a negative size, and may go around in a
circle (CVE-2025-8194). It reads a name, or a map of a sparse file, into memory however
long it is. So sizes are checked, and the headers of a member are bounded.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple, cast

import msgspec

from planqk_protocol.archive.names import member_url, plain_name
from planqk_protocol.archive.reading import message_of
from planqk_protocol.archive.stored import DOCKER_CONFIG, StoredCapture, StoredFile, captures_of, utc_time
from planqk_protocol.excerpts import excerpt
from planqk_protocol.inputs.input import InputError
from planqk_protocol.inputs.seekable import SeekableFile

__all__ = ["TarListing", "list_tar"]

_BLOCK = 512  # bytes of a header; a tar ends with blocks of NULs
_PIECE = 256 * 1024
_LONGEST_HEADERS = 64 * 1024  # bytes of those of one member, with its long name and its extended attributes
_MOST_GLOBAL_HEADERS = 100
_MOST_LINKS = 40  # in a row, as for Linux

_DAMAGED = "the tar is damaged or ends too early; the rest of it is not read"
_NO_TAR = "it is no tar, or its beginning is damaged"
_NO_END = "the tar has no end, so logs may be missing"
_MORE = "more bytes, such as a second tar, stand after the end of the tar; they are not read"
_NO_FILE = "the tar holds no file"
_CUT_OFF = "the tar ends before the end of this file"
_SPARSE = "it is stored with holes, as a sparse file; unpack the tar, and read the file itself"
_NOT_REGULAR = "cannot be read: it is not a regular file"


class TarListing(NamedTuple):
    """What is in a tar.

    Attributes:
        captures: The captures, folder by folder.
        error: Why logs may be missing, if that is so.
    """

    captures: Iterator[StoredCapture]
    error: str | None


class _Member(msgspec.Struct, frozen=True, gc=False):
    """A member of a tar. What tarfile has of it takes ten times the memory."""

    offset: int = 0
    size: int = 0
    modified: float | None = None
    target: str | None = None  # of a symbolic link
    is_folder: bool = False
    error: str | None = None


class _Headers:
    """An open tar from which tarfile reads headers, but no long ones."""

    def __init__(self, opened: SeekableFile) -> None:
        self._opened = opened
        self._left = 0
        self.seek = opened.seek
        self.tell = opened.tell
        self.begin_member()

    def begin_member(self) -> None:
        self._left = _LONGEST_HEADERS

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise InputError(f"the tar is damaged: a header has more than {_LONGEST_HEADERS:,} bytes")
        self._left -= size
        return self._opened.read(size)


def list_tar(opened: SeekableFile, tar: StoredFile) -> TarListing:
    """List the captures in a tar. All of it is read if it is compressed, so damage in it is known.

    Args:
        opened: The open tar.
        tar: The tar as it is stored.
    """
    members: dict[str, _Member] = {}
    error = _read_headers(opened, members)
    end = opened.seek_end()
    has_files = any(not member.is_folder for member in members.values())
    error = opened.damage or error or (None if has_files else _NO_FILE)
    return TarListing(_captures(members, end, tar), error)


def _read_headers(opened: SeekableFile, members: dict[str, _Member]) -> str | None:
    """Read the headers, and return why logs may be missing, if that is so.

    Args:
        opened: The open tar.
        members: Gets the members by name. Of several with one name, the last one counts, as for tar.
    """
    headers = _Headers(opened)
    place = -1
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", headers), mode="r:") as tar:
            while member := tar.next():
                if member.size < 0 or tar.offset <= place or len(tar.pax_headers) > _MOST_GLOBAL_HEADERS:
                    return _DAMAGED
                place = tar.offset
                members[member.name] = _member(member, members)
                tar.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
                headers.begin_member()
            opened.seek(tar.offset)
    except tarfile.TarError:
        return _DAMAGED if members else _NO_TAR
    except Exception as failure:  # noqa: BLE001  # stores raise what they will
        return message_of(failure)
    return _fault_at_end(opened)


def _fault_at_end(opened: SeekableFile) -> str | None:
    """What is wrong at the place where tarfile finds no header any more."""
    block = opened.read(_BLOCK)
    if not block:
        return _NO_END
    if block.strip(b"\0"):
        return _DAMAGED
    while piece := opened.read(_PIECE):
        if piece.strip(b"\0"):
            return _MORE
    return None


def _member(member: tarfile.TarInfo, before: dict[str, _Member]) -> _Member:
    if member.isdir():
        return _Member(is_folder=True)
    if member.islnk():
        return before.get(member.linkname, _Member(error=_missing(member.linkname)))
    if member.issym():
        return _Member(target=member.linkname, modified=member.mtime)
    if member.issparse():
        return _Member(error=_SPARSE)
    if not member.isreg():
        return _Member(error=_NOT_REGULAR)
    return _Member(member.offset_data, member.size, member.mtime)


def _captures(members: dict[str, _Member], end: int, tar: StoredFile) -> Iterator[StoredCapture]:
    """The captures among the members, folder by folder.

    Args:
        members: The members by name.
        end: Where the tar ends.
        tar: The tar as it is stored.
    """
    folders: dict[str, list[str]] = {}
    for name in members:
        folders.setdefault(posixpath.dirname(name), []).append(name)
    links = _Links(members)
    for folder, names in folders.items():
        config_above = posixpath.join(posixpath.dirname(folder), DOCKER_CONFIG)
        if config_above in members and config_above not in names:
            names.append(config_above)
        found = ((name, links.followed(name)) for name in names)
        yield from captures_of(_stored(name, member, end, tar) for name, member in found if member)


class _Links:
    """The members by their paths without ``.`` and ``..``, to find those that symbolic links name."""

    def __init__(self, members: dict[str, _Member]) -> None:
        self._members = members
        self._names: dict[str, str] = {}
        if any(member.target is not None for member in members.values()):
            self._names = {_path(name): name for name in members}

    def followed(self, name: str) -> _Member | None:
        """The member with a name, if it is to be read.

        A folder is not, and neither is a link to another member: that one is read. A link out of the tar has
        an error.
        """
        first = member = self._members[name]
        path = name
        for _ in range(_MOST_LINKS):
            if member.target is None:
                return None if member.is_folder or member is not first else member
            path = _path(posixpath.join(posixpath.dirname(path), member.target))
            named = self._names.get(path)
            if named is None:
                return _Member(error=_missing(member.target))
            member = self._members[named]
        return _Member(error="cannot be read: too many links")


def _path(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")  # tar leaves out the slash in names, and not in targets


def _stored(name: str, member: _Member, end: int, tar: StoredFile) -> StoredFile:
    is_cut_off = member.offset + member.size > end
    return StoredFile(
        path=plain_name(name),
        url=member_url("tar", name, tar.url),
        size=max(0, end - member.offset) if is_cut_off else member.size,
        modified=None if member.modified is None else utc_time(member.modified),
        offset=member.offset,
        error=_CUT_OFF if is_cut_off else member.error,
    )


def _missing(target: str) -> str:
    return f"cannot be read: a link to {excerpt(target)}, which is not in the tar"
