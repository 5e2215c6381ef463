"""Values against the service's OpenAPI file: which break it, where, and which files are refused."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planqk_protocol import InterimResult, Log, MultilineResult, Result, Violation, parse
from planqk_protocol.diagnosis import diagnose
from planqk_protocol.diagnosis.json_scan import spans_of_values
from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.diagnosis.rules.schemas import EXAMPLE_FILE, RULES
from planqk_protocol.errors import OpenAPIError, ProtocolError
from tests.strategies import json_values

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Example, Finding, Rule

JSON = "application/json"
ADDRESS = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


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


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (
            {"type": "number"},
            "a",
            '$ breaks the OpenAPI file: it is a string, but its type should be "number"',
        ),
        ({"type": "object", "required": ["sum"]}, {"total": 1}, "'sum' is a required property"),
        (
            {"properties": {"sum": {"minimum": 3}}},
            {"sum": 2},
            "$.sum breaks the OpenAPI file: the schema says mini",
        ),
        (
            {"items": {"enum": ["a", "b"]}},
            ["a", "c"],
            '$[1] breaks the OpenAPI file: the schema says enum: ["a", "b"]',
        ),
        (
            {"additionalProperties": False},
            {"x": 1},
            "Additional properties are not allowed ('x' was unexpected)",
        ),
        ({"type": "integer"}, True, 'it is a boolean, but its type should be "integer"'),
        ({"type": "string"}, None, 'it is null, but its type should be "string"'),
        ({"type": "array", "items": {}}, {}, 'it is an object, but its type should be "array"'),
        ({"additionalProperties": {"type": "string"}}, {"a b": 1}, "$['a b'] breaks the OpenAPI file"),
        ({"$ref": "#/components/schemas/address"}, {"city": 5}, "the value at $.city breaks"),
        ({"items": {"$ref": "#/components/schemas/address"}}, [{"city": "x"}, {}], "at $[1] breaks"),
        (
            {"oneOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]},
            {},
            "'a' is a required property",
        ),
    ],
)
def test_a_value_that_breaks_the_schema_is_found(version: str, schema: Any, value: Any, message: str) -> None:
    (found,) = findings(schema, value, version=version, schemas={"address": ADDRESS})
    assert found.rule == "result-schema"
    assert message in found.message


@pytest.mark.parametrize(
    ("version", "schema", "right", "wrong"),
    [
        ("3.0.0", {"type": "string", "nullable": True}, [None, "a"], [1]),
        ("3.1.0", {"type": ["string", "null"]}, [None, "a"], [1]),
        ("3.0.3", {"minimum": 3, "exclusiveMinimum": True}, [4], [3, 2]),
        ("3.1.0", {"exclusiveMinimum": 3}, [4], [3, 2]),
        ("3.1.0", {"const": 1}, [1], [2]),
        ("3.1.1", {"prefixItems": [{"type": "string"}]}, [["a"]], [[1]]),
        ("3.1.0", {"$defs": {"a": {"$anchor": "a", "type": "string"}}, "type": "string"}, ["x"], [1]),
        ("3.0.3", {"type": "object", "properties": {"id": {"type": "string"}}}, [{"id": "x"}], [{"id": 1}]),
        ("3.0.3", {"required": ["a"], "properties": {"a": {"writeOnly": True, "type": "string"}}}, [{}], []),
        ("3.0.3", {"example": {"$ref": "elsewhere.yml"}, "type": "string"}, ["x"], [1]),
        ("3.0.3", {"type": "number", "format": "int32"}, [1.5, 2**40], ["a"]),
        ("3.1.0", True, [1, None], []),
        ("3.0.3", {}, [1, None], []),
    ],
)
def test_each_version_has_its_dialect(version: str, schema: Any, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        assert findings(schema, value, version=version) == []
    for value in wrong:
        assert findings(schema, value, version=version)


PETS = {
    "cat": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
    "dog": {"type": "object", "properties": {"kind": {"type": "string"}, "age": {"type": "integer"}}},
}
PET = {
    "oneOf": [{"$ref": "#/components/schemas/cat"}, {"$ref": "#/components/schemas/dog"}],
    "discriminator": {"propertyName": "kind"},
}


@pytest.mark.parametrize(
    ("mapping", "value", "path"),
    [
        ({}, {"kind": "cat", "lives": 7}, None),
        ({}, {"kind": "cat", "lives": "x"}, "$.lives"),
        ({}, {"kind": "cow"}, "$"),
        ({}, {}, "$"),
        ({}, 1, "$"),
        ({}, {"kind": ["cat"]}, "$"),
        ({"tom": "#/components/schemas/cat"}, {"kind": "tom", "lives": "x"}, "$.lives"),
        ({"tom": "cat"}, {"kind": "tom", "lives": 7}, None),
        ({"tom": "cat"}, {"kind": "tom", "lives": "x"}, "$.lives"),
    ],
)
def test_a_discriminator_chooses_the_schema(mapping: dict[str, str], value: Any, path: str | None) -> None:
    schema = PET | {"discriminator": {"propertyName": "kind", "mapping": mapping}}
    found = findings(schema, value, schemas=PETS)
    assert [finding.message.split(" breaks")[0] for finding in found] == (
        [f"the value at {path}"] if path else []
    )


def test_the_place_is_that_of_the_value() -> None:
    schema = {"properties": {"a": {"items": {"type": "integer"}}, "b": {"type": "object"}}}
    schemas = schemas_of(file_of(schema))
    event = MultilineResult.of(payload='{\n  "ä": [1],\n  "a": [1, "ö", {}], "b": []\n}\n'.encode(), line=7)
    found = schemas.findings(event, 1000)
    places = [(item.line, item.column, item.length) for item in found]
    assert places == [(10, 12, 4), (10, 17, 1), (10, 27, 1)]
    for item, text in zip(found, ['"ö"', "{", "["], strict=True):
        assert event.raw[(item.offset or 0) - 1000 :].startswith(text.encode())


def test_a_value_of_a_large_payload_is_placed_at_its_beginning() -> None:
    event = Result.of(payload=b" \t[" + b" " * 2_000_000 + b'"a"]')
    (found,) = schemas_of(file_of({"items": {"type": "integer"}})).findings(event, 0)
    assert (found.column, found.length) == (21, 1)
    assert "$[0]" in found.message


def test_an_event_has_a_few_findings_and_a_value_one() -> None:
    assert len(findings({"items": {"type": "integer", "minimum": 3}}, ["a"] * 500)) == 10
    assert len(findings({"minimum": 3, "multipleOf": 2}, 1)) == 1


def test_a_finding_never_shows_the_value() -> None:
    secret = "s3cret" * 1000
    schemas: list[Any] = [
        {"type": "integer"},
        {"maxLength": 3},
        {"enum": ["a"]},
        {"pattern": "^a"},
        {"not": {}},
    ]
    for schema in schemas:
        (found,) = findings(schema, secret)
        assert "s3cret" not in found.message
    (found,) = findings({"additionalProperties": {"type": "integer"}}, {"k" * 1000: "x"})
    assert len(found.message) < 500
    (found,) = findings({"enum": ["x" * 1000]}, 1)
    assert len(found.message) < 500


def test_interim_results_are_the_items_of_their_response() -> None:
    item = {"type": "object", "required": ["step"]}
    document = file_of({}, interim={"type": "array", "items": item})
    (found,) = schemas_of(document).findings(InterimResult.of({}), 0)
    assert found.rule == "interim-schema"
    assert schemas_of(document).findings(InterimResult.of({"step": 1}), 0) == []
    assert schemas_of(document).findings(Result.of({}), 0) == []
    by_reference = file_of(
        {}, interim={"$ref": "#/components/schemas/all"}, schemas={"all": {"type": "array", "items": item}}
    )
    assert schemas_of(by_reference).findings(InterimResult.of({}), 0)


@pytest.mark.parametrize("interim", [None, {}, {"type": "object"}, True])
def test_without_a_schema_interim_results_are_not_checked(interim: Any) -> None:
    document = file_of({}, interim=interim, version="3.1.0")
    assert schemas_of(document).findings(InterimResult.of({}), 0) == []


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


def test_a_schema_may_refer_to_itself() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/tree"}}}
    value: Any = {"child": {"child": {"child": 1}}}
    (found,) = findings({"$ref": "#/components/schemas/tree"}, value, schemas={"tree": tree})
    assert "$.child.child.child" in found.message


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"allOf": [{"$ref": "#/components/schemas/loop"}]}, 1),
        ({"$ref": "#/components/schemas/loop"}, 1),
        (PET, {"kind": ["cat"]}),
    ],
)
def test_where_the_validator_gives_up_the_finding_says_so(schema: Any, value: Any) -> None:
    loop = {"allOf": [{"$ref": "#/components/schemas/loop"}]}
    found = findings(schema, value, schemas={"loop": loop} | PETS)
    assert ["gave up" in finding.message for finding in found] == [True]


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
    with pytest.raises(OpenAPIError, match=rf"{library} is missing; run: pip install .*\[openapi\]"):
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


def paths_of(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Each value within a value, with the path to it."""
    found = [(here, value)]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths_of(item, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths_of(item, (*here, index))
    return found


@given(json_values, st.sampled_from([None, 2]), st.booleans())
def test_each_value_of_a_payload_has_its_span(value: Any, indent: int | None, ascii_only: bool) -> None:
    payload = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    wanted = dict(paths_of(value))
    spans = spans_of_values(payload, wanted)
    assert spans.keys() == wanted.keys()
    for path, (start, stop) in spans.items():
        text = payload[start:stop].decode(errors="surrogatepass")
        if isinstance(wanted[path], dict | list):
            assert text == ("{" if isinstance(wanted[path], dict) else "[")
        else:
            assert json.loads(text) == wanted[path]


def test_of_keys_that_stand_twice_the_last_one_has_the_span() -> None:
    assert spans_of_values(b'{"a": 1, "a": 22}', {("a",)}) == {("a",): (14, 16)}


@given(json_values)
def test_any_value_is_judged(value: Any) -> None:
    schemas = SCHEMAS
    for found in schemas.findings(Result.of(value), 0):
        assert found.rule == "result-schema"
        assert found.place


SCHEMAS = ServiceSchemas(json.dumps(file_of(PET, schemas=PETS)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_examples_of_the_rules_are_those_of_their_file(rule: Rule) -> None:
    schemas = ServiceSchemas(EXAMPLE_FILE)
    paths = [path for path in yaml.safe_load(EXAMPLE_FILE)["paths"] if f"`GET {path}`" in rule.why]
    assert len(paths) == 1

    def rules_found(example: Example) -> set[str]:
        events = [event for event in parse(example.stdout) if not isinstance(event, Log | Violation)]
        assert events
        return {found.rule for event in events for found in schemas.findings(event, 0)}

    assert [rules_found(example) for example in rule.wrong] == [{rule.id}] * len(rule.wrong)
    assert not any(rule.id in rules_found(example) for example in rule.right)


def test_a_diagnosis_checks_values_if_it_has_the_schemas() -> None:
    stream = b'log\nPlanQK:Job:InterimResult: 1\nPlanQK:Job:Result: {"sum": "1", "sum": "42"}\n'
    found = diagnose(stream, schemas=ServiceSchemas(EXAMPLE_FILE))
    assert [(finding.line, finding.column, finding.rule) for finding in found] == [
        (2, 27, "interim-schema"),
        (3, 33, "duplicate-key"),
        (3, 40, "result-schema"),
    ]
    assert [finding.rule for finding in diagnose(stream)] == ["duplicate-key"]
