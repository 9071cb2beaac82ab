"""The application: addresses that are not there, and documents."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
from tests.api_room import FULL, Room, ask


def test_an_unknown_address_is_a_problem_document(tmp_path: Path) -> None:
    response = ask(Room(tmp_path), "GET", "/nowhere")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "there is no address /nowhere; see /docs"


def test_documents_are_read_and_not_written(tmp_path: Path) -> None:
    response = ask(Room(tmp_path), "POST", "/openapi.json")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.json()["status"] == 405


def test_head_is_get_without_a_body_and_with_its_rule(tmp_path: Path) -> None:
    room = Room(tmp_path)
    whole = ask(room, "GET", "/status")
    head = ask(room, "HEAD", "/status")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.keys() == whole.headers.keys()
    assert ask(room, "HEAD", "/health", token="").status_code == 200
    assert ask(room, "HEAD", "/status", token="").status_code == 401
    refused = ask(room, "PATCH", "/status")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert ask(room, "HEAD", "/api/close-all").status_code == 405
    assert room.desk.asked == []


def test_a_bug_of_ours_is_a_problem_document_too(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.archive.all_orders = (None,)  # type: ignore[assignment]

    async def story() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=room.app(), raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {FULL}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        ) as client:
            return await client.get("/api/orders")

    response = asyncio.run(story())
    assert response.status_code == 500
    assert response.json()["detail"] == "AttributeError"
    assert response.headers["x-content-type-options"] == "nosniff"
