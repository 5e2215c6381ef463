"""A Docker daemon for the tests of a module."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_engines.daemons import Docker, EngineError


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    path = Path(tempfile.mkdtemp(prefix="docker-"))
    try:
        daemon = Docker(path)
    except EngineError as error:
        if os.environ.get("PLANQK_PROTOCOL_ENGINES") == "required":
            raise
        pytest.skip(f"no engine: {error}")
    yield daemon
    daemon.stop()
    shutil.rmtree(path, ignore_errors=True)
