"""What the service knows of its executions, in an SQLite file that survives the process."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from log_entries import Kept, entry
from planqk_protocol.runner import JobInput, rfc3339

SCHEMA = """
PRAGMA locking_mode = EXCLUSIVE;  -- a second server would take the executions of the first one for lost
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS execution (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, created TEXT NOT NULL, started TEXT, ended TEXT,
    tags TEXT NOT NULL, data BLOB NOT NULL, params BLOB NOT NULL,
    last_interim BLOB, result BLOB, problem TEXT
);
CREATE TABLE IF NOT EXISTS log (execution TEXT NOT NULL, entry TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS log_of_execution ON log (execution);
CREATE TABLE IF NOT EXISTS interim (execution TEXT NOT NULL, value BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS interim_of_execution ON interim (execution);
"""


class Store:
    """The executions with their logs and results. Threads may share it.

    Raises:
        sqlite3.DatabaseError: The file is no database or cannot be opened, or another process uses it.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, timeout=0.1)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(SCHEMA)
        self._do("DELETE FROM log WHERE false")  # a write takes the exclusive lock

    def close(self) -> None:
        """Close the file. Then all that was written is in this one file."""
        self._database.close()

    def add(self, job_input: JobInput, tags: list[str], *, most_pending: int) -> str | None:
        """Add a pending execution. Return its id, or `None` if too many are pending."""
        added = self._do(
            "INSERT INTO execution (id, status, created, tags, data, params) SELECT ?, 'PENDING', ?, ?, ?, ? "
            "WHERE (SELECT count(*) FROM execution WHERE status = 'PENDING') < ? RETURNING id",
            *(str(uuid.uuid4()), _now(), json.dumps(tags), job_input.data, job_input.params, most_pending),
        )
        return added[0]["id"] if added else None

    def begin(self, execution: str) -> JobInput | None:
        """Let an execution begin. Return its input, or `None` if it is not pending any more.

        This is written before the job starts, so that no job is started twice.
        """
        begun = self._do(
            "UPDATE execution SET status = 'RUNNING', started = ? WHERE id = ? AND status = 'PENDING' "
            "RETURNING data, params",
            *(_now(), execution),
        )
        return JobInput(*begun[0]) if begun else None

    def append(self, execution: str, kept: Kept) -> None:
        """Add to the log and to the interim results of an execution."""
        if kept == ([], [], None):
            return
        with self._lock, self._database as database:
            entries = [(execution, json.dumps(item)) for item in kept.entries]
            database.executemany("INSERT INTO log VALUES (?, ?)", entries)
            values = [(execution, value) for value in kept.interim]
            database.executemany("INSERT INTO interim VALUES (?, ?)", values)
            if kept.last_interim is not None:
                statement = "UPDATE execution SET last_interim = ? WHERE id = ?"
                database.execute(statement, [kept.last_interim, execution])

    def finish(self, execution: str, status: str, result: bytes | None, problem: Any) -> None:
        """Note how an execution ended: with a result, or with the problem because of which there is none."""
        self._do(
            "UPDATE execution SET status = ?, ended = ?, result = ?, problem = ? WHERE id = ?",
            *(status, _now(), result, json.dumps(problem), execution),
        )

    def cancel_if_pending(self, execution: str, why: str) -> None:
        """Cancel an execution that has not begun."""
        self._end_all("PENDING", execution, "CANCELLED", why)

    def fail_running(self, why: str) -> None:
        """Let all running executions fail."""
        self._end_all("RUNNING", "%", "FAILED", why)

    def pending(self) -> list[str]:
        """The ids of all pending executions, the oldest first."""
        rows = self._do("SELECT id FROM execution WHERE status = 'PENDING' ORDER BY rowid")
        return [row["id"] for row in rows]

    def executions(self) -> list[sqlite3.Row]:
        """All executions, the oldest first."""
        return self._do("SELECT * FROM execution ORDER BY rowid")

    def execution(self, execution: str) -> sqlite3.Row:
        """One execution.

        Raises:
            KeyError: There is none with this id.
        """
        rows = self._do("SELECT * FROM execution WHERE id = ?", execution)
        if not rows:
            raise KeyError(execution)
        return rows[0]

    def log(self, execution: str) -> list[str]:
        """The entries of a log as JSON texts, the oldest first."""
        rows = self._do("SELECT entry FROM log WHERE execution = ? ORDER BY rowid", execution)
        return [row["entry"] for row in rows]

    def interim(self, execution: str) -> list[bytes]:
        """The interim results that were kept, as JSON texts, the oldest first."""
        rows = self._do("SELECT value FROM interim WHERE execution = ? ORDER BY rowid", execution)
        return [row["value"] for row in rows]

    def _end_all(self, before: str, pattern: str, after: str, why: str) -> None:
        """End the executions with a status whose ids match a pattern. Their logs say why, too."""
        now, problem = _now(), json.dumps({"detail": why, "findings": []})
        with self._lock, self._database as database:
            database.execute(
                "INSERT INTO log SELECT id, ? FROM execution WHERE status = ? AND id LIKE ?",
                [json.dumps(entry(why, "ERROR", now)), before, pattern],
            )
            database.execute(
                "UPDATE execution SET status = ?, ended = ?, problem = ? WHERE status = ? AND id LIKE ?",
                [after, now, problem, before, pattern],
            )

    def _do(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock, self._database as database:
            return database.execute(statement, values).fetchall()


def _now() -> str:
    return rfc3339(time.time_ns())
