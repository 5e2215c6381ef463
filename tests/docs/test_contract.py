"""What the page on the contract says of the platform's own library, which is installed for the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from planqk_protocol import Log, parse
from tests.docs.pages import DOCS

TEXT = (DOCS / "explanation" / "contract.md").read_text(encoding="utf-8")
SERVICE = "def run():\n    print('a line of log')\n    return {'sum': 42}\n"


def test_a_service_of_the_library_writes_a_file_and_prints_no_marker(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE)
    for folder in ("input", "output"):
        (tmp_path / folder).mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "from planqk.commons.runtime.main import main; raise SystemExit(main())"],
        cwd=tmp_path,
        env=os.environ
        | {
            "ENTRYPOINT": "service:run",
            "INPUT_DIRECTORY": str(tmp_path / "input"),
            "OUTPUT_DIRECTORY": str(tmp_path / "output"),
            "PYTHONPATH": str(tmp_path),
        },
        capture_output=True,
        check=True,
    )
    assert json.loads((tmp_path / "output" / "output.json").read_text()) == {"sum": 42}
    events = parse(done.stdout)
    assert events
    assert all(isinstance(event, Log) for event in events)


def test_the_version_is_the_one_that_was_looked_at() -> None:
    assert f"{version('planqk-commons')}, March 2026" in TEXT
