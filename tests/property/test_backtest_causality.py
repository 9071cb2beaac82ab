"""A backtest knows nothing of what comes after: any future may be appended, no trade changes."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.backtest.worlds import MINUTES_5, a_job, a_series, a_trader

from aitrader.backtest.history import History, Series
from aitrader.backtest.record import Trade
from aitrader.backtest.run import Job, Terms, run
from aitrader.model.trader import Trader

PAST = 260
"""Candles that both runs have; the filters below are ready after some dozens."""

TRADERS = (
    a_trader(name="above", rank=1, condition="m.close > sma(m.close, 4)"),
    a_trader(
        '{"stop_loss": "1.5 atr", "take_profit": [("1%", 0.5), ("2%", 0.5)], "trailing": "1%"}',
        name="levels",
        rank=2,
        condition='m.at("15m").close > m.at("15m").open, "crosses": crosses_above(m.close, m.open)',
        more='def exit_conditions(m):\n    return {"weak": rsi(m.close, 5) < 40}\n',
    ),
    a_trader(
        '{"max_age": "45m", "stop_loss": "2%"}',
        name="short",
        rank=3,
        side="SHORT",
        condition='m.close < sma(m.of("AAUSDT").close, 6)',
    ),
)

# a move per candle in hundredths, how far it reaches beyond, and None for a candle that is missing
moves = st.lists(
    st.one_of(
        st.tuples(st.integers(-150, 150), st.integers(0, 120), st.integers(0, 120)),
        st.none(),
    ),
    min_size=1,
    max_size=40,
)
Moves = list[tuple[int, int, int] | None]


def past(seed: int) -> Moves:
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = rng.integers([-120, 0, 0], [121, 60, 60], (PAST, 3)).tolist()
    return [(int(a), int(b), int(c)) for a, b, c in rows]


def a_path(rows: Moves, symbol: str, interval: str = "5m") -> Series:
    """Candles that begin where the last one ended."""
    candles: list[tuple[float, float, float, float] | None] = []
    price = 10_000
    for row in rows:
        if row is None:
            candles.append(None)
            continue
        after = max(price + row[0], 500)
        top, bottom = max(price, after) + row[1], max(min(price, after) - row[2], 100)
        candles.append((price / 100, top / 100, bottom / 100, after / 100))
        price = after
    return a_series(candles, symbol, interval)


def slower(series: Series) -> Series:
    """The same candles three by three; what is not whole is missing."""
    rows: list[tuple[float, float, float, float] | None] = []
    names = ("open", "high", "low", "close")
    for start in range(0, len(series) - 2, 3):
        opened, high, low, close = (series.values[n][start : start + 3] for n in names)
        is_whole = bool(np.isfinite(close).all())
        whole = (float(opened[0]), float(high.max()), float(low.min()), float(close[-1]))
        rows.append(whole if is_whole else None)
    return a_series(rows, series.symbol, "15m")


def a_run(futures: tuple[Moves, Moves], terms: Terms, traders: tuple[Trader, ...]) -> list[Trade]:
    """All trades, those that are still open among them without their end."""
    every = [
        a_path(past(seed) + future, symbol)
        for seed, (symbol, future) in enumerate(zip(("AAUSDT", "BBUSDT"), futures, strict=True))
    ]
    job, _history = a_job(every, *traders, terms=terms)
    history = History([row for fast in every for row in (fast, slower(fast))])
    length = min(len(row) for row in every)
    job = msgspec.structs.replace(job, to_ms=job.from_ms + length * MINUTES_5)
    return ended(job, history)


def ended(job: Job, history: History) -> list[Trade]:
    """Trades whose end lies in the past that all runs share, in the order of their end."""
    end_ms = job.from_ms + PAST * MINUTES_5
    found = run(job, history)
    assert not found.faults
    return [row for row in found.trades if row.exit_ms < end_ms]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(first=moves, second=moves)
def test_no_future_changes_a_trade_that_has_ended(first: Moves, second: Moves) -> None:
    before = a_run(([], []), Terms(), TRADERS)
    assert len(before) > 30
    assert {row.trader for row in before} == {row.trader_id for row in TRADERS}
    assert a_run((first, second), Terms(), TRADERS) == before
