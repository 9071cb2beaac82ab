"""Signals, positions, orders and fills over HTTP: filters, pages, closing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.api_room import Room, an_answer, ask
from tests.builders import a_fill, a_signal, an_order

from aitrader.model.control import ClosePosition, MoveStop, ReadSignal


def test_signals_come_newest_first_and_filtered(tmp_path: Path) -> None:
    room = Room(tmp_path)
    rows = ask(room, "GET", "/api/signals").json()["signals"]
    assert [row["id"] for row in rows][:2] == ["s-7", "s-6"]
    assert len(ask(room, "GET", "/api/signals?limit=3").json()["signals"]) == 3
    skipped = ask(room, "GET", "/api/signals?status=SKIPPED").json()["signals"]
    assert {row["status"] for row in skipped} == {"SKIPPED"}
    one = ask(room, "GET", "/api/signals?symbol=BTCUSDT&trader=MACD crossover").json()["signals"]
    assert [row["id"] for row in one] == ["s-0"]


def test_a_signal_has_its_values(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.desk.answer = an_answer("there is none", is_ok=False)
    assert ask(room, "GET", "/api/signals/s-one").status_code == 404
    room.desk.answer = an_answer(signal=a_signal())
    body = ask(room, "GET", "/api/signals/s-one").json()
    assert body["signal"]["id"] == a_signal().signal_id
    assert room.desk.asked[-1] == ReadSignal("s-one")


def test_positions_are_open_closed_or_all(tmp_path: Path) -> None:
    room = Room(tmp_path)

    def ids(which: str) -> set[str]:
        rows = ask(room, "GET", f"/api/positions?which={which}").json()["positions"]
        return {row["id"] for row in rows}

    assert ids("closed") == {"p-4"}
    assert ids("open") | ids("closed") == ids("all")
    assert ask(room, "GET", "/api/positions?which=some").status_code == 400
    assert ask(room, "GET", "/api/positions?symbol=ETHUSDT").json()["positions"][0]["id"] == "p-1"
    assert ask(room, "GET", "/api/positions?trader=nobody").json()["positions"] == []


def test_one_position_is_read_and_closed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert ask(room, "GET", "/api/positions/p-1").json()["symbol"] == "ETHUSDT"
    assert ask(room, "POST", "/api/positions/p-1/close").status_code == 202
    assert room.desk.asked == [ClosePosition("p-1")]
    assert ask(room, "GET", "/api/positions/p-1").json()["exitReason"] == "MANUAL"
    assert ask(room, "POST", "/api/positions/none/close").status_code == 404
    room.desk.answer = an_answer("no", is_ok=False)
    assert ask(room, "POST", "/api/positions/p-0/close").status_code == 422


def test_the_past_is_read_page_by_page(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.archive.all_orders = tuple(
        an_order(client_order_id=f"o-{number}", planned_ms=1000 - number, fills=(a_fill(number),))
        for number in range(5)
    )
    seen: list[str] = []
    before = ""
    for _ in range(10):
        page = ask(room, "GET", f"/api/orders?limit=2{before}").json()
        seen += [row["id"] for row in page["orders"]]
        if page["nextBeforeMs"] is None:
            break
        before = f"&before_ms={page['nextBeforeMs']}"
    assert seen == ["o-0", "o-1", "o-2", "o-3", "o-4"]
    fills = ask(room, "GET", "/api/fills?limit=5").json()
    assert len(fills["fills"]) == 5


def test_rows_of_one_instant_come_on_one_page(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.archive.all_signals = (a_signal(raised_ms=5),) * 3 + (a_signal(raised_ms=4),)
    page = ask(room, "GET", "/api/history/signals?limit=2").json()
    assert (len(page["signals"]), page["nextBeforeMs"]) == (3, 5)
    page = ask(room, "GET", "/api/history/signals?limit=2&before_ms=5").json()
    assert (len(page["signals"]), page["nextBeforeMs"]) == (1, None)


def test_a_stop_is_moved_to_an_exact_price(tmp_path: Path) -> None:
    room = Room(tmp_path)
    moved = ask(room, "POST", "/api/positions/p-1/stop", json={"price": "3000.10"})
    assert moved.status_code == 202
    assert room.desk.asked == [MoveStop("p-1", Decimal("3000.10"))]
    for wrong in ("0", "-1", "1e5", "NaN", "", 3000.1):
        answer = ask(room, "POST", "/api/positions/p-1/stop", json={"price": wrong})
        assert answer.status_code == 400, wrong
    room.desk.answer = an_answer("it is above the market", is_ok=False)
    assert ask(room, "POST", "/api/positions/p-0/stop", json={"price": "1"}).status_code == 422
    assert ask(room, "POST", "/api/positions/none/stop", json={"price": "1"}).status_code == 404
