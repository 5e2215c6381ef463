"""Runs the decoders of the zoo within the process, as the kit runs programs."""

from __future__ import annotations

import os
import sys

from planqk_protocol.conformance.comparison import Profile, count_graded
from planqk_protocol.conformance.decoders import STEPWISE, Case, cut, grade_answer
from planqk_protocol.conformance.grading import GradedCase
from planqk_protocol.conformance.programs import Answer
from tests.conformance.zoo import near_json, near_misses, wrong_lines, wrong_payloads, wrong_streams
from tests.conformance.zoo.plain import Plain
from tests.conformance.zoo.register import BROKEN_RULE

_ZOO = (
    near_json,
    near_misses,
    wrong_lines,
    wrong_payloads,
    wrong_streams,
)  # these modules register their decoders
_all: list[type[Plain]] = [Plain, *BROKEN_RULE]
DECODERS = {decoder.__name__: decoder for decoder in _all}


def run_case(case: Case, decoder: type[Plain], profile: Profile = Profile.FULL) -> GradedCase:
    """Run a decoder on a case. If it raises, it has crashed."""
    vector = case.vector
    out: list[bytes] = []
    fault, exit_code = "", 0
    try:
        running = decoder(vector.given_limits())
        if case.chunking == STEPWISE:
            expected = b""
            for step in vector.steps:
                out += running.feed(step.data())
                expected += step.records()
                is_late = count_graded(b"".join(out), profile) < count_graded(expected, profile)
                fault = fault or ("late" if is_late else "")
        else:
            for chunk in cut(vector.data(), case.chunking):
                out += running.feed(chunk)
        out += running.close()
    except (ArithmeticError, RecursionError, ValueError):
        exit_code = 1
    answer = Answer(output=b"".join(out), errors="", exit_code=exit_code, fault=fault)
    return grade_answer(case, answer, vector.records(), profile)


def main() -> None:
    """Run a decoder of the zoo as a program: its name is the first argument."""
    name, *arguments = sys.argv[1:]
    limits = {
        option.removeprefix("--").replace("-", "_"): None if value == "none" else int(value)
        for option, value in zip(arguments[::2], arguments[1::2], strict=True)
    }
    decoder: Plain = DECODERS[name](limits)
    while chunk := os.read(0, 65536):
        sys.stdout.buffer.write(b"".join(decoder.feed(chunk)))
        sys.stdout.buffer.flush()
    sys.stdout.buffer.write(b"".join(decoder.close()))
