"""Worth over time, events, analyses, and the story of a position, over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.api_room import NOW_MS, Room, ask
from tests.builders import POSITION

from aitrader.model.view import AnalysisRow


def test_worth_is_read_page_by_page(tmp_path: Path) -> None:
    room = Room(tmp_path)
    page = ask(room, "GET", "/api/equity?limit=1&every_ms=3600000").json()
    assert page["equity"][0]["equity"] == "10000.5"
    assert page["nextBeforeMs"] == NOW_MS  # the hour begins with it
    page = ask(room, "GET", f"/api/equity?before_ms={NOW_MS}").json()
    assert page == {"account": "paper", "equity": [], "nextBeforeMs": None}
    assert ask(room, "GET", "/api/equity?every_ms=0").status_code == 400


def test_the_next_page_of_worth_begins_before_the_whole_step(tmp_path: Path) -> None:
    step_ms = 7_000
    page = ask(Room(tmp_path), "GET", f"/api/equity?limit=1&every_ms={step_ms}").json()
    assert page["nextBeforeMs"] == NOW_MS - NOW_MS % step_ms < NOW_MS


def test_each_account_has_its_own_worth(tmp_path: Path) -> None:
    room = Room(tmp_path)
    page = ask(room, "GET", "/api/equity?account=live").json()
    assert (page["account"], page["equity"][0]["equity"]) == ("live", "512.25")
    assert ask(room, "GET", "/api/equity?account=yours").status_code == 400


def test_events_are_read_by_kind_and_page(tmp_path: Path) -> None:
    room = Room(tmp_path)
    page = ask(room, "GET", "/api/events?limit=1&kind=EntriesPaused").json()
    assert page["events"][0]["body"] == {"type": "EntriesPaused"}
    assert page["nextBeforeSeq"] == 7
    page = ask(room, "GET", "/api/events?before_seq=7").json()
    assert page == {"events": [], "nextBeforeSeq": None}
    assert ask(room, "GET", "/api/events?kind=drop table").status_code == 400


def test_analyses_come_newest_first(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for number in range(3):
        room.fake.put(AnalysisRow(f"s-{number}", number, "Dip", "BTCUSDT", "SKIP", "too late", "0"))
    room.fake.commit()
    rows = ask(room, "GET", "/api/analyses?limit=2").json()["analyses"]
    assert [row["atMs"] for row in rows][:1] >= [2]
    assert len(rows) == 2


def test_a_position_tells_its_story(tmp_path: Path) -> None:
    room = Room(tmp_path)
    story = ask(room, "GET", f"/api/positions/{POSITION}/story").json()
    assert story["position"]["id"] == POSITION
    assert story["signal"]["conditions"]
    assert len(story["orders"]) == 1
    assert ask(room, "GET", "/api/positions/none/story").status_code == 404
