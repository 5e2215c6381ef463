"""The commands of ``planqk-protocol``, one per module."""
