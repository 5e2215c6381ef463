"""What an OpenAPI file says about results: find the schemas in it.

A file is a tree. Within it, ``$ref`` points to another place of the tree by a JSON
pointer (RFC 6901). So the schemas are named by their pointers, too, and a validator
follows the same references that were followed here. Other files are never read, and
nothing is fetched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from planqk_protocol.errors import OpenAPIError
from planqk_protocol.excerpts import excerpt

__all__ = ["interim_pointer", "pointer_of", "quoted", "read", "references", "result_pointer", "value_at"]

_RESULT_PATH = re.compile(r"(?:/.*)?/\{[^/{}]+\}/result/?")
_INTERIM_PATH = re.compile(r"(?:/.*)?/\{[^/{}]+\}/interim-results/?")
_VERSION = re.compile(r"3\.[0-9]+(?:\.[0-9]+)?(?:-.*)?")
_SUCCESS = re.compile(r"2(?:[0-9]{2}|XX)")
_JSON = re.compile(r"application/json\s*(?:;.*)?", re.IGNORECASE)
_MOST_SHOWN = 200  # characters
_MOST_REFERENCES = 100  # one after the other; more of them run in a circle
_NO_SCHEMAS = {"default", "enum", "const", "example", "examples"}  # these keywords hold values


def read(text: str | bytes) -> dict[str, Any]:
    """Read an OpenAPI file: a JSON or YAML text.

    It needs PyYAML, which the extra ``[openapi]`` installs.

    Raises:
        OpenAPIError: The text is neither JSON nor YAML, or is not OpenAPI 3.
    """
    document = _parsed(text)
    if not isinstance(document, dict) or "openapi" not in document:
        older = (
            " (Swagger 2.0 is an older format)"
            if isinstance(document, dict) and "swagger" in document
            else ""
        )
        raise OpenAPIError(f"the file has no field `openapi`, so it is not OpenAPI 3{older}")
    version = str(document["openapi"])
    if not _VERSION.fullmatch(version):
        raise OpenAPIError(f"the file is OpenAPI {excerpt(version)}; only versions 3.x are known")
    _complete_mappings(document)
    return document


def result_pointer(document: dict[str, Any]) -> str:
    """The JSON pointer to the schema of a result: the response of ``GET /{id}/result``.

    Raises:
        OpenAPIError: There is no such path, response or schema.
    """
    path = _path(document, _RESULT_PATH)
    if path is None:
        raise OpenAPIError("the file has no path `/{id}/result`, whose response is the result of a job")
    return _schema_of_response(document, path)


def interim_pointer(document: dict[str, Any]) -> str | None:
    """The JSON pointer to the schema of an interim result; ``None`` if the file does not say it.

    The response of ``GET /{id}/interim-results`` is an array of interim results.

    Raises:
        OpenAPIError: There is such a path, but no response or schema.
    """
    path = _path(document, _INTERIM_PATH)
    if path is None:
        return None
    pointer, schema = _followed(document, _schema_of_response(document, path))
    return f"{pointer}/items" if isinstance(schema, dict) and "items" in schema else None


def references(schema: Any) -> Iterator[str]:
    """All references in a schema, however deep in it."""
    nodes = [schema]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                yield reference
            nodes += [value for key, value in node.items() if key not in _NO_SCHEMAS]


def value_at(document: dict[str, Any], pointer: str) -> Any:
    """What a JSON pointer points to.

    Raises:
        OpenAPIError: There is nothing.
    """
    node: Any = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            raise OpenAPIError(f"the file has nothing at {quoted(pointer)}")
    return node


def _parsed(text: str | bytes) -> Any:
    import yaml  # noqa: PLC0415  # an extra

    try:
        if text.lstrip()[:1] in {"{", b"{"}:  # YAML knows all of JSON but tabs
            return json.loads(text)
        return _plain(yaml.safe_load(text), {})  # the loader in C crashes where this one nests too deeply
    except RecursionError:
        raise OpenAPIError("the file nests too deeply, or contains itself") from None
    except (ValueError, yaml.YAMLError) as error:  # bytes that are not UTF-8 are a ValueError, too
        lines = " ".join(str(error).split())
        raise OpenAPIError(f"the file is neither JSON nor YAML: {lines[:200]}") from None


def _plain(node: Any, done: dict[int, Any]) -> Any:
    """A YAML tree as JSON would have it: all keys are strings, so ``200:`` is ``"200":``.

    An alias in YAML is the same object in Python. It stays the same object, so a
    file cannot grow by being copied.
    """
    if id(node) in done:
        return done[id(node)]
    if isinstance(node, dict):
        done[id(node)] = plain = {str(key): _plain(value, done) for key, value in node.items()}
        return plain
    if isinstance(node, list):
        done[id(node)] = items = [_plain(item, done) for item in node]
        return items
    return node


def _complete_mappings(document: dict[str, Any]) -> None:
    """Make references of the names of schemas to which discriminators map, as validators know only these.

    In OpenAPI 3.0.3 and 3.1 (Discriminator Object), a mapping may give either.
    """
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    nodes, seen = [document], set[int]()
    while nodes:
        node: Any = nodes.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        nodes += node if isinstance(node, list) else node.values()
        discriminator = node.get("discriminator") if isinstance(node, dict) else None
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        if isinstance(mapping, dict) and isinstance(schemas, dict):
            names = {name: to for name, to in mapping.items() if isinstance(to, str) and to in schemas}
            mapping |= {name: f"#/components/schemas/{_escaped(to)}" for name, to in names.items()}


def _path(document: dict[str, Any], pattern: re.Pattern[str]) -> str | None:
    """The pointer to a path that matches: the shortest one that can be read with GET, if there is one."""
    paths = document.get("paths")
    items = paths if isinstance(paths, dict) else {}
    names = [name for name in items if pattern.fullmatch(name)]
    readable = [
        name for name in names if isinstance(items[name], dict) and {"get", "$ref"} & items[name].keys()
    ]
    return min((f"/paths/{_escaped(name)}" for name in readable or names), key=len, default=None)


def _schema_of_response(document: dict[str, Any], path: str) -> str:
    """The pointer to the schema of the response of GET on a path."""
    pointer, item = _followed(document, path)
    responses = item.get("get", {}).get("responses") if isinstance(item, dict) else None
    if not isinstance(responses, dict) or not responses:
        raise OpenAPIError(f"the file has no response for GET at {quoted(path)}")
    statuses = [*sorted(status for status in responses if _SUCCESS.fullmatch(status)), "default"]
    status = next((status for status in statuses if status in responses), None)
    if status is None:
        raise OpenAPIError(f"the file has no response 200 for GET at {quoted(path)}")
    pointer, response = _followed(document, f"{pointer}/get/responses/{status}")
    content = response.get("content") if isinstance(response, dict) else None
    for media_type in content if isinstance(content, dict) else ():
        found = f"{pointer}/content/{_escaped(media_type)}"
        if _JSON.fullmatch(media_type) and "schema" in (value_at(document, found) or {}):
            return f"{found}/schema"
    raise OpenAPIError(f"the file has no schema for application/json at {quoted(pointer)}")


def _followed(document: dict[str, Any], pointer: str) -> tuple[str, Any]:
    """The pointer and the value after all references that it points to."""
    for _ in range(_MOST_REFERENCES):
        node = value_at(document, pointer)
        reference = node.get("$ref") if isinstance(node, dict) else None
        if not isinstance(reference, str):
            return pointer, node
        pointer = pointer_of(reference)
    raise OpenAPIError(f"the references at {quoted(pointer)} run in a circle")


def pointer_of(reference: str) -> str:
    """The JSON pointer of a reference.

    Raises:
        OpenAPIError: It refers to another file.
    """
    if not reference.startswith("#"):
        raise OpenAPIError(
            f"the file refers to {quoted(reference)}, which is another file; put everything into one file"
        )
    return unquote(reference[1:])


def quoted(text: str) -> str:
    """A pointer or a reference for messages: it may be longer than an excerpt."""
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
