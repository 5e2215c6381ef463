"""Where the command ``archive`` writes its rows, by the value of ``--output``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from planqk_protocol.cli.terminal import Failure, check_output, write_json

if TYPE_CHECKING:
    from planqk_protocol.archive import OutcomeRow
    from planqk_protocol.archive.listing import Listed
    from planqk_protocol.archive.resumption import EarlierRows

__all__ = ["STDOUT", "RowOutput", "opened_output", "without_output"]

STDOUT = "-"
_PARQUET, _JSON_LINES = ".parquet", ".jsonl"


class RowOutput(Protocol):
    """What rows are written to.

    Attributes:
        earlier: The rows that earlier runs have left there.
    """

    earlier: EarlierRows

    def write(self, row: OutcomeRow) -> None:
        """Write a row."""

    def close(self) -> None:
        """Complete the output."""


class _StandardOutput:
    def __init__(self) -> None:
        from planqk_protocol.archive.resumption import EarlierRows  # noqa: PLC0415  # not for the help

        self.earlier = EarlierRows()

    def write(self, row: OutcomeRow) -> None:
        from planqk_protocol.archive.rows import row_to_json_line  # noqa: PLC0415  # not for the help

        write_json(row_to_json_line(row))

    def close(self) -> None:
        pass


@contextmanager
def opened_output(output: str, *, resume: bool) -> Iterator[RowOutput]:
    """Open an output. Until the end of the context, no other run can open it.

    Args:
        output: The path of a file or a folder, or ``-``.
        resume: Whether to go on with rows that are there.

    Raises:
        click.UsageError: The name does not tell the form of the output.
        Failure: Rows are there, but are not to be gone on with; or they cannot be gone on
            with; or another run writes there.
        OSError: It cannot be opened.
    """
    if output == STDOUT:
        if resume:
            raise click.UsageError("--resume needs an --output that is a file or a folder.")
        check_output()
        yield _StandardOutput()
        return
    path = Path(output)
    is_folder = output.endswith(("/", os.sep)) or (output != "" and path.is_dir())
    if not is_folder and path.suffix not in {_PARQUET, _JSON_LINES}:
        raise click.UsageError(f"--output {output!r} ends with none of {_PARQUET}, {_JSON_LINES} and /.")
    if not path.absolute().parent.is_dir():
        raise Failure(f"{path.parent} is not a folder; make it, or choose another output")
    with _locked(path):
        if not resume and _has_rows(path):
            raise Failure(f"{output} is there already; go on with it by --resume, or choose another output")
        try:
            opened = _opened(path, is_folder=is_folder)
        except ValueError as error:
            raise Failure(str(error)) from None
        yield opened


def without_output(listed: Iterable[Listed], output: str) -> Iterator[Listed]:
    """Leave out the output and what stands beside it, which may be in a folder of logs.

    Args:
        listed: The logs that were found.
        output: As for `opened_output`.
    """
    from planqk_protocol.archive.stored import is_local  # noqa: PLC0415  # not for the help

    is_own = _is_standard_output if output == STDOUT else _files_of(Path(output)).fullmatch
    for item in listed:
        if not is_local(item.store) or not any(is_own(file.path) for file in item.capture.files):
            yield item


def _files_of(output: Path) -> re.Pattern[str]:
    """What the paths of an output, and of what stands beside it, match. They are without links."""
    path = re.escape(output.resolve().as_posix())
    return re.compile(rf"(?s){path}(|\.lock|\.tmp|\.parts/.*|/part-[^/]*)")


def _is_standard_output(path: str) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))  # noqa: PTH116  # for each log
    except (OSError, ValueError):  # a file that is gone, or a standard output that is none of the system
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other runs from an output, by a file beside it. A run that is killed leaves the file unlocked."""
    from filelock import FileLock, Timeout  # noqa: PLC0415  # an extra

    lock = FileLock(f"{path.resolve()}.lock", timeout=0)
    try:
        locked = lock.acquire()
    except Timeout:
        raise Failure(f"another run writes to {path}; wait for its end, or choose another output") from None
    with locked:
        try:
            yield
        finally:
            with suppress(OSError):  # Windows does not remove an open file
                Path(lock.lock_file).unlink()


def _opened(path: Path, *, is_folder: bool) -> RowOutput:
    if path.suffix == _JSON_LINES and not is_folder:
        from planqk_protocol.archive.json_lines import JsonLinesFile  # noqa: PLC0415  # not for the help

        return JsonLinesFile(path)
    from planqk_protocol.archive.parquet import ParquetFile, ParquetFolder  # noqa: PLC0415  # heavy

    return ParquetFolder(path) if is_folder else ParquetFile(path)


def _has_rows(path: Path) -> bool:
    """Whether rows are there. A run that failed before its first row leaves an empty file or folder."""
    if path.is_dir():
        return any(path.glob(f"*{_PARQUET}"))
    if path.suffix == _JSON_LINES:
        return path.exists() and path.stat().st_size > 0
    return path.exists() or any(Path(f"{path}.parts").glob(f"*{_PARQUET}"))
