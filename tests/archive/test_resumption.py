"""A resumed run gives what one run gives: killed at any step, with other files, and with other options."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planqk_protocol import Limits
from planqk_protocol.archive import parquet
from planqk_protocol.archive.json_lines import JsonLinesFile
from planqk_protocol.archive.pools import CallersExecutor
from planqk_protocol.archive.reading import ReadOptions
from planqk_protocol.archive.resumption import EarlierRows, RowKey
from planqk_protocol.archive.stored import StoredCapture, StoredFile
from planqk_protocol.cli.commands import archive as command
from tests.archive.harness import INTERIM, OPTIONS, RESULT, Inline, docker_config, json_file, write

TIME = datetime(2026, 5, 1, 10, tzinfo=UTC)


def tar(*members: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as opened:
        for name in members:
            info = tarfile.TarInfo(name)
            info.size = len(RESULT)
            opened.addfile(info, io.BytesIO(RESULT.encode()))
    return file.getvalue()


LOGS = [b"", b"x\n", RESULT.encode(), INTERIM.encode(), json_file("x\n", RESULT)]
CONTENTS = {
    "a.log": LOGS,
    "a.log.1": LOGS,
    "a.log.2.gz": [gzip.compress(RESULT.encode()), gzip.compress(RESULT.encode() * 9)[:-9], b"no gzip"],
    "sub/b-json.log": [json_file("x\n"), json_file("x\n", RESULT)],
    "sub/config.v2.json": [
        docker_config(is_running=True),
        docker_config(exit_code=0),
        docker_config(exit_code=3),
        b"{",
    ],
    "sub/deeper/c.log": LOGS,
    "t.tar": [tar("x"), tar("x", "y::z"), tar("x", "y::z")[:600], b""],
}


class Killed(BaseException):
    """In place of a signal."""


class Run(NamedTuple):
    """A run that may be killed at a step: a row is written, or a file is stored, moved or removed.

    Attributes:
        tree: The files that it finds, by their names: which of their contents each one has.
        patterns: What it is asked to read.
        capture: The format of all logs.
        last_step: Number of the step at which it is killed.
        is_done: Whether that step is done.
    """

    tree: dict[str, int]
    patterns: list[str]
    capture: str
    last_step: int
    is_done: bool

    def archive(self, output: str, conditions: list[str]) -> None:
        """Read the logs in the current folder."""
        options = [*("--resume", "--output", output, "--capture", self.capture)]
        options += [option for condition in conditions for option in ("--where", condition)]
        command.archive.main([*options, *self.patterns], standalone_mode=False)

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Let the run end at its last step."""
        steps = itertools.count()

        def counted(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                is_last = next(steps) == self.last_step
                if is_last and not self.is_done:
                    raise Killed
                returned = function(*args, **options)
                if is_last:
                    raise Killed
                return returned

            return call

        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            for owner, names in (
                (os, ("fsync", "replace", "rmdir", "truncate", "unlink")),
                (shutil, ("copyfile",)),
                (parquet.ParquetFolder, ("write",)),
                (JsonLinesFile, ("write",)),
            ):
                for name in names:
                    patch.setattr(owner, name, counted(getattr(owner, name)))
            yield


TREES = st.fixed_dictionaries(
    {}, optional={name: st.integers(0, len(contents) - 1) for name, contents in CONTENTS.items()}
)
RUNS = st.builds(
    Run,
    tree=TREES,
    patterns=st.sampled_from([["."], ["sub"], ["a.log*", "t.tar"], ["sub/*.log", "nothing/*"]]),
    capture=st.sampled_from(["auto", "raw"]),
    last_step=st.integers(0, 30),
    is_done=st.booleans(),
)
CONDITIONS = st.sampled_from([[], [], ["status=FAILED"], ["findings=no-result", "status=UNKNOWN"]])


def store(tree: dict[str, int]) -> None:
    """Make the files of the current folder those of a tree. Each content has a time of its own."""
    for name, contents in CONTENTS.items():
        Path(name).unlink(missing_ok=True)
        if name in tree:
            write(Path(), {name: contents[tree[name]]})
            os.utime(name, (1e9 + tree[name],) * 2)


def stored(output: str) -> dict[str, dict[str, Any]]:
    """The rows of an output without their seconds, by their URLs. No URL may be there twice."""
    if output.endswith(".jsonl"):
        rows = [json.loads(line) for line in Path(output).read_text().splitlines()]
    else:
        parts = sorted(Path(output).glob("*.parquet")) or [Path(output)]
        rows = [row for part in parts if part.is_file() for row in pq.read_table(part).to_pylist()]
    by_url = {row["url"]: row | {"seconds": 0} for row in rows}
    assert len(by_url) == len(rows)
    return by_url


def is_gone(row: dict[str, Any]) -> bool:
    """Whether all files of a row are gone. A member of a tar is not, if the tar is there."""
    files = row["files"]
    return bool(files) and not any(Path(name.rpartition("::")[2]).is_file() for name in files)


@settings(max_examples=min(settings().max_examples, 100))  # one is seven runs of the command
@given(
    st.sampled_from(["rows/", "rows.parquet", "rows.jsonl"]),
    st.lists(RUNS, min_size=1, max_size=2),
    TREES,
    CONDITIONS,
)
def test_a_resumed_run_gives_what_one_run_gives(
    output: str, runs: list[Run], tree: dict[str, int], conditions: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder, "logs").mkdir()
        patch.chdir(Path(folder, "logs"))
        patch.setattr(command, "_workers", lambda *_: nullcontext(CallersExecutor(Inline())))
        patch.setattr(parquet, "_MOST_ROWS", 2)
        patch.setattr(parquet, "_MOST_OBJECTS", 1)
        earlier: list[dict[str, Any]] = []
        for number, run in enumerate(runs):
            store(run.tree)
            run.archive(f"../once-{number}-{output}", conditions)
            earlier += stored(f"../once-{number}-{output}").values()
            with run.killed():
                run.archive(f"../{output}", conditions)
        last = Run(tree, [".", "nowhere"], "auto", 0, is_done=False)
        store(tree)
        last.archive(f"../once-{output}", conditions)
        for _ in range(2):
            last.archive(f"../{output}", conditions)
            rows = stored(f"../{output}")
            gone = [row for row in rows.values() if is_gone(row)]
            assert {url: row for url, row in rows.items() if row not in gone} == stored(f"../once-{output}")
            assert all(row in earlier for row in gone)
        expected = {Path("..", f"once-{output}").name, *(f"once-{n}-{output}" for n in range(len(runs)))}
        assert {path.name for path in Path("..").iterdir()} - {Path(name).name for name in expected} == {
            "logs",
            Path(output).name,
        }


def capture(*names: str, is_tar: bool = False) -> StoredCapture:
    return StoredCapture(tuple(StoredFile(name, name, 1, TIME) for name in names), is_tar=is_tar)


def key(*names: str) -> RowKey:
    return RowKey(names[-1], names, OPTIONS.fingerprint(capture(*names)))


def kept(keys: list[RowKey], *found: StoredCapture) -> list[int]:
    """The numbers of the rows that stay if a run finds captures."""
    earlier = EarlierRows(keys)
    for item in found:
        earlier.must_be_read(item, OPTIONS)
    return [number for number, item in enumerate(keys) if earlier.stays(number, item)]


def test_the_row_of_a_log_that_was_rotated_goes() -> None:
    before, after = ["f/a.log"], ["f/a.log.1", "f/a.log"]
    assert kept([key(*before)], capture(*after)) == []
    assert kept([key(*before), key(*after)]) == [1]  # of a run that was killed
    assert kept([key(*before), key(*after)], capture(*after)) == [1]
    assert kept([key("f/a.log.1"), key("f/b.log")], capture(*after)) == [1]


def test_the_rows_of_a_tar_go_if_it_is_found() -> None:
    rows = [
        key("tar://x.log::/f/a.tar"),
        key("tar://x.log::/f/b.tar"),
        RowKey("/f/a.tar", ("/f/a.tar",), None),
    ]
    assert kept(rows) == [0, 1, 2]
    assert kept(rows, capture("/f/a.tar", is_tar=True)) == [1]


def test_what_an_earlier_run_did_not_find_goes() -> None:
    assert kept([RowKey("f/*.log", (), None), RowKey("f/g", ("f/g",), None)], capture("a.log")) == [1]


def test_without_a_time_a_log_is_read_again() -> None:
    for timeless in (
        StoredCapture((StoredFile("a.log", "a.log", 1),)),
        StoredCapture((StoredFile("a.log", "a.log", 1, TIME),), StoredFile("config", "config", 1)),
    ):
        assert OPTIONS.fingerprint(timeless) is None
        assert EarlierRows([key("a.log")]).must_be_read(timeless, OPTIONS)


def test_what_a_row_is_made_from_has_a_fingerprint_of_its_own() -> None:
    file, config = StoredFile("a.log", "a.log", 1, TIME), StoredFile("config", "config", 1, TIME)
    longer, later = (
        StoredFile("a.log", "a.log", 2, TIME),
        StoredFile("a.log", "a.log", 1, TIME.replace(hour=3)),
    )
    made_from = [
        *((StoredCapture(files), OPTIONS) for files in [(file,), (longer,), (later,), (file, later)]),
        *((StoredCapture((file,), config), options) for options in (OPTIONS, ReadOptions("raw", Limits()))),
        (StoredCapture((file,), config), ReadOptions("auto", Limits(max_line=9))),
        (StoredCapture((file,), StoredFile("config", "config", 2, TIME)), OPTIONS),
    ]
    assert len({options.fingerprint(item) for item, options in made_from}) == len(made_from)
    assert OPTIONS.fingerprint(StoredCapture((file,))) == OPTIONS.fingerprint(capture("a.log"))
