"""The OpenAPI 3.1 document of the routes, made from the signatures that serve them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from aitrader.api.policy import Access
from aitrader.api.problems import MEDIA_TYPE, TITLES, Problem
from aitrader.api.router import Operation

SUCCESS = {200: "Done", 201: "Made", 202: "Begun", 204: "Done, nothing to say"}

Json = dict[str, Any]
"""A JSON document; its shape is OpenAPI's own."""


def document_of(operations: Sequence[Operation], *, title: str, version: str) -> Json:
    """Return the whole document."""
    kinds: list[Any] = [Problem]
    for operation in operations:
        kinds += [operation.hints[name] for name in (*operation.in_path, *operation.in_query)]
        kinds += [kind for kind in (operation.body, operation.returns) if _is_shown(kind)]
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    found = iter(schemas[1:])
    paths: Json = {}
    for operation in operations:
        parameters = [
            _parameter(operation, name, next(found))
            for name in (*operation.in_path, *operation.in_query)
        ]
        body = next(found) if _is_shown(operation.body) else None
        answer = next(found) if _is_shown(operation.returns) else None
        described = _described(operation, answer)
        if parameters:
            described["parameters"] = parameters
        if body is not None:
            content = {"application/json": {"schema": body}}
            described["requestBody"] = {"required": True, "content": content}
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    bearer = {"type": "http", "scheme": "bearer"}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"bearer": bearer}},
    }


def _is_shown(kind: object) -> bool:
    return kind not in (None, type(None), Response)


def _parameter(operation: Operation, name: str, schema: Json) -> Json:
    default = operation.defaults.get(name, inspect.Parameter.empty)
    has_default = default is not inspect.Parameter.empty
    return {
        "name": name,
        "in": "path" if name in operation.in_path else "query",
        "required": not has_default,
        "schema": {**schema, "default": default} if has_default else schema,
    }


def _described(operation: Operation, answer: Json | None) -> Json:
    text = inspect.getdoc(operation.handler) or ""
    good: Json = {"description": SUCCESS[operation.status]}
    if answer is not None:
        good["content"] = {"application/json": {"schema": answer}}
    elif operation.returns is Response:
        good["content"] = {operation.media_type: {"schema": {"type": "string"}}}
    is_public = operation.access is Access.PUBLIC
    return {
        "operationId": operation.name,
        "tags": [_tag(operation.path)],
        "summary": text.split("\n", 1)[0],
        "security": [] if is_public else [{"bearer": []}],
        "x-access": operation.access.value,
        "x-limit": operation.budget.value,
        "responses": {
            str(operation.status): good,
            **{str(status): _failure(status) for status in operation.errors},
        },
    }


def _failure(status: int) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    found: Json = {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}
    if status == 429:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return found


def _tag(path: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", "api")]
    return parts[0] if parts else "state"
