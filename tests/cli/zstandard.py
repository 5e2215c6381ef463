"""The module for Zstandard: that of the standard library, or its backport."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


def load_zstd() -> ModuleType:
    try:
        return import_module("compression.zstd")
    except ModuleNotFoundError:
        return import_module("backports.zstd")


zstd: Any = load_zstd()
