"""Findings about values that break what the service's OpenAPI file says about results.

It needs the extra ``[openapi]``: openapi-schema-validator knows how OpenAPI 3.0 and
3.1 differ from JSON Schema, and from each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

from planqk_protocol.diagnosis import rules
from planqk_protocol.diagnosis.event_places import EventPlaces
from planqk_protocol.diagnosis.finding import Finding
from planqk_protocol.diagnosis.json_scan import Path, spans_of_values
from planqk_protocol.diagnosis.line import finding
from planqk_protocol.diagnosis.openapi_file import (
    interim_pointer,
    pointer_of,
    quoted,
    read,
    references,
    result_pointer,
    value_at,
)
from planqk_protocol.errors import OpenAPIError, missing_extra
from planqk_protocol.events import InterimResult, MultilineResult, Result

__all__ = ["ServiceSchemas"]

_URI = "urn:openapi"  # of the file, for references within it
_MOST = 10  # findings for an event
_MOST_EXAMINED = 100  # faults that the validator names
_CHEAP = 1024 * 1024  # bytes of a payload in which places are looked for
_MOST_SHOWN = 200  # characters of a path, or of a part of a schema
_KINDS = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
}


class ServiceSchemas:
    r"""The schemas of a service's results, from its OpenAPI file.

    Args:
        text: The OpenAPI file, in JSON or YAML.

    Raises:
        OpenAPIError: The text is not OpenAPI 3.x, or does not say what a result
            looks like, or refers to other files. Or the extra ``[openapi]`` is
            not installed.

    >>> schemas = ServiceSchemas('''
    ... openapi: 3.0.3
    ... paths:
    ...   /{id}/result:
    ...     get:
    ...       responses:
    ...         200:
    ...           content:
    ...             application/json:
    ...               schema: {type: object, required: [sum]}
    ... ''')
    >>> [found.message for found in schemas.findings(Result.of({"total": 42}), 0)]
    ["the value at $ breaks the OpenAPI file: 'sum' is a required property"]
    """

    def __init__(self, text: str | bytes) -> None:
        try:
            self._document = read(text)
            self._result = self._validator(result_pointer(self._document))
            interim = interim_pointer(self._document)
            self._interim = None if interim is None else self._validator(interim)
        except ImportError as error:
            raise OpenAPIError(missing_extra(error.name, "openapi")) from None

    def findings(self, event: InterimResult | Result | MultilineResult, offset: int) -> list[Finding]:
        """Judge the value of an event. Values of more than some megabytes take their time.

        Args:
            event: The event.
            offset: Offset of its first byte in the stream.

        Returns:
            The findings in the order of their places, at most 10.
        """
        is_interim = isinstance(event, InterimResult)
        validator = self._interim if is_interim else self._result
        if validator is None:
            return []
        faults = _faults_by_path(validator, event.value)
        payload = event.payload
        spans = spans_of_values(payload, faults.keys()) if faults and len(payload) <= _CHEAP else {}
        blank = len(payload) - len(payload.lstrip(b" \t\r\n"))
        places = EventPlaces(event, offset)
        rule = rules.RULES["interim-schema" if is_interim else "result-schema"]
        found = []
        for path, fault in sorted(faults.items(), key=lambda item: spans.get(item[0], (0, 0))):
            start, stop = spans.get(path, (blank, blank + 1))
            place = places.place(event.start + start, stop - start)
            message = f"the value at {_shown(path)} breaks the OpenAPI file: {fault}"
            found.append(finding(rule, places.line(event.start + start), place, message))
        return found

    def _validator(self, pointer: str) -> Any:
        """A validator for the schema at a pointer. All that the schema refers to is checked at once."""
        from openapi_schema_validator import OAS30ReadValidator, OAS31Validator  # noqa: PLC0415  # an extra
        from referencing import Registry  # noqa: PLC0415  # likewise
        from referencing.jsonschema import DRAFT4, DRAFT202012  # noqa: PLC0415  # likewise

        is_3_0 = str(self._document["openapi"]).startswith("3.0")
        cls, dialect = (OAS30ReadValidator, DRAFT4) if is_3_0 else (OAS31Validator, DRAFT202012)
        self._check(cls, pointer)
        registry: Registry[Any] = Registry().with_resource(_URI, dialect.create_resource(self._document))
        return cls({"$ref": f"{_URI}#{quote(pointer)}"}, registry=registry)

    def _check(self, cls: Any, pointer: str) -> None:
        """Check a schema, and all schemas that it refers to."""
        from jsonschema import SchemaError  # noqa: PLC0415  # an extra

        pointers = [pointer]
        for at in pointers:  # it grows on the way
            schema = value_at(self._document, at)
            try:
                cls.check_schema(schema)
            except SchemaError as error:
                where = _shown(tuple(error.absolute_path))
                raise OpenAPIError(
                    f"the schema at {quoted(at)} is not valid: at {where}, {_cut(error.message)}"
                ) from None
            pointers += {pointer_of(reference) for reference in references(schema)}.difference(pointers)


def _faults_by_path(validator: Any, value: Any) -> dict[Path, str]:
    """How each value breaks the schema, by the path to it."""
    faults: dict[Path, str] = {}
    for path, fault in _faults(validator, value):
        faults.setdefault(path, fault)
        if len(faults) == _MOST:
            break
    return faults


def _faults(validator: Any, value: Any) -> Iterator[tuple[Path, str]]:
    """The path to each value that breaks the schema, and how."""
    from jsonschema.exceptions import best_match  # noqa: PLC0415  # an extra

    try:
        for error in islice(validator.iter_errors(value), _MOST_EXAMINED):
            # If no schema of several fits, the one that fits best tells what is wrong.
            deepest = best_match([error]) or error
            yield tuple(deepest.absolute_path), _fault(deepest)
    except Exception as error:  # noqa: BLE001  # schemas can make the validator raise nearly anything
        yield (), f"the validator gave up ({type(error).__name__}), so the value is not checked"


def _fault(error: Any) -> str:
    """What is wrong with a value, without the value itself."""
    if error.validator in {"required", "additionalProperties", "dependentRequired"}:
        return _cut(error.message)
    wanted = _cut(json.dumps(error.validator_value, ensure_ascii=False, default=str))
    if error.validator == "type":
        kind = _KINDS.get(type(error.instance), "null")
        return f"it is {kind}, but its type should be {wanted}"
    return f"the schema says {error.validator}: {wanted}"


def _shown(path: Path) -> str:
    """A path as JSON path, such as ``$.energies[3]``."""
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part}" if part.isidentifier() else f"[{part!r}]"
        for part in path
    ]
    return _cut(f"${''.join(parts)}")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
