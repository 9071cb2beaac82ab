"""What the facts add up to since the start: traders, signals, positions, money, counters.

It is told every fact after it is on disk and decides nothing. The view makes rows of it and
control looks things up in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar, cast

import msgspec

from aitrader.engine.accounts import Accounts
from aitrader.engine.notices import Notices
from aitrader.engine.rows import Surroundings, Tally, analysis_row
from aitrader.model.account import LIVE
from aitrader.model.candle import closing_intervals
from aitrader.model.events import (
    BalancesReported,
    CandlesClosed,
    CashChanged,
    DecisionMade,
    EntriesPaused,
    Event,
    FeedChanged,
    FilterFailed,
    OpenOrdersReported,
    OrderPlanned,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quarantined,
    ScreenDone,
    SignalRaised,
    SignalUpdated,
    Started,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import PositionId, SignalId, TraderId
from aitrader.model.money import ZERO
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Signal
from aitrader.model.trader import Mode, Trader, Universe
from aitrader.model.view import AnalysisRow

MOST_SIGNALS = 200
MOST_CLOSED = 100

Note = Callable[[Event], None]
E = TypeVar("E", bound=Event)


class Board:
    """The engine's state for readers; `update` is its only writer."""

    def __init__(self, start_cash: Decimal) -> None:
        """Begin with new accounts; `start_cash` is the paper account's."""
        self.traders: dict[TraderId, Trader] = {}
        self.tallies: dict[TraderId, Tally] = {}
        self.signals: dict[SignalId, Signal] = {}
        self.positions: dict[PositionId, Position] = {}
        self.analyses: dict[SignalId, AnalysisRow] = {}
        self.counts: Counter[type[Event]] = Counter()
        self.checks = 0
        self.screen_ms = 0.0
        self.accounts = Accounts(start_cash)
        self.is_paused = False
        self.is_feed_up = False
        self.notices = Notices()
        self._universes: dict[Universe, tuple[str, ...]] = {}
        self._table: Mapping[type[Event], Note] = dict(
            (
                _on(Started, self._started),
                _on(TraderSaved, self._trader_saved),
                _on(TraderRemoved, self._trader_removed),
                _on(UniverseChanged, self._universe_changed),
                _on(EntriesPaused, self._entries_paused),
                _on(FeedChanged, self._feed_changed),
                _on(ScreenDone, self._screened),
                _on(FilterFailed, self._filter_failed),
                _on(Quarantined, self._quarantined),
                _on(OpenOrdersReported, self._open_orders_reported),
                _on(SignalRaised, self._signal_raised),
                _on(SignalUpdated, self._signal_updated),
                _on(DecisionMade, self._decided),
                _on(CashChanged, self._cash_changed),
                _on(BalancesReported, self._balances_reported),
                _on(PositionOpened, self._position_changed),
                _on(PositionUpdated, self._position_changed),
                _on(PositionClosed, self._position_changed),
            )
        )

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of facts, in their order."""
        for fact in facts:
            self.counts[type(fact)] += 1
            note = self._table.get(type(fact))
            if note is not None:
                note(fact)

    def is_live(self) -> bool:
        """Return whether a trader enters with live money or something live is still open."""
        traders = self.traders.values()
        return any(t.mode is Mode.LIVE for t in traders) or bool(self.open_positions(LIVE))

    def open_positions(self, account: str | None = None) -> list[Position]:
        """Return the positions (of one account, or all) that are not closed, oldest first."""
        return [
            p
            for p in self.positions.values()
            if p.status is not PositionStatus.CLOSED and account in (None, p.account)
        ]

    def name_of(self, trader_id: TraderId) -> str:
        """Return a trader's name, its id once it is removed."""
        trader = self.traders.get(trader_id)
        return trader.plan.name if trader else trader_id

    def tally_of(self, trader_id: TraderId) -> Tally:
        """Return what a trader has done so far."""
        return self.tallies.get(trader_id) or Tally()

    def around(self, trader: Trader) -> Surroundings:
        """Return what a trader's state depends on besides itself."""
        return Surroundings(
            symbols=len(self.symbols_of(trader)),
            is_paused=self.is_paused,
            has_candles=self.is_feed_up and self.counts[CandlesClosed] > 0,
        )

    def symbols_of(self, trader: Trader) -> tuple[str, ...]:
        """Return what a trader looks at, in its universe's order; none before that is known."""
        return self._universes.get(trader.plan.universe, ())

    def orders_planned(self) -> int:
        """Return how many orders were written down."""
        return self.counts[OrderPlanned]

    def _tally(self, trader_id: TraderId, **changes: object) -> None:
        tally = self.tally_of(trader_id)
        self.tallies[trader_id] = msgspec.structs.replace(tally, **changes)

    def _started(self, fact: Started) -> None:
        saved = fact.saved
        self.traders = {trader.trader_id: trader for trader in saved.traders}
        self.signals = {signal.signal_id: signal for signal in saved.signals}
        self.positions = {position.position_id: position for position in saved.positions}
        self._universes = dict(saved.universes)
        self.is_paused = saved.is_paused
        self.accounts.start(saved)
        for trader_id, signals, pnl in saved.results:
            self._tally(trader_id, signals=signals, realized_pnl=pnl)
        for position in saved.positions:
            tally = self.tally_of(position.trader_id)
            self._tally(position.trader_id, open_positions=tally.open_positions + 1)

    def _trader_saved(self, fact: TraderSaved) -> None:
        self.traders[fact.trader.trader_id] = fact.trader
        self._tally(fact.trader.trader_id, fault="", warming=None)
        self.notices.forgive(fact.trader.trader_id)

    def _trader_removed(self, fact: TraderRemoved) -> None:
        self.traders.pop(fact.trader_id, None)
        self.notices.forgive(fact.trader_id)

    def _universe_changed(self, fact: UniverseChanged) -> None:
        self._universes[fact.universe] = fact.symbols

    def _entries_paused(self, fact: EntriesPaused) -> None:
        self.is_paused = fact.is_paused

    def _feed_changed(self, fact: FeedChanged) -> None:
        self.is_feed_up = fact.is_up
        self.notices.feed = "" if fact.is_up else fact.reason

    def _screened(self, fact: ScreenDone) -> None:
        self.checks += fact.checks
        self.screen_ms = fact.cpu_ms
        warming = {trader_id: (there, needed) for trader_id, there, needed in fact.warming}
        closing = closing_intervals(fact.closed_ms)
        for trader in self.traders.values():
            if trader.plan.interval in closing:
                self._tally(
                    trader.trader_id,
                    warming=warming.get(trader.trader_id),
                    last_check_ms=fact.closed_ms,
                )
        for trader_id, reason in fact.faults:
            self._tally(trader_id, fault=reason)

    def _filter_failed(self, fact: FilterFailed) -> None:
        self._tally(fact.trader_id, fault=fact.reason)

    def _quarantined(self, fact: Quarantined) -> None:
        text = f"{self.name_of(fact.trader_id)} leaves {fact.symbol} alone: {fact.reason}"
        self.notices.leave_alone(fact.trader_id, text)

    def _open_orders_reported(self, fact: OpenOrdersReported) -> None:
        self.notices.find_strange(fact.orders)

    def _signal_raised(self, fact: SignalRaised) -> None:
        signal = fact.signal
        self._tally(signal.trader_id, signals=self.tally_of(signal.trader_id).signals + 1)
        self.signals[signal.signal_id] = signal
        if len(self.signals) > MOST_SIGNALS:
            del self.signals[next(iter(self.signals))]

    def _signal_updated(self, fact: SignalUpdated) -> None:
        if fact.signal.signal_id in self.signals:
            self.signals[fact.signal.signal_id] = fact.signal

    def _decided(self, fact: DecisionMade) -> None:
        """Keep what was decided where an analyst is asked; rules alone are no analysis."""
        signal = self.signals.get(fact.decision.signal_id)
        trader = self.traders.get(signal.trader_id) if signal else None
        if signal is None or trader is None or trader.plan.analyst is None:
            return
        self.analyses[signal.signal_id] = analysis_row(
            fact.decision, signal, trader.plan.name, fact.at_ms
        )
        if len(self.analyses) > MOST_SIGNALS:
            del self.analyses[next(iter(self.analyses))]

    def _balances_reported(self, fact: BalancesReported) -> None:
        self.accounts.report(fact.account, fact.balances, is_whole=fact.is_whole)

    def _cash_changed(self, fact: CashChanged) -> None:
        self.accounts.set_cash(fact.account, fact.cash)

    def _position_changed(self, fact: PositionOpened | PositionUpdated | PositionClosed) -> None:
        position = fact.position
        before = self.positions.get(position.position_id)
        gained = position.realized_pnl - (before.realized_pnl if before else ZERO)
        opened = _is_open(position) - (_is_open(before) if before else 0)
        tally = self.tally_of(position.trader_id)
        self._tally(
            position.trader_id,
            realized_pnl=tally.realized_pnl + gained,
            open_positions=tally.open_positions + opened,
        )
        self.accounts.gain(position.account, gained, at_ms=fact.at_ms)
        self.positions[position.position_id] = position
        self._forget_closed()

    def _forget_closed(self) -> None:
        closed = [p for p in self.positions.values() if p.status is PositionStatus.CLOSED]
        for position in closed[: max(len(closed) - MOST_CLOSED, 0)]:
            del self.positions[position.position_id]


def _is_open(position: Position) -> int:
    return int(position.status is not PositionStatus.CLOSED)


def _on(kind: type[E], note: Callable[[E], None]) -> tuple[type[Event], Note]:
    return kind, cast(Note, note)
