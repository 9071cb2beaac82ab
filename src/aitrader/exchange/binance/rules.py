"""From exchangeInfo to instruments: which grid a symbol trades on.

A filter's number of 0 means that rule is off; then the asset's precision is the grid. Market
orders have a lot filter of their own: the tighter of both is kept, since entries are market orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from aitrader.exchange.binance.wire import SymbolFilter, SymbolRow
from aitrader.model.instrument import Instrument, PriceLimits
from aitrader.model.money import ZERO, trimmed

_NO_FILTER = SymbolFilter(filter_type="")


def instrument(row: SymbolRow) -> Instrument:
    """Return one symbol's rules."""
    filters = {entry.filter_type: entry for entry in row.filters}
    price = filters.get("PRICE_FILTER", _NO_FILTER)
    lot = filters.get("LOT_SIZE", _NO_FILTER)
    market_lot = filters.get("MARKET_LOT_SIZE", _NO_FILTER)
    notional = filters.get("NOTIONAL", filters.get("MIN_NOTIONAL", _NO_FILTER))
    step_size = max(_known(lot.step_size, market_lot.step_size), default=ZERO)
    return Instrument(
        symbol=row.symbol,
        base=row.base_asset,
        quote=row.quote_asset,
        tick_size=_plain(price.tick_size or _unit(row.quote_asset_precision)),
        step_size=_plain(step_size or _unit(row.base_asset_precision)),
        min_quantity=_plain(max(_known(lot.min_qty, market_lot.min_qty), default=ZERO)),
        max_quantity=_plain(min(_known(lot.max_qty, market_lot.max_qty), default=ZERO)),
        min_notional=_plain(notional.min_notional or ZERO),
        min_price=_plain(price.min_price or ZERO),
        max_price=_plain(price.max_price or ZERO),
        max_notional=_plain(notional.max_notional or ZERO),
        max_stops=filters.get("MAX_NUM_ALGO_ORDERS", _NO_FILTER).max_num_algo_orders,
        price_limits=_price_limits(filters),
        is_trading=row.status == "TRADING" and row.is_spot_trading_allowed,
    )


def _price_limits(filters: Mapping[str, SymbolFilter]) -> PriceLimits:
    """Return the band that prices must lie in, where the exchange states one by side or at all."""
    by_side = filters.get("PERCENT_PRICE_BY_SIDE", _NO_FILTER)
    common = filters.get("PERCENT_PRICE", _NO_FILTER)
    low, high = common.multiplier_down, common.multiplier_up
    return PriceLimits(
        buy_low_ratio=_plain(by_side.bid_multiplier_down or low or ZERO),
        buy_high_ratio=_plain(by_side.bid_multiplier_up or high or ZERO),
        sell_low_ratio=_plain(by_side.ask_multiplier_down or low or ZERO),
        sell_high_ratio=_plain(by_side.ask_multiplier_up or high or ZERO),
    )


def instruments(rows: Iterable[SymbolRow]) -> tuple[Instrument, ...]:
    """Return the rules of all symbols, in the exchange's order."""
    return tuple(instrument(row) for row in rows)


def _known(*values: Decimal | None) -> list[Decimal]:
    """Return those of these numbers that state a rule."""
    return [value for value in values if value]


def _unit(precision: int) -> Decimal:
    return Decimal(1).scaleb(-precision)


def _plain(value: Decimal) -> Decimal:
    """Return the same number without trailing zeros or exponent: 0.01000000 -> 0.01."""
    return Decimal(trimmed(value))
