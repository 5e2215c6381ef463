"""Archives of captured logs: one row for each log, on one machine or a cluster.

`outcomes` lists the files, joins those of one log, and reads them in parallel. A row says
what became of a job and what is wrong with its output. This needs the extra ``archive``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from typing import Any

from planqk_protocol.archive.listing import listed_captures
from planqk_protocol.archive.pools import CallersExecutor, OwnProcesses
from planqk_protocol.archive.reading import ReadOptions
from planqk_protocol.archive.rows import (
    MOST_TEXT,
    SCHEMA_VERSION,
    OutcomeRow,
    Violations,
    row_to_json_line,
    schema,
    to_table,
)
from planqk_protocol.archive.work import BATCH, read_captures
from planqk_protocol.captures import formats
from planqk_protocol.excerpts import excerpt
from planqk_protocol.inputs.detection import AUTO
from planqk_protocol.limits import Limits

__all__ = [
    "BATCH",
    "MOST_TEXT",
    "SCHEMA_VERSION",
    "OutcomeRow",
    "Violations",
    "outcomes",
    "row_to_json_line",
    "schema",
    "to_table",
]


def outcomes(
    urls: Iterable[str | os.PathLike[str]],
    *,
    capture: str = AUTO,
    limits: Limits = Limits(),
    executor: Executor | None = None,
    batch: int = BATCH,
    storage_options: dict[str, Any] | None = None,
) -> Iterator[OutcomeRow]:
    """Read captured logs, and give a row for each, while others are found and read.

    A folder is searched with all folders in it. Files that were rotated are one log,
    and the name of one of them stands for all. The restarts of a container are several logs.
    A link to a file stands for that file. A tar has a row for each log in it. Files
    compressed by gzip, Zstandard, bzip2 or xz are decompressed, and so are such tars.

    Every file that is found is in one row. If anything is wrong with a file, its row
    says so: no file ends the iteration. The rows do not depend on the executor, the
    batches or the order. Only `seconds` does.

    Args:
        urls: Paths of files and folders, patterns with ``*``, ``**``, ``?`` and
            ``[…]``, and their URLs in any store that fsspec knows, such as
            ``s3://bucket/logs/**/*.log``. In URLs with ``http``, only ``*`` makes a
            pattern, and a folder has a slash at its end.
        capture: The id of the format of all captures, one of `formats`. By default,
            it is detected for each.
        limits: Bounds on lines and payloads.
        executor: The executor that reads the captures. ``Client.get_executor()`` of
            Dask gives that of a cluster. By default, processes on all cores read
            them; a program that is a script needs the line
            ``if __name__ == "__main__":`` for that.
        batch: About how many bytes of captures one call of a worker reads. A larger
            capture has a call of its own.
        storage_options: Arguments for the store, such as credentials.

    Raises:
        ImportError: fsspec, or what it needs for a store, is missing.
        TypeError: `urls` is one string.
        ValueError: There is no such format or store, a pattern is not valid, or
            `batch` is less than 1.
        concurrent.futures.BrokenExecutor: The executor that was given broke or was
            shut down, or no process can start.
        concurrent.futures.CancelledError: The executor that was given cancelled work,
            or lost its connection.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor() as threads:
    ...     [row] = outcomes(["docs/examples/optimiser.log"], executor=threads)
    >>> row.status, row.interim_count, row.result_line
    ('UNKNOWN', 320, 3360)
    """
    if capture != AUTO and capture not in formats():
        known = ", ".join([AUTO, *formats()])
        raise ValueError(f"there is no capture format {excerpt(capture)}; choose one of {known}")
    if batch < 1:
        raise ValueError(f"batch is {batch}: give a number of bytes, at least 1")
    if isinstance(urls, str):
        raise TypeError("urls is a string: give a list, such as [url]")
    listed = listed_captures((os.fspath(url) for url in urls), storage_options)
    pool = OwnProcesses() if executor is None else CallersExecutor(executor)
    return read_captures(listed, ReadOptions(capture, limits), batch, pool)
