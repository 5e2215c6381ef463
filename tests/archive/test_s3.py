"""An archive in S3: 5,000 objects, from a server that throttles and breaks off."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def server(logs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, s3_server.__file__, str(logs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def comparable(row: OutcomeRow, root: str) -> bytes:
    """The row without what a store decides: its root, and when it was modified."""
    data = msgspec.json.encode(msgspec.structs.replace(row, modified=None))
    return re.sub(rf"{re.escape(root)}/".encode(), b"", data)


def test_rows_of_a_store_that_throttles_and_breaks_off_are_those_of_local_files(
    logs: Path, server: str
) -> None:
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
