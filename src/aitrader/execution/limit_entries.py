"""Entries at a limit: where the order rests, and for how long.

A limit lies on the better side of the signal candle's close and is rounded to the tick away from
the market, so that it never pays more than was asked for. Like every order it must keep the band
around the market's price that the exchange allows, which is looked at before it is sent. It rests
for so long after that close, whatever happens meanwhile to the connection or to us: the instant is
counted from the candle, so that a start finds the same one.
"""

from __future__ import annotations

from decimal import Decimal

from aitrader.execution.exit_rules import check_band
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import Refused
from aitrader.model.instrument import Instrument
from aitrader.model.money import HUNDRED, ZERO, price_to_tick_down, price_to_tick_up
from aitrader.model.order import Side
from aitrader.model.signal import Signal
from aitrader.model.trader import EntryPlan, PositionSide, Trader, TraderPlan, account_of


def limit_price(signal: Signal, plan: TraderPlan, rules: Instrument) -> Decimal | None:
    """Return where an entry is to rest, None when it is a market order.

    Raises:
        Refused: The exchange takes no order at that price.
    """
    pct = plan.entry.limit_pct
    if pct is None:
        return None
    if plan.side is PositionSide.LONG:
        price = price_to_tick_down(signal.price * (HUNDRED - pct) / HUNDRED, rules.tick_size)
        side = Side.BUY
    else:
        price = price_to_tick_up(signal.price * (HUNDRED + pct) / HUNDRED, rules.tick_size)
        side = Side.SELL
    if price <= ZERO:
        raise Refused(0, f"the limit {pct}% from the price {signal.price} is below one tick")
    check_band(rules, "limit", price, side=side, market_price=signal.price)
    return price


def ends_ms(signal: Signal, entry: EntryPlan) -> int:
    """Return until when a limit entry of this signal may rest."""
    candle_ms = INTERVAL_MS[signal.interval]
    return signal.candle_open_ms + candle_ms + (entry.good_for_ms or candle_ms)


def may_rest(trader: Trader | None, account: str) -> bool:
    """Return whether entries of a trader may rest on in this account."""
    return trader is not None and trader.is_enabled and account_of(trader.mode) == account
