"""A tar of logs, read where it is: its members are the files of captures.

The headers are read first, to find the captures among the members. Then each capture is
read from its place in the tar, in the order of the tar. A compressed tar is decompressed
on the way. The libraries go back in it by beginning anew, so a log whose rotated files lie
in the tar from the newest to the oldest costs one more decompression up to its place.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from planqk_protocol.archive.contents import opened_file
from planqk_protocol.archive.names import member_url
from planqk_protocol.archive.reading import Reading, capture_row, error_row, message_of
from planqk_protocol.archive.rows import OutcomeRow
from planqk_protocol.archive.stored import StoredCapture, StoredFile, captures_of, utc_time
from planqk_protocol.inputs.compression import seekable

__all__ = ["tar_rows"]

_BLOCK = 512  # bytes of a header; at the end of a tar stand some of NULs


class _OpenTar:
    """An open tar in place of a store: each member is at its offset in the one file."""

    protocol = "tar"

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened

    @contextmanager
    def open(self, _path: str, _mode: str) -> Iterator[IO[bytes]]:
        """The whole tar. Whoever reads a member seeks its offset first."""
        yield self._opened


def tar_rows(store: Any, capture: StoredCapture, reading: Reading) -> Iterator[OutcomeRow]:
    """Read the captures in a tar, and make their rows.

    If the tar is damaged or empty, the last row is that of the tar itself, with an error.

    Args:
        store: The file system of fsspec that holds the tar.
        capture: The tar.
        reading: How to read its members.
    """
    [file] = capture.files
    if file.error:
        yield error_row(capture, file.error)
        return
    try:
        with opened_file(store, file.path) as stored, seekable(stored, file.url) as opened:
            members, error = _members(opened, file)
            captures = captures_of(members)
            for member in sorted(captures, key=lambda item: item.files[0].offset):
                yield capture_row(_OpenTar(opened), member, reading)
    except Exception as failure:  # noqa: BLE001  # stores raise what they will, and a file must not end the run
        yield error_row(capture, message_of(failure))
        return
    if error or not captures:
        yield error_row(capture, error or "the tar holds no file")


def _members(opened: IO[bytes], file: StoredFile) -> tuple[list[StoredFile], str | None]:
    """List the files in a tar. Of several with one name, the last one counts, as for tar.

    Returns:
        The files, and why the list ends too early, if it does.
    """
    found: dict[str, StoredFile] = {}
    try:
        with tarfile.open(fileobj=opened, mode="r:") as tar:
            while member := tar.next():
                tar.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
                if member.isfile():
                    found[member.name] = _member(member, file)
            opened.seek(tar.offset)  # tarfile also ends where it finds no header
            if opened.read(_BLOCK).strip(b"\0"):
                return list(found.values()), "the tar is damaged; what stands after the damage is not read"
    except Exception as failure:  # noqa: BLE001  # damage raises what the module that decompresses raises
        return list(found.values()), message_of(failure)
    return list(found.values()), None


def _member(member: tarfile.TarInfo, file: StoredFile) -> StoredFile:
    return StoredFile(
        path=member.name,
        url=member_url("tar", member.name, file.url),
        size=member.size,
        modified=utc_time(member.mtime),
        offset=member.offset_data,
    )
