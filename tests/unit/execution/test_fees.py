"""Fees in a third coin."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.builders import AT_MS, SIGNAL, a_fill, a_signal, a_trader, an_instrument, an_order
from tests.pipeline import FixedPrices
from tests.unit.execution.desks import a_desk, set_price, told

from aitrader.execution.desk import Desk
from aitrader.execution.fees import valued
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.model import ids
from aitrader.model.events import (
    EntryWanted,
    InstrumentsLoaded,
    OrderFilled,
    OrderUpdated,
    Saved,
    Started,
)

ENTRY = an_order()


def worth(desk: Desk, asset: str, fee: str = "0.001", symbol: str = "BTCUSDT") -> Decimal | None:
    fill = a_fill(fee=Decimal(fee), fee_asset=asset)
    event = OrderFilled(at_ms=AT_MS, client_order_id=ENTRY.client_order_id, fill=fill)
    return valued(desk, event, symbol=symbol).fill.fee_quote


def test_a_fee_in_a_third_coin_is_worth_its_last_price() -> None:
    desk = a_desk()
    assert worth(desk, "BNB") is None
    set_price(desk, "BNBUSDT", 612.5)
    assert worth(desk, "BNB") == Decimal("0.6125")
    assert worth(desk, "BNB", "0.00000000001") == Decimal("0.00000001")


@pytest.mark.parametrize("asset", ["USDT", "BTC", ""])
def test_other_fees_need_no_price(asset: str) -> None:
    desk = a_desk()
    for symbol in ("USDTUSDT", "BTCUSDT", "USDT"):
        set_price(desk, symbol, 3.0)
    assert worth(desk, asset) is None


def test_a_position_in_another_quote_is_not_counted_in_ours() -> None:
    desk = a_desk()
    set_price(desk, "BNBUSDT", 612.5)
    assert worth(desk, "BNB", symbol="ETHBTC") is None


def test_a_fee_in_bnb_is_kept_with_its_worth() -> None:
    prices = FixedPrices()
    prices.by_symbol["BNBUSDT"] = 600.0
    stage = ExecutionStage(ExecutionSettings(), prices)
    wanted = EntryWanted(at_ms=AT_MS, signal=a_signal())
    for event in (
        InstrumentsLoaded(at_ms=AT_MS, instruments=(an_instrument(),)),
        Started(at_ms=AT_MS, saved=Saved(traders=(a_trader(),))),
        wanted,
    ):
        stage.handle(event)
    entry_id = ids.client_order_id(ids.position_id(SIGNAL), "ENTRY", 1)
    fill = a_fill(fee=Decimal("0.01"), fee_asset="BNB")
    heard = OrderFilled(at_ms=AT_MS + 60, client_order_id=entry_id, fill=fill)
    update = told(stage, heard)[0]
    assert isinstance(update, OrderUpdated)
    assert update.fill is not None
    assert update.fill.fee_quote == 6
    assert update.order.fills == (update.fill,)
    prices.by_symbol["BNBUSDT"] = 700.0
    assert told(stage, heard) == []  # a repeat, whatever the coin is worth now
