"""The bytes of a stored file, from the file system of fsspec that holds it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from planqk_protocol.archive.names import plain_name
from planqk_protocol.archive.stored import StoredFile, is_local
from planqk_protocol.inputs.input import InputError

__all__ = ["TarFound", "config_contents", "contents", "no_tar", "opened_file", "with_size_of_now"]

_CHUNK = 256 * 1024
_ONE_REQUEST = 1024 * 1024  # bytes of a file that is read at once
_LARGEST_CONFIG = _ONE_REQUEST - 1
# POSIX.1-2017, pax, section "ustar Header Block"; GNU tar, src/tar.h, TMAGIC and OLDGNU_MAGIC.
_TAR_MAGICS = (b"ustar\0", b"ustar ")
_TAR_MAGIC_AT = 257
_TAR_HEAD = _TAR_MAGIC_AT + len(_TAR_MAGICS[0])


class TarFound(Exception):  # noqa: N818  # the file is to be read in another way
    """A file of a capture is a tar, whatever its name."""


def contents(store: Any, file: StoredFile) -> Iterator[bytes]:
    """The bytes of a file, up to its size: it may grow for ever."""
    left = file.size
    for chunk in _up_to_size(store, file):
        left -= len(chunk)
        yield chunk
    if left:
        raise InputError(f"{file.url} became shorter while it was read; read it again")


def _up_to_size(store: Any, file: StoredFile) -> Iterator[bytes]:
    is_one_request = 0 < file.size <= _ONE_REQUEST and not file.offset and not is_local(store)
    return _whole(store, file) if is_one_request else _pieces(store, file)


def _whole(store: Any, file: StoredFile) -> Iterator[bytes]:
    # To open a file in S3 is a request of its own, which takes time and is charged for.
    data: bytes = store.cat_file(file.path, start=0, end=file.size)
    yield data[: file.size]  # a server of HTTP may ignore the end


def _pieces(store: Any, file: StoredFile) -> Iterator[bytes]:
    left = file.size
    with opened_file(store, file.path) as opened:
        if file.offset:
            opened.seek(file.offset)
        while left and (chunk := opened.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def opened_file(store: Any, path: str) -> IO[bytes]:
    """Open a file of a store.

    Raises:
        Exception: It cannot be opened, or is no regular file of this machine.
    """
    if is_local(store):
        # fsspec takes longer than to read a small log.
        return open(path, "rb", buffering=0, opener=_open_regular)
    opened: IO[bytes] = store.open(path, "rb")
    return opened


def _open_regular(path: str, flags: int) -> int:
    """Open a regular file. A pipe may have taken its place after it was listed; no writer is awaited then."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has no such flag
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{plain_name(path)} is no longer a regular file")
    return descriptor


def config_contents(store: Any, config: StoredFile) -> bytes:
    """Docker's description of a container as it is now: it may have changed since it was listed."""
    if config.error:
        raise InputError(config.error)
    is_own_file = config.size and not config.offset  # in a tar, another member follows
    size = _LARGEST_CONFIG + 1 if is_own_file else min(config.size, _LARGEST_CONFIG + 1)
    data = b"".join(_up_to_size(store, msgspec.structs.replace(config, size=size)))
    if len(data) > _LARGEST_CONFIG:
        raise InputError(f"it has more than {_LARGEST_CONFIG:,} bytes")
    return data


def with_size_of_now(store: Any, file: StoredFile) -> StoredFile:
    """A file that may have grown since it was listed. A member of a tar has not."""
    if file.offset:
        return file
    return msgspec.structs.replace(file, size=max(file.size, store.size(file.path) or 0))


def no_tar(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a file, decompressed, unless it is a tar.

    Raises:
        TarFound: It is a tar.
    """
    head = b""
    for chunk in chunks:
        if len(head) < _TAR_HEAD:
            head += chunk[: _TAR_HEAD - len(head)]
            if head.startswith(_TAR_MAGICS, _TAR_MAGIC_AT):
                raise TarFound
        yield chunk
