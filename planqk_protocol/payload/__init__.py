"""Payloads: strict JSON within limits, and advice on what is wrong with them."""
