"""Switching a trader to the live account: why it may not be, and what it would mean.

A person asks twice: the first answer says what would happen, the second request does it. The way
back to paper needs no second word. What is open stays with the account that opened it.
"""

from __future__ import annotations

import msgspec

from aitrader.model.account import LIVE_IS_OFF
from aitrader.model.money import trimmed
from aitrader.model.trader import Limits, PositionSide, SizeKind, Trader, limit_words


class LivePlace(msgspec.Struct, frozen=True):
    """Where live orders go, in words ("real money on binance.com"), and what they are paid in."""

    words: str
    quote: str = "USDT"


def find_refusal(trader: Trader, place: LivePlace | None) -> str:
    """Return why this trader cannot go live, "" if it can; without a place nothing is live."""
    if place is None:
        return f"{trader.plan.name} stays on paper: {LIVE_IS_OFF}"
    if trader.plan.side is PositionSide.SHORT:
        return (
            f"{trader.plan.name} stays on paper: it is SHORT, "
            "and a spot market cannot sell what is not held"
        )
    return ""


def meaning(trader: Trader, place: LivePlace, *, symbols: int) -> str:
    """Return what going live would mean for a trader that looks at so many symbols."""
    limits, limit = trader.plan.limits, limit_words(trader.plan)
    orders = f"limit orders {limit}," if limit else "market orders"
    return (
        f"{trader.plan.name} would trade {place.words}: {_size(limits, place.quote)}, "
        f"at most {limits.max_open} open at once, {symbols} symbols on {trader.plan.interval} "
        f"candles, {orders} with stop and target at the exchange; ask again to confirm"
    )


def _size(limits: Limits, quote: str) -> str:
    value = trimmed(limits.value)
    if limits.kind is SizeKind.AMOUNT:
        return f"{value} {quote} an entry"
    if limits.kind is SizeKind.SIZE:
        return f"{value}% of the account an entry"
    return f"{value}% of the account at risk an entry"
