"""Traders over HTTP: read, check, change with a version, switch, remove."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from tests.api_room import Room, an_answer, ask

from aitrader.model.control import (
    AddTrader,
    CheckTrader,
    ConditionRow,
    ExplainTrader,
    ExplanationRow,
    RemoveTrader,
    SetMode,
    SwitchTrader,
)
from aitrader.model.trader import Mode
from aitrader.model.view import TraderRow

ID = "macd-crossover"
ONE = f"/api/traders/{ID}"
CHANGE = {"source": "NAME = 'x'", "version": 3}


def a_room(folder: Path) -> Room:
    """A room whose first trader is at version 3."""
    room = Room(folder)
    row = room.fake.rows[f"TraderRow:{ID}"]
    assert isinstance(row, TraderRow)
    room.fake.put(replace(row, version=3))
    return room


def refusing(room: Room, text: str) -> Room:
    room.desk.answer = an_answer(text, is_ok=False)
    return room


def test_traders_are_listed_and_read(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    body = ask(room, "GET", "/api/traders").json()
    assert len(body["traders"]) == 4
    one = ask(room, "GET", ONE).json()
    assert one["trader"] in body["traders"]
    assert one["source"].startswith('"""A made-up trader."""')
    assert ask(room, "GET", "/api/traders/none").status_code == 404


def test_a_trader_is_checked_and_added(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    body = {"source": "NAME = 'x'"}
    assert ask(room, "POST", "/api/check", json=body).status_code == 200
    assert ask(room, "POST", "/api/traders", json=body).status_code == 201
    assert room.desk.asked == [CheckTrader("NAME = 'x'"), AddTrader("NAME = 'x'")]
    refused = ask(refusing(room, "line 1: no"), "POST", "/api/traders", json=body)
    assert (refused.status_code, refused.json()["detail"]) == (422, "line 1: no")


def test_a_change_names_its_version(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    assert ask(room, "PUT", ONE, json=CHANGE).status_code == 200
    assert room.desk.asked == [AddTrader("NAME = 'x'", ID, 3)]
    assert ask(room, "PUT", "/api/traders/none", json=CHANGE).status_code == 404


def test_a_change_of_an_old_version_is_refused_and_both_are_named(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    response = ask(room, "PUT", ONE, json={**CHANGE, "version": 2})
    assert response.status_code == 409
    assert response.json()["detail"] == "it is at version 3, the change was made from 2"
    assert room.desk.asked == []


def test_a_change_that_is_not_sound_is_refused(tmp_path: Path) -> None:
    response = ask(refusing(a_room(tmp_path), "line 2: no"), "PUT", ONE, json=CHANGE)
    assert (response.status_code, response.json()["detail"]) == (422, "line 2: no")


def test_a_trader_is_switched_and_removed(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    assert ask(room, "PATCH", ONE, json={"enabled": False}).status_code == 200
    assert ask(room, "DELETE", ONE).status_code == 204
    assert room.desk.asked == [SwitchTrader(ID, False), RemoveTrader(ID)]
    assert ask(room, "DELETE", "/api/traders/none").status_code == 404


def test_a_trader_goes_live_when_it_was_asked_for_twice(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    assert ask(room, "PUT", f"{ONE}/mode", json={"mode": "LIVE"}).status_code == 200
    assert ask(room, "PUT", f"{ONE}/mode", json={"mode": "LIVE", "sure": True}).status_code == 200
    assert room.desk.asked == [SetMode(ID, Mode.LIVE), SetMode(ID, Mode.LIVE, is_sure=True)]
    assert ask(room, "PUT", f"{ONE}/mode", json={"mode": "BOTH"}).status_code == 400
    refused = ask(refusing(room, "it is off"), "PUT", f"{ONE}/mode", json={"mode": "LIVE"})
    assert (refused.status_code, refused.json()["detail"]) == (422, "it is off")


def test_why_there_was_no_signal(tmp_path: Path) -> None:
    room = a_room(tmp_path)
    condition = ConditionRow("deep", "false", (("rsi(14)", 51.0),))
    row = ExplanationRow("BTCUSDT", 1, True, False, False, (condition,))
    room.desk.answer = an_answer(explanations=(row,))
    body = ask(room, "GET", f"{ONE}/explanation?symbol=BTCUSDT").json()
    assert body["explanations"][0]["conditions"] == [
        {"name": "deep", "truth": "false", "values": [{"name": "rsi(14)", "value": 51.0}]}
    ]
    ask(room, "GET", f"{ONE}/explanation")
    assert room.desk.asked == [ExplainTrader(ID, ("BTCUSDT",)), ExplainTrader(ID)]
    refusing(room, "warming up")
    assert ask(room, "GET", f"{ONE}/explanation").status_code == 422
