"""Values against the service's OpenAPI file: which break it, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given

from planqk_protocol import InterimResult, Log, MultilineResult, Result, Violation, parse
from planqk_protocol.diagnosis import diagnose
from planqk_protocol.diagnosis.openapi import ServiceSchemas
from planqk_protocol.diagnosis.rules.schemas import EXAMPLE_FILE, RULES
from tests.diagnosis.openapi_files import PET, PETS, file_of, findings, schemas_of
from tests.strategies import json_values

if TYPE_CHECKING:
    from planqk_protocol.diagnosis import Example, Rule

ADDRESS = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


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
