"""Findings as a SARIF log, version 2.1.0, which services that show findings in code can read.

The names come from the specification of OASIS (sarif-v2.1.0, errata 01). Each
finding is a result; the rules with findings are described beside them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from planqk_protocol import __version__
from planqk_protocol.cli.found import Found, Spot
from planqk_protocol.cli.rule_links import DOCUMENTATION, page_address
from planqk_protocol.diagnosis import RULES, Severity

__all__ = ["to_sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(findings: Sequence[Found]) -> bytes:
    """A SARIF log of findings, as JSON."""
    ids = list(dict.fromkeys(found.finding.rule for found in findings))
    run = {
        "tool": {
            "driver": {
                "name": "planqk-protocol",
                "version": __version__,
                "informationUri": DOCUMENTATION,
                "rules": [_rule(id_) for id_ in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(found, ids.index(found.finding.rule)) for found in findings],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rule(id_: str) -> dict[str, Any]:
    rule = RULES[id_]
    return {
        "id": id_,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.advice},
        "helpUri": page_address(id_),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(found: Found, index: int) -> dict[str, Any]:
    finding = found.finding
    result = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {
            "text": found.text if found.spot.is_in_known_file else f"{found.spot.shown}: {found.text}"
        },
        "locations": [_location(found.spot)],
    }
    if found.related:
        result["relatedLocations"] = [
            _location(spot) | {"id": number, "message": {"text": message}}
            for number, (message, spot) in enumerate(found.related, 1)
        ]
    return result


def _location(spot: Spot) -> dict[str, Any]:
    """A place in a file; what has none, such as standard input, is named only."""
    if spot.file is None:
        return {"logicalLocations": [{"name": spot.name}]}
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(spot.file)}}
    if spot.place and spot.is_in_file:
        physical["region"] = {
            "startLine": spot.place.line,
            "startColumn": spot.place.column,
            "byteOffset": spot.place.offset,
            "byteLength": spot.place.length,
        }
        if spot.end_column is not None:
            physical["region"]["endColumn"] = spot.end_column
    return {"physicalLocation": physical}


def _uri(file: str) -> str:
    """A URI for a path. A relative one stays relative, so that the reader can tell what it is relative to."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
