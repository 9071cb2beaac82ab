"""A backtest makes the trades that the running engine makes, to the last digit.

Both are given the same candles: the backtest as arrays, the engine as frames of the simulated
exchange in lockstep, with the paper venue taking whole candles (`tests/candle_engine.py`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.candle_engine import play

from aitrader.backtest.history import History, Series
from aitrader.backtest.record import Trade
from aitrader.backtest.run import Job, Terms, run
from aitrader.exchange.simulated.history import closed_candles, is_served
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.replay import ReplayMarket
from aitrader.exchange.simulated.server import running
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS, open_of
from aitrader.model.ids import TraderId, trader_id
from aitrader.model.trader import Mode, PositionSide, Trader

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "traders").glob("*.py"))
RECORDED = ROOT.parent / "shared" / "data" / "candles" / "ETHUSDT_5m_2024-12.csv"
TERMS = Terms()
SEED = 1
FIRST_MS = 1_764_547_200_000
EVERY_REASON = {"STOP_LOSS", "TAKE_PROFIT", "TRAILING", "MAX_AGE", "EXIT_CONDITIONS"}


def some_traders(interval: str, *, at_ms: int) -> tuple[Trader, ...]:
    """Every example trader, on this interval where it asks for a faster one."""
    traders: list[Trader] = []
    taken: set[TraderId] = set()
    for path in EXAMPLES:
        source = path.read_text(encoding="utf-8")
        compiled = compile_trader(source)
        if INTERVAL_MS[compiled.plan.interval] < INTERVAL_MS[interval]:
            source = source.replace(f'"{compiled.plan.interval}"', f'"{interval}"')
            compiled = compile_trader(source)
        name = trader_id(compiled.plan.name, frozenset(taken))
        taken.add(name)
        rank = len(traders) + 1
        traders.append(Trader(name, source, compiled.plan, Mode.PAPER, True, rank, 1, at_ms))
    return tuple(traders)


def history_of(market: ReplayMarket, traders: tuple[Trader, ...]) -> History:
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


def compare(folder: Path, files: Path) -> list[Trade]:
    """Run both and return the trades they agree on."""
    market = ReplayMarket.read(files, seed=SEED)
    assert market.start_ms is not None
    assert market.end_ms is not None
    traders = some_traders(market.interval, at_ms=market.start_ms)
    terms = msgspec.structs.replace(TERMS, max_open_positions=200)
    job = Job(
        traders=traders,
        instruments=tuple(row.instrument for row in market.listings),
        detail=market.interval,
        from_ms=market.start_ms,
        to_ms=market.end_ms,
        terms=terms,
    )
    tested = run(job, history_of(market, traders))

    async def live() -> list[Trade]:
        options = ExchangeOptions(replay=files, speed=0.0, seed=SEED)
        async with running(options) as address:
            record = await play(
                address, traders, interval=market.interval, terms=terms, folder=folder
            )
            assert not record.faults
            return record.trades

    lived = asyncio.run(live())
    assert not tested.faults
    assert in_order(tested.trades) == in_order(lived)
    return tested.trades


def in_order(trades: list[Trade]) -> list[Trade]:
    return sorted(trades, key=lambda row: (row.entry_ms, row.trader, row.symbol))


def recorded(folder: Path, rows: int | None) -> Path:
    """The recorded candles, shortened."""
    path = folder / RECORDED.name
    lines = RECORDED.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[: None if rows is None else rows + 1]) + "\n")
    return path


def simulated(folder: Path, symbols: int, bars: int) -> Path:
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
            lines.append(f"{FIRST_MS + n * 300_000},{prices},{money}")
        path = files / f"{'ABCDEFGH'[number]}{'ABCDEFGH'[number]}{'USDT'}_5m.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.exists(), reason="recorded candles are not ours to ship")
def test_recorded_days_give_the_same_trades(tmp_path: Path) -> None:
    trades = compare(tmp_path, recorded(tmp_path, 700))
    assert {trade.exit_reason for trade in trades} == EVERY_REASON
    assert {trade.side for trade in trades} == set(PositionSide)


@pytest.mark.slow
def test_competing_symbols_give_the_same_trades(tmp_path: Path) -> None:
    trades = compare(tmp_path, simulated(tmp_path, symbols=4, bars=500))
    assert len({trade.symbol for trade in trades}) == 4


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not RECORDED.exists(), reason="recorded candles are not ours to ship")
def test_a_recorded_month_gives_the_same_trades(tmp_path: Path) -> None:
    assert len(compare(tmp_path, recorded(tmp_path, None))) > 500


def test_some_hundred_candles_give_the_same_trades(tmp_path: Path) -> None:
    assert len(compare(tmp_path, simulated(tmp_path, symbols=1, bars=150))) > 3
