"""What speaks for a result, or against it: the same run cut into pieces and with random entries."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.equity import Marks, curve_of
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.record import Record
from aitrader.backtest.resampling import SEED, Baseline, baseline_of
from aitrader.backtest.run import run
from aitrader.backtest.statistics import Statistics, buy_and_hold_pct, statistics_of
from aitrader.backtest.walk import stretches
from aitrader.filters.panel import Bools, Times


class Stretch(msgspec.Struct, frozen=True):
    """One piece of the time, [from_ms, to_ms), run from the start cash."""

    from_ms: int
    to_ms: int
    statistics: Statistics


class ConditionRow(msgspec.Struct, frozen=True):
    """One entry condition: on how many candles of all it holds, and the signals with and without.

    `signals_without`: how often the other conditions become true together, None when there are
    no others.
    """

    trader: str
    name: str
    held_pct: float
    signals: int
    signals_without: int | None


def in_stretches(
    job: Job, history: History, answers: AnswerBook, *, count: int
) -> tuple[Stretch, ...]:
    """Return `count` runs over parts of the time, one after the other, each by itself.

    Raises:
        ConfigError: There are too few days.
    """
    found = []
    for from_ms, to_ms in stretches(job.from_ms, job.to_ms, count):
        part = msgspec.structs.replace(job, from_ms=from_ms, to_ms=to_ms)
        numbers = numbers_of(part, history, run(part, history, answers))
        found.append(Stretch(from_ms, to_ms, numbers))
    return tuple(found)


def numbers_of(job: Job, history: History, record: Record) -> Statistics:
    """Return the statistics of a run."""
    marks = Marks(history, interval=job.detail, from_ms=job.from_ms, to_ms=job.to_ms)
    return statistics_of(
        record.trades,
        curve_of(record.moves, marks, start_cash=job.terms.start_cash),
        fees=float(record.fees),
        turnover=float(record.turnover),
        buy_and_hold_pct=buy_and_hold_pct(
            history, job.detail, from_ms=job.from_ms, to_ms=job.to_ms
        ),
    )


def with_random_entries(
    job: Job, history: History, answers: AnswerBook, *, rounds: int, own: float
) -> Baseline:
    """Return what as many signals at random candles make with the same exits, sizes and limits.

    Every round is a whole run. `own`: what the trader's own entries gained, in quote.
    """
    rng = np.random.Generator(np.random.PCG64(SEED))
    places = {row.trader_id: answers.answerable(row.trader_id) for row in job.traders}
    counts = {
        (key, symbol): _between(found.entries, job)
        for key in places
        for symbol in history.symbols
        if (found := answers.find(key, symbol)) is not None
    }
    totals = []
    for _ in range(rounds):
        entries = {
            key: _drawn(rng, places[key[0]].get(key[1]), job, count)
            for key, count in counts.items()
        }
        record = run(job, history, answers.with_entries(entries))
        final = numbers_of(job, history, record).final_equity
        totals.append(final - float(job.terms.start_cash))
    return baseline_of(np.array(totals), own)


def conditions_of(job: Job, answers: AnswerBook) -> tuple[ConditionRow, ...]:
    """Return how much each entry condition asks for, over all symbols of the run."""
    found: list[ConditionRow] = []
    for trader in job.traders:
        counts: Mapping[str, list[int]] = {}
        rows = 0
        for evaluated in answers.evaluated(trader.trader_id):
            wanted = evaluated.is_ready & _is_between(evaluated.close_ms, job)
            rows += int(wanted.sum())
            names = evaluated.answers.trader.conditions
            counts = counts or {name: [0, 0, 0] for name in names}
            holding = [row[0] for row in evaluated.answers.condition_rows]
            both = np.logical_and.reduce(holding)
            for place, name in enumerate(names):
                others = holding[:place] + holding[place + 1 :]
                tally = counts[name]
                tally[0] += int((holding[place] & wanted).sum())
                tally[1] += _rises(both, wanted)
                tally[2] += _rises(np.logical_and.reduce(others), wanted) if others else 0
        found.extend(
            ConditionRow(
                trader=trader.plan.name,
                name=name,
                held_pct=round(held / rows * 100, 2) if rows else 0.0,
                signals=signals,
                signals_without=without if len(counts) > 1 else None,
            )
            for name, (held, signals, without) in counts.items()
        )
    return tuple(found)


def _rises(holding: Bools, wanted: Bools) -> int:
    return int((holding[1:] & ~holding[:-1] & wanted[1:]).sum())


def _is_between(at_ms: Times, job: Job) -> Bools:
    return (at_ms >= job.from_ms) & (at_ms < job.to_ms)


def _between(at_ms: Times, job: Job) -> int:
    return int(_is_between(at_ms, job).sum())


def _drawn(rng: np.random.Generator, places: Times | None, job: Job, count: int) -> Times:
    if places is None:
        return np.empty(0, np.int64)
    places = places[_is_between(places, job)]
    return np.sort(rng.choice(places, min(count, len(places)), replace=False))
