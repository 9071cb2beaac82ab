"""The application: addresses that are not there, and documents."""

from __future__ import annotations

from pathlib import Path

from tests.api_room import Room, ask


def test_an_unknown_address_is_a_problem_document(tmp_path: Path) -> None:
    response = ask(Room(tmp_path), "GET", "/nowhere")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "there is no address /nowhere; see /docs"


def test_documents_are_read_and_not_written(tmp_path: Path) -> None:
    response = ask(Room(tmp_path), "POST", "/openapi.json")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.json()["status"] == 405
