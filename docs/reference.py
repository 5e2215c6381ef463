"""The names of the API: the lists in ``reference.md``, and the directives of Sphinx that take their place.

Run it from the root of the repository after a change of a public name or of the first
sentence of its docstring: ``.venv/bin/python docs/reference.py``. It rewrites the lists in
``reference.md``. They are kept in the repository, so that they can be read there; in the
HTML, `directed` puts the whole docstrings in their place.
"""  # noqa: INP001  # a script

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

__all__ = ["DIRECTIVES", "Name", "directed", "names", "updated"]

# The directives under each heading of the page.
DIRECTIVES = {
    "Parsing": """\
.. module:: planqk_protocol

.. autofunction:: parse

.. autofunction:: iter_events

.. autofunction:: aiter_events

.. autoclass:: Parser
   :members:

.. autoclass:: Limits
""",
    "Reading": """\
.. autofunction:: read_chunks

.. autofunction:: aread_chunks
""",
    "Events": """\
.. data:: Event

   Everything a parser reports: `Log`, `InterimResult`, `Result`, `MultilineResult` or `Violation`.

.. data:: FinalResult

   The two forms in which a job gives its result: `Result` or `MultilineResult`.

.. autoclass:: Log
   :members: raw, terminated

.. autoclass:: InterimResult
   :members: of, payload, terminated
   :inherited-members:

.. autoclass:: Result
   :members: of, payload, terminated
   :inherited-members:

.. autoclass:: MultilineResult
   :members: of, payload, terminated
   :inherited-members:

.. autoclass:: Violation
   :members: terminated

.. autoclass:: Marker
   :members:
   :undoc-members:

.. autoclass:: ViolationCode
   :members:
   :undoc-members:
""",
    "Outcome": """\
.. autofunction:: collect

.. autoclass:: Collector
   :members: add, outcome

.. autoclass:: Outcome
   :members: suspect

.. autoclass:: JobStatus
   :members:
   :undoc-members:
""",
    "Event records": """\
.. autofunction:: to_record

.. autofunction:: to_json_line

.. autofunction:: to_json_lines

.. autofunction:: record_schema

.. autofunction:: outcome_schema
""",
    "Writing the protocol": """\
.. module:: planqk_protocol.emit

.. autoclass:: Emitter
   :members:

.. autoclass:: EmitterHandler

.. autofunction:: log_line

.. autofunction:: interim_result_line

.. autofunction:: result_line

.. autofunction:: multiline_result_block

.. autoexception:: SecondResultError
""",
    "Captured logs": """\
.. module:: planqk_protocol.captures

.. autofunction:: formats

.. autofunction:: detect

.. autofunction:: decoder

.. autoclass:: Decoder
   :members: feed, end_of_file, cut_off, close, containers, max_record

.. autoclass:: Source
   :members: feed, end_of_file, cut_off, close, result, line, line_count, size, containers

.. autoclass:: Captured
   :members: times, times_ns, severities, has_severities

.. autoclass:: Chunk
   :members: time, time_ns, times_at

.. autoclass:: CaptureNotice
   :members: concerns, loses

.. autoclass:: NoticeKind
   :members:
   :undoc-members:

.. autoclass:: StdStream
   :members:
   :undoc-members:

.. autoclass:: Format

.. data:: Decoded

   What a call of a decoder gives: a list of chunks and notices, in the order of the capture.

.. autoexception:: DecoderClosedError
""",
    "Diagnosis": """\
.. module:: planqk_protocol.diagnosis

.. autofunction:: diagnose

.. autoclass:: Diagnosis
   :members:

.. autoclass:: planqk_protocol.diagnosis.openapi.ServiceSchemas
   :members: findings

.. autoexception:: OpenAPIError

.. autoclass:: Finding
   :members:

.. autoclass:: Severity
   :members:
   :undoc-members:

.. autoclass:: Place

.. autoclass:: Excerpt

.. autoclass:: Related

.. autoclass:: Fix

.. autoclass:: Rule

.. autoclass:: Example

.. data:: RULES

   Each rule by its id.

.. autofunction:: finding_record

.. autoclass:: FindingRecord

.. autoclass:: RelatedRecord

.. autoclass:: FixRecord

.. autofunction:: finding_to_json_line

.. autofunction:: finding_schema
""",
    "Live containers": """\
.. module:: planqk_protocol.engines

.. autofunction:: planqk_protocol.engines.docker.follow

.. autofunction:: planqk_protocol.engines.docker.afollow

.. autofunction:: planqk_protocol.engines.kubernetes.follow

.. autofunction:: planqk_protocol.engines.kubernetes.afollow

.. autofunction:: planqk_protocol.engines.planqk.follow

.. autofunction:: planqk_protocol.engines.planqk.afollow

.. autoclass:: planqk_protocol.engines.planqk.ExecutionOutput
   :members: status, result, difference

.. autoclass:: ContainerOutput
   :members: exit_code, aexit_code, is_cut_off, close

.. autoexception:: EngineError
""",
    "Archives of logs": """\
.. module:: planqk_protocol.archive

.. autofunction:: outcomes

.. autoclass:: OutcomeRow

.. autoclass:: Violations

.. autofunction:: to_table

.. autofunction:: schema

.. autofunction:: row_to_json_line

.. data:: SCHEMA_VERSION

   The version of the columns. It grows whenever one is added, changes or goes away.

.. data:: MOST_TEXT

   The most bytes of a JSON text that a row holds.

.. data:: BATCH

   How many bytes a worker reads at a time, unless told otherwise: a few hundred small logs.
""",
    "Running jobs": """\
.. module:: planqk_protocol.runner

.. autofunction:: run

.. autofunction:: run_image

.. autoclass:: Run
   :members: steps, outcome, why_ended, duration, line_count, wrote_output_file, stop, close

.. autoclass:: Step
   :members: stderr, times

.. autoclass:: JobInput
   :members: of_request, of_folder

.. autofunction:: rfc3339

.. data:: INPUT_VARIABLE

   The environment variable that names the folder of the input to the job: ``PLANQK_INPUT``.

.. autoexception:: RunError

.. autoexception:: JobInputError
""",
    "Testing": """\
.. module:: planqk_protocol.testing

.. autofunction:: streams

.. autofunction:: transcripts

.. autofunction:: chunkings

.. autofunction:: captures

.. autoclass:: KnownCapture

.. autoclass:: planqk_protocol.testing.plugin.RunService
   :special-members: __call__

.. autoclass:: planqk_protocol.testing.plugin.CheckService
   :special-members: __call__
""",
    "Exceptions": """\
.. currentmodule:: planqk_protocol

.. autoexception:: ProtocolError

.. autoexception:: ParserClosedError

.. autoexception:: StateFormatError
""",
}

_PAGE = Path(__file__).with_suffix(".md")
_LIST = re.compile(r"<!-- names: ([\w ]+) -->\n\n(.*?)\n\n<!-- end of names -->", re.DOTALL)
_DIRECTIVE = re.compile(r"^\.\. ([a-z]+):: ([\w.]+)\n((?:(?: .*)?\n)*)", re.MULTILINE)
_FIELD = re.compile(r"^    (\w+): ", re.MULTILINE)


class Name(NamedTuple):
    """A public name, and the one line about it."""

    shown: str
    about: str


def names() -> dict[str, list[Name]]:
    """The public names under each heading, in their order."""
    module, found = "", {}
    for heading, directives in DIRECTIVES.items():
        found[heading] = []
        for kind, name, options in _DIRECTIVE.findall(directives):
            if kind.endswith("module"):
                module = name
            elif kind == "data":
                found[heading].append(Name(name, " ".join(options.split())))
            else:
                found[heading] += _of_object(name, _resolved(module, name), options)
    return found


def _resolved(module: str, name: str) -> object:
    """What a directive names: with its module, or in the module that is current."""
    home, _, last = name.rpartition(".")
    return getattr(import_module(home or module), last)


def _of_object(name: str, value: object, options: str) -> Iterator[Name]:
    """A class with the members that its directive asks for, or a function."""
    doc = inspect.getdoc(value) or ""
    is_called = "\nArgs:\n" in doc or inspect.isfunction(value)
    yield Name(name + (_parameters(value) if is_called else ""), _first_sentence(doc) + _parts(value, doc))
    asked = re.search(r":(?:special-)?members: ?(.*)", options)
    if not asked or not isinstance(value, type):
        return
    for member in re.findall(r"\w+", asked[1]) or [key for key in vars(value) if not key.startswith("_")]:
        part = inspect.getattr_static(value, member)
        called = getattr(value, member) if isinstance(part, classmethod | staticmethod) else part
        if about := _first_sentence(inspect.getdoc(part) or "" if _has_own_text(part) else ""):
            shown = (
                _parameters(called).replace("(self, ", "(").replace("(self)", "()")
                if callable(called)
                else ""
            )
            yield Name(f"{name.rpartition('.')[2]}.{member}{shown}", about)


def _has_own_text(member: object) -> bool:
    """Whether a member has a docstring of its own: a value of an enumeration has that of its class."""
    return callable(member) or isinstance(member, property | classmethod | staticmethod)


def _parameters(value: Any) -> str:
    """The parameters of a function or a class, without types."""
    signature = inspect.signature(value)
    bare = [
        item.replace(annotation=item.empty, default=_default(item.default))
        for item in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


class _Some:
    """Stands for a default that is no plain value, such as ``Limits()``."""

    def __repr__(self) -> str:
        return "…"


def _default(value: object) -> object:
    is_plain = value is inspect.Parameter.empty or type(value) in {NoneType, bool, int, float, str}
    return value if is_plain else _Some()


def _first_sentence(doc: str) -> str:
    return " ".join(doc.partition("\n\n")[0].split()).replace("|", r"\|")


def _parts(value: object, doc: str) -> str:
    """The values of an enumeration, or the attributes of a class."""
    if isinstance(value, type) and issubclass(value, Enum):
        return " Values: " + ", ".join(f"`{item.name}`" for item in value) + "."
    if isinstance(value, type) and value.__base__ and value.__base__.__name__.startswith("_"):
        doc = inspect.getdoc(value.__base__) or ""  # public classes share it
    attributes = _FIELD.findall(doc.partition("\nAttributes:\n")[2].partition("\n\n")[0])
    return " Attributes: " + ", ".join(f"`{item}`" for item in attributes) + "." if attributes else ""


def updated(page: str) -> str:
    """The page with its lists as they have to be."""
    found = names()

    def table(part: re.Match[str]) -> str:
        rows = "\n".join(f"| `{name.shown}` | {name.about} |" for name in found[part[1]])
        listed = f"| Name | What it is or does |\n| --- | --- |\n{rows}"
        return f"<!-- names: {part[1]} -->\n\n{listed}\n\n<!-- end of names -->"

    return _LIST.sub(table, page)


def directed(page: str) -> str:
    """The page as Sphinx reads it: the directives stand in place of the lists."""
    return _LIST.sub(lambda part: f"```{{eval-rst}}\n{DIRECTIVES[part[1]]}```", page)


if __name__ == "__main__":
    _PAGE.write_text(updated(_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
