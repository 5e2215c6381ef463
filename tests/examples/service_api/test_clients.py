"""The platform's own client libraries drive the service as they are: planqk-service-sdk and qhub-service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.service_api.server import Server

CHECKS = Path(__file__).with_name("client_checks.py")
CLIENTS = [
    pytest.param("qhub.service.client", "HubServiceClient", id="qhub-service"),
    pytest.param(
        *("planqk.service.client", "PlanqkServiceClient"),
        id="planqk-service-sdk",
        marks=pytest.mark.service_api,
    ),
]


@pytest.mark.parametrize(("module", "name"), CLIENTS)
def test_a_client_library(server: Server, tmp_path: Path, module: str, name: str) -> None:
    # A program of its own, with no token, no proxy and no settings of the user.
    environment = {
        variable: value
        for variable, value in os.environ.items()
        if not re.search("token|proxy", variable, re.IGNORECASE)
    }
    done = subprocess.run(
        [sys.executable, CHECKS, server.url, module, name],
        capture_output=True,
        check=False,
        env=environment | {"HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout.split()) == 5
