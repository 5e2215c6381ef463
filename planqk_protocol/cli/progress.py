"""A progress bar for long files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from planqk_protocol.cli.notes import Notes
from planqk_protocol.cli.sources import Input

__all__ = ["progress"]

_LONG = 16 * 1024 * 1024  # bytes; less is read before a bar could be


@contextmanager
def progress(inputs: Iterable[Input], size: int | None, notes: Notes) -> Iterator[Iterable[Input]]:
    """The same inputs; how much of them was read is shown on standard error, where that makes sense.

    The bar is gone at the end. Notes appear above it.

    Args:
        inputs: The inputs.
        size: Number of their bytes; ``None`` where it is not known.
        notes: Standard error.
    """
    if size is None or size < _LONG or not notes.is_live:
        yield inputs
        return
    columns = (
        TextColumn("reading"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=notes, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=size)
        yield (Input(name, _counted(chunks, lambda read: bar.advance(task, read))) for name, chunks in inputs)


def _counted(chunks: Iterable[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        advance(len(chunk))
        yield chunk
