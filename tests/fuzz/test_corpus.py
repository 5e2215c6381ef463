"""What the fuzzer found worth keeping holds without it, and each target finds faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from planqk_protocol import Event, Parser
from planqk_protocol.captures import Decoded, Decoder
from planqk_protocol.captures.line_decoder import LineDecoder
from planqk_protocol.cli.terminal import Messages
from planqk_protocol.engines.stamped_lines import StampedLines
from tests.captures import test_detection
from tests.fuzz.targets import TARGETS
from tests.payload import test_decode

CORPUS = Path(__file__).parent / "corpus"
ENTRIES = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda path: f"{path.parent.name}-{path.name[:8]}")
def test_what_was_kept(entry: Path) -> None:
    TARGETS[entry.parent.name](entry.read_bytes())


def replay(name: str) -> None:
    for entry in (CORPUS / name).iterdir():
        TARGETS[name](entry.read_bytes())


def forgetful(parser: Parser) -> list[Event]:
    return close(parser)[1:]


def hurried(decoder: Decoder, data: bytes) -> Decoded:
    return feed(decoder, data) if len(data) > 1 else []


close, feed = Parser.close, Decoder.feed
FAULTS: dict[str, tuple[object, str, object]] = {
    "stream": (Parser, "close", forgetful),
    "payload": (test_decode, "is_json", lambda _: True),
    "capture": (Decoder, "feed", hurried),
    "container": (LineDecoder, "_end", lambda _: None),
    "detection": (test_detection, "detect", lambda _: "cri"),
    "command": (Messages, "sum_up", lambda _: 1 / 0),
    "resume": (StampedLines, "restart", lambda _: None),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FAULTS[name])
    with pytest.raises(AssertionError):
        replay(name)
