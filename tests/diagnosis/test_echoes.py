"""Echoes: which near misses are copies of a marked line."""

from __future__ import annotations

import pytest

from planqk_protocol.diagnosis.near_misses import echo_key
from tests.diagnosis.judging import judge

ECHOES = [
    "+ echo 'PlanQK:Job:Result: {\"sum\": 42}'",
    "+ echo 'PlanQK:Job:Result:' '{\"sum\": 42}'",
    'INFO:root:PlanQK:Job:Result: {"sum": 42}',
    '[10:00:00] INFO PlanQK:Job:Result: {"sum": 42}     main.py:12',
    r'{"level":"info","msg":"PlanQK:Job:Result: {\"sum\": 42}","caller":"job.go:7"}',
    r"b'PlanQK:Job:Result: {\"sum\": 42}\n'",
    '\x1b[1mPlanQK:Job:Result:\x1b[0m {"sum":42}\x1b[0m',
    '    PlanQK:Job:Result: {"sum": 42}',
    'read: PlanQK:Job:Result: {"sum": 42}',
]


@pytest.mark.parametrize("text", ECHOES)
def test_a_copy_of_a_marked_line_has_its_key(text: str) -> None:
    miss = judge(text)
    assert miss is not None
    assert miss.echo == echo_key(b'PlanQK:Job:Result: {"sum": 42}')
    assert miss.echo != echo_key(b'PlanQK:Job:Result: {"sum": 43}')
    assert miss.echo != echo_key(b'PlanQK:Job:InterimResult: {"sum": 42}')


@pytest.mark.parametrize(
    "text",
    [
        '50%\rPlanQK:Job:Result: {"sum": 42}',
        'planqk:job:result: {"sum": 42}',
        "  PlanQK:Job:MultilineResult",
        "INFO PlanQK:Job:MultilineResult",
    ],
)
def test_a_line_that_is_no_copy_has_no_key(text: str) -> None:
    miss = judge(text)
    assert miss is not None
    assert not miss.echo


def test_a_trace_of_a_fence_is_a_copy() -> None:
    miss = judge("+ echo PlanQK:Job:MultilineResult")
    assert miss is not None
    assert miss.echo == echo_key(b"PlanQK:Job:MultilineResult")


def test_the_key_of_a_long_line_is_bounded() -> None:
    value = b'PlanQK:Job:Result: {"values": [' + b'"a", ' * 100_000
    assert len(echo_key(value)) < 4096
    miss = judge(b"INFO " + value[:8000])
    assert miss is not None
    assert miss.echo == echo_key(value)
