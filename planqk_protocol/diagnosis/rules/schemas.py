"""Rules about values that break the schema of the service."""

from __future__ import annotations

from planqk_protocol.diagnosis.finding import Rule, Severity

__all__ = ["RULES"]

# Streams alone show nothing here: a finding also needs the OpenAPI file. So the rules have no examples.

_RESULT_SCHEMA = Rule(
    id="result-schema",
    severity=Severity.ERROR,
    summary="the result is not what the OpenAPI file says",
    why="The response of `GET /{id}/result` in the service's OpenAPI file describes the result. Clients are "
    'written after it. If the file says `sum: {type: number}`, the result `{"sum": 42}` is right, and '
    '`{"sum": "42"}` and `{"total": 42}` surprise them.',
    advice="Print what the file says, or mend the file: both have to say the same.",
    wrong=(),
    right=(),
)

_INTERIM_SCHEMA = Rule(
    id="interim-schema",
    severity=Severity.ERROR,
    summary="an interim result is not what the OpenAPI file says",
    why="The response of `GET /{id}/interim-results` in the service's OpenAPI file is an array, and its "
    "`items` describe one interim result. Clients that show the progress of a job are written after it.",
    advice="Print what the file says, or mend the file: both have to say the same.",
    wrong=(),
    right=(),
)

RULES: tuple[Rule, ...] = (_RESULT_SCHEMA, _INTERIM_SCHEMA)
