"""The service's OpenAPI file: where its schemas are, and which files are refused."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from planqk_protocol import Result
from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.diagnosis.rules.schemas import EXAMPLE_FILE
from planqk_protocol.errors import OpenAPIError, ProtocolError
from tests.diagnosis.openapi_files import JSON, file_of, schemas_of


@pytest.mark.parametrize(
    ("path", "responses"),
    [
        ("/{id}/result", {"200": "it"}),
        ("/{id}/result/", {200: "it"}),
        ("/jobs/{job_id}/result", {"default": "it", "404": "no"}),
        ("/api/v1/{x}/result", {"2XX": "it", "default": "no"}),
        ("/{id}/result", {"201": "it", "400": "no", "default": "no"}),
        ("/{id}/result", {"200": "it", "202": "no"}),
    ],
)
def test_the_response_of_the_result_is_found(path: str, responses: dict[Any, str]) -> None:
    kinds = {"it": {"type": "string"}, "no": {"type": "integer"}}
    contents = {
        status: {"content": {"Application/JSON; charset=utf-8": {"schema": kinds[kind]}}}
        for status, kind in responses.items()
    }
    document = {
        "openapi": "3.0.1",
        "paths": {path: {"get": {"responses": contents}}, "/{id}/{other}/result": {}, "/result": {}},
    }
    schemas = ServiceSchemas(yaml.safe_dump(document))
    assert schemas.findings(Result.of("a"), 0) == []
    assert schemas.findings(Result.of(1), 0)


def test_references_are_followed_wherever_they_stand() -> None:
    document = file_of({})
    document["paths"]["/{id}/result"] = {"$ref": "#/components/pathItems/a~1b%20c"}
    document["components"] = {
        "pathItems": {"a/b c": {"get": {"responses": {"200": {"$ref": "#/components/responses/r"}}}}},
        "responses": {"r": {"content": {JSON: {"schema": {"items": {"$ref": "#/components/schemas/a~1b"}}}}}},
        "schemas": {
            "a/b": {"anyOf": [{"$ref": "#/components/schemas/list/0"}]},
            "list": [{"type": "string"}],
        },
    }
    assert schemas_of(document).findings(Result.of(["a"]), 0) == []
    (found,) = schemas_of(document).findings(Result.of(["a", 1]), 0)
    assert "$[1]" in found.message


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"swagger": "2.0"}, "Swagger 2.0 is an older format"),
        ([], "no field `openapi`"),
        ({"openapi": "2.0"}, "OpenAPI '2.0'; only versions 3.x"),
        ({"openapi": "4.0.0"}, "only versions 3.x"),
        ({"openapi": "3.0.0"}, "no path `/{id}/result`"),
        ({"openapi": "3.0.0", "paths": []}, "no path `/{id}/result`"),
        ({"openapi": "3.0.0", "paths": {"/result": {}, "/{id}/results": {}}}, "no path `/{id}/result`"),
        (
            {"openapi": "3.0.0", "paths": {"/{id}/result": {}}},
            "no response for GET at '/paths/~1{id}~1result'",
        ),
        ({"openapi": "3.0.0", "paths": {"/{id}/result": None}}, "no response for GET"),
        ({"openapi": "3.0.0", "paths": {"/{id}/result": {"get": {"responses": {}}}}}, "no response for GET"),
        (
            {"openapi": "3.0.0", "paths": {"/{id}/result": {"get": {"responses": {"404": {}}}}}},
            "no response 200",
        ),
        (
            {"openapi": "3.0.0", "paths": {"/{id}/result": {"get": {"responses": {"200": {}}}}}},
            "no schema for appl",
        ),
        (
            {
                "openapi": "3.0.0",
                "paths": {"/{id}/result": {"get": {"responses": {"200": {"content": {JSON: None}}}}}},
            },
            "no schema for application/json",
        ),
        (
            {"openapi": "3.0.0", "paths": {"/{id}/result": {"$ref": "other.yml"}}},
            "refers to 'other.yml', which is an",
        ),
        ({"openapi": "3.0.0", "paths": {"/{id}/result": {"$ref": "#/nowhere"}}}, "nothing at '/nowhere'"),
        (
            {"openapi": "3.0.0", "paths": {"/{id}/result": {"$ref": "#/paths/~1{id}~1result"}}},
            "run in a circle",
        ),
        (file_of({"$ref": "https://example.com/schema.json"}), "refers to 'https://example.com/schema.json'"),
        (file_of({"items": {"$ref": "#/components/schemas/gone"}}), "nothing at '/components/schemas/gone'"),
        (file_of({"items": {"type": "strnig"}}), "is not valid: at $.items,"),
        (file_of({}, interim={"items": {"$ref": "x.yml"}}), "refers to 'x.yml'"),
        (file_of({"pattern": "("}), "is not valid: at $.pattern"),
    ],
)
def test_a_file_that_says_nothing_about_results_is_refused(document: Any, message: str) -> None:
    with pytest.raises(OpenAPIError) as caught:
        schemas_of(document)
    assert message in str(caught.value)
    assert isinstance(caught.value, ProtocolError)


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"\xff\xfe\0",
            b"openapi: [",
            "openapi: '3.0.0",
            "{",
            '{"openapi": ',
            b'{"a": "\xff"}',
            "- a\nb",
        ),
        *("a: &a [*a]", "[" * 100_000, "!!python/object:os.system {}", "\0"),
    ],
)
def test_a_text_that_is_no_file_is_refused(text: str | bytes) -> None:
    with pytest.raises(OpenAPIError) as caught:
        ServiceSchemas(text)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("library", ["yaml", "openapi_schema_validator"])
def test_without_the_extra_the_error_says_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(OpenAPIError, match=rf"{library} is missing; run .* install '\.\[openapi\]'"):
        ServiceSchemas(EXAMPLE_FILE)


def test_aliases_do_not_make_a_file_grow() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 30))
    text = "l0: &l0 [a]\n" + levels + yaml.safe_dump(file_of({"type": "string"}))
    assert ServiceSchemas(text).findings(Result.of(1), 0)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection is opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    document = file_of({"type": "string", "description": "see https://example.com"}, version="3.1.0")
    document["jsonSchemaDialect"] = "https://example.com/dialect"
    assert ServiceSchemas(json.dumps(document)).findings(Result.of(1), 0)
