"""Payloads that are decoded or refused, and how long it takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from planqk_protocol import Limits
from planqk_protocol.payload.decode import PayloadDecoder, PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable

LOOSE = Limits(max_line=None, max_payload=None, max_digits=None)


def decode(payload: bytes, limits: Limits = LOOSE) -> Any:
    return PayloadDecoder(limits).decode(payload)


def refusal(payload: str | bytes, limits: Limits = LOOSE) -> PayloadError:
    with pytest.raises(PayloadError) as caught:
        decode(payload.encode() if isinstance(payload, str) else payload, limits)
    return caught.value


def seconds(work: Callable[..., Any], argument: Any) -> float:
    """The best of three times."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work(argument)
        times.append(time.process_time() - start)
    return min(times)
