"""What each trader's universe means today. The `market` stage: events in, facts and requests out.

Theory of operation. A fixed list means its symbols that exist and trade. `top N` of a quote is
ranked by quote volume once a day at 00:00 UTC, where the last 24 h are the day before, with
hysteresis: a symbol enters at rank N and leaves below rank 1.2 N. A universe that is new, or whose
list is of another day, is ranked at once; the others keep their list until midnight. Every change
is a fact (`UniverseChanged`), so that a backtest of this day can use this day's universe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aitrader.model.candle import DAY_MS, open_of
from aitrader.model.commands import Command, RankMarket, StartTimer
from aitrader.model.events import (
    Event,
    InstrumentsLoaded,
    MarketRanked,
    Started,
    TimerDue,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import TimerId, TraderId
from aitrader.model.instrument import Instrument
from aitrader.model.trader import Universe

RANK_TIMER = TimerId("market-rank")
"""Due at 00:00 UTC of each day."""

LEAVE_SHARE = 5
"""A member of `top N` stays while its rank is not below N + N / 5."""


class UniverseStage:
    """Keeps the symbols of every universe that a trader uses."""

    def __init__(self, *, max_symbols: int) -> None:
        """Cut every ranked universe at its best `max_symbols`; a fixed list is taken as it is."""
        self._max_symbols = max_symbols
        self._instruments: dict[str, Instrument] = {}
        self._universes: dict[TraderId, Universe] = {}
        self._symbols: dict[Universe, tuple[str, ...]] = {}
        self._left_out: dict[Universe, tuple[str, ...]] = {}
        self._due: set[Universe] = set()
        self._ranked: MarketRanked | None = None
        self._is_asked = False
        self.handlers: Mapping[type[Event], Callable[..., Iterable[Event | Command]]] = {
            Started: self._start,
            InstrumentsLoaded: self._instruments_loaded,
            MarketRanked: self._rank,
            TraderSaved: self._trader_saved,
            TraderRemoved: self._trader_removed,
            TimerDue: self._timer_due,
        }

    def handle(self, event: Event) -> Iterable[Event | Command]:
        """Return what follows from one event."""
        handler = self.handlers.get(type(event))
        return () if handler is None else handler(event)

    def _instruments_loaded(self, event: InstrumentsLoaded) -> Iterator[Event | Command]:
        self._instruments = {row.symbol: row for row in event.instruments}
        return self._review(event.at_ms)

    def _trader_saved(self, event: TraderSaved) -> Iterator[Event | Command]:
        self._universes[event.trader.trader_id] = event.trader.plan.universe
        return self._review(event.at_ms)

    def _trader_removed(self, event: TraderRemoved) -> Iterator[Event | Command]:
        self._universes.pop(event.trader_id, None)
        return self._review(event.at_ms)

    def _timer_due(self, event: TimerDue) -> Iterable[Event | Command]:
        return self._new_day(event.at_ms) if event.timer_id == RANK_TIMER else ()

    def _start(self, event: Started) -> Iterator[Event | Command]:
        saved = event.saved
        self._universes = {row.trader_id: row.plan.universe for row in saved.traders}
        self._symbols = dict(saved.universes)
        if open_of(saved.last_event_ms, "1d") != open_of(event.at_ms, "1d"):
            self._due = set(self._symbols)
        yield _midnight_after(event.at_ms)
        yield from self._review(event.at_ms)

    def _new_day(self, at_ms: int) -> Iterator[Event | Command]:
        self._due = set(self._symbols)
        yield _midnight_after(at_ms)
        yield from self._review(at_ms)

    def _review(self, at_ms: int) -> Iterator[Event | Command]:
        """Resolve what can be resolved, ask for a ranking where one is due."""
        used = dict.fromkeys(self._universes.values())
        for gone in [known for known in self._symbols if known not in used]:
            del self._symbols[gone]
            self._due.discard(gone)
        if not self._instruments:
            return
        ranked = self._ranking_of(at_ms)
        for universe in used:
            if universe.symbols:
                yield from self._change(universe, self._listed(universe), at_ms)
            elif universe in self._symbols and universe not in self._due:
                yield from self._change(universe, self._trading(self._symbols[universe]), at_ms)
            elif ranked is not None:
                yield from self._change(universe, self._top(universe, ranked), at_ms)
            elif not self._is_asked:
                self._is_asked = True
                yield RankMarket()

    def _rank(self, event: MarketRanked) -> Iterator[Event | Command]:
        self._is_asked = False
        self._ranked = event
        yield from self._review(event.at_ms)

    def _ranking_of(self, at_ms: int) -> MarketRanked | None:
        """Return the ranking if it is of the day of `at_ms`."""
        if self._ranked is None or open_of(self._ranked.at_ms, "1d") != open_of(at_ms, "1d"):
            return None
        return self._ranked

    def _change(
        self, universe: Universe, symbols: tuple[str, ...], at_ms: int
    ) -> Iterator[UniverseChanged]:
        """Say what a universe means if that is news."""
        self._due.discard(universe)
        wished = [name for name in universe.symbols if name not in universe.excluded]
        left_out = tuple(name for name in wished if name not in symbols)
        is_known = self._symbols.get(universe) == symbols
        if is_known and self._left_out.get(universe, ()) == left_out:
            return
        self._symbols[universe] = symbols
        self._left_out[universe] = left_out
        yield UniverseChanged(at_ms=at_ms, universe=universe, symbols=symbols, left_out=left_out)

    def _trading(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """Return those of `symbols` that exist and trade."""
        known = self._instruments
        return tuple(name for name in symbols if name in known and known[name].is_trading)

    def _listed(self, universe: Universe) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(universe.symbols))
        return tuple(name for name in self._trading(names) if name not in universe.excluded)

    def _top(self, universe: Universe, ranked: MarketRanked) -> tuple[str, ...]:
        known, quote, excluded = self._instruments, universe.quote, universe.excluded
        eligible = [
            name
            for name, _volume in ranked.volumes
            if (rules := known.get(name)) is not None
            and rules.is_trading
            and rules.quote == quote
            and name not in excluded
        ]
        enter = universe.top or len(eligible)
        members = self._symbols.get(universe, ())
        near = eligible[enter : enter + enter // LEAVE_SHARE]
        kept = eligible[:enter] + [name for name in near if name in members]
        return tuple(kept[: self._max_symbols])


def _midnight_after(at_ms: int) -> StartTimer:
    return StartTimer(timer_id=RANK_TIMER, due_ms=open_of(at_ms, "1d") + DAY_MS)
