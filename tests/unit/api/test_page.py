"""The page for people: every route and every shape, in words, and nothing from another host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.api_room import Room, ask

from aitrader.api.page import page_of


def test_the_page_names_every_route_and_loads_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    page = ask(room, "GET", "/docs", token="")
    document = ask(room, "GET", "/openapi.json", token="").json()
    assert all(f"<code>{path}</code>" in page.text for path in document["paths"])
    assert all(f'id="shape-{name}"' in page.text for name in document["components"]["schemas"])
    assert "https://" not in page.text
    assert "http://" not in page.text.replace("http://127.0.0.1:8080", "")
    assert "<script" not in page.text
    assert "style-src 'unsafe-inline'" in page.headers["content-security-policy"]
    assert "full token, limit: orders" in page.text


def test_every_link_of_the_page_leads_somewhere(tmp_path: Path) -> None:
    page = ask(Room(tmp_path), "GET", "/docs", token="").text
    targets = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= targets
    assert len(re.findall(r'id="', page)) == len(targets)


def a_page(schema: dict[str, object], *, where: str = "query", kind: str = "") -> str:
    """Return the page of one route with one parameter of this schema."""
    answer = {"schema": {"type": "string"}}
    operation = {
        "operationId": "one", "tags": ["x"], "summary": "One.", "x-access": "read",
        "x-limit": "data",
        "parameters": [{"name": "it", "in": where, "schema": schema}],
        "responses": {"200": {"content": {kind: answer}} if kind else {}, "400": {}},
    }  # fmt: skip
    components = {"schemas": {"Side": {"enum": ["LONG", "SHORT"]}}}
    info = {"version": "1"}
    return page_of({"info": info, "paths": {"/x": {"get": operation}}, "components": components})


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 5},
         "a whole number from 1 to 9; default 5"),
        ({"type": "integer", "minimum": 0, "maximum": 2**53, "default": 2**53},
         "a whole number from 0 on; optional"),
        ({"type": "integer"}, "a whole number; optional"),
        ({"enum": ["all", "open"], "default": "open"}, "all, open; default open"),
        ({"type": "string", "pattern": "^(1m|5m)$"}, "1m, 5m; optional"),
        ({"type": "string", "pattern": "^[<>]$"}, "text like <code>^[&lt;&gt;]$</code>"),
        ({"type": "string", "maxLength": 4}, "text of at most 4 characters"),
        ({"type": "string", "format": "decimal"}, "an exact number, as text"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "a number or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Side"}},
         'a list of <a href="#shape-Side">Side</a>'),
        ({"type": "boolean"}, "true or false"),
        ({}, "anything"),
    ],
)  # fmt: skip
def test_a_schema_is_said_in_words(schema: dict[str, object], words: str) -> None:
    assert f"<dd>{words}" in a_page(schema)


def test_an_answer_that_is_no_json_says_what_it_is() -> None:
    assert "<dd>text/html</dd>" in a_page({}, where="path", kind="text/html")
    assert "anything, in the path" in a_page({}, where="path")
    assert "nothing to say" in a_page({})
    assert "LONG, SHORT" in a_page({})
