"""Encoders under test: event records in, a stream out, which the reference reads back.

The contract: an encoder reads event records on standard input, as JSON Lines,
without line numbers, and writes the stream of those events on standard output,
and ends with exit code 0. A log text that would read as a marker it changes so
that it does not, as by a space in front.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec

from planqk_protocol.conformance.comparison import difference, read_records
from planqk_protocol.conformance.programs import Answer, ask
from planqk_protocol.conformance.verdicts import Status, Verdict
from planqk_protocol.parser import parse
from planqk_protocol.records import to_json_line

__all__ = ["EncoderCase", "judge", "load_cases", "run_case"]

_PLACES = ("line", "end_line", "terminated")


class EncoderCase(msgspec.Struct, frozen=True, kw_only=True):
    """Records to print, and the events that they must be read back as.

    Attributes:
        id: Unique name, ``encoder/case``.
        rule: The rule it shows.
        about: What it shows, in one sentence.
        records: The records to print.
        events: What they are read back as; the same records, unless the file
            says otherwise. ``contains`` in the place of ``text`` is a part of it.
    """

    id: str
    rule: str
    about: str
    records: tuple[Mapping[str, Any], ...]
    events: tuple[Mapping[str, Any], ...]

    def input(self) -> bytes:
        """The records as JSON Lines, of which nothing is escaped that need not be."""
        return _json_lines(self.records)


def _json_lines(records: Sequence[Mapping[str, Any]]) -> bytes:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    return b"".join(line.encode(errors="backslashreplace") + b"\n" for line in lines)  # lone surrogates


def load_cases() -> list[EncoderCase]:
    """All cases that come with the package."""
    text = files("planqk_protocol").joinpath("conformance", "encoder.json").read_text(encoding="utf-8")
    return [
        EncoderCase(
            id=item["id"],
            rule=item["rule"],
            about=item["about"],
            records=tuple(item["records"]),
            events=tuple(item.get("events", item["records"])),
        )
        for item in json.loads(text)["cases"]
    ]


def run_case(case: EncoderCase, command: Sequence[str], timeout: float) -> Verdict:
    """Put a case to an encoder.

    Args:
        case: The case.
        command: The encoder and its arguments.
        timeout: Seconds until it is ended.

    Raises:
        CommandError: It cannot be started.
    """
    data = case.input()
    return judge(case, ask(command, [data], timeout=timeout, limit=10 * len(data)))


def judge(case: EncoderCase, answer: Answer) -> Verdict:
    """The verdict on an encoder's answer."""
    reason = answer.fault
    if not reason and answer.exit_code:
        reason = f"it ended with exit code {answer.exit_code}"
    reason = reason or _difference(case, answer.output)
    return Verdict(
        rule=case.rule,
        id=case.id,
        way="whole",
        status=Status.FAILED if reason else Status.PASSED,
        about=case.about,
        reason=reason,
        errors=answer.errors if reason else "",
    )


def _difference(case: EncoderCase, output: bytes) -> str:
    given = b"".join(map(to_json_line, parse(output)))
    expected = [dict(event) for event in case.events]
    for wanted, record in zip(expected, read_records(given), strict=False):
        part = wanted.pop("contains", None)
        if part is not None:
            text = str(record.members.get("text", ""))
            wanted["text"] = text if part in text else part
    return difference(_json_lines(expected), given, ignoring=_PLACES)
