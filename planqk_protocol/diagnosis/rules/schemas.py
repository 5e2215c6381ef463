"""Rules about values that break the schema of the service."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Example, Rule, Severity

__all__ = ["EXAMPLE_FILE", "RULES"]

EXAMPLE_FILE = """\
openapi: 3.0.3
info: {title: Sums, version: 1.0.0}
paths:
  /{id}/result:
    get:
      responses:
        200:
          description: The sum of all numbers
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Sum"}
  /{id}/interim-results:
    get:
      responses:
        200:
          description: The sums so far
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Sum"}}
components:
  schemas:
    Sum:
      type: object
      required: [sum]
      properties:
        sum: {type: number}
"""
"""The OpenAPI file that the examples are checked against."""

_FILE_SAYS = "In the examples, the file asks for an object with a number `sum`."

_RESULT_SCHEMA = Rule(
    id="result-schema",
    severity=Severity.ERROR,
    summary="the result is not what the OpenAPI file says",
    why="The response of `GET /{id}/result` in the service's OpenAPI file describes the result, and "
    f"clients are written after it. A result of another form breaks them. {_FILE_SAYS}",
    advice="Print what the file says, or mend the file: both have to say the same.",
    wrong=(
        Example(b'PlanQK:Job:Result: {"sum": "42"}\n'),
        Example(b'PlanQK:Job:Result: {"total": 42}\n'),
        Example(b"PlanQK:Job:MultilineResult\n42\nPlanQK:Job:MultilineResult\n"),
    ),
    right=(
        Example(b'PlanQK:Job:Result: {"sum": 42}\n'),
        Example(b'PlanQK:Job:InterimResult: 25.2\nPlanQK:Job:Result: {"sum": 42, "count": 2}\n'),
    ),
)

_INTERIM_SCHEMA = Rule(
    id="interim-schema",
    severity=Severity.ERROR,
    summary="an interim result is not what the OpenAPI file says",
    why="The response of `GET /{id}/interim-results` in the service's OpenAPI file is an array, and its "
    "`items` describe one interim result. Clients that show the progress of a job rely on them. "
    f"{_FILE_SAYS}",
    advice="Print what the file says, or mend the file: both have to say the same.",
    wrong=(
        Example(b'PlanQK:Job:InterimResult: 25.2\nPlanQK:Job:Result: {"sum": 42}\n'),
        Example(b'PlanQK:Job:InterimResult: {"sum": null}\nPlanQK:Job:Result: {"sum": 42}\n'),
    ),
    right=(Example(b'PlanQK:Job:InterimResult: {"sum": 25.2}\nPlanQK:Job:Result: {"sum": 42}\n'),),
)

RULES: tuple[Rule, ...] = (_RESULT_SCHEMA, _INTERIM_SCHEMA)
