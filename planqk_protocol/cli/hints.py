"""What the command line says about the protocol to those who miss a result."""

from __future__ import annotations

__all__ = ["DAMAGED", "FIRST_IS_INVALID", "HOW_TO_PRINT", "LOOKS_MARKED", "NOTHING_READ", "looks_marked"]

_HOW_TO_PRINT = "print it, in Python with print('PlanQK:Job:{}:', json.dumps({}), flush=True)"

HOW_TO_PRINT = {
    "result": _HOW_TO_PRINT.format("Result", "result"),
    "interim result": _HOW_TO_PRINT.format("InterimResult", "value"),
}
FIRST_IS_INVALID = "the first one is not valid, and only the first one counts"
DAMAGED = "the capture is damaged here; get the whole of it, or have the job print ASCII only"
NOTHING_READ = "there was nothing to read; was the job's standard output captured?"
LOOKS_MARKED = (
    "looks like a marker, but is log text: a marker is the first thing on its line, in exact spelling; "
    "behind PlanQK:Job:MultilineResult nothing may stand, and behind the others only JSON"
)


def looks_marked(text: str) -> bool:
    """Whether a log text was probably meant to be a marked line."""
    return "planqk:job:" in text.lower()
