"""Open orders that nobody here knows."""

from __future__ import annotations

from tests.unit.exchange.binance.stub import ListInbox, ManualClock

from aitrader.exchange.binance.strangers import Strangers
from aitrader.exchange.binance.wire_orders import OrderAnswer, read_orders
from aitrader.model.events import OpenOrdersReported

OPEN = """[{"symbol":"BTCUSDT","orderId":1,"clientOrderId":"%s","status":"NEW","side":"BUY",
"type":"LIMIT","price":"1","stopPrice":"0","origQty":"1","executedQty":"0"}]"""


def an_answer(name: str) -> OrderAnswer:
    return read_orders((OPEN % name).encode())[0]


WEB, APP, OURS = (an_answer(name) for name in ("web-1", "app-2", "at1-three"))


def told(inbox: ListInbox) -> list[list[str]]:
    return [[row.client_order_id for row in event.orders] for event in inbox.of(OpenOrdersReported)]


def test_at_a_start_all_are_told_and_later_changes_among_those_that_are_not_ours() -> None:
    inbox = ListInbox()
    strangers = Strangers(inbox.post, clock=ManualClock(), account="live")
    strangers.meet([])
    strangers.meet([WEB, OURS])
    strangers.look([OURS, WEB])
    strangers.look([WEB, APP])
    strangers.look([OURS])
    strangers.look([])
    assert told(inbox) == [["web-1", "at1-three"], ["web-1", "app-2"], []]
