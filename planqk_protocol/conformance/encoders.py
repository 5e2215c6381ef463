"""Test encoders: give them event records, and read back the stream that they write.

The contract: an encoder reads event records as JSON Lines on standard input.
The records have no line numbers. It writes the stream of those events on
standard output, and ends with exit code 0. If a log text would read as a marked
line, the encoder has to change it, for example with a ``>`` before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from planqk_protocol.conformance.comparison import difference, read_event_records
from planqk_protocol.conformance.grading import Grade, GradedCase
from planqk_protocol.conformance.programs import Answer, ask
from planqk_protocol.conformance.showing import shorten
from planqk_protocol.parser import parse
from planqk_protocol.records import to_json_line

__all__ = ["EncoderCase", "case_files", "grade_answer", "load_cases", "read_cases", "run_case"]

_FILES = ("encoder.json", "encoder.schema.json")
_PLACES = ("line", "end_line", "terminated")


class EncoderCase(msgspec.Struct, frozen=True, kw_only=True):
    """Records to encode, and the events that the stream has to give.

    Attributes:
        id: Unique name, ``encoder/case``.
        rule: The id of the rule that the case shows.
        about: What the case shows, in one sentence.
        records: The records to encode.
        events: The event records of the stream. By default, they are the same
            as `records`. An event may have ``contains`` instead of ``text``:
            a part that the text has to contain.
    """

    id: str
    rule: str
    about: str
    records: tuple[Mapping[str, Any], ...]
    events: tuple[Mapping[str, Any], ...]

    def input(self) -> bytes:
        """The records as JSON Lines. Characters are escaped only if they have to be."""
        return _json_lines(self.records)

    def expected(self) -> bytes:
        """The event records of the stream, as JSON Lines."""
        return _json_lines(self.events)


def _json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    return b"".join(line.encode(errors="backslashreplace") + b"\n" for line in lines)  # lone surrogates


def case_files() -> dict[str, bytes]:
    """The files that come with the package, as name → content: the cases and their schema."""
    folder = files("planqk_protocol").joinpath("conformance")
    return {name: folder.joinpath(name).read_bytes() for name in _FILES}


def load_cases() -> list[EncoderCase]:
    """All cases that come with the package."""
    return read_cases(json.loads(case_files()["encoder.json"]))


def read_cases(content: Mapping[str, Any]) -> list[EncoderCase]:
    """The cases of the file.

    Args:
        content: The decoded file. It has to match the schema.
    """
    return [
        EncoderCase(
            id=item["id"],
            rule=item["rule"],
            about=item["about"],
            records=tuple(item["records"]),
            events=tuple(item.get("events", item["records"])),
        )
        for item in content["cases"]
    ]


def run_case(case: EncoderCase, command: Sequence[str], timeout: float) -> GradedCase:
    """Run an encoder on a case, and grade its answer.

    Args:
        case: The case.
        command: The encoder and its arguments.
        timeout: Seconds until the encoder is killed.

    Raises:
        CommandError: The encoder cannot be started.
    """
    data = case.input()
    return grade_answer(case, ask(command, [data], timeout=timeout, limit=10 * len(data)))


def grade_answer(case: EncoderCase, answer: Answer) -> GradedCase:
    """Grade the answer of an encoder."""
    reason = answer.fault
    if not reason and answer.exit_code:
        reason = f"the program ended with exit code {answer.exit_code}"
    reason = reason or _difference(case, answer.output)
    return GradedCase(
        id=case.id,
        rule=case.rule,
        about=case.about,
        grade=Grade.FAILED if reason else Grade.PASSED,
        input=tuple(shorten(json.dumps(record, separators=(",", ":"))) for record in case.records)
        if reason
        else (),
        reason=reason,
        errors=answer.errors if reason else "",
    )


def _difference(case: EncoderCase, output: bytes) -> str:
    given = b"".join(map(to_json_line, parse(output)))
    expected = [dict(event) for event in case.events]
    for wanted, record in zip(expected, read_event_records(given), strict=False):
        part = wanted.get("contains")
        if part is not None and record["type"] == wanted["type"] and part in record.get("text", ""):
            wanted["text"] = record["text"]
            del wanted["contains"]  # else it stays, and the difference shows it
    return difference(_json_lines(expected), given, ignoring=_PLACES)
