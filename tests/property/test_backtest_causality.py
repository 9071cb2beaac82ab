"""A backtest knows nothing of what comes after: any future may be appended, no trade changes."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.backtest.worlds import MINUTES_5, a_job, a_series, a_trader

from aitrader.backtest.direct import DirectRun
from aitrader.backtest.history import History, Series
from aitrader.backtest.job import Terms
from aitrader.backtest.record import Move, Recorder, Trade
from aitrader.backtest.run import answers_of, run_in_stages
from aitrader.backtest.timers import VirtualClock
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import MINUTE_MS
from aitrader.model.ids import TraderId
from aitrader.model.trader import Brakes, Trader

PAST = 660
"""Candles that all runs have, of more than two days: the symbols are ranked twice in them."""

FREE = Terms()
GOOD_FOR_MS = 15 * MINUTE_MS + MINUTE_MS
LIMITED = Terms(
    max_open_positions=5,
    brakes=Brakes(
        max_exposure_pct=Decimal(5), max_drawdown_pct=Decimal("0.2"), cooldown_ms=10 * MINUTE_MS
    ),
)


def universal(trader: Trader) -> Trader:
    """The same trader on the busiest symbol of each day."""
    source = trader.source.replace("all USDT", "top 1 USDT")
    return msgspec.structs.replace(trader, source=source, plan=compile_trader(source).plan)


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
    universal(
        a_trader(
            '{"stop_loss": "1%", "take_profit": "1%", "break_even": "0.4%"}',
            name="busiest",
            rank=4,
            condition="crosses_above(m.close, ema(m.close, 5))",
        )
    ),
    a_trader(
        '{"take_profit": "1%", "max_age": "3h"}',
        name="rests",
        rank=5,
        condition="m.close > m.open",
        more='ENTRY = {"limit": "0.3%", "good_for": "15m"}\n\n\n'
        "def stop_loss(m):\n    return lowest(m.low, 5) - 0.2\n",
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


class Known(NamedTuple):
    """What a run has told by a certain time."""

    trades: list[Trade]
    moves: list[Move]
    signals: dict[tuple[TraderId, str, int], str]


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
    series = a_series(candles, symbol, interval)
    is_there = np.isfinite(series.values["close"])
    is_odd = np.arange(len(series)) // 288 % 2 == 1
    busy = np.where(is_odd == (symbol == "AAUSDT"), 1000.0, 10.0)
    series.values["quote_volume"][is_there] = busy[is_there]  # who is busiest changes by the day
    return series


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


def a_run(futures: tuple[Moves, Moves], terms: Terms) -> Known:
    """What a run over the shared past and this future of each symbol has told by the past's end."""
    every = [
        a_path(past(seed) + future, symbol)
        for seed, (symbol, future) in enumerate(zip(("AAUSDT", "BBUSDT"), futures, strict=True))
    ]
    job, _history = a_job(every, *TRADERS, terms=terms)
    history = History([row for fast in every for row in (fast, slower(fast))])
    return known(run_in_stages(job, history), job.from_ms + PAST * MINUTES_5)


def known(record: Recorder, end_ms: int) -> Known:
    """Trades that had ended, fills that had happened, signals raised and why some were refused."""
    assert not record.faults
    return Known(
        trades=[row for row in record.trades if row.exit_ms < end_ms],
        moves=[row for row in record.moves if row.from_ms < end_ms],
        signals={
            (row.trader_id, row.symbol, row.raised_ms): record.refused.get(key, "")
            for key, row in record.raised.items()
            if row.raised_ms < end_ms - GOOD_FOR_MS  # what rests is told of when its time is over
        },
    )


def a_direct_run(futures: tuple[Moves, Moves]) -> tuple[list[Trade], list[Move]]:
    """What a direct run has done by the past's end."""
    series = [
        a_path(past(seed) + future, symbol)
        for seed, (symbol, future) in enumerate(zip(("AAUSDT", "BBUSDT"), futures, strict=True))
    ]
    job, _history = a_job(series, *TRADERS[:3], terms=FREE)
    history = History([row for fast in series for row in (fast, slower(fast))])
    answers, end_ms = answers_of(job, history), job.from_ms + PAST * MINUTES_5
    record = DirectRun(job, history, answers, VirtualClock(job.from_ms)).play()
    return (
        [row for row in record.trades if row.exit_ms < end_ms],
        [row for row in record.moves if row.from_ms < end_ms],
    )


@cache
def without_future(terms: Terms) -> Known:
    """What a run over the past alone has told."""
    return a_run(([], []), terms)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("terms", [FREE, LIMITED], ids=["free", "limited"])
@settings(max_examples=20, deadline=None)
@given(first=moves, second=moves)
def test_no_future_changes_what_has_happened(terms: Terms, first: Moves, second: Moves) -> None:
    assert a_run((first, second), terms) == without_future(terms)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=20, deadline=None)
@given(first=moves, second=moves)
def test_no_future_changes_what_a_direct_run_has_done(first: Moves, second: Moves) -> None:
    trades, fills = a_direct_run((first, second))
    assert (trades, fills) == directly_without_future()
    assert {row.trader for row in trades} == {row.trader_id for row in TRADERS[:3]}


@cache
def directly_without_future() -> tuple[list[Trade], list[Move]]:
    """What a direct run over the past alone has done."""
    return a_direct_run(([], []))


@pytest.mark.slow
def test_the_past_of_that_test_has_everything_in_it() -> None:
    free, limited = without_future(FREE), without_future(LIMITED)
    assert {row.trader for row in free.trades} == {row.trader_id for row in TRADERS}
    assert {row.exit_reason for row in free.trades} >= {
        "STOP_LOSS", "TAKE_PROFIT", "TRAILING", "MAX_AGE", "EXIT_CONDITIONS",
    }  # fmt: skip
    assert {row.symbol for row in free.trades if row.trader == "busiest"} == {"AAUSDT", "BBUSDT"}
    for words in ("of the equity in positions", "below its best", "waits 10 min"):
        assert any(words in reason for reason in limited.signals.values()), words
