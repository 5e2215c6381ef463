r"""The stdout protocol of PlanQK jobs: bytes in, typed events out.

A job prints log text and marked lines on its standard output; this package
finds the results, and says what is wrong where it finds none. It does no I/O.

>>> import planqk_protocol
>>> events = planqk_protocol.parse(b'starting\nPlanQK:Job:Result: {"sum": 42}\n')
>>> planqk_protocol.collect(events).result.value
{'sum': 42}
"""

from planqk_protocol import emit
from planqk_protocol.errors import GrammarError, ParserClosedError, ProtocolError
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
from planqk_protocol.outcome import JobStatus, Outcome, collect
from planqk_protocol.parser import Parser, aiter_events, iter_events, parse
from planqk_protocol.records import record_schema, to_json_line, to_record

__version__ = "0.1.0"

__all__ = [
    "Event",
    "FinalResult",
    "GrammarError",
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
    "Violation",
    "ViolationCode",
    "__version__",
    "aiter_events",
    "collect",
    "emit",
    "iter_events",
    "parse",
    "record_schema",
    "to_json_line",
    "to_record",
]
