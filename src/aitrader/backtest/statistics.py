"""The numbers of a run, each with its formula. Pure; money in quote, `_pct` in percent.

Daily returns are those between the last closes of two UTC days; a year has 365 of them, since the
market never closes. A number that cannot be known from so little is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np

from aitrader.backtest.equity import Curve, closes_at
from aitrader.backtest.history import History
from aitrader.backtest.record import Trade
from aitrader.filters.panel import Floats
from aitrader.model.candle import DAY_MS

YEAR_DAYS = 365.25
LEAST_DAYS = 30
"""With fewer days nothing is extrapolated to a year."""

FORMULAS = {
    "return_pct": "final equity / start cash - 1",
    "cagr_pct": "(final equity / start cash) ^ (365.25 / days) - 1; from 30 days on",
    "sharpe": "mean of daily returns / their standard deviation x square root of 365",
    "sortino": "mean of daily returns / root mean square of the negative ones x root of 365",
    "calmar": "cagr_pct / max_drawdown_pct",
    "max_drawdown_pct": "largest fall of equity from its highest so far, at candle closes",
    "max_drawdown_days": "longest time below a former high, to its recovery or the end",
    "win_rate_pct": "trades with pnl above 0 / trades",
    "profit_factor": "sum of gains / sum of losses, of closed trades",
    "expectancy": "mean pnl of a closed trade, net of fees",
    "turnover": "sum of price x quantity of all fills",
    "exposure_pct": "mean of what is held / equity, at candle closes",
    "buy_and_hold_pct": "equal parts of every symbol, bought at the start, without fees",
}


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """One run in numbers; the formulas are in FORMULAS."""

    start_cash: float
    final_equity: float
    return_pct: float
    cagr_pct: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown_pct: float
    max_drawdown_days: float
    trades: int
    win_rate_pct: float | None
    profit_factor: float | None
    expectancy: float | None
    fees: float
    turnover: float
    exposure_pct: float
    mean_hold_hours: float | None
    buy_and_hold_pct: float
    days: float


class Slice(msgspec.Struct, frozen=True):
    """The trades that have something in common: a symbol, a trader, a reason, a month."""

    name: str
    trades: int
    pnl: float
    win_rate_pct: float


def statistics_of(
    trades: Sequence[Trade], curve: Curve, *, fees: float, turnover: float, buy_and_hold_pct: float
) -> Statistics:
    """Return the numbers of a run."""
    start, final = float(curve.equity[0]), float(curve.equity[-1])
    days = float(curve.at_ms[-1] - curve.at_ms[0]) / DAY_MS
    pnls = np.array([float(trade.pnl) for trade in trades])
    gains, losses = float(pnls[pnls > 0].sum()), float(-pnls[pnls < 0].sum())
    growth = final / start
    cagr = (growth ** (YEAR_DAYS / days) - 1) * 100 if days >= LEAST_DAYS and growth > 0 else None
    fall = float(curve.drawdown_pct.max())
    daily = daily_returns(curve)
    holds = [trade.exit_ms - trade.entry_ms for trade in trades]
    return Statistics(
        start_cash=_short(start),
        final_equity=_short(final),
        return_pct=_short((growth - 1) * 100),
        cagr_pct=_short_or_none(cagr),
        sharpe=_ratio(daily, lambda rows: float(rows.std(ddof=1))),
        sortino=_ratio(daily, lambda rows: float(np.sqrt(np.mean(np.minimum(rows, 0.0) ** 2)))),
        calmar=_short_or_none(cagr / fall if cagr is not None and fall > 0 else None),
        max_drawdown_pct=_short(fall),
        max_drawdown_days=_short(_longest_below(curve) / DAY_MS),
        trades=len(trades),
        win_rate_pct=_short(float((pnls > 0).mean()) * 100) if len(pnls) else None,
        profit_factor=_short_or_none(gains / losses if losses > 0 else None),
        expectancy=_short(float(pnls.mean())) if len(pnls) else None,
        fees=_short(fees),
        turnover=_short(turnover),
        exposure_pct=_short(float((curve.exposed / curve.equity).mean()) * 100),
        mean_hold_hours=_short(float(np.mean(holds)) / 3_600_000) if holds else None,
        buy_and_hold_pct=_short(buy_and_hold_pct),
        days=_short(days),
    )


def buy_and_hold_pct(history: History, interval: str, *, from_ms: int, to_ms: int) -> float:
    """Return the gain of equal parts of every symbol over the same time, in percent."""
    instants = np.array([from_ms, to_ms], np.int64)
    growths = []
    for symbol in history.symbols:
        series = history.find(symbol, interval)
        if series is not None and len(series):
            first, last = closes_at(series, instants)
            growths.append(float(last / first))
    return (float(np.mean(growths)) - 1) * 100 if growths else 0.0


def slices(trades: Iterable[Trade], name_of: Callable[[Trade], str]) -> tuple[Slice, ...]:
    """Return the trades added up by name, best pnl first."""
    pnls: dict[str, float] = {}
    counts: Counter[str] = Counter()
    wins: Counter[str] = Counter()
    for trade in trades:
        name = name_of(trade)
        counts[name] += 1
        wins[name] += trade.pnl > 0
        pnls[name] = pnls.get(name, 0.0) + float(trade.pnl)
    rows = (
        Slice(name, counts[name], _short(pnl), _short(wins[name] / counts[name] * 100))
        for name, pnl in pnls.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.pnl, row.name)))


def monthly_returns(curve: Curve) -> tuple[tuple[str, float], ...]:
    """Return the equity's gain per UTC month in percent, oldest first."""
    # a close at the first instant of a month is the last one of the month before
    months = (curve.at_ms - 1).astype("datetime64[ms]").astype("datetime64[M]")
    ends = np.flatnonzero(np.append(months[1:] != months[:-1], True))
    before = float(curve.equity[0])
    found = []
    for end in ends[ends > 0].tolist():  # the first point is the start, not a close of a month
        after = float(curve.equity[end])
        name = datetime.fromtimestamp((int(curve.at_ms[end]) - 1) / 1000, UTC).strftime("%Y-%m")
        found.append((name, _short((after / before - 1) * 100)))
        before = after
    return tuple(found)


def daily_returns(curve: Curve) -> Floats:
    """Return the equity's gain per UTC day as ratios, from the end of the first day on."""
    days = (curve.at_ms - 1) // DAY_MS
    ends = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    equity = curve.equity[ends]
    return np.diff(equity) / equity[:-1] if len(equity) > 1 else np.empty(0)


def _ratio(daily: Floats, spread_of: Callable[[Floats], float]) -> float | None:
    if len(daily) < LEAST_DAYS:
        return None
    spread = spread_of(daily)
    return _short(float(daily.mean()) / spread * float(np.sqrt(365))) if spread > 0 else None


def _longest_below(curve: Curve) -> int:
    """Return the longest time from a high to its recovery, or to the end, in ms."""
    peaks = np.maximum.accumulate(curve.equity)
    highs = np.flatnonzero(curve.equity >= peaks)
    edges = np.append(curve.at_ms[highs], curve.at_ms[-1])
    gaps = np.diff(edges)
    step = int(curve.at_ms[1] - curve.at_ms[0]) if len(curve.at_ms) > 1 else 0
    longest = int(gaps.max()) if len(gaps) else 0
    return longest if longest > step else 0


def _short(value: float) -> float:
    return round(value, 4)


def _short_or_none(value: float | None) -> float | None:
    return None if value is None else _short(value)
