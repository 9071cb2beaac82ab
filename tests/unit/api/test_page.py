"""The page for people: every route, and nothing from another host."""

from __future__ import annotations

from pathlib import Path

from tests.api_room import Room, ask


def test_the_page_names_every_route_and_loads_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    page = ask(room, "GET", "/docs", token="")
    paths = ask(room, "GET", "/openapi.json", token="").json()["paths"]
    assert all(f"<code>{path}</code>" in page.text for path in paths)
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert "style-src 'unsafe-inline'" in page.headers["content-security-policy"]
    assert "body" in page.text
    assert "full token, limit: orders" in page.text
