"""`OutcomeRow`: what an archive knows of one log, and its form as Arrow.

Nothing here depends on how the row came about, so rows of a process pool, of a
cluster and of a plain loop are equal, save `OutcomeRow.seconds`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from planqk_protocol.buffer import LF

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "MOST_TEXT",
    "SCHEMA_VERSION",
    "OutcomeRow",
    "Violations",
    "checked",
    "row_to_json_line",
    "schema",
    "to_table",
]

SCHEMA_VERSION = 1
"""The version of the columns. It grows whenever one is added, changes or goes away."""

MOST_TEXT = 64 * 1024
"""The most bytes of a JSON text that a row holds."""

_TIMES = ("started", "finished", "first_time", "last_time")
_SIX_DECIMALS = len("2026-05-01T10:00:00.123456")  # of a time by RFC 3339
_BITS = 64  # of a number in Arrow, with its sign
_COUNTS = ("findings", "notices")
_encode = msgspec.json.Encoder().encode


class Violations(msgspec.Struct, frozen=True):
    """The violations of one code.

    Attributes:
        count: Their number.
        first_message: The message of the first one.
    """

    count: int
    first_message: str


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True, tag_field="version", tag=SCHEMA_VERSION):
    """One log of an archive: where it is, what became of its job, and what is wrong with it.

    Its JSON has the member ``version``, which is `SCHEMA_VERSION`.

    If the log could not be read, `error` says why, and what depends on its content
    is ``None``, 0 or empty.

    Attributes:
        url: The log: a path or a URL. Of a log that was rotated, its newest file.
        files: All files of the log, the oldest first. A pattern or a folder that
            could not be searched, or a file that is not there, has none.
        size: Size of these files, in bytes as they are stored.
        modified: When the last of them was modified.
        fingerprint: A hash of the files' names, sizes and times, and of how they were
            read. While it stays the same, a resumed run does not read the log again.
            ``None`` if it must: there is an error, or the container still ran.
        container: The container, if the capture or its folder names it.
        pod: Its pod, as ``namespace/name`` or as the capture names it.
        image: Its image.
        started: When the container started.
        finished: When it ended.
        format: The id of the capture's format.
        status: The job's status, as in `JobStatus`.
        exit_code: The container's exit code.
        result: The JSON text of the result, if it has at most `MOST_TEXT` bytes.
        result_size: Size of that text in bytes.
        result_sha256: Its SHA-256, in hexadecimal digits.
        result_file: The file that the result begins in.
        result_line: Number of its first line within the standard output in that file.
        interim_count: Number of interim results.
        last_interim: The JSON text of the last one, if it has at most `MOST_TEXT` bytes.
        violations: The violations, by their codes.
        findings: Number of findings, by their rules.
        notices: Number of notices, by their kinds. ``disorder`` counts files
            that are older than the file before them.
        suspect: Whether the result, or the violation in its place, may not be
            what the job printed, or not the first one.
        damage: The first thing that is wrong with the files, so that lines of standard
            output may be missing, altered, or in the wrong order.
        first_time: The first time stamp of standard output, by RFC 3339 in UTC,
            with nine decimals, as in all times.
        last_time: The last one.
        lines: Number of lines of standard output.
        bytes: Size of standard output in bytes.
        seconds: How long it took to read the log.
        config_error: What is wrong with Docker's description of the container. The
            log was read without it.
        error: Why the log could not be read.
    """

    url: str
    files: tuple[str, ...] = ()
    size: int = 0
    modified: datetime | None = None
    fingerprint: str | None = None
    container: str | None = None
    pod: str | None = None
    image: str | None = None
    started: str | None = None
    finished: str | None = None
    format: str | None = None
    status: str | None = None
    exit_code: int | None = None
    result: str | None = None
    result_size: int | None = None
    result_sha256: str | None = None
    result_file: str | None = None
    result_line: int | None = None
    interim_count: int = 0
    last_interim: str | None = None
    violations: dict[str, Violations] = {}
    findings: dict[str, int] = {}
    notices: dict[str, int] = {}
    suspect: bool = False
    damage: str | None = None
    first_time: str | None = None
    last_time: str | None = None
    lines: int = 0
    bytes: int = 0
    seconds: float = 0.0
    config_error: str | None = None
    error: str | None = None


_NUMBERS = [name for name, kind in OutcomeRow.__annotations__.items() if kind.startswith("int")]
_numbers = attrgetter(*_NUMBERS)


def checked(row: OutcomeRow) -> OutcomeRow:
    """The row, if every output can hold it.

    Raises:
        ValueError: A number has more than 64 bits, or a text has surrogates.
    """
    for name, value in zip(_NUMBERS, _numbers(row), strict=True):
        if value is not None and value.bit_length() >= _BITS:
            raise ValueError(f"{name} is a number of more than {_BITS} bits")
    _encode(row)
    return row


def row_to_json_line(row: OutcomeRow) -> bytes:
    """The row as one line of JSON, LF included."""
    return _encode(row) + LF


def schema() -> pa.Schema:
    """The Arrow schema of rows. Its metadata has its version under ``planqk_protocol.archive``.

    The columns are the attributes of `OutcomeRow`. Times are time stamps in UTC, in microseconds.
    `violations`, `findings` and `notices` are maps.

    Raises:
        ModuleNotFoundError: pyarrow is missing; the extra ``archive`` brings it.
    """
    import pyarrow as pa  # noqa: PLC0415  # an extra, and heavy

    text, number, time = pa.string(), pa.int64(), pa.timestamp("us", tz="UTC")
    violations = pa.struct([pa.field("count", number), pa.field("first_message", text)])
    types = {
        "files": pa.list_(text),
        **dict.fromkeys(("modified", *_TIMES), time),
        **dict.fromkeys(("size", "exit_code", "result_size", "result_line"), number),
        **dict.fromkeys(("interim_count", "lines", "bytes"), number),
        "violations": pa.map_(text, violations),
        "findings": pa.map_(text, number),
        "notices": pa.map_(text, number),
        "suspect": pa.bool_(),
        "seconds": pa.float64(),
    }
    fields = [pa.field(name, types.get(name, text)) for name in OutcomeRow.__struct_fields__]
    return pa.schema(fields, metadata={"planqk_protocol.archive": str(SCHEMA_VERSION)})


def to_table(rows: Iterable[OutcomeRow]) -> pa.Table:
    """The rows as an Arrow table of the `schema`. Its times have six decimals.

    Raises:
        ValueError: A time is not by RFC 3339 in UTC with nine decimals.
        ModuleNotFoundError: pyarrow is missing; the extra ``archive`` brings it.

    >>> to_table([OutcomeRow(url="job.log", lines=3)]).column("lines").to_pylist()
    [3]
    """
    import pyarrow as pa  # noqa: PLC0415  # an extra, and heavy

    given, fields = list(rows), schema()
    times = {name: pa.array(_stamps(given, name), pa.string()) for name in _TIMES}
    columns = [
        times[field.name].cast(field.type)
        if field.name in times
        else pa.array(_column(given, field.name), field.type)
        for field in fields
    ]
    return pa.Table.from_arrays(columns, schema=fields)


def _stamps(rows: list[OutcomeRow], name: str) -> list[str | None]:
    """The times of rows with six decimals: Arrow does not drop the others."""
    stamps = map(attrgetter(name), rows)
    return [f"{stamp[:_SIX_DECIMALS]}Z" if stamp else None for stamp in stamps]


def _column(rows: list[OutcomeRow], name: str) -> Iterable[Any]:
    values = map(attrgetter(name), rows)
    if name == "violations":
        return [[(code, msgspec.structs.asdict(item)) for code, item in value.items()] for value in values]
    if name in _COUNTS:
        return [list(value.items()) for value in values]
    return list(values)
