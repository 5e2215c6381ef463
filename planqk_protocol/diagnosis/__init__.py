"""Why is there no result: find mistakes in the output of a job, and say what to do."""

from typing import TYPE_CHECKING

from planqk_protocol.diagnosis import rules
from planqk_protocol.diagnosis.finding import (
    Example,
    Excerpt,
    Finding,
    Fix,
    Place,
    Related,
    Rule,
    Severity,
)
from planqk_protocol.diagnosis.finding_records import (
    FindingRecord,
    FixRecord,
    RelatedRecord,
    finding_record,
    finding_schema,
    finding_to_json_line,
)
from planqk_protocol.diagnosis.stream import Diagnosis, diagnose
from planqk_protocol.errors import OpenAPIError

if TYPE_CHECKING:
    from planqk_protocol.diagnosis.rules import RULES

__all__ = [
    "RULES",
    "Diagnosis",
    "Example",
    "Excerpt",
    "Finding",
    "FindingRecord",
    "Fix",
    "FixRecord",
    "OpenAPIError",
    "Place",
    "Related",
    "RelatedRecord",
    "Rule",
    "Severity",
    "diagnose",
    "finding_record",
    "finding_schema",
    "finding_to_json_line",
]


def __getattr__(name: str) -> dict[str, Rule]:
    if name == "RULES":  # imported when it is used, see there
        return rules.RULES
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
