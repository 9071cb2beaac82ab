"""The same candles through a backtest and through the running engine, and whether they agree.

The backtest gets them as arrays, the engine as frames of the simulated exchange in lockstep, with
the paper venue taking whole candles (`tests/candle_engine.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tests.candle_engine import play
from tests.two_roads import told

from aitrader.backtest.history import History, Series
from aitrader.backtest.job import Job, Terms, finest
from aitrader.backtest.record import Recorder, Trade
from aitrader.backtest.run import run, run_in_stages
from aitrader.exchange.simulated.history import closed_candles, is_served
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.replay import ReplayMarket
from aitrader.exchange.simulated.server import running
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS, open_of
from aitrader.model.ids import TraderId, trader_id
from aitrader.model.trader import Mode, Trader

RECORDED = Path(__file__).parents[2] / "shared" / "data" / "candles" / "ETHUSDT_5m_2024-12.csv"
SEED = 1
FIRST_MS = 1_764_547_200_000


def traders_of(sources: Sequence[str]) -> tuple[Trader, ...]:
    """Return paper traders of these files, in their order."""
    traders: list[Trader] = []
    for source in sources:
        plan = compile_trader(source).plan
        name: TraderId = trader_id(plan.name, frozenset(row.trader_id for row in traders))
        rank = len(traders) + 1
        traders.append(Trader(name, source, plan, Mode.PAPER, True, rank, 1, FIRST_MS))
    return tuple(traders)


def history_of(market: ReplayMarket, traders: Sequence[Trader]) -> History:
    """What the exchange shows of its candles, history before the files included."""
    assert market.start_ms is not None
    assert market.end_ms is not None
    bars: dict[str, int] = {market.interval: 1}
    for trader in traders:
        for interval, count in compile_trader(trader.source).lookback.items():
            bars[interval] = max(bars.get(interval, 0), count)
    rows = []
    for interval, count in bars.items():
        assert is_served(market, interval)
        step = INTERVAL_MS[interval]
        end_ms = open_of(market.end_ms, interval)
        first_ms = open_of(market.start_ms, interval) - (count + 10) * step
        for index, listing in enumerate(market.listings):
            values = closed_candles(market, index, interval, first_ms=first_ms, end_ms=end_ms)
            columns = {name: values[:, place].copy() for place, name in enumerate(ROW_FIELDS)}
            times = first_ms + step * np.arange(len(values), dtype=np.int64)
            rows.append(Series(listing.symbol, interval, times, columns))
    return History(rows)


def both(
    folder: Path, files: Path, traders: Sequence[Trader], *, terms: Terms
) -> tuple[Recorder, Recorder]:
    """Run these traders both ways over these files and return what happened: tested, lived."""
    market = ReplayMarket.read(files, seed=SEED)
    assert market.start_ms is not None
    assert market.end_ms is not None
    job = Job(
        traders=tuple(traders),
        instruments=tuple(row.instrument for row in market.listings),
        detail=market.interval,
        from_ms=market.start_ms + INTERVAL_MS[finest(traders)],  # the first close that it sees
        to_ms=market.end_ms,
        terms=terms,
    )
    history = history_of(market, traders)
    tested = run_in_stages(job, history)
    assert told(run(job, history)) == told(tested), "the two roads of a backtest differ"

    async def live() -> Recorder:
        options = ExchangeOptions(replay=files, speed=0.0, seed=SEED)
        async with running(options) as address:
            return await play(
                address, traders, interval=market.interval, terms=terms, folder=folder
            )

    return tested, asyncio.run(live())


def agreed(folder: Path, files: Path, traders: Sequence[Trader], *, terms: Terms) -> Recorder:
    """Run both ways, demand the same of each, and return it."""
    tested, lived = both(folder, files, traders, terms=terms)
    assert not tested.faults
    assert not lived.faults
    assert in_order(tested.trades) == in_order(lived.trades)
    end_ms = ReplayMarket.read(files, seed=SEED).end_ms
    early = {key for key, signal in lived.raised.items() if signal.raised_ms != end_ms}
    assert tested.raised.keys() == early  # what the last close would begin, a backtest leaves out
    assert tested.refused == {key: lived.refused[key] for key in early if key in lived.refused}
    return tested


def in_order(trades: list[Trade]) -> list[Trade]:
    """Return trades by their entry."""
    return sorted(trades, key=lambda row: (row.entry_ms, row.trader, row.symbol))


def recorded(folder: Path, rows: int | None) -> Path:
    """The recorded candles, shortened."""
    path = folder / RECORDED.name
    lines = RECORDED.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[: None if rows is None else rows + 1]) + "\n")
    return path


def simulated(folder: Path, symbols: int, bars: int, *, interval: str = "5m") -> Path:
    """Seeded candles of several symbols, as files that an exchange replays."""
    files = folder / "candles"
    files.mkdir()
    rng = np.random.default_rng(11)
    for number in range(symbols):
        closes = (50 + 20 * number) * np.exp(np.cumsum(rng.standard_t(4, bars) * 0.003))
        opens = np.concatenate([closes[:1], closes[:-1] * (1 + rng.normal(0, 0.0004, bars - 1))])
        high = np.maximum(opens, closes) * (1 + rng.exponential(0.0015, bars))
        low = np.minimum(opens, closes) * (1 - rng.exponential(0.0015, bars))
        volume = rng.lognormal(3, 1, bars)
        lines = ["open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume"]
        for n in range(bars):
            prices = ",".join(f"{row[n]:.3f}" for row in (opens, high, low, closes))
            money = f"{volume[n]:.3f},{volume[n] * closes[n]:.4f},40,{volume[n] / 2:.3f}"
            lines.append(f"{FIRST_MS + n * INTERVAL_MS[interval]},{prices},{money}")
        path = files / f"{'ABCDEFGH'[number]}{'ABCDEFGH'[number]}{'USDT'}_{interval}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files
