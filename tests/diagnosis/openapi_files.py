"""OpenAPI files with a schema of results, and what is found by them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from planqk_protocol import Result
from planqk_protocol.diagnosis.openapi import ServiceSchemas

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Finding

JSON = "application/json"


def response(schema: Any) -> dict[str, Any]:
    return {"get": {"responses": {"200": {"description": "", "content": {JSON: {"schema": schema}}}}}}


def file_of(schema: Any, *, version: str = "3.0.3", interim: Any = None, **components: Any) -> dict[str, Any]:
    paths = {"/": {}, "/{id}": {}, "/{id}/result": response(schema)}
    if interim is not None:
        paths["/{id}/interim-results"] = response(interim)
    return {
        "openapi": version,
        "info": {"title": "x", "version": "1"},
        "paths": paths,
        "components": components,
    }


def schemas_of(document: Any) -> ServiceSchemas:
    """The schemas of a file, which is read as JSON and as YAML alike."""
    as_yaml = ServiceSchemas(yaml.safe_dump(document))
    assert isinstance(as_yaml, ServiceSchemas)
    return ServiceSchemas(json.dumps(document, indent="\t").encode())


def findings(schema: Any, value: Any, *, version: str = "3.0.3", **components: Any) -> list[Finding]:
    return schemas_of(file_of(schema, version=version, **components)).findings(Result.of(value), 0)


PETS = {
    "cat": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
    "dog": {"type": "object", "properties": {"kind": {"type": "string"}, "age": {"type": "integer"}}},
}

PET = {
    "oneOf": [{"$ref": "#/components/schemas/cat"}, {"$ref": "#/components/schemas/dog"}],
    "discriminator": {"propertyName": "kind"},
}
