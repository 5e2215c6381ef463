"""One service for all tests that need none of their own: its start takes most of a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.examples.service_api.server import Server, serving

if sys.platform == "win32":
    pytest.skip("the example needs process groups", allow_module_level=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("service")) as made:
        yield made
