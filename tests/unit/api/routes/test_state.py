"""Health, status, markets, candles, log, pause and the kill switch."""

from __future__ import annotations

from pathlib import Path

from tests.api_room import FULL, Room, an_answer, ask

from aitrader.model.candle import Candle
from aitrader.model.control import CloseAll, PauseEntries, ReadCandles


def test_health_tells_strangers_that_it_lives_and_no_more(tmp_path: Path) -> None:
    body = ask(Room(tmp_path), "GET", "/health", token="").json()
    assert body["status"] == "ok"
    assert body["components"] == {"engine": "ok", "market": "live", "store": "ok"}
    assert set(body) == {"status", "version", "timestamp", "components"}


def test_a_part_that_fails_degrades_and_does_not_kill(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.vitals.store_fault = "disk full"
    response = ask(room, "GET", "/health", token="")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    room.vitals.store_fault = ""
    room.fake.put_status(feed="down")
    assert ask(room, "GET", "/health").json()["components"]["market"] == "down"


def test_status_has_the_money_and_the_memory(tmp_path: Path) -> None:
    body = ask(Room(tmp_path), "GET", "/status").json()
    assert (body["equity"], body["memoryMb"], body["openPositions"]) == ("10123.45", 60.0, 4)


def test_markets_are_as_the_first_versions_sent_them(tmp_path: Path) -> None:
    room = Room(tmp_path)
    body = ask(room, "GET", "/api/markets").json()
    assert body["timestamp"] == room.fake.status.now_ms
    assert {"symbol", "price", "change24h", "volume24h"} <= set(body["markets"][0])
    assert len(body["markets"]) == 12


def test_candles_are_asked_of_the_engine(tmp_path: Path) -> None:
    room = Room(tmp_path)
    candle = Candle("BTCUSDT", "5m", 1, (1.0,) * 8, True)
    room.desk.answer = an_answer(candles=(candle,))
    body = ask(room, "GET", "/api/candles/BTCUSDT/5m?bars=3").json()
    assert room.desk.asked == [ReadCandles("BTCUSDT", "5m", 3)]
    assert [row["openMs"] for row in body["candles"]] == [1]
    room.desk.answer = an_answer("not watched", is_ok=False)
    assert ask(room, "GET", "/api/candles/BTCUSDT/5m").status_code == 404
    assert ask(room, "GET", "/api/candles/BTCUSDT/7m").status_code == 400
    assert ask(room, "GET", "/api/candles/btc/5m").status_code == 400


def test_the_log_ends_with_the_newest_line(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.fake.log("ERROR", "the newest")
    room.fake.commit()
    body = ask(room, "GET", "/api/logs?limit=2").json()
    assert len(body["logs"]) == 2
    assert body["logs"][-1]["text"] == "the newest"


def test_a_person_pauses_and_stops_everything(tmp_path: Path) -> None:
    room = Room(tmp_path, orders_per_min=1, data_per_min=1)
    assert ask(room, "POST", "/api/pause", json={"paused": True}).json() == {"text": "done"}
    for _ in range(3):
        assert ask(room, "POST", "/api/close-all", token=FULL).status_code == 200
    assert room.desk.asked == [PauseEntries(True), CloseAll(), CloseAll(), CloseAll()]


def test_what_the_engine_refuses_is_said(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.desk.answer = an_answer("not on disk yet: full", is_ok=False)
    response = ask(room, "POST", "/api/pause", json={"paused": True})
    assert (response.status_code, response.json()["detail"]) == (422, "not on disk yet: full")
