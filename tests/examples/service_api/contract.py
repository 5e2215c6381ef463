"""Every answer of the service is held against its OpenAPI file."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx  # noqa: TC002  # annotations can be resolved at run time
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from tests.docs.pages import DOCS

FOLDER = DOCS / "examples" / "service_api"


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "openapi.yaml").read_text(encoding="utf-8"))
    return loaded


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """What can be asked, by method and path."""
    return {
        (method.upper(), path): item[method]
        for path, item in document()["paths"].items()
        for method in ("get", "post", "put", "delete", "patch")
        if method in item
    }


def check(response: httpx.Response) -> None:
    """Check an answer: its status is in the file for this path, and its body is as the file says."""
    response.read()
    request = response.request
    [operation] = [
        operation
        for (method, path), operation in operations().items()
        if method == request.method
        and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), request.url.path)
    ]
    described = operation["responses"][str(response.status_code)]
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    [(media_type, content)] = described["content"].items()
    assert response.headers["Content-Type"] == media_type
    for header in described.get("headers", ()):
        assert header in response.headers
    if media_type != "application/octet-stream":
        schema = content["schema"] | {"components": document()["components"]}
        OAS30Validator(schema, format_checker=oas30_format_checker).validate(response.json())
