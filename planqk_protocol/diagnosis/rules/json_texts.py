"""Rules about payloads that are not JSON."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = ()
