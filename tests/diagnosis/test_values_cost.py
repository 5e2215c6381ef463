"""What findings about valid payloads cost."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from planqk_protocol import Limits, Result, parse
from planqk_protocol.diagnosis.values import value_findings
from planqk_protocol.payload.decode import PayloadDecoder
from tests.diagnosis.findings_of_values import RESULT, findings

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_payload_without_anything_unusual_costs_little_beside_its_decoding() -> None:
    rows = [{"id": number, "name": f"item {number}", "value": number * 1.5} for number in range(60_000)]
    payload = json.dumps(rows).encode()
    (event,) = parse(RESULT + payload + b"\n", limits=Limits(max_line=None))
    assert isinstance(event, Result)
    decoder = PayloadDecoder(Limits())
    decoding = min(seconds(lambda: decoder.decode(payload)) for _ in range(5))
    judging = min(seconds(lambda: value_findings(event, 0, capture="raw")) for _ in range(5))
    assert judging < 3 * decoding


def seconds(work: Callable[[], object]) -> float:
    before = time.thread_time()
    work()
    return time.thread_time() - before


@pytest.mark.parametrize(
    "text",
    [
        b'["' + b" 1234567890123456789" * 50_000 + b'"]',
        b"[" + b"1.5e+300," * 50_000 + b"0]",
        b'["' + b"\\\\ud83d" * 50_000 + b'\\ud83d"]',
        b'["' + b'\\"' * 200_000 + b'", 1e999]',
        b"{" + b",".join(b'"%d":0' % number for number in range(50_000)) + b',"0":1}',
        b'"' + b"[" * 400_000 + b'"',
    ],
)
def test_unusual_payloads_take_no_more_than_linear_time(text: bytes) -> None:
    assert seconds(lambda: findings(RESULT + text + b"\n")) < 5
