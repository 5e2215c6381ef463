"""Findings as workflow commands of GitHub Actions, which become annotations of a file.

A command is a line ``::error file=NAME,line=1,col=2,title=TITLE::MESSAGE``. The
form and the escapes are those of GitHub's documentation, "Workflow commands for
GitHub Actions", and of its toolkit (actions/toolkit, packages/core/src/command.ts).
"""

from __future__ import annotations

import click

from planqk_protocol.cli.found import Found
from planqk_protocol.diagnosis import Severity

__all__ = ["workflow_command"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def workflow_command(found: Found) -> str:
    """A finding as a workflow command, with LF."""
    spot = found.spot
    properties: dict[str, object] = {}
    if spot.file is not None:
        properties["file"] = click.format_filename(spot.file)
        if spot.place and spot.is_in_file:
            properties |= {"line": spot.place.line, "col": spot.place.column}
            properties |= {} if spot.end_column is None else {"endColumn": spot.end_column}
    properties["title"] = found.finding.rule
    listed = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items())
    message = found.text if spot.is_in_known_file else f"{spot.shown}: {found.text}"
    related = "".join(f"\n{other.shown}: {text}" for text, other in found.related)
    return f"::{_COMMANDS[found.finding.severity]} {listed}::{(message + related).translate(_DATA)}\n"
