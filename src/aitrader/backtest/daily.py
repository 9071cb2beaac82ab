"""The universes of a run that has no other stages: ranked at each midnight as an engine does it."""

from __future__ import annotations

from aitrader.backtest.history import History
from aitrader.backtest.job import MOST_SYMBOLS, Job, first_facts
from aitrader.backtest.loop import Loop, on
from aitrader.backtest.market import TIMER, Wake
from aitrader.backtest.timers import NEVER_MS, VirtualClock, VirtualTimers
from aitrader.market.universe import UniverseStage
from aitrader.model.commands import RankMarket, StartTimer
from aitrader.model.events import (
    MarketRanked,
    UniverseChanged,
)
from aitrader.model.trader import Universe


class DailyUniverses:
    """What each universe of a job means at the clock's instant."""

    def __init__(self, job: Job, history: History, clock: VirtualClock) -> None:
        """Rank what is ranked on the first day."""
        self._history, self._clock, self._detail = history, clock, job.detail
        self.next: Wake = (NEVER_MS, TIMER)
        """When they are ranked next."""
        self._places: dict[Universe, dict[str, int]] = {}
        self._loop = Loop()
        self._timers = VirtualTimers(self._loop, clock)
        self._loop.join(
            (UniverseStage(max_symbols=MOST_SYMBOLS),), {UniverseChanged: self._changed}
        )
        self._loop.handlers = dict((on(StartTimer, self._timers.start), on(RankMarket, self._rank)))
        for fact in first_facts(job):
            self._loop.post(fact)
        self._settle()

    def find(self, universe: Universe, symbol: str) -> int | None:
        """Return a symbol's place in a universe, None where it is not in it."""
        places = self._places.get(universe)
        return None if places is None else places.get(symbol)

    def rank(self) -> None:
        """Rank them, and put the clock there."""
        self._clock.at_ms = self.next[0]
        self._timers.go_off()
        self._settle()

    def _settle(self) -> None:
        self._loop.settle()
        self.next = (self._timers.next_ms(), TIMER)

    def _changed(self, fact: UniverseChanged) -> None:
        self._places[fact.universe] = {name: place for place, name in enumerate(fact.symbols)}

    def _rank(self, _command: RankMarket) -> None:
        now_ms = self._clock.at_ms
        volumes = self._history.volumes(self._detail, now_ms)
        self._loop.post(MarketRanked(at_ms=now_ms, volumes=volumes))
