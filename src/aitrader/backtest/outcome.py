"""What is kept of one combination of parameters: its numbers and its daily returns."""

from __future__ import annotations

import hashlib

import msgspec

from aitrader.backtest.equity import Marks, curve_of
from aitrader.backtest.job import Job
from aitrader.backtest.parameters import Value
from aitrader.backtest.record import Record
from aitrader.backtest.statistics import Statistics, daily_returns, statistics_of

RETURN_DIGITS = 9


class Combination(msgspec.Struct, frozen=True):
    """One choice of values and the trader file that has them; `key` names the run for ever."""

    key: str
    values: tuple[tuple[str, Value], ...]
    source: str


class Outcome(msgspec.Struct, frozen=True):
    """One combination's result; `fault` says why there is none, "" otherwise.

    `returns`: the equity's gain per UTC day as ratios, oldest first; all of a study are of the same
    days.
    """

    key: str
    values: tuple[tuple[str, Value], ...]
    statistics: Statistics | None = None
    returns: tuple[float, ...] = ()
    fault: str = ""


def key_of(source: str, study: str) -> str:
    """Return the name of a run of this file in this study."""
    return hashlib.blake2b(f"{study}|{source}".encode(), digest_size=12).hexdigest()


def outcome_of(
    combination: Combination, job: Job, record: Record, marks: Marks, *, held_pct: float
) -> Outcome:
    """Return what a finished run came to; `held_pct`: buy and hold over the same time."""
    curve = curve_of(record.moves, marks, start_cash=job.terms.start_cash)
    numbers = statistics_of(
        record.trades,
        curve,
        fees=float(record.fees),
        turnover=float(record.turnover),
        buy_and_hold_pct=held_pct,
    )
    returns = daily_returns(curve)
    return Outcome(
        key=combination.key,
        values=combination.values,
        statistics=numbers,
        returns=tuple(round(row, RETURN_DIGITS) for row in returns.tolist()),
    )
