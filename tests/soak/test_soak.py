"""The soak test finds what it looks for; .ci/run has it run, as it takes its time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from planqk_protocol import iter_events, to_json_line
from tests.soak.job import Check, SoakError, line
from tests.soak.soak import Memory

Record = dict[str, Any]


def records(numbers: range) -> list[Record]:
    return [json.loads(to_json_line(event)) for event in iter_events(map(line, numbers))]


def test_what_is_read_of_the_job_is_right() -> None:
    check = Check("somebody")
    for record in records(range(1, 500)):
        check.take(record)
    assert (check.seen, check.fault) == (499, "")


FAULTS: dict[str, Callable[[list[Record]], list[Record]]] = {
    "lost": lambda good: good[:20] + good[21:],
    "doubled": lambda good: good[:20] + good[19:],
    "out of order": lambda good: [*good[:20], good[21], good[20]],
    "altered text": lambda good: [*good[:20], {"type": "log", "text": "21 ä€ "}],
    "altered value": lambda good: [
        *good[:20],
        {"type": "interim_result", "value": {"number": 21, "cost": "8"}},
    ],
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(fault: Callable[[list[Record]], list[Record]]) -> None:
    check = Check("somebody")

    def take_all() -> None:
        for record in fault(records(range(1, 30))):
            check.take(record)

    with pytest.raises(SoakError, match=r"somebody: line \d+ was to come"):
        take_all()
    assert check.fault


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="/proc is Linux's")  # noqa: PTH110
def test_memory_that_grows_is_found() -> None:
    memory, held = Memory({"this": os.getpid()}), []
    for _ in range(6):
        memory.look()
    memory.check()
    for _ in range(6):
        held.append(b"x" * 50_000_000)
        memory.look()
    with pytest.raises(SoakError, match="this has grown from"):
        memory.check()
