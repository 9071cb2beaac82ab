import asyncio
import json
from typing import Any

from tests.unit.exchange.simulated.test_matching import PAIR
from tests.unit.exchange.simulated.test_venue import Floor, a_limit

from aitrader.exchange.simulated.faults import (
    AnyFault,
    DuplicateEvent,
    Faults,
    LateEvent,
    LostEvent,
)
from aitrader.exchange.simulated.orders import NewList
from aitrader.exchange.simulated.streams import Connection
from aitrader.exchange.simulated.userdata import UserData


class Desk:
    """A floor whose changes one connection is told."""

    def __init__(self, *faults: AnyFault) -> None:
        self.floor = Floor()
        switchboard = Faults(lambda: 0.0)
        for fault in faults:
            switchboard.add(fault)
        self.user_data = UserData(self.floor.venue, switchboard, now_ms=lambda: 77)
        self.connection = Connection(is_combined=False)
        self.number = self.user_data.subscribe(self.connection)

    def heard(self) -> list[dict[str, Any]]:
        found, piece = [], self.connection.take()
        while piece:
            size, start = piece[1], 2
            if size == 126:
                size, start = int.from_bytes(piece[2:4], "big"), 4
            found.append(json.loads(piece[start : start + size])["event"])
            piece = piece[start + size :]
        return found

    def kinds(self) -> list[str]:
        return [each["e"] for each in self.heard()]


def test_an_order_is_told_step_by_step_with_the_balances() -> None:
    desk = Desk()
    desk.floor.place()
    new, trade, position = desk.heard()
    assert (new["x"], new["X"], trade["x"], trade["X"]) == ("NEW", "NEW", "TRADE", "FILLED")
    assert (trade["l"], trade["L"], trade["N"]) == ("1.00000000", "100.00000000", "BTC")
    assert {row["a"]: row["f"] for row in position["B"]} == {
        "USDT": "9900.00000000",
        "BTC": "0.99900000",
    }


def test_a_cancellation_names_both_itself_and_the_order() -> None:
    desk = Desk()
    desk.floor.place(**a_limit("90"))
    desk.heard()
    desk.floor.venue.cancel("BTCUSDT", order_id=None, client_order_id="one", cancel_id="bye")
    report = desk.heard()[0]
    assert (report["c"], report["C"], report["x"]) == ("bye", "one", "CANCELED")


def test_a_list_is_told_when_it_begins_and_ends() -> None:
    desk = Desk()
    desk.floor.place()
    desk.floor.place(client_order_id="two")
    desk.heard()
    desk.floor.venue.place_list(NewList("l", PAIR))
    desk.floor.see(110.0)
    told = [(each["l"], each["C"]) for each in desk.heard() if each["e"] == "listStatus"]
    assert told == [("EXEC_STARTED", "l"), ("ALL_DONE", "l")]


def test_a_connection_has_one_subscription_at_a_time() -> None:
    desk = Desk()
    assert (desk.number, desk.user_data.subscribe(desk.connection)) == (0, None)
    assert desk.user_data.numbers(desk.connection) == [0]
    assert not desk.user_data.unsubscribe(desk.connection, 5)
    assert desk.user_data.unsubscribe(desk.connection)
    assert not desk.user_data.unsubscribe(desk.connection)
    assert desk.user_data.subscribe(desk.connection) == 1
    desk.user_data.drop(desk.connection)
    desk.floor.place()
    assert desk.heard() == []


def test_events_get_lost_or_come_twice() -> None:
    desk = Desk(LostEvent(event="executionReport", times=1), DuplicateEvent(times=1))
    desk.floor.place()
    assert desk.kinds() == ["executionReport", "executionReport", "outboundAccountPosition"]


def test_a_late_event_is_overtaken() -> None:
    async def story() -> None:
        desk = Desk(LateEvent(event="executionReport", times=2, delay_ms=5))
        desk.floor.place()
        assert desk.kinds() == ["outboundAccountPosition"]
        async with asyncio.timeout(5):
            await desk.connection.wake.wait()
        assert desk.kinds()[0] == "executionReport"

    asyncio.run(story())


def test_the_exchange_may_end_a_subscription() -> None:
    desk = Desk()
    desk.user_data.end_all()
    assert desk.kinds() == ["eventStreamTerminated"]
    assert desk.user_data.numbers(desk.connection) == []
