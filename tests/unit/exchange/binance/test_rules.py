from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from aitrader.exchange.binance.rules import instrument, instruments
from aitrader.exchange.binance.wire import SymbolRow
from aitrader.model.instrument import PriceLimits


def a_row(filters: list[dict[str, str]], **changes: object) -> SymbolRow:
    row: dict[str, Any] = {
        "symbol": "ABCUSDT",
        "status": "TRADING",
        "baseAsset": "ABC",
        "quoteAsset": "USDT",
        "filters": filters,
    }
    return msgspec.convert(row | changes, SymbolRow, strict=False)


PRICE = {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"}
LOT = {"filterType": "LOT_SIZE", "minQty": "0.00100", "maxQty": "9000.000", "stepSize": "0.00100"}


def test_the_filters_become_a_grid() -> None:
    market = {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "120.5", "stepSize": "0"}
    notional = {"filterType": "NOTIONAL", "minNotional": "5.00000000"}
    found = instrument(a_row([PRICE, LOT, market, notional, {"filterType": "UNHEARD_OF"}]))
    assert (found.symbol, found.base, found.quote) == ("ABCUSDT", "ABC", "USDT")
    assert (found.tick_size, found.step_size) == (Decimal("0.01"), Decimal("0.001"))
    assert (found.min_quantity, found.max_quantity) == (Decimal("0.001"), Decimal("120.5"))
    assert found.min_notional == Decimal(5)
    assert str(found.min_notional) == "5"
    assert found.is_trading


def test_the_tighter_lot_counts() -> None:
    market = {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "99999", "stepSize": "1"}
    found = instrument(a_row([PRICE, LOT, market]))
    assert (found.min_quantity, found.max_quantity, found.step_size) == (
        Decimal(1),
        Decimal(9000),
        Decimal(1),
    )


def test_a_rule_that_is_off_leaves_the_assets_precision() -> None:
    price = {"filterType": "PRICE_FILTER", "tickSize": "0.00000000"}
    found = instrument(a_row([price], quoteAssetPrecision=4, baseAssetPrecision=3))
    assert (found.tick_size, found.step_size) == (Decimal("0.0001"), Decimal("0.001"))
    assert (found.min_quantity, found.max_quantity, found.min_notional) == (0, 0, 0)


def test_older_symbols_state_their_least_value_otherwise() -> None:
    found = instrument(a_row([{"filterType": "MIN_NOTIONAL", "minNotional": "10.0"}]))
    assert found.min_notional == Decimal(10)


@pytest.mark.parametrize(
    ("changes", "is_trading"),
    [
        ({}, True),
        ({"status": "BREAK"}, False),
        ({"status": "CANCEL_ONLY"}, False),
        ({"isSpotTradingAllowed": False}, False),
    ],
)
def test_only_what_is_traded_trades(changes: dict[str, object], is_trading: bool) -> None:
    assert instrument(a_row([PRICE], **changes)).is_trading is is_trading


def test_many_rows_keep_their_order() -> None:
    rows = [a_row([PRICE], symbol="B"), a_row([PRICE], symbol="A")]
    assert [row.symbol for row in instruments(rows)] == ["B", "A"]


def test_the_bounds_of_orders_are_kept() -> None:
    sides = {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": "5",
        "bidMultiplierDown": "0.2",
        "askMultiplierUp": "4.00",
        "askMultiplierDown": "0.25",
    }
    notional = {"filterType": "NOTIONAL", "minNotional": "5", "maxNotional": "9000000.00"}
    stops = {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}
    found = instrument(a_row([PRICE, LOT, sides, notional, stops]))
    assert found.price_limits == PriceLimits(
        buy_low_ratio=Decimal("0.2"),
        buy_high_ratio=Decimal(5),
        sell_low_ratio=Decimal("0.25"),
        sell_high_ratio=Decimal(4),
    )
    assert (found.max_notional, found.max_stops) == (Decimal(9_000_000), 5)
    bounded = instrument(a_row([PRICE | {"minPrice": "0.50", "maxPrice": "1000.00"}]))
    assert (bounded.min_price, bounded.max_price) == (Decimal("0.5"), Decimal(1000))


def test_a_band_that_is_the_same_for_both_sides_counts_for_both() -> None:
    band = {"filterType": "PERCENT_PRICE", "multiplierUp": "1.5", "multiplierDown": "0.5"}
    low, high = Decimal("0.5"), Decimal("1.5")
    assert instrument(a_row([band])).price_limits == PriceLimits(low, high, low, high)
    assert instrument(a_row([])).price_limits == PriceLimits()
