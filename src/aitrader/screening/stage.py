"""The screening stage: at each close it sends the traders to look, and ranks what they saw.

Two steps with a worker thread between: `CandlesClosed` gives a `Screen` command whose `run` holds
an immutable round; the answer comes back as `ScreenDone`. Meanwhile anything may have changed, so
only the answer is judged: matches are ranked by the trader's order and the universe's order and
dropped where entries are paused, the trader is off, changed since or quarantined, or already holds
or awaits the symbol. A close that was worked on before (by this run or the last) is not screened
again, so a restart raises no signal twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from aitrader.filters.evaluate import Program
from aitrader.filters.panel import PanelSource
from aitrader.filters.traderfile import compile_trader
from aitrader.model.commands import Command, Screen, Stream, WatchMarket
from aitrader.model.errors import FilterFault
from aitrader.model.events import (
    CandlesClosed,
    EntriesPaused,
    Event,
    ExitConditionsMet,
    FilterFailed,
    FilterMatched,
    PositionClosed,
    PositionOpened,
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
from aitrader.model.signal import Match, Signal, SignalStatus
from aitrader.model.trader import Trader
from aitrader.screening.match import Filled, screen
from aitrader.screening.quarantine import Quarantine
from aitrader.screening.schedule import MakeEvaluator, Roster

Messages: TypeAlias = list[Event | Command]

AWAITING = frozenset({SignalStatus.RAISED, SignalStatus.WAITING})


class ScreeningStage:
    """Says what to watch, when to look, and which matches may become signals."""

    def __init__(
        self,
        panels: PanelSource,
        series: Filled,
        *,
        make_evaluator: MakeEvaluator = Program,
    ) -> None:
        """Read candles from `panels` and their number from `series` (the same table)."""
        self._panels = panels
        self._series = series
        self._roster = Roster(make_evaluator)
        self._quarantine = Quarantine()
        self._held: dict[PositionId, tuple[TraderId, str]] = {}
        self._awaited: dict[SignalId, tuple[TraderId, str]] = {}
        self._changed_ms: dict[TraderId, int] = {}
        self._streams: tuple[Stream, ...] = ()
        self._closed_ms: dict[str, int] = {}
        self._begun_ms = 0
        self._is_paused = False
        self.handlers: Mapping[type[Event], Callable[..., Messages]] = {
            Started: self._started,
            TraderSaved: self._trader_saved,
            TraderRemoved: self._trader_removed,
            UniverseChanged: self._universe_changed,
            EntriesPaused: self._entries_paused,
            CandlesClosed: self._candles_closed,
            ScreenDone: self._screen_done,
            SignalRaised: self._signal_changed,
            SignalUpdated: self._signal_changed,
            PositionOpened: self._position_opened,
            PositionClosed: self._position_closed,
            Quarantined: self._quarantined,
        }

    def handle(self, event: Event) -> Iterable[Event | Command]:
        """Return what follows from one event, facts and requests in their order."""
        handler = self.handlers.get(type(event))
        return () if handler is None else handler(event)

    # -- what is known ------------------------------------------------------------------------

    def _started(self, event: Started) -> Messages:
        saved = event.saved
        self._begun_ms = saved.last_event_ms
        self._is_paused = saved.is_paused
        for universe, symbols in saved.universes:
            self._roster.set_universe(universe, symbols)
        for position in saved.positions:
            self._held[position.position_id] = (position.trader_id, position.symbol)
        for signal in saved.signals:
            self._keep_awaited(signal)
        for trader_id, symbol in saved.quarantined:
            self._quarantine.put_symbol(trader_id, symbol)
        answer: Messages = []
        for trader in saved.traders:
            answer.extend(self._enrolled(trader, at_ms=event.at_ms))
        return [*answer, *self._watch()]

    def _trader_saved(self, event: TraderSaved) -> Messages:
        trader_id = event.trader.trader_id
        self._quarantine.free_trader(trader_id)
        self._changed_ms[trader_id] = event.at_ms
        return [*self._enrolled(event.trader, at_ms=event.at_ms), *self._watch()]

    def _trader_removed(self, event: TraderRemoved) -> Messages:
        self._quarantine.free_trader(event.trader_id)
        self._changed_ms.pop(event.trader_id, None)
        self._roster.dismiss(event.trader_id)
        return self._watch()

    def _enrolled(self, trader: Trader, *, at_ms: int) -> Messages:
        try:
            self._roster.enroll(trader, compile_trader(trader.source))
        except FilterFault as fault:
            self._roster.dismiss(trader.trader_id)
            return self._failed(trader.trader_id, str(fault), at_ms=at_ms)
        return []

    def _universe_changed(self, event: UniverseChanged) -> Messages:
        before = self._roster.members(event.universe)
        self._roster.set_universe(event.universe, event.symbols)
        return self._watch() if before != frozenset(event.symbols) else []

    def _entries_paused(self, event: EntriesPaused) -> Messages:
        self._is_paused = event.is_paused
        return []

    def _signal_changed(self, event: SignalRaised | SignalUpdated) -> Messages:
        self._keep_awaited(event.signal)
        return []

    def _keep_awaited(self, signal: Signal) -> None:
        if signal.status in AWAITING:
            self._awaited[signal.signal_id] = (signal.trader_id, signal.symbol)
        else:
            self._awaited.pop(signal.signal_id, None)

    def _position_opened(self, event: PositionOpened) -> Messages:
        position = event.position
        self._held[position.position_id] = (position.trader_id, position.symbol)
        return self._watch_held(position.trader_id, position.symbol)

    def _position_closed(self, event: PositionClosed) -> Messages:
        position = event.position
        self._held.pop(position.position_id, None)
        return self._watch_held(position.trader_id, position.symbol)

    def _quarantined(self, event: Quarantined) -> Messages:
        self._quarantine.put_symbol(event.trader_id, event.symbol)
        return []

    # -- what to watch ------------------------------------------------------------------------

    def _watch(self) -> Messages:
        """Return the streams to watch if they are others than before."""
        streams = self._roster.streams(tuple(self._held.values()))
        if streams == self._streams:
            return []
        self._streams = streams
        return [WatchMarket(streams=streams)]

    def _watch_held(self, trader_id: TraderId, symbol: str) -> Messages:
        """Return other streams only where a held symbol is not in its trader's universe anyway."""
        trader = self._roster.find(trader_id)
        if trader is not None and trader.is_enabled and symbol in self._roster.symbols(trader):
            return []
        return self._watch()

    # -- a close ------------------------------------------------------------------------------

    def _candles_closed(self, event: CandlesClosed) -> Messages:
        at_ms = event.at_ms
        due = [row for row in event.intervals if at_ms > self._closed_ms.get(row, self._begun_ms)]
        for interval in due:
            self._closed_ms[interval] = at_ms
        work = self._roster.round(
            at_ms,
            due,
            held=frozenset(self._held.values()),
            missed=frozenset(event.missed),
            is_out=self._quarantine.has_trader,
        )
        if not work.groups:
            return []
        panels, series = self._panels, self._series
        return [Screen(closed_ms=at_ms, run=lambda: screen(work, panels, series))]

    def _screen_done(self, event: ScreenDone) -> Messages:
        answer: Messages = []
        for trader_id, reason in event.faults:
            answer.extend(self._failed(trader_id, reason, at_ms=event.at_ms))
        holding = frozenset(self._held.values()) if event.exit_matches else ()
        for found in event.exit_matches:
            if (found.trader_id, found.symbol) in holding:
                answer.append(
                    ExitConditionsMet(
                        at_ms=event.at_ms,
                        trader_id=found.trader_id,
                        symbol=found.symbol,
                        condition=found.condition,
                    )
                )
        entering = [row for row in event.matches if self._may_enter(row, at_ms=event.closed_ms)]
        if len(entering) > 1:
            entering.sort(key=self._rank)
        answer.extend([FilterMatched(at_ms=event.at_ms, match=match) for match in entering])
        return answer

    def _failed(self, trader_id: TraderId, reason: str, *, at_ms: int) -> Messages:
        if not self._quarantine.put_trader(trader_id, reason):
            return []
        return [FilterFailed(at_ms=at_ms, trader_id=trader_id, reason=reason)]

    def _rank(self, match: Match) -> tuple[int, TraderId, int]:
        """Return the order in which signals compete: the trader's, then the universe's."""
        trader = self._roster.find(match.trader_id)
        assert trader is not None, "a trader that is gone may not enter"
        symbols = self._roster.symbols(trader)
        place = symbols.index(match.symbol) if match.symbol in symbols else len(symbols)
        return (trader.rank, match.trader_id, place)

    def _may_enter(self, match: Match, *, at_ms: int) -> bool:
        """Return whether a match may become a signal as things stand now."""
        trader_id, symbol = match.trader_id, match.symbol
        trader = self._roster.find(trader_id)
        if trader is None or not trader.is_enabled or self._is_paused:
            return False
        if self._quarantine.has_trader(trader_id) or self._quarantine.has_symbol(trader_id, symbol):
            return False
        if at_ms < self._changed_ms.get(trader_id, 0):
            return False
        taken = (trader_id, symbol)
        return taken not in self._held.values() and taken not in self._awaited.values()
