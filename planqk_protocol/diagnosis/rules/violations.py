"""Rules about violations of the protocol."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = ()
