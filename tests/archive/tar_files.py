"""Tars for tests, sound and odd, and their rows."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from planqk_protocol.archive import OutcomeRow
from tests.archive.harness import (
    rows_in,
)


def tar_of(*members: tuple[str, bytes]) -> bytes:
    """A tar of files, in the order given."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1777629600
            tar.addfile(info, io.BytesIO(content))
    return data.getvalue()


def header(name: str, **fields: Any) -> bytes:
    """The header of a member, in GNU's format."""
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def member(name: str, content: bytes, **fields: Any) -> bytes:
    return header(name, size=len(content), **fields) + content + bytes(-len(content) % 512)


def tar_with(*members: bytes) -> bytes:
    return b"".join(members) + bytes(1024)


def rows_of_tar(folder: Path, data: bytes, name: str = "logs.tar") -> list[OutcomeRow]:
    (folder / name).write_bytes(data)
    return rows_in(folder / name)


def tar_rows_apart(rows: list[OutcomeRow]) -> tuple[OutcomeRow, list[OutcomeRow]]:
    """The row of the tar itself, and those of its members."""
    [tar] = [row for row in rows if not row.url.startswith("tar:")]
    return tar, [row for row in rows if row is not tar]


def with_size(data: bytes, size: int) -> bytes:
    """A header with another size, as GNU tar stores large and negative ones (Basic Tar Format, base-256)."""
    field = (size % (1 << 96) | (1 << 95 if size >= 0 else 0)).to_bytes(12, "big")
    changed = bytearray(data[:124] + field + data[136:])
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)
