"""All rules of the diagnosis, by their ids."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Rule
from planqk_protocol.diagnosis.rules.captures import RULES as CAPTURES
from planqk_protocol.diagnosis.rules.encodings import RULES as ENCODINGS
from planqk_protocol.diagnosis.rules.json_texts import RULES as JSON_TEXTS
from planqk_protocol.diagnosis.rules.markers import RULES as MARKERS
from planqk_protocol.diagnosis.rules.outcomes import RULES as OUTCOMES
from planqk_protocol.diagnosis.rules.schemas import RULES as SCHEMAS
from planqk_protocol.diagnosis.rules.values import RULES as VALUES
from planqk_protocol.diagnosis.rules.violations import RULES as VIOLATIONS

__all__ = ["RULES"]

RULES: dict[str, Rule] = {
    rule.id: rule
    for rules in (VIOLATIONS, JSON_TEXTS, MARKERS, ENCODINGS, VALUES, OUTCOMES, SCHEMAS, CAPTURES)
    for rule in rules
}
"""Each rule by its id: those of violations first, then markers, encodings, values, outcomes, captures."""
