"""Many combinations over the same candles at once, in a process of this machine or another.

The filters of a whole batch are merged into one graph, so what they have in common is computed
once; each combination is then run by itself, as `aitrader backtest` would run its file. What comes
out does not depend on who was in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.detail import Detailed
from aitrader.backtest.equity import Marks
from aitrader.backtest.job import Job
from aitrader.backtest.outcome import Combination, Outcome, outcome_of
from aitrader.backtest.run import run
from aitrader.backtest.sources import Loaded, load, open_candles
from aitrader.backtest.statistics import buy_and_hold_pct
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import FilterFault, InvariantBroken
from aitrader.model.ids import TraderId, trader_id
from aitrader.model.trader import Mode, Trader, Universe


class CandlesAt(msgspec.Struct, frozen=True):
    """Where a worker finds the candles of a study: a path, whose, and of which intervals.

    `coarse`: the interval that fills up holes of the first one, "" if none does.
    """

    path: str
    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    coarse: str = ""

    def load(self) -> Loaded:
        """Return them, the finest interval first.

        Raises:
            ConfigError: They are not there.
        """
        detail = self.intervals[0]
        candles = Detailed(open_candles(Path(self.path)), detail, self.coarse or detail)
        return load(candles, self.symbols, self.intervals)


class Study(msgspec.Struct, frozen=True):
    """What all combinations have in common: a job without traders; `universe` replaces theirs."""

    job: Job
    universe: Universe | None = None


class Batch(msgspec.Struct, frozen=True):
    """Work for one worker."""

    study: Study
    combinations: tuple[Combination, ...]


def try_batch(batch: Batch, candles: CandlesAt | Loaded) -> tuple[Outcome, ...]:
    """Return one outcome per combination, in their order.

    Raises:
        ConfigError: The candles are not where they should be.
    """
    loaded = _at(candles) if isinstance(candles, CandlesAt) else candles
    return outcomes_of(batch.study, batch.combinations, loaded)


def outcomes_of(
    study: Study, combinations: Sequence[Combination], loaded: Loaded
) -> tuple[Outcome, ...]:
    """Return one outcome per combination; one whose file is wrong has its fault."""
    job, history = study.job, loaded.history
    compiled: dict[TraderId, CompiledTrader] = {}
    faults: dict[str, str] = {}
    for row in combinations:
        try:
            compiled[TraderId(row.key)] = compile_trader(row.source)
        except FilterFault as fault:
            faults[row.key] = str(fault)
    book = AnswerBook(compiled, history)
    marks = Marks(history, interval=job.detail, from_ms=job.from_ms, to_ms=job.to_ms)
    held = buy_and_hold_pct(history, job.detail, from_ms=job.from_ms, to_ms=job.to_ms)
    found = []
    for row in combinations:
        if row.key in faults:
            found.append(Outcome(row.key, row.values, fault=faults[row.key]))
            continue
        trader = trader_of(row.source, study.universe)
        own = msgspec.structs.replace(job, traders=(trader,))
        try:
            record = run(own, history, book.alone(TraderId(row.key), named=trader.trader_id))
        except InvariantBroken as broken:
            found.append(Outcome(row.key, row.values, fault=str(broken)))
            continue
        found.append(outcome_of(row, own, record, marks, held_pct=held))
    return tuple(found)


def trader_of(
    source: str, universe: Universe | None, taken: frozenset[TraderId] = frozenset()
) -> Trader:
    """Return the paper trader of a file, without an analyst: the past has nobody to ask.

    Raises:
        FilterFault: The file is wrong.
    """
    plan = compile_trader(source).plan
    plan = msgspec.structs.replace(plan, analyst=None, universe=universe or plan.universe)
    name = trader_id(plan.name, taken)
    return Trader(name, source, plan, Mode.PAPER, True, len(taken) + 1, 1, 0)


@lru_cache(maxsize=1)
def _at(candles: CandlesAt) -> Loaded:
    """Return the candles of a place; a worker keeps those of its last study."""
    return candles.load()
