"""May this entry be made at all, and what money is there for it.

Theory of operation. `Account` holds the quote balance and what is promised to entries on their
way. Cash is what it was at the close: an exit that fills after the close frees money for the next
close only, or a backtest would differ from live by who answered first. So `spendable` is the lesser
of what is free now and what was free at the last close minus every promise made since.
A short's proceeds are not ours to spend, and its worth is kept aside once more as collateral.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from aitrader.model.account import PAPER
from aitrader.model.errors import Refused
from aitrader.model.money import ZERO
from aitrader.model.trader import Brakes


class ExecutionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one account trades. `fee_bps` is per leg; windows end an order's right to arrive.

    `account`: whose orders and positions these are; those of others are not touched.

    `quote`: the asset that the account's cash is in; nothing else can be paid with.

    `has_shorts`: whether it may sell what it does not hold.

    `is_marked`: whether its worth is told at each close; a limit on its drawdown needs it.

    `reserve_bps`: kept for the price running away between the close and the fill.
    `max_position_pct`: of equity, caps entries sized by risk. `max_stops_per_symbol`: Binance's
    MAX_NUM_ALGO_ORDERS. `audit_ms`: how often protection is looked at besides each close of a
    candle, 0 for never.
    """

    account: str = PAPER
    start_cash: Decimal = Decimal(10_000)
    quote: str = "USDT"
    fee_bps: Decimal = Decimal(10)
    reserve_bps: Decimal = Decimal(20)
    max_open_positions: int = 20
    max_position_pct: Decimal = Decimal(10)
    max_stops_per_symbol: int = 5
    entry_window_ms: int = 5_000
    protect_window_ms: int = 1_500
    brakes: Brakes = Brakes()
    has_shorts: bool = True
    is_marked: bool = True
    audit_ms: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand before an entry; what is counted as open includes entries on their way.

    `is_current`: the candle of the signal is the last that closed, or nearly so.
    """

    is_paused: bool
    is_feed_up: bool
    is_current: bool
    is_trader_enabled: bool
    is_quarantined: bool
    is_symbol_taken: bool
    is_trading: bool
    trader_open: int
    trader_limit: int
    account_open: int
    account_limit: int
    stops_open: int
    stops_needed: int
    stops_limit: int


def check(now: Standing, *, symbol: str) -> None:
    """Return if the entry may be sized.

    Raises:
        Refused: The first rule that forbids it, in a sentence for the person.
    """
    reason = _forbidden_now(now, symbol) or _forbidden_by_number(now, symbol)
    if reason:
        raise Refused(0, reason)


def _forbidden_now(now: Standing, symbol: str) -> str:
    """Return why nothing may be entered at this moment, in this order; "" if it may."""
    if now.is_paused:
        return "entries are paused"
    if not now.is_feed_up:
        return "there is no market data now"
    if not now.is_current:
        return "the candle it was decided on closed too long ago"
    if not now.is_trader_enabled:
        return "the trader is switched off"
    if now.is_quarantined:
        return f"{symbol} is quarantined for this trader"
    if now.is_symbol_taken:
        return f"the trader already holds or awaits {symbol}"
    return "" if now.is_trading else f"{symbol} is not traded now"


def _forbidden_by_number(now: Standing, symbol: str) -> str:
    """Return which limit would be passed; "" if none."""
    if now.trader_open >= now.trader_limit:
        return f"the trader is full: {now.trader_open} of {now.trader_limit} open"
    if now.account_open >= now.account_limit:
        return f"the account is full: {now.account_open} of {now.account_limit} open"
    if now.stops_needed and now.stops_open + now.stops_needed > now.stops_limit:
        return (
            f"{symbol} takes {now.stops_limit} stop orders at once, {now.stops_open} rest and "
            f"{now.stops_needed} would be needed"
        )
    return ""


class Held(msgspec.Struct, frozen=True):
    """What is held of one position: base units, below zero where owed, and its entry's price."""

    symbol: str
    base: Decimal
    entry_price: Decimal


def collateral_of(shorts: Iterable[Held]) -> Decimal:
    """Return the quote units that these open shorts bind: their proceeds, and as much again."""
    return sum((-2 * row.base * row.entry_price for row in shorts), ZERO)


def worth_of(held: Iterable[Held], price_of: Callable[[str], Decimal | None]) -> Decimal:
    """Return what is held in quote at last prices; at its entry's price where there is none."""
    worth = ZERO
    last: dict[str, Decimal | None] = {}
    for row in held:
        if row.symbol not in last:
            last[row.symbol] = price_of(row.symbol)
        worth += row.base * (last[row.symbol] or row.entry_price)
    return worth


class Account:
    """The quote balance and its promises."""

    def __init__(self, cash: Decimal) -> None:
        """Begin with this balance."""
        self.cash = cash
        self._promised: dict[str, Decimal] = {}
        self._left_of_close = cash

    def promise(self, entry: str, amount: Decimal) -> None:
        """Keep an amount for an entry on its way, under a name of its own."""
        self._promised[entry] = amount
        self._left_of_close -= amount

    def release(self, entry: str) -> None:
        """End a promise; what was not used is spendable after the next close."""
        self._promised.pop(entry, None)

    def close_candle(self, collateral: Decimal) -> None:
        """Take what is free now as what entries of this close may spend."""
        self._left_of_close = self.free(collateral)

    def free(self, collateral: Decimal) -> Decimal:
        """Return the balance that is neither promised nor kept for shorts."""
        return self.cash - sum(self._promised.values(), ZERO) - collateral

    def spendable(self, collateral: Decimal) -> Decimal:
        """Return what an entry may cost now, in quote."""
        return min(self.free(collateral), self._left_of_close)
