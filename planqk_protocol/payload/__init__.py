"""Payloads: strict JSON, its nesting and its integers within limits."""
