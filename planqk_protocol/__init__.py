r"""The stdout protocol of PlanQK jobs: bytes in, typed events out.

A job prints log text and marked lines on its standard output. This package
finds the results, and says what is wrong with lines that break the protocol. The
parser does no I/O. `read_chunks` and `aread_chunks` read from an open file or
stream, and `engines` follows live containers.

>>> import planqk_protocol
>>> events = planqk_protocol.parse(b'starting\nPlanQK:Job:Result: {"sum": 42}\n')
>>> planqk_protocol.collect(events).result.value
{'sum': 42}
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from planqk_protocol.chunk_reading import aread_chunks, read_chunks
from planqk_protocol.errors import ParserClosedError, ProtocolError, StateFormatError
from planqk_protocol.events import (
    Event,
    FinalResult,
    InterimResult,
    Log,
    Marker,
    MultilineResult,
    Result,
    Violation,
    ViolationCode,
)
from planqk_protocol.limits import Limits
from planqk_protocol.outcome import Collector, JobStatus, Outcome, collect
from planqk_protocol.parser import Parser, aiter_events, iter_events, parse
from planqk_protocol.records import outcome_schema, record_schema, to_json_line, to_json_lines, to_record

if TYPE_CHECKING:
    from planqk_protocol import captures, diagnosis, emit, engines

__version__ = "0.1.0"

__all__ = [
    "Collector",
    "Event",
    "FinalResult",
    "InterimResult",
    "JobStatus",
    "Limits",
    "Log",
    "Marker",
    "MultilineResult",
    "Outcome",
    "Parser",
    "ParserClosedError",
    "ProtocolError",
    "Result",
    "StateFormatError",
    "Violation",
    "ViolationCode",
    "__version__",
    "aiter_events",
    "aread_chunks",
    "captures",
    "collect",
    "diagnosis",
    "emit",
    "engines",
    "iter_events",
    "outcome_schema",
    "parse",
    "read_chunks",
    "record_schema",
    "to_json_line",
    "to_json_lines",
    "to_record",
]

_SUBPACKAGES = frozenset({"captures", "diagnosis", "emit", "engines"})  # imported when they are first used


def __getattr__(name: str) -> ModuleType:
    if name in _SUBPACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
