"""Run ``planqk-protocol archive``, and read the rows that it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from planqk_protocol.archive import OutcomeRow
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.archive.parquet import ParquetFile, ParquetFolder
from tests.archive.harness import untimed
from tests.cli.harness import Run

OUTPUTS: dict[str, type[ParquetFolder | JsonLinesFile]] = {
    "rows/": ParquetFolder,
    "rows.parquet": ParquetFile,
    "rows.jsonl": JsonLinesFile,
}


def archive(run: Run, *args: str | Path) -> Any:
    return run("archive", "--executor", "threads", "--jobs", "2", *args)


def decoded(lines: str) -> list[OutcomeRow]:
    return untimed(msgspec.json.decode(line, type=OutcomeRow) for line in lines.splitlines())


def in_words_of_the_command(rows: list[OutcomeRow]) -> list[OutcomeRow]:
    return [
        msgspec.structs.replace(row, error=row.error and row.error.replace("capture=", "--capture "))
        for row in rows
    ]


def stored(path: Path) -> list[dict[str, Any]]:
    """The rows of an output as plain data, without their seconds, in the order of their URLs."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        rows = pq.read_table(path).to_pylist(maps_as_pydicts="strict")
    return sorted(({**row, "seconds": 0} for row in rows), key=lambda row: str(row["url"]))
