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
from aitrader.execution.brakes import Closings
from aitrader.execution.orders import OrderTable
from aitrader.execution.risk import Account, ExecutionSettings
from aitrader.model.commands import Command
from aitrader.model.events import Balance, ClosedBefore, EquityMarked, Event
from aitrader.model.ids import PositionId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.ledger import average_price, flow_of, held
from aitrader.model.money import ZERO, decimal_from_float
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, Side
from aitrader.model.ports import Prices
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide, Trader

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
        self.quarantined: set[tuple[TraderId, str]] = set()
        self.is_paused = False
        self.is_feed_up = True
        self.closings = Closings()
        self.peak = ZERO
        self.sent: deque[tuple[int, TraderId]] = deque(maxlen=MOST_SENT)

    def exposed(self) -> tuple[tuple[PositionSide, tuple[Order, ...]], ...]:
        """Return side and orders of every position that may hold something."""
        found = []
        for position_id in self.table.positions():
            orders = self.table.of(position_id)
            entry = next((row for row in orders if row.leg is Leg.ENTRY), None)
            if entry is not None:
                found.append((side_of(entry), orders))
        return tuple(found)

    def held(self, position: Position) -> Decimal:
        """Return the base units still held (SHORT: owed), to the last digit."""
        return held(position.side, self.table.of(position.position_id))

    def collateral(self) -> Decimal:
        """Return the quote units that open shorts bind: their proceeds, and as much again."""
        bound = ZERO
        for side, orders in self.exposed():
            if side is PositionSide.SHORT:
                entry = [row for row in orders if row.leg is Leg.ENTRY]
                bound += 2 * max(held(side, orders), ZERO) * average_price(entry)
        return bound

    def equity(self) -> Decimal:
        """Return the account's worth in quote: cash and what is held at its last price."""
        worth = self.account.cash
        for _side, orders in self.exposed():
            base = flow_of(orders).base
            if base:
                worth += base * self._price(orders)
        return worth

    def marked(self, at_ms: int) -> EquityMarked:
        """Return what the account is worth now, and keep the best."""
        equity = self.equity()
        self.peak = max(self.peak, equity)
        return EquityMarked(
            at_ms=at_ms,
            equity=equity,
            cash=self.account.cash,
            open_positions=len(self.positions),
            account=self.settings.account,
            peak=self.peak,
        )

    def note_closed(self, position: Position) -> None:
        """Keep the result of a position that is over."""
        self.closings.add(
            ClosedBefore(
                trader_id=position.trader_id,
                symbol=position.symbol,
                closed_ms=position.closed_ms or position.opened_ms,
                pnl=position.realized_pnl,
            )
        )

    def _price(self, orders: tuple[Order, ...]) -> Decimal:
        last = self.prices.last_price(orders[0].symbol)
        if last is not None:
            return decimal_from_float(last)
        return average_price(row for row in orders if row.leg is Leg.ENTRY)

    def open_count(self, trader_id: TraderId | None = None) -> int:
        """Return the positions open or on their way, of one trader or of the account."""
        open_now = {row.position_id: row.trader_id for row in self.positions.values()}
        on_their_way = {key: signal.trader_id for key, signal in self.entries.items()}
        owners = (open_now | on_their_way).values()
        return sum(1 for owner in owners if trader_id is None or owner == trader_id)

    def is_taken(self, trader_id: TraderId, symbol: str) -> bool:
        """Return whether the trader holds this symbol or an entry for it is on its way."""
        held_now = {(row.trader_id, row.symbol) for row in self.positions.values()}
        awaited = {(row.trader_id, row.symbol) for row in self.entries.values()}
        return (trader_id, symbol) in held_now | awaited

    def standing(self, symbol: str, trader_id: TraderId | None, *, at_ms: int) -> brakes.Standing:
        """Return how a trader, or (None) the account, stands before an entry in this symbol."""
        closed = self.closings.of_day(at_ms, trader_id)
        made = sum((row.pnl for row in closed), ZERO)
        exposure = ZERO
        for _side, orders in self.exposed():
            if trader_id in (None, orders[0].trader_id):
                flow, price = flow_of(orders), self._price(orders)
                made += flow.quote + flow.base * price
                exposure += abs(flow.base) * price
        for order in self.table.all_live():
            signal = self.entries.get(order.position_id)
            if signal is not None and trader_id in (None, order.trader_id):
                exposure += order.remaining * signal.price
        left_ms = self.closings.last_of(symbol, trader_id)
        return brakes.Standing(
            equity=self.equity(),
            exposure=exposure,
            made_today=made,
            streak=brakes.streak_of(closed),
            entries=brakes.entries_within_a_minute(
                (when for when, owner in self.sent if trader_id in (None, owner)), at_ms
            ),
            best=self.peak if trader_id is None else ZERO,
            since_close_ms=None if left_ms is None else at_ms - left_ms,
        )

    def free(self, trader_id: TraderId) -> None:
        """End the quarantines of a trader: a person has saved or removed it."""
        self.quarantined = {pair for pair in self.quarantined if pair[0] != trader_id}

    def stops_open(self, symbol: str) -> int:
        """Return the stop orders that rest, or soon will, on a symbol for the whole account."""
        return sum(
            1
            for row in self.table.all_live()
            if row.symbol == symbol and row.kind is OrderKind.STOP_LOSS
        )


def side_of(entry: Order) -> PositionSide:
    """Return which way the position of an entry order earns."""
    return PositionSide.LONG if entry.side is Side.BUY else PositionSide.SHORT


def entry_side(side: PositionSide) -> Side:
    """Return the side of the order that opens such a position."""
    return Side.BUY if side is PositionSide.LONG else Side.SELL


def exit_side(side: PositionSide) -> Side:
    """Return the side of the orders that close such a position."""
    return Side.SELL if side is PositionSide.LONG else Side.BUY
