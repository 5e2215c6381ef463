"""Fuzzes a target, as `docs/development.md` says: python tests/fuzz/run.py TARGET [FOLDER]… [OPTION]…

Folders and options are those of libFuzzer: what it finds worth keeping goes to
the first folder, and `-max_total_time=60` ends it after a minute. Given files
in place of folders, it runs the target on each.
"""

from __future__ import annotations

import shlex
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> None:
    atheris = import_module("atheris")  # there is none for some systems
    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["planqk_protocol"], exclude=["planqk_protocol.testing"]):
        targets = import_module("tests.fuzz.targets").TARGETS
    name, *options = arguments
    again = shlex.join([sys.executable, __file__, name])  # libFuzzer has the shell run this to merge folders
    atheris.Setup([again, *options], targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
