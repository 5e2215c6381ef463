"""Each test of the runner has a temporary folder of its own, in which nothing may be left."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.jobs import input_folders, use_own_temporary_folder, wait_for


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_own_temporary_folder(tmp_path, monkeypatch)
    yield
    gc.collect()
    wait_for(lambda: not input_folders())  # a thread may still be ending a job
