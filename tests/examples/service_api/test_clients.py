"""The platform's own client libraries drive the service as they are: planqk-service-sdk and qhub-service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.service_api.server import serving

CHECKS = Path(__file__).with_name("client_checks.py")


@pytest.mark.parametrize(
    "client",
    [("planqk.service.client", "PlanqkServiceClient"), ("qhub.service.client", "HubServiceClient")],
    ids=["planqk-service-sdk", "qhub-service"],
)
def test_a_client_library(tmp_path: Path, client: tuple[str, str]) -> None:
    # A program of its own, without a token or a configuration of the user.
    environment = {name: value for name, value in os.environ.items() if "TOKEN" not in name} | {
        "HOME": str(tmp_path)
    }
    with serving(tmp_path) as server:
        done = subprocess.run(
            [sys.executable, CHECKS, server.url, *client], capture_output=True, check=False, env=environment
        )
    assert done.returncode == 0, done.stderr.decode()
    assert len(done.stdout.split()) == 5
