"""Run ``planqk-protocol archive``, and read the rows that it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from planqk_protocol.archive import OutcomeRow
from tests.archive.harness import untimed
from tests.cli.harness import Run


def archive(run: Run, *args: str | Path) -> Any:
    return run("archive", "--executor", "threads", "--jobs", "2", *args)


def decoded(lines: str) -> list[OutcomeRow]:
    return untimed(msgspec.json.decode(line, type=OutcomeRow) for line in lines.splitlines())


def in_words_of_the_command(rows: list[OutcomeRow]) -> list[OutcomeRow]:
    return [
        msgspec.structs.replace(row, error=row.error and row.error.replace("capture=", "--capture "))
        for row in rows
    ]
