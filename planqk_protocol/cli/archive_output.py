"""Where the command ``archive`` writes its rows, by the value of ``--output``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from planqk_protocol.cli.terminal import Failure, check_output, write_json

if TYPE_CHECKING:
    from planqk_protocol.archive import OutcomeRow

__all__ = ["STDOUT", "RowOutput", "open_output"]

STDOUT = "-"
_PARQUET, _JSON_LINES = ".parquet", ".jsonl"


class RowOutput(Protocol):
    """What rows are written to.

    Attributes:
        known: The digests of the rows that an earlier run has left there.
    """

    known: set[bytes]

    def write(self, row: OutcomeRow) -> None:
        """Write a row."""

    def close(self) -> None:
        """Complete the output."""


class _StandardOutput:
    known: set[bytes] = set()  # noqa: RUF012  # nobody changes it

    def write(self, row: OutcomeRow) -> None:
        from planqk_protocol.archive.rows import row_to_json_line  # noqa: PLC0415  # not for the help

        write_json(row_to_json_line(row))

    def close(self) -> None:
        pass


def open_output(output: str, *, resume: bool) -> RowOutput:
    """Open an output.

    Args:
        output: The path of a file or a folder, or ``-``.
        resume: Whether to go on with rows that are there.

    Raises:
        click.UsageError: The name does not tell the form of the output.
        Failure: Rows are there, but are not to be gone on with.
        OSError: It cannot be opened.
        ValueError: What is there are not rows.
    """
    if output == STDOUT:
        if resume:
            raise click.UsageError("--resume needs an --output that is a file or a folder.")
        check_output()
        return _StandardOutput()
    path = Path(output)
    is_folder = output.endswith(("/", os.sep)) or path.is_dir()
    if not is_folder and path.suffix not in {_PARQUET, _JSON_LINES}:
        raise click.UsageError(f"--output {output!r} ends with none of {_PARQUET}, {_JSON_LINES} and /.")
    if not resume and _has_rows(path):
        raise Failure(f"{output} is there already; go on with it by --resume, or choose another output")
    if path.suffix == _JSON_LINES and not is_folder:
        from planqk_protocol.archive.json_lines import JsonLinesFile  # noqa: PLC0415  # not for the help

        return JsonLinesFile(path)
    from planqk_protocol.archive.parquet import ParquetFile, ParquetFolder  # noqa: PLC0415  # heavy

    return ParquetFolder(path) if is_folder else ParquetFile(path)


def _has_rows(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob(f"*{_PARQUET}"))
    return path.exists() or Path(f"{path}.parts").exists()
