"""What every request passes: headers, body limits, foreign pages, foreign names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api_room import FULL, Room, ask
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from aitrader.api.guard import HEADERS, MAX_BODY_BYTES


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/status"])
def test_every_answer_has_the_headers_that_protect(tmp_path: Path, path: str) -> None:
    response = ask(Room(tmp_path), "GET", path, token="")
    for name, value in HEADERS.items():
        assert response.headers[name] == value


def test_a_page_of_another_site_may_not_ask(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for origin in ("http://evil.example", "null", "http://localhost:1", "http://["):
        assert ask(room, "GET", "/status", headers={"origin": origin}).status_code == 403
    assert ask(room, "GET", "/status", headers={"origin": "http://localhost"}).status_code == 200


def test_a_page_of_another_site_gets_no_websocket_and_is_told_why(tmp_path: Path) -> None:
    async def story() -> None:
        async with asyncio.timeout(5), Room(tmp_path).served() as port:
            with pytest.raises(InvalidStatus) as refused:
                await connect(f"ws://127.0.0.1:{port}/ws", origin=Origin("http://evil.example"))
            response = refused.value.response
            assert response.status_code == 403
            assert response.headers["x-frame-options"] == "DENY"
            assert b"a page of another site may not ask" in (response.body or b"")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("[", 403),
        ("", 403),
    ],
)
def test_without_a_token_only_this_computers_names_are_taken(
    tmp_path: Path, host: str, status: int
) -> None:
    room = Room(tmp_path, has_tokens=False)
    assert ask(room, "GET", "/status", headers={"host": host}, token="").status_code == status


def test_with_tokens_any_name_is_taken(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert ask(room, "GET", "/status", headers={"host": "my.example"}).status_code == 200


def test_a_body_that_says_it_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for length in (str(MAX_BODY_BYTES + 1), "1" * 40, "x"):
        headers = {"content-length": length, "content-type": "application/json"}
        assert ask(room, "POST", "/api/traders", headers=headers).status_code == 413


def test_a_body_without_end_is_cut_off(tmp_path: Path) -> None:
    room = Room(tmp_path)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 4096

    async def story() -> int:
        async with asyncio.timeout(5), room.client(FULL) as client:
            headers = {"content-type": "application/json"}
            answer = await client.post("/api/traders", content=endless(), headers=headers)
            return answer.status_code

    assert asyncio.run(story()) == 413
