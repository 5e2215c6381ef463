"""Workflow commands of GitHub Actions, in the form that its documentation and its toolkit give."""

from __future__ import annotations

import re

import msgspec
import pytest

from planqk_protocol.cli.workflow_commands import workflow_command
from tests.cli.findings import ALL, INDENTED, MISSING, RELATED, UNWISE, found

# As the runner reads a line (actions/runner, ActionCommand.cs): the command, its properties, its data.
COMMAND = re.compile(r"::(?P<command>[a-z]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)\n")
ESCAPES = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


def read(line: str) -> tuple[str, dict[str, str], str]:
    match = COMMAND.fullmatch(line)
    assert match, line
    properties = dict(item.split("=", 1) for item in match["properties"].split(","))
    return (
        match["command"],
        {name: unescaped(value) for name, value in properties.items()},
        unescaped(match["data"]),
    )


def unescaped(text: str) -> str:
    return re.sub("%(0D|0A|3A|2C|25)", lambda match: ESCAPES[match[0]], text)


def test_a_finding_is_an_annotation() -> None:
    assert workflow_command(found(INDENTED)) == (
        "::error file=job.log,line=3,col=1,endColumn=3,title=marker-indented::"
        "two spaces stand before the marker. Print it at the beginning of the line.\n"
    )


def test_severities_are_kinds_of_annotations() -> None:
    assert [read(workflow_command(found(item)))[0] for item in ALL] == ["error", "error", "notice", "warning"]


def test_related_places_are_lines_of_the_message() -> None:
    *_, message = read(workflow_command(found(RELATED)))
    assert message == f"{RELATED.message}\njob.log:14:2: this line was meant to close it"


@pytest.mark.parametrize("file", ["a,b:c%d.log", "line\nfeed\r.log", "::error::.log", "%3A", "=x"])
def test_names_of_files_are_escaped(file: str) -> None:
    _, properties, _ = read(workflow_command(found(UNWISE, file=file)))
    assert properties == {"file": file, "line": "5", "col": "20", "title": "big-integer"}


@pytest.mark.parametrize("message", ["100%25", "a\r\nb", "::error::x", "a,b:c", "%"])
def test_messages_are_escaped(message: str) -> None:
    finding = msgspec.structs.replace(MISSING, message=message, advice="")
    assert read(workflow_command(found(finding))) == (
        "warning",
        {"file": "job.log", "title": "no-result"},
        message,
    )


def test_what_is_no_file_is_named_in_the_message() -> None:
    _, properties, message = read(workflow_command(found(INDENTED, file=None)))
    assert properties == {"title": "marker-indented"}
    assert message.startswith("<stdin>:3:1: two spaces")


def test_lines_of_a_capture_are_no_lines_of_its_file() -> None:
    _, properties, message = read(workflow_command(found(INDENTED, is_in_file=False)))
    assert properties == {"file": "job.log", "title": "marker-indented"}
    assert message.startswith("job.log (stdout):3:1: two spaces")
