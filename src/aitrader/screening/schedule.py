"""Which trader looks at which symbol now, and which candles must be there for it.

`Roster` keeps the traders with their compiled files, what their universes mean and what they hold.
From it follow the streams to watch (a trader's base interval and every interval of its lookback,
for its universe, the symbols its file names and the symbols it holds) and, at each close, the round
of screening. The traders of one base interval are merged into one program, which is made anew only
when the traders in it change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.panel import Panel
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.commands import Stream
from aitrader.model.ids import TraderId
from aitrader.model.trader import Trader, Universe
from aitrader.screening.match import Evaluator, Group, Round, Watcher, needs_of

SPARE_BARS = 2
"""Kept beyond the lookback: the row before, for the change, and one for the next close."""

ORPHAN_INTERVAL = "1m"
"""Watched for a held symbol whose trader is gone, so that its price is known."""

Needs: TypeAlias = dict[tuple[str, str], int]
"""Bars by (symbol, interval)."""

MakeEvaluator: TypeAlias = Callable[[Mapping[TraderId, CompiledTrader]], Evaluator]


class Enrolled(msgspec.Struct, frozen=True):
    """A trader and its compiled file."""

    trader: Trader
    compiled: CompiledTrader


class Merged:
    """Traders that are merged when they are first asked, which is in the worker thread.

    Merging 50 traders takes about 6 ms, more than the engine's loop may be held up.
    """

    def __init__(self, traders: Mapping[TraderId, CompiledTrader], make: MakeEvaluator) -> None:
        """Keep what to merge."""
        self._traders = traders
        self._make = make
        self._evaluator: Evaluator | None = None

    def run(self, panels: Mapping[str, Panel], last: int = 2) -> Mapping[TraderId, Answers]:
        """Return each trader's answers on the last rows of every symbol."""
        if self._evaluator is None:
            self._evaluator = self._make(self._traders)
        return self._evaluator.run(panels, last)


class Roster:
    """The traders, their universes and their programs."""

    def __init__(self, make_evaluator: MakeEvaluator) -> None:
        """Begin empty; `make_evaluator` merges compiled traders of one base interval."""
        self._make = make_evaluator
        self._enrolled: dict[TraderId, Enrolled] = {}
        self._universes: dict[Universe, tuple[str, ...]] = {}
        self._evaluators: dict[str, tuple[tuple[tuple[TraderId, str], ...], Evaluator]] = {}

    def enroll(self, trader: Trader, compiled: CompiledTrader) -> None:
        """Take a trader in, or its new version."""
        self._enrolled[trader.trader_id] = Enrolled(trader, compiled)

    def dismiss(self, trader_id: TraderId) -> None:
        """Forget a trader."""
        self._enrolled.pop(trader_id, None)

    def set_universe(self, universe: Universe, symbols: tuple[str, ...]) -> None:
        """Say what a universe means from now on, best symbol first."""
        self._universes[universe] = symbols

    def members(self, universe: Universe) -> frozenset[str] | None:
        """Return what a universe means now, in no order; None while it is not known."""
        symbols = self._universes.get(universe)
        return None if symbols is None else frozenset(symbols)

    def find(self, trader_id: TraderId) -> Trader | None:
        """Return a trader that is enrolled."""
        row = self._enrolled.get(trader_id)
        return None if row is None else row.trader

    def symbols(self, trader: Trader) -> tuple[str, ...]:
        """Return what the trader's universe means now; nothing while it is not known."""
        return self._universes.get(trader.plan.universe, ())

    def streams(self, held: Iterable[tuple[TraderId, str]]) -> tuple[Stream, ...]:
        """Return every stream that screening and held symbols need, in a fixed order."""
        needs: Needs = {}
        for universe, bars in self._needs_by_universe().items():
            for symbol in self._universes.get(universe, ()):
                _add(needs, symbol, bars)
        holders = {trader_id for trader_id, _symbol in held}
        for row in self._enrolled.values():
            if row.trader.is_enabled or row.trader.trader_id in holders:
                for symbol in row.compiled.symbols_named:
                    _add(needs, symbol, needs_of(row.compiled, symbol))
        for trader_id, symbol in held:
            holder = self._enrolled.get(trader_id)
            _add(needs, symbol, {ORPHAN_INTERVAL: 1} if holder is None else _needs(holder))
        streams = (
            Stream(symbol, interval, bars + SPARE_BARS)
            for (symbol, interval), bars in needs.items()
        )
        return tuple(sorted(streams, key=lambda row: (row.symbol, INTERVAL_MS[row.interval])))

    def round(
        self,
        closed_ms: int,
        intervals: Iterable[str],
        *,
        held: frozenset[tuple[TraderId, str]],
        missed: frozenset[tuple[str, str]],
        is_out: Callable[[TraderId], bool],
    ) -> Round:
        """Return what is to be screened at a close.

        Args:
            closed_ms: The instant of the close.
            intervals: Those that have a candle ending then.
            held: What traders hold; their exit conditions are asked even when they are disabled.
            missed: (symbol, interval) without their row.
            is_out: Whether a trader is not screened at all.
        """
        groups = []
        for interval in intervals:
            rows = [
                row
                for row in self._enrolled.values()
                if row.trader.plan.interval == interval and not is_out(row.trader.trader_id)
            ]
            watchers = tuple(
                watcher for row in rows if (watcher := self._watcher(row, held)) is not None
            )
            if watchers:
                evaluator = self._evaluator(interval, watchers)
                groups.append(Group(interval, evaluator, watchers, self._make))
        return Round(closed_ms, tuple(groups), missed)

    def _watcher(self, row: Enrolled, held: frozenset[tuple[TraderId, str]]) -> Watcher | None:
        trader = row.trader
        own = tuple(sorted(symbol for owner, symbol in held if owner == trader.trader_id))
        symbols = self.symbols(trader) if trader.is_enabled else ()
        if not own and not symbols:
            return None
        return Watcher(trader.trader_id, row.compiled, symbols, own)

    def _evaluator(self, interval: str, watchers: tuple[Watcher, ...]) -> Evaluator:
        """Return the merged program of these traders; a new one only if they changed."""
        key = tuple((row.trader_id, row.compiled.digest) for row in watchers)
        known = self._evaluators.get(interval)
        if known is not None and known[0] == key:
            return known[1]
        evaluator = Merged({row.trader_id: row.compiled for row in watchers}, self._make)
        self._evaluators[interval] = (key, evaluator)
        return evaluator

    def _needs_by_universe(self) -> dict[Universe, dict[str, int]]:
        """Return bars per interval for each universe that an enabled trader uses."""
        merged: dict[Universe, dict[str, int]] = {}
        for row in self._enrolled.values():
            if row.trader.is_enabled:
                bars = merged.setdefault(row.trader.plan.universe, {})
                for interval, count in _needs(row).items():
                    bars[interval] = max(bars.get(interval, 0), count)
        return merged


def _needs(row: Enrolled) -> dict[str, int]:
    """Return bars per interval that a trader needs of a symbol it looks at."""
    return {row.trader.plan.interval: 1, **needs_of(row.compiled, "")}


def _add(needs: Needs, symbol: str, bars: Mapping[str, int]) -> None:
    for interval, count in bars.items():
        needs[symbol, interval] = max(needs.get((symbol, interval), 0), count)
