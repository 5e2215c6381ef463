"""Rules about values that break the schema of the service."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = ()
