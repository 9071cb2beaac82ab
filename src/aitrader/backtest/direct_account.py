"""The account of a direct run: what an entry is measured against, and where fills are booked.

It holds what the desk of the execution stage holds, for a run in which nothing can go wrong between
two steps: the cash with its promises, the trades that are open or on their way, and how many stop
orders each symbol has.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from aitrader.backtest.history import History, Series
from aitrader.backtest.job import Job, settings_of
from aitrader.backtest.record import Record
from aitrader.backtest.resting import NeedsStages, Resting
from aitrader.backtest.round_trip import RoundTrip
from aitrader.backtest.timers import VirtualClock
from aitrader.exchange.simulated import fills
from aitrader.execution.admission import (
    Entry,
    admitted,
    is_current,
    means_of,
    stops_allowed,
    stops_needed,
)
from aitrader.execution.risk import Account, Standing, collateral_of, worth_of
from aitrader.execution.sizing import Means
from aitrader.model.errors import Refused
from aitrader.model.ids import FillId, TraderId
from aitrader.model.ledger import Flow, flow_of_fill
from aitrader.model.money import ZERO, decimal_from_float, exact
from aitrader.model.order import Fill, OrderKind, Side
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide, SizeKind, Trader

LONG = PositionSide.LONG
AT_MARKET = {side: Resting(side, OrderKind.MARKET) for side in Side}

UNNAMED = FillId("")
"""Nobody asks a direct run for ids."""

Key = tuple[TraderId, str]


class DirectAccount:
    """Cash, open trades and stop orders; `open` are the trades by trader and symbol."""

    def __init__(self, job: Job, history: History, record: Record, clock: VirtualClock) -> None:
        """Begin with the job's cash; what happens is kept in `record`."""
        self.open: dict[Key, RoundTrip] = {}
        self._record, self._clock = record, clock
        self._settings = settings_of(job.terms)
        self._slippage_bps = job.terms.slippage_bps
        self._account = Account(job.terms.start_cash)
        self._collateral = ZERO
        self._rules = {row.symbol: row for row in job.instruments}
        self._series: dict[str, Series | None] = {
            symbol: history.find(symbol, job.detail) for symbol in history.symbols
        }
        self._shorts: dict[Key, RoundTrip] = {}
        self._count: Counter[TraderId] = Counter()
        self._stops: Counter[str] = Counter()
        self._number = 0

    # -- entries --------------------------------------------------------------------------------

    def close_candle(self) -> None:
        """Take what is free now as what entries of this close may spend."""
        self._collateral = collateral_of(row.held for row in self._shorts.values())
        self._account.close_candle(self._collateral)

    def admit(self, signal: Signal, trader: Trader) -> RoundTrip | None:
        """Return the trade that a signal begins, None where a rule forbids it.

        Raises:
            NeedsStages: Its stop is one that moves, or there are no candles to fill it.
        """
        symbol, trader_id = signal.symbol, trader.trader_id
        rules, series = self._rules.get(symbol), self._series.get(symbol)
        entry = Entry(signal, trader, rules, self._settings)
        now = self._standing(entry)
        try:
            _market, sized = admitted(entry, now, self._means)
        except Refused as refusal:
            self._record.refusals[refusal.reason] += 1
            return None
        if rules is None or series is None or signal.exits.break_even_pct is not None:
            raise NeedsStages(f"{trader_id} on {symbol}")
        self._number += 1
        trip = RoundTrip(str(self._number), signal, trader, rules, series, sized.quantity)
        self._account.promise(trip.entry, sized.needed)
        self.open[trader_id, symbol] = trip
        if trader.plan.side is not LONG:
            self._shorts[trader_id, symbol] = trip
        self._count[trader_id] += 1
        self.count_stops(trip, now.stops_needed)
        return trip

    def _standing(self, entry: Entry) -> Standing:
        signal, trader, rules = entry.signal, entry.trader, entry.rules
        return Standing(
            is_paused=False,
            is_feed_up=True,
            is_current=is_current(signal, at_ms=signal.raised_ms),
            is_trader_enabled=trader.is_enabled,
            is_quarantined=False,
            is_symbol_taken=(trader.trader_id, signal.symbol) in self.open,
            is_trading=rules is None or rules.is_trading,
            trader_open=self._count[trader.trader_id],
            trader_limit=trader.plan.limits.max_open,
            account_open=len(self.open),
            account_limit=self._settings.max_open_positions,
            stops_open=self._stops[signal.symbol],
            stops_needed=stops_needed(signal.exits),
            stops_limit=stops_allowed(rules, self._settings),
        )

    def _means(self, kind: SizeKind, is_limit: bool) -> Means:
        equity = ZERO
        if kind is not SizeKind.AMOUNT:
            held = (row.held for row in self.open.values() if row.left)
            equity = self._account.cash + worth_of(held, self.last_price)
        free = self._account.spendable(self._collateral)
        return means_of(self._settings, equity=equity, free=free, is_limit=is_limit)

    def last_price(self, symbol: str) -> Decimal | None:
        """Return a symbol's last price at the clock's instant, None before the first."""
        series = self._series.get(symbol)
        last = None if series is None else series.last_price(self._clock.at_ms)
        return None if last is None else decimal_from_float(last)

    def release(self, trip: RoundTrip) -> None:
        """End the promise to an entry that has filled or was given up."""
        self._account.release(trip.entry)

    def forget(self, trip: RoundTrip) -> None:
        """Let others have the place of a trade that is over."""
        trader_id, symbol = trip.trader.trader_id, trip.signal.symbol
        del self.open[trader_id, symbol]
        self._shorts.pop((trader_id, symbol), None)
        self._count[trader_id] -= 1
        self.count_stops(trip, 0)

    def count_stops(self, trip: RoundTrip, stops: int) -> None:
        """Keep how many stop orders a trade has by now, or will have, on its symbol."""
        if stops != trip.stops:
            self._stops[trip.signal.symbol] += stops - trip.stops
            trip.stops = stops

    # -- fills ----------------------------------------------------------------------------------

    def fill_at_market(self, trip: RoundTrip, side: Side, quantity: Decimal) -> tuple[Fill, Flow]:
        """Fill an order at the open of the candle that is next; return it and what it did."""
        price = fills.fill_price_at(
            AT_MARKET[side],
            exact(trip.series.opens[trip.place]),
            is_new=True,
            slippage_bps=self._slippage_bps,
            tick_size=trip.rules.tick_size,
        )
        assert price is not None, "a market order takes every price"
        return self.fill(trip, side, quantity, price)

    def fill(
        self, trip: RoundTrip, side: Side, quantity: Decimal, price: Decimal
    ) -> tuple[Fill, Flow]:
        """Book a fill, and return it and what it did."""
        at_ms, symbol, settings = self._clock.at_ms, trip.signal.symbol, self._settings
        fee = fills.fee_in_quote(quantity, price, fee_bps=settings.fee_bps)
        fill = Fill(UNNAMED, at_ms, quantity, price, fee, settings.quote)
        flow = flow_of_fill(fill, symbol=symbol, side=side)
        self._account.cash += flow.quote
        self._record.add_fill(fill, flow, symbol=symbol, at_ms=at_ms)
        return fill, flow
