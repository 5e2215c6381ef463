"""An archive in S3: 5,000 objects, from a server that throttles and breaks off."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import msgspec
import pytest

from planqk_protocol.archive import OutcomeRow, outcomes
from tests.archive import s3_server
from tests.archive.harness import RESULT, mixed_archive, rows_in, untimed, write

pytestmark = pytest.mark.archive

SMALL = 5000
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": s3_server.REGION}
STORE = f"s3://{s3_server.BUCKET}"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    write(
        folder,
        {f"{n % 4}/job-{n:04}.log": f"line of job {n}\n{RESULT}".encode() for n in range(SMALL)}
        | {"refused/forbidden.log": RESULT.encode(), "refused/broken-off.log": RESULT.encode()}
        | {"long/long.log": b"x" * 99 + b"\n" + b"a line\n" * 2_000_000 + RESULT.encode()},
    )
    mixed_archive(folder)
    (folder / "dangling").unlink()  # S3 has no links
    return folder


@contextmanager
def server_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a server that has the files of a folder."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, s3_server.__file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def comparable(row: OutcomeRow, root: str) -> bytes:
    """The row without what a store decides: its root, when it was modified, and what is made of these."""
    data = msgspec.json.encode(msgspec.structs.replace(row, modified=None, fingerprint=None))
    return re.sub(rf"{re.escape(root)}/".encode(), b"", data)


def test_rows_of_a_store_that_throttles_and_breaks_off_are_those_of_local_files(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server_of(logs, monkeypatch) as server:
        rows = untimed(outcomes([STORE], storage_options={"endpoint_url": server}))
    found = {row.url.removeprefix(f"{STORE}/"): row for row in rows}
    assert len(found) == len(rows)
    refused, broken = found.pop("refused/forbidden.log"), found.pop("refused/broken-off.log")
    assert "Forbidden" in str(refused.error) or "AccessDenied" in str(refused.error)
    assert "payload" in str(broken.error)
    local = rows_in(logs, executor=None)
    assert len(local) == len(found) + 2 > SMALL
    expected = [comparable(row, str(logs)) for row in local if "/refused/" not in row.url]
    assert [comparable(row, STORE) for row in found.values()] == expected
    assert all(row.modified for row in rows)


def test_any_key_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"logs/job.log": RESULT.encode()})
    keys = [
        "logs//double.log",
        "logs//deep/er.log",
        "logs/same",
        "logs/same/in.log",
        "logs/[x].log",
        "/root.log",
    ]
    with server_of(tmp_path, monkeypatch) as server:
        options = {"endpoint_url": server}
        store = fsspec.filesystem("s3", **options)
        store.touch(f"{s3_server.BUCKET}/logs/")
        for key in keys:
            store.call_s3("put_object", Bucket=s3_server.BUCKET, Key=key, Body=RESULT.encode())
        rows = rows_in(STORE, storage_options=options)
        exact = rows_in(f"{STORE}/logs/[x].log", f"{STORE}/logs/same", storage_options=options)
    assert {(row.url.removeprefix(f"{STORE}/"), row.result) for row in rows} == {
        (key, "42") for key in ["logs/job.log", *keys]
    }
    assert [row.url.removeprefix(f"{STORE}/logs/") for row in exact] == ["[x].log", "same", "same/in.log"]
