"""Which tests there are does not depend on the process, or on when it looks.

The tests run in several processes (pytest-xdist), which have to find the same ones. A name that is made of
a value with the time in it, such as a file of gzip, or of the order of a set differs now and then.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.mark.slow
def test_another_process_finds_the_same_tests(request: pytest.FixtureRequest) -> None:
    collect = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--no-cov", "-m", "", str(TESTS)]
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTEST_ADDOPTS": "", "PYTEST_XDIST_WORKER": ""}
    found = subprocess.run(
        collect, cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    own = [item.nodeid for item in request.session.items if item.nodeid.startswith("tests/")]
    assert own
    assert not set(own) - set(found)
