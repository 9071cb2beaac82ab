"""The one sentence of the header."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import TRADER

from aitrader.engine.notices import Notices
from aitrader.model.found import FoundOrder
from aitrader.model.ids import ClientOrderId, TraderId
from aitrader.model.order import Side


def an_open_order(symbol: str, *, is_ours: bool = False) -> FoundOrder:
    return FoundOrder(
        client_order_id=ClientOrderId("x"),
        symbol=symbol,
        side=Side.SELL,
        kind="LIMIT",
        quantity=Decimal(1),
        filled=Decimal(0),
        is_ours=is_ours,
    )


def test_the_market_is_said_before_a_symbol_and_that_before_what_is_strange() -> None:
    notices = Notices()
    assert notices.text() == ""
    notices.find_strange([an_open_order("ETHUSDT"), an_open_order("BTCUSDT")])
    assert notices.text() == "open orders that are not ours are left alone: BTCUSDT ETHUSDT"
    notices.leave_alone(TraderId("other"), "other leaves it alone")
    notices.leave_alone(TRADER, "Dip leaves it alone")
    assert notices.text() == "Dip leaves it alone"
    notices.feed = "the exchange is silent"
    assert notices.text() == "market stream down, no new entries: the exchange is silent"
    notices.feed = ""
    notices.forgive(TRADER)
    assert notices.text() == "other leaves it alone"


def test_our_own_orders_are_not_strange() -> None:
    notices = Notices()
    notices.find_strange([an_open_order("ETHUSDT", is_ours=True)])
    assert notices.text() == ""
