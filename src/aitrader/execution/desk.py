"""What execution remembers: the order table, the account, and what is known of everything else.

The desk is rebuilt from `Saved` at start and changed by events alone. What is held is always
counted from the order table (`model.ledger`), never from a copy: a position's own numbers arrive
one message later.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TypeAlias

from aitrader.execution import brakes
from aitrader.execution.brakes import Closings, Highs
from aitrader.execution.risk import Account, ExecutionSettings, Held, collateral_of, worth_of
from aitrader.execution.table import OrderTable
from aitrader.model.commands import Command
from aitrader.model.events import ClosedBefore, EquityMarked, Event
from aitrader.model.found import Balance
from aitrader.model.ids import ClientOrderId, PositionId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.ledger import average_price
from aitrader.model.money import ZERO, decimal_from_float, money_to_step
from aitrader.model.order import ExitReason, Order, OrderKind, Side
from aitrader.model.ports import Prices
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide, Trader

SELL = Side.SELL

MOST_SENT = 1000
"""Entries that are remembered for the limit of entries a minute."""

Messages: TypeAlias = list[Event | Command]
"""What a part of execution answers: facts to be worked out further, requests to leave later."""


class Desk:
    """The memory that the parts of execution share; only they write to it."""

    def __init__(self, settings: ExecutionSettings, prices: Prices) -> None:
        """Begin with a new account and nothing else."""
        self.settings = settings
        self.prices = prices
        self.table = OrderTable()
        self.account = Account(settings.start_cash)
        self.traders: dict[TraderId, Trader] = {}
        self.instruments: dict[str, Instrument] = {}
        self.entries: dict[PositionId, Signal] = {}
        self.positions: dict[PositionId, Position] = {}
        self.closing: dict[PositionId, ExitReason] = {}
        self.balances: dict[str, Balance] = {}
        self.balances_ms = -1
        self.whole_balances_ms = -1
        self.missing: set[PositionId] = set()
        self.quarantined: set[tuple[TraderId, str]] = set()
        self.doubted: dict[ClientOrderId, int] = {}
        self.forgotten: dict[ClientOrderId, Order] = {}
        self.is_paused = False
        self.is_ending = False
        self.is_feed_up = True
        self.closings = Closings()
        self.highs = Highs()
        self.peak = ZERO
        self.unexplained = ZERO
        self.unexplained_ms = -1
        self.sent: deque[tuple[int, TraderId]] = deque(maxlen=MOST_SENT)

    def held(self, position: Position) -> Decimal:
        """Return the base units still held (SHORT: owed), to the last digit."""
        base = self.table.sheet(position.position_id).flow.base
        return base if position.side is PositionSide.LONG else -base

    def collateral(self) -> Decimal:
        """Return the quote units that open shorts bind."""
        return collateral_of(
            Held(sheet.entry.symbol, sheet.flow.base, average_price((sheet.entry,)))
            for sheet in self.table.active()
            if sheet.entry is not None and sheet.entry.side is SELL and sheet.flow.base < ZERO
        )

    def equity(self) -> Decimal:
        """Return the account's worth in quote: cash and what is held at its last price."""
        held = [
            Held(sheet.entry.symbol, sheet.flow.base, average_price((sheet.entry,)))
            for sheet in self.table.active()
            if sheet.flow.base and sheet.entry is not None
        ]
        return self.account.cash + worth_of(held, self.price_of)

    def marked(self, at_ms: int) -> EquityMarked:
        """Return what the account is worth now, and keep the best.

        What is unexplained counts only once it is settled: it may be half of a fill.
        """
        equity = self.equity()
        self.peak = max(self.peak, equity - self.unexplained)
        return EquityMarked(
            at_ms=at_ms,
            equity=equity,
            cash=self.account.cash,
            open_positions=len(self.positions),
            account=self.settings.account,
            peak=self.peak,
        )

    def best(self) -> Decimal:
        """Return the best worth, as if what is unexplained were a transfer; 0 to count anew."""
        if not self.unexplained:
            return self.peak
        equity = self.equity()
        before = equity - self.unexplained
        if equity <= ZERO or before <= ZERO:
            return ZERO
        return money_to_step(self.peak * equity / before)

    def note_closed(self, position: Position) -> None:
        """Keep the result of a position that is over."""
        self.highs.add(position.trader_id, position.realized_pnl)
        self.closings.add(
            ClosedBefore(
                trader_id=position.trader_id,
                symbol=position.symbol,
                closed_ms=position.closed_ms or position.opened_ms,
                pnl=position.realized_pnl,
            )
        )

    def price_of(self, symbol: str) -> Decimal | None:
        """Return a symbol's last price, None before the first."""
        last = self.prices.last_price(symbol)
        return None if last is None else decimal_from_float(last)

    def open_count(self, trader_id: TraderId | None = None) -> int:
        """Return the positions open or on their way, of one trader or of the account."""
        on_their_way = [row for key, row in self.entries.items() if key not in self.positions]
        if trader_id is None:
            return len(self.positions) + len(on_their_way)
        open_now = [row for row in self.positions.values() if row.trader_id == trader_id]
        return len(open_now) + sum(1 for row in on_their_way if row.trader_id == trader_id)

    def is_taken(self, trader_id: TraderId, symbol: str) -> bool:
        """Return whether the trader holds this symbol or an entry for it is on its way."""
        return any(
            row.symbol == symbol and row.trader_id == trader_id
            for rows in (self.positions.values(), self.entries.values())
            for row in rows
        )

    def standing(self, symbol: str, trader_id: TraderId | None, *, at_ms: int) -> brakes.Standing:
        """Return how a trader, or (None) the account, stands before an entry in this symbol."""
        closed = self.closings.of_day(at_ms, trader_id)
        open_pnl = exposure = ZERO
        for sheet in self.table.active():
            entry = sheet.entry
            if entry is not None and trader_id in (None, entry.trader_id):
                price = self.price_of(entry.symbol) or average_price((entry,))
                open_pnl += sheet.flow.earned + sheet.flow.base * price
                exposure += abs(sheet.flow.base) * price
        for order in self.table.all_live():
            signal = self.entries.get(order.position_id)
            if signal is not None and trader_id in (None, order.trader_id):
                exposure += order.remaining * (order.price or signal.price)
        left_ms = self.closings.last_of(symbol, trader_id)
        equity = self.equity()
        return brakes.Standing(
            equity=equity,
            exposure=exposure,
            made_today=sum((row.pnl for row in closed), open_pnl),
            streak=brakes.streak_of(closed),
            entries=brakes.entries_within_a_minute(
                (when for when, owner in self.sent if trader_id in (None, owner)), at_ms
            ),
            best=self.best()
            if trader_id is None
            else equity + self.highs.fallen(trader_id, open_pnl),
            since_close_ms=None if left_ms is None else at_ms - left_ms,
        )

    def free(self, trader_id: TraderId) -> None:
        """End the quarantines and the drawdown of a trader: a person has saved or removed it."""
        self.highs.restart(trader_id)
        self.quarantined = {pair for pair in self.quarantined if pair[0] != trader_id}

    def stops_open(self, symbol: str) -> int:
        """Return the stop orders that rest, or soon will, on a symbol for the whole account."""
        live = self.table.live_on(symbol)
        return sum(1 for row in live if row.kind is OrderKind.STOP_LOSS)


def side_of(entry: Order) -> PositionSide:
    """Return which way the position of an entry order earns."""
    return PositionSide.LONG if entry.side is Side.BUY else PositionSide.SHORT


def entry_side(side: PositionSide) -> Side:
    """Return the side of the order that opens such a position."""
    return Side.BUY if side is PositionSide.LONG else Side.SELL


def exit_side(side: PositionSide) -> Side:
    """Return the side of the orders that close such a position."""
    return Side.SELL if side is PositionSide.LONG else Side.BUY
