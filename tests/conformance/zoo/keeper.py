"""Runs the decoders of the zoo within the process, as the kit runs programs."""

from __future__ import annotations

import os
import sys

from planqk_protocol.conformance.decoders import STEPWISE, Case, cut, grade_answer
from planqk_protocol.conformance.grading import GradedCase
from planqk_protocol.conformance.programs import Answer
from tests.conformance.zoo import wrong
from tests.conformance.zoo.plain import Plain


def run_case(case: Case, decoder: type[Plain]) -> GradedCase:
    """Put a case to a decoder; one that raises has crashed."""
    vector = case.vector
    out: list[bytes] = []
    fault, exit_code = "", 0
    try:
        running = decoder(vector.limits)
        if case.chunking == STEPWISE:
            expected = 0
            for step in vector.steps:
                out += running.feed(step.data())
                expected += len(step.events)
                fault = fault or ("late" if len(out) < expected else "")
        else:
            for piece in cut(vector.data(), case.chunking):
                out += running.feed(piece)
        out += running.close()
    except (ArithmeticError, RecursionError, ValueError):
        exit_code = 1
    return grade_answer(
        case, Answer(output=b"".join(out), errors="", exit_code=exit_code, fault=fault), vector.records()
    )


def main() -> None:
    """Run a decoder of the zoo as a program: its name is the first argument."""
    name, *arguments = sys.argv[1:]
    limits = {
        option.removeprefix("--").replace("-", "_"): None if value == "none" else int(value)
        for option, value in zip(arguments[::2], arguments[1::2], strict=True)
    }
    decoder: Plain = getattr(wrong, name)(limits)
    while chunk := os.read(0, 65536):
        sys.stdout.buffer.write(b"".join(decoder.feed(chunk)))
        sys.stdout.buffer.flush()
    sys.stdout.buffer.write(b"".join(decoder.close()))
