"""Rules about violations of the protocol. Their ids are the codes of violations.

Payloads that are not JSON have rules of their own, in `json_texts`.
"""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity
from planqk_protocol.limits import Limits

__all__ = ["RULES"]

_TINY = Limits(max_payload=64)
_DEEP = Limits().max_depth + 1
_LONG = 4301  # digits, one more than by default

RULES: tuple[Rule, ...] = (
    Rule(
        id="unterminated-block",
        severity=Severity.ERROR,
        summary="a block of a result that is never closed",
        why=(
            "The line PlanQK:Job:MultilineResult opens a block, and the same line closes it. Without the "
            "second one, everything up to the end of the output belongs to the block, and there is no "
            "result. The second line may be missing, damaged or indented, or the job ended before it was "
            "printed."
        ),
        advice=(
            "Close the block: print the line once more, spelt exactly so, after the JSON: "
            'print("PlanQK:Job:MultilineResult", flush=True).'
        ),
        wrong=(
            Example(b'PlanQK:Job:MultilineResult\n{\n  "sum": 42\n}\n'),
            Example(b'PlanQK:Job:MultilineResult\n{"sum": 42}\nplease wait\n'),
        ),
        right=(Example(b'PlanQK:Job:MultilineResult\n{\n  "sum": 42\n}\nPlanQK:Job:MultilineResult\n'),),
    ),
    Rule(
        id="duplicate-result",
        severity=Severity.ERROR,
        summary="a second result",
        why=(
            "A job has one result: the first one that it prints. Every later one is refused, also if the "
            "first one is broken. Often, a result is printed for each step, or by a library and by the job."
        ),
        advice=(
            "Print the result once, at the end of the job. Print what comes before it as interim results: "
            'print("PlanQK:Job:InterimResult:", json.dumps(value), flush=True).'
        ),
        wrong=(
            Example(b'PlanQK:Job:Result: {"sum": 21}\nPlanQK:Job:Result: {"sum": 42}\n'),
            Example(b"PlanQK:Job:Result: 1\nPlanQK:Job:MultilineResult\n2\nPlanQK:Job:MultilineResult\n"),
        ),
        right=(Example(b'PlanQK:Job:InterimResult: {"sum": 21}\nPlanQK:Job:Result: {"sum": 42}\n'),),
    ),
    Rule(
        id="payload-too-large",
        severity=Severity.ERROR,
        summary="a result or interim result with more bytes than the platform reads",
        why=(
            "A marked line or a block that is longer than the limit is cut, and is no result. The limit is "
            f"{Limits().max_payload} bytes unless the platform sets another one."
        ),
        advice="Print less, such as a summary. Store large data elsewhere, and print its address. Or "
        "raise Limits.max_payload where the output is read.",
        wrong=(
            Example(b'PlanQK:Job:Result: {"samples": "01101001100101101001011001101001"}\n', limits=_TINY),
            Example(b"PlanQK:Job:InterimResult: [" + b"1," * 40 + b"1]\n", limits=_TINY),
        ),
        right=(Example(b'PlanQK:Job:Result: {"samples": 32}\n', limits=_TINY),),
    ),
    Rule(
        id="payload-too-deep",
        severity=Severity.ERROR,
        summary="JSON with too many arrays and objects inside each other",
        why=(
            f"Arrays and objects may be nested {Limits().max_depth} levels deep. Deeper ones could overflow "
            "the memory of the programs that read them. Trees and linked lists become that deep."
        ),
        advice="Flatten the value: for example, print a list of nodes, each with the number of its parent.",
        wrong=(
            Example(b"PlanQK:Job:Result: " + b"[" * _DEEP + b"]" * _DEEP + b"\n"),
            Example(b"PlanQK:Job:Result: " + b'{"next": ' * _DEEP + b"null" + b"}" * _DEEP + b"\n"),
        ),
        right=(Example(b'PlanQK:Job:Result: {"nodes": [1, 2, 3], "parents": [null, 1, 2]}\n'),),
    ),
    Rule(
        id="number-too-long",
        severity=Severity.ERROR,
        summary="an integer with too many digits",
        why=(
            f"Integers of more than {Limits().max_digits} digits are refused, because programs that read "
            "them could take very long. Most programs lose digits of much smaller ones, too."
        ),
        advice="Print the number as a string: json.dumps(str(number)). Or raise Limits.max_digits where the "
        "output is read.",
        wrong=(
            Example(b"PlanQK:Job:Result: " + b"7" * _LONG + b"\n"),
            Example(b'PlanQK:Job:Result: {"n": -' + b"1" * _LONG + b"}\n"),
        ),
        right=(Example(b'PlanQK:Job:Result: "' + b"7" * _LONG + b'"\n'),),
    ),
)
