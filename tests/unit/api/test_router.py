"""The router: a handler's signature is its contract."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import httpx2
import msgspec
import pytest
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from tests.api_room import FULL, Room

from aitrader.api.policy import Access, Budget
from aitrader.api.problems import Failure
from aitrader.api.router import Operation, address_of, bearer_of, routes_of
from aitrader.api.tokens import Caller


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    """A body."""

    name: str
    size: int = 1


async def find_thing(thing_id: Annotated[int, Meta(ge=1)], size: int = 3, color: str = "") -> Thing:
    """A thing."""
    return Thing(f"{thing_id} {size} {color}".strip())


async def make_thing(body: Thing, caller: Caller) -> Thing:
    """Make a thing."""
    return Thing(f"{body.name} by {caller.name}")


async def drop_thing() -> None:
    """Drop it."""


async def need(size: int) -> Response:
    """Answer as it likes."""
    if size == 0:
        raise Failure(404, "no such size")
    return Response("free", media_type="text/plain")


OPERATIONS = (
    Operation("GET", "/things/{thing_id}", find_thing, access=Access.PUBLIC, budget=Budget.NONE),
    Operation("POST", "/things", make_thing, access=Access.FULL, status=201),
    Operation("DELETE", "/things", drop_thing, access=Access.PUBLIC, status=204),
    Operation("GET", "/need", need, access=Access.PUBLIC, errors=(404,)),
)


def ask(folder: Path, method: str, path: str, **options: object) -> httpx2.Response:
    seen: list[tuple[str, str, int, float]] = []
    routes = routes_of(
        OPERATIONS,
        Room(folder).policy,
        now_s=lambda: 0.0,
        on_answer=lambda *answer: seen.append(answer),
    )

    async def story() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=Starlette(routes=routes))
        headers = {"authorization": f"Bearer {FULL}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            return await client.request(method, path, **options)  # type: ignore[arg-type]

    response = asyncio.run(story())
    assert [answer[2] for answer in seen] == [response.status_code]
    return response


def test_parameters_come_from_the_path_and_the_query(tmp_path: Path) -> None:
    assert ask(tmp_path, "GET", "/things/7?size=9").json()["name"] == "7 9"
    assert ask(tmp_path, "GET", "/things/7?color=red").json()["name"] == "7 3 red"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/things/0", "thing_id: Expected `int` >= 1"),
        ("/things/x", "thing_id: Expected `int`, got `str`"),
        ("/things/1?size=x", "size: Expected `int`, got `str`"),
        ("/things/1?sise=1", "there is no parameter sise; there are: size, color"),
        ("/need", "the parameter size is missing"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, path: str, detail: str) -> None:
    response = ask(tmp_path, "GET", path)
    assert (response.status_code, response.json()["detail"]) == (400, detail)


def test_a_body_is_decoded_and_the_caller_known(tmp_path: Path) -> None:
    response = ask(tmp_path, "POST", "/things", json={"name": "x"})
    assert (response.status_code, response.json()) == (201, {"name": "x by full", "size": 1})


def test_a_whole_number_may_be_written_with_a_point(tmp_path: Path) -> None:
    headers = {"content-type": "application/json"}
    content = b'{"name":"x","size":3.0}'
    assert ask(tmp_path, "POST", "/things", content=content, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"name":"x"}', "text/plain", 415),
        (b'{"name":1}', "application/json", 400),
        (b'{"name":"x","more":1}', "application/json", 400),
        (b'{"name":"x","size":1.5}', "application/json", 400),
        (b'{"name":"x","size":1e999}', "application/json", 400),
        (b"{", "application/json; charset=utf-8", 400),
        (b'{"name":"\xff"}', "application/json", 400),
    ],
)
def test_a_body_that_is_none_is_refused(
    tmp_path: Path, content: bytes, kind: str, status: int
) -> None:
    headers = {"content-type": kind}
    response = ask(tmp_path, "POST", "/things", content=content, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_another_method_is_told_what_is_taken(tmp_path: Path) -> None:
    response = ask(tmp_path, "PATCH", "/things")
    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, POST")


def test_nothing_to_say_has_no_body(tmp_path: Path) -> None:
    response = ask(tmp_path, "DELETE", "/things")
    assert (response.status_code, response.content) == (204, b"")


def test_a_handler_may_answer_or_fail_by_itself(tmp_path: Path) -> None:
    assert ask(tmp_path, "GET", "/need?size=1").text == "free"
    assert ask(tmp_path, "GET", "/need?size=0").json()["detail"] == "no such size"


def test_an_operation_says_how_it_may_fail() -> None:
    by_name = {operation.name: operation.errors for operation in OPERATIONS}
    assert by_name["find_thing"] == (400,)
    assert by_name["make_thing"] == (400, 401, 403, 413, 415, 429)


def test_a_token_is_a_bearers_token() -> None:
    def request(value: str) -> Request:
        headers = [(b"authorization", value.encode())]
        return Request({"type": "http", "headers": headers, "client": ("1.2.3.4", 5)})

    assert bearer_of(request("Bearer abc")) == "abc"
    assert bearer_of(request("bearer abc ")) == "abc"
    assert bearer_of(request("Basic abc")) == ""
    assert address_of(request("")) == "1.2.3.4"
    assert address_of(Request({"type": "http", "headers": [], "client": None})) == ""
