"""Rules about the outcome as a whole."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity

__all__ = ["PRINT", "RULES"]

PRINT = "`print('PlanQK:Job:Result:', json.dumps(value), flush=True)`"

_NO_RESULT = Rule(
    id="no-result",
    severity=Severity.ERROR,
    summary="the job gave no result",
    why="The result is one line of standard output that begins with PlanQK:Job:Result:, or one block between "
    "two lines PlanQK:Job:MultilineResult. If there is none, callers of the service get nothing, even if the "
    "job did its work. The message says what there is instead, and the most likely cause. If the job failed, "
    "the finding is a warning: the failure comes first. A result on standard error does not count, and most "
    "logs do not hold it: `planqk-protocol run` sees both streams. A service that returns its result to "
    "qhub-commons or planqk-commons keeps another contract, and prints none.",
    advice=f"Print the result once, on standard output, at the end of the job: {PRINT}.",
    wrong=(
        Example(b"reading the input\nthe sum is 42\n"),
        Example(b"", exit_code=0),
        Example(b'PlanQK:Job:InterimResult: {"sum": 42}\n', exit_code=0),
        Example(b"Killed\n", exit_code=137),
    ),
    right=(
        Example(b'reading the input\nPlanQK:Job:Result: {"sum": 42}\n'),
        Example(b"PlanQK:Job:MultilineResult\n42\nPlanQK:Job:MultilineResult\n", exit_code=1),
    ),
)

_FAILED_WITH_RESULT = Rule(
    id="failed-with-result",
    severity=Severity.WARNING,
    summary="the job gave a result, but its exit code is not 0",
    why="An exit code that is not 0 says that the job failed, so its status is FAILED, whatever it printed. "
    "Often, something fails after the result was printed: a connection is closed, or a file is written. On "
    "PlanQK, the status FAILED or CANCELLED takes the place of the exit code.",
    advice="If the result is good, end the job with exit code 0: print the result last, and mend what fails "
    "after it.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\nTraceback (most recent call last):\n', exit_code=1),
        Example(b"PlanQK:Job:MultilineResult\n42\nPlanQK:Job:MultilineResult\n", exit_code=139),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\n', exit_code=0),
        Example(b'PlanQK:Job:Result: {"sum": 42}\n'),
    ),
)

_SUCCEEDED_WITH_BROKEN_RESULT = Rule(
    id="succeeded-with-broken-result",
    severity=Severity.ERROR,
    summary="the exit code is 0, but the result is not valid",
    why="The job says that it succeeded, but its result cannot be read. So this "
    "library counts it as FAILED, also where the platform's own status is SUCCEEDED. The job itself does "
    "not notice it, because nothing reads its output while it runs.",
    advice=f"Mend the result: the finding at its place says how. In Python, print it with {PRINT}.",
    # The finding of the violation is always the first one. This one has no place and comes after it.
    wrong=(
        Example(b"PlanQK:Job:Result: {'sum': 42}\n", exit_code=0),
        Example(b'PlanQK:Job:MultilineResult\n{"sum": 42}\n', exit_code=0),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\n', exit_code=0),
        Example(b"PlanQK:Job:Result: {'sum': 42}\n"),
        Example(b"PlanQK:Job:Result: {'sum': 42}\n", exit_code=1),
    ),
)

_INTERIM_AFTER_RESULT = Rule(
    id="interim-after-result",
    severity=Severity.INFO,
    summary="an interim result comes after the result",
    why="Interim results tell how far a job has come, so they make sense only before the result. A reader "
    "that stops at the result does not get later ones. Often, two threads print, or the result was meant to "
    "be printed last.",
    advice="Print the result last.",
    wrong=(
        Example(b"PlanQK:Job:Result: 42\nPlanQK:Job:InterimResult: 41\n"),
        Example(
            b"PlanQK:Job:MultilineResult\n42\nPlanQK:Job:MultilineResult\n\nPlanQK:Job:InterimResult: 41\n"
        ),
    ),
    right=(Example(b"PlanQK:Job:InterimResult: 41\nPlanQK:Job:Result: 42\n"),),
)

_UNTERMINATED_RESULT = Rule(
    id="unterminated-result",
    severity=Severity.WARNING,
    summary="no line feed ends the result",
    why="A result without a line feed at its end may be cut short: of 42, only 4 may have come. If the job "
    "fails or is killed, nobody can tell. Some readers of logs also leave out a last line that no line feed "
    "ends.",
    advice=f"End the line, and flush it: {PRINT} does both.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"sum": 42}'),
        Example(b"PlanQK:Job:MultilineResult\n42\nPlanQK:Job:MultilineResult"),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\n'),
        Example(b"PlanQK:Job:Result: 42\ndone"),
    ),
)

RULES: tuple[Rule, ...] = (
    _NO_RESULT,
    _FAILED_WITH_RESULT,
    _SUCCEEDED_WITH_BROKEN_RESULT,
    _INTERIM_AFTER_RESULT,
    _UNTERMINATED_RESULT,
)
