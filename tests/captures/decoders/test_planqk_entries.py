"""The first entry tells that a capture is in ``planqk-log``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planqk_protocol.captures import detect

STAMP = "2024-05-01T10:00:00.5Z"


def entry(message: object, **members: object) -> dict[str, Any]:
    return {"message": message, "severity": "INFO", "timestamp": STAMP, **members}


def entries(*messages: object) -> bytes:
    return json.dumps([entry(message) for message in messages], separators=(",", ":")).encode()


LONG = 'PlanQK:Job:Result: \\"' * 10_000
E = {name: json.dumps(entry(name)) for name in "ab"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (entries("a"), "planqk-log"),
        (entries("a", "b"), "planqk-log"),
        (json.dumps([entry("a")], indent=2).encode(), "planqk-log"),
        (json.dumps([entry("a", timestamp=1714557600000, more={"a": [1]})]).encode(), "planqk-log"),
        (json.dumps([entry("a", timestamp="1714557600000")]).encode(), "planqk-log"),
        (E["a"].encode(), "planqk-log"),
        (f"{E['a']}\n{E['b'][:20]}".encode(), "planqk-log"),
        (b"\xef\xbb\xbf\n " + entries("a"), "planqk-log"),
        (entries("a", "b")[:-20], "planqk-log"),
        (entries("a")[:-3], "raw"),
        (b"[]", "raw"),
        (b"[1]", "raw"),
        (b"[[" + entries("a")[1:], "raw"),
        (entries("a") + b" text", "planqk-log"),
        (f"[{E['a']} text".encode(), "raw"),
        (f"{E['a']} text".encode(), "raw"),
        (f"{E['a']},{E['b']}".encode(), "raw"),
        (json.dumps(entry("a", logger="job")).encode(), "raw"),
        (json.dumps([entry("a", severity="FATAL")]).encode(), "raw"),
        (json.dumps([entry("a", severity="info")]).encode(), "raw"),
        (json.dumps([entry("a", timestamp="noon")]).encode(), "raw"),
        (json.dumps([entry(1)]).encode(), "raw"),
        (b'[{"message":"a","severity":"INFO"}]', "raw"),
        (json.dumps([entry("a", severity=None)]).encode(), "planqk-log"),
        (f'[{{"message":"a","timestamp":"{STAMP}"}}]'.encode(), "planqk-log"),
        (f'{{"message":"a","timestamp":"{STAMP}"}}'.encode(), "raw"),
        (json.dumps(entry("a", severity=None)).encode(), "raw"),
        (entries(LONG), "planqk-log"),
        (json.dumps(entry(LONG)).encode(), "planqk-log"),
        (json.dumps([entry(LONG)], indent=2).encode(), "planqk-log"),
        (f'[{{"timestamp":"5","severity":"INFO","message":"{LONG}"}}]'.encode(), "raw"),
        (f'[{{"timestamp":"{STAMP}","severity":"INFO","message":"{LONG}"}}]'.encode(), "planqk-log"),
        (f'[{{"timestamp":"{STAMP}","severity":"info","message":"{LONG}"}}]'.encode(), "raw"),
        (f'[{{"level":"INFO","message":"{LONG}"}}]'.encode(), "raw"),
        (f'[{{"text":"{LONG}"}}]'.encode(), "raw"),
        (f'[{{"severity":"{LONG}"}}]'.encode(), "raw"),
        (f'[{{"message":[["{LONG}"]]}}]'.encode(), "raw"),
        (f'[{{"message":"{LONG[:65_510]}","timestamp":"{STAMP}"}}]'.encode(), "planqk-log"),
        (f'[{{"message":"{LONG[:65_522]}","timestamp":"{STAMP}"}}]'.encode(), "planqk-log"),
        (f'[{{"message":"{LONG[:65_510]}","text":"{LONG}"}}]'.encode(), "raw"),
        (b"[" + b" " * 70_000 + entries("a")[1:], "raw"),
        (entries("x" * 1000)[:500], "raw"),
        (b'[{"message":"a\nb","severity":"INFO","timestamp":"1714557600000"}]', "raw"),
        (b'{"log":"a\\n","stream":"stdout","time":"t"}\n', "docker-json-file"),
        (b'{"MESSAGE":"x","_BOOT_ID":"1"}\n', "journald-json"),
    ],
)
def test_the_first_entry_has_to_be_one(head: bytes, expected: str) -> None:
    assert detect(head) == expected
