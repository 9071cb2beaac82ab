"""Random runs, done directly and in stages, and all that each of the two leaves behind."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby

import msgspec
import numpy as np
from numpy.random import Generator
from tests.builders import AT_MS, an_instrument
from tests.unit.backtest.worlds import Candle, a_series

from aitrader.backtest.direct import DirectRun
from aitrader.backtest.history import History
from aitrader.backtest.job import Job, Terms
from aitrader.backtest.record import Record
from aitrader.backtest.run import answers_of
from aitrader.backtest.staged import StagedRun
from aitrader.backtest.timers import VirtualClock
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import DAY_MS, INTERVAL_MS
from aitrader.model.ids import TraderId
from aitrader.model.instrument import Instrument, PriceLimits
from aitrader.model.trader import Mode, Trader

SOURCE = '''"""One of many."""
NAME = "{name}"
SYMBOLS = {symbols}
INTERVAL = "{interval}"
SIDE = "{side}"
EXITS = {exits}
RISK = {risk}


def conditions(m):
    return {{"moves": {condition}}}
{more}'''

EXITS = (
    '{"stop_loss": "0.8%", "take_profit": "1.1%", "max_age": "37m"}',
    '{"max_age": "15m"}',
    '{"max_age": "4m"}',
    '{"max_age": "5m", "stop_loss": "0.5%"}',
    '{"take_profit": [("0.2%", 0.2), ("0.2%", 0.3), ("0.5%", 0.5)], "trailing": "0.3%"}',
    '{"stop_loss": "0.3%", "take_profit": [("0.2%", 0.25), ("0.4%", 0.25)], "max_age": "20m"}',
    '{"stop_loss": "1%", "trailing": "2%"}',
    '{"take_profit": "0.9%", "max_age": "2h"}',
    '{"stop_loss": "0.7%", "trailing": "0.4%", "max_age": "50m"}',
    '{"trailing": "0.3%"}',
    '{"trailing": "0.05%", "take_profit": "0.4%"}',
    '{"stop_loss": "1 atr", "take_profit": [("0.3%", 0.3), ("0.6%", 0.3), ("1%", 0.4)]}',
    '{"stop_loss": "1%", "take_profit": [("0.4%", 0.5), ("0.6%", 0.2)], "trailing": "0.9%"}',
    '{"take_profit": [("0.3%", 0.5), ("0.301%", 0.3)], "max_age": "3h"}',
    '{"stop_loss": "1%", "take_profit": "0.5%", "break_even": "0.3%"}',
    '{"stop_loss": "0.8%", "take_profit": "1.1%"}',
    '{"stop_loss": "0.01%", "take_profit": "0.01%"}',
    '{"stop_loss": "2%"}',
    '{"take_profit": "0.7%"}',
    '{"stop_loss": "1 atr", "take_profit": "1.5 atr"}',
    '{"take_profit": "1%"}',
    '{"stop_loss": "40%", "take_profit": "60%"}',
)
LEVEL = """

def stop_loss(m):
    return {edge}(m.{price}, 6) {sign} 0.3
"""
UNIVERSES = ('"all USDT"', '"top 2 USDT"', '"top 1 USDT"', '["BUSDT", "AUSDT", "BUSDT", "ZUSDT"]')
LEAVES = """

def exit_conditions(m):
    return {{"turns": {first}, "stretched": {second}}}
"""
TURNS = (
    "m.close < m.open",
    "rsi(m.close, 5) > 70",
    "crosses_below(m.close, sma(m.close, 4))",
    "m.close > ema(m.close, 3)",
)
LEVELS = {
    "LONG": LEVEL.format(edge="lowest", price="low", sign="-"),
    "SHORT": LEVEL.format(edge="highest", price="high", sign="+"),
}
RISKS = (
    '{"amount": 100, "max_open": 9}',
    '{"amount": 2500, "max_open": 3}',
    '{"size": "20%", "max_open": 4}',
    '{"amount": 12, "max_open": 1}',
    '{"risk": "0.2%", "max_open": 5}',
)
CONDITIONS = (
    "m.close > m.open",
    "crosses_above(m.close, sma(m.close, 5))",
    "crosses_below(m.close, ema(m.close, 9))",
    "m.close < m.open",
)


def a_random_job(rng: Generator) -> tuple[Job, History]:
    """Return a run of one to three traders over one to three symbols, and its candles."""
    symbols = [f"{letter}USDT" for letter in "ABC"[: rng.integers(1, 4)]]
    count = int(rng.integers(90, 700))
    detail = "1m" if rng.random() < 0.25 else "5m"
    series = []
    for symbol in symbols:
        first_ms = AT_MS + int(rng.choice([0, 0, 90])) * INTERVAL_MS["5m"]
        candles = _candles(rng, count)
        if detail == "1m":
            series.append(a_series(candles, symbol, "1m", first_ms))
            candles = _joined(candles)
        series.append(a_series(candles, symbol, "5m", first_ms))
        rows = _joined(candles, 3)
        series.append(a_series(rows, symbol, "15m", first_ms))
    for row in series:
        days = (row.open_ms - AT_MS) // DAY_MS
        row.values["quote_volume"][:] *= rng.random(int(days[-1]) + 1)[days]
    traders = tuple(_a_trader(rng, number) for number in range(rng.integers(1, 6)))
    from_ms = AT_MS + int(rng.integers(0, 60)) * INTERVAL_MS["5m"]
    rules = tuple(_rules(rng, symbol) for symbol in symbols if rng.random() < 0.97)
    job = Job(
        traders=traders,
        instruments=rules,
        detail=detail,
        from_ms=from_ms,
        to_ms=max(row.end_ms for row in series) - int(rng.integers(0, 9)) * INTERVAL_MS["1m"],
        terms=Terms(
            start_cash=Decimal(int(rng.choice([300, 5_000, 100_000]))),
            fee_bps=Decimal(str(rng.choice(["0", "10", "7.5"]))),
            slippage_bps=Decimal(str(rng.choice(["0", "2", "30"]))),
            max_open_positions=int(rng.choice([2, 20])),
        ),
    )
    return job, History(series)


def a_random_world(rng: Generator, *traders: Trader) -> tuple[Job, History]:
    """Return a run of these traders over two symbols, with all intervals that they look at."""
    bars: dict[str, int] = {}
    for trader in traders:
        for interval, count in compile_trader(trader.source).lookback.items():
            bars[interval] = max(bars.get(interval, 0), count)
    detail = min(bars, key=INTERVAL_MS.__getitem__)
    step_ms = INTERVAL_MS[detail]
    count = max(bars[key] * INTERVAL_MS[key] // step_ms for key in bars) + 1500
    series = []
    for symbol in ("AUSDT", "BUSDT"):
        rows = _candles(rng, count)
        series.append(a_series(rows, symbol, detail))
        for interval in bars.keys() - {detail}:
            width = INTERVAL_MS[interval] // step_ms
            series.append(a_series(_joined(rows, width), symbol, interval))
    rules = tuple(an_instrument(symbol=symbol) for symbol in ("AUSDT", "BUSDT"))
    end_ms = min(row.end_ms for row in series)
    job = Job(
        traders=traders,
        instruments=rules,
        detail=detail,
        from_ms=series[0].first_ms,
        to_ms=end_ms,
        terms=Terms(max_open_positions=50),
    )
    return job, History(series)


def both_roads(job: Job, history: History) -> tuple[Record, Record]:
    """Return the run done directly and in stages.

    Raises:
        NeedsStages: It cannot be done directly.
    """
    answers = answers_of(job, history)
    direct = DirectRun(job, history, answers, VirtualClock(job.from_ms)).play()
    return direct, StagedRun(job, history, answers, VirtualClock(job.from_ms)).play()


def told(record: Record) -> dict[str, str]:
    """Return all that a run leaves behind, to the last digit and in its order.

    What happens to one symbol at one instant has none: its traders go by their own names.
    """
    found = {name: getattr(record, name) for name in vars(Record())}
    found["trades"] = [
        row
        for _key, rows in groupby(record.trades, key=lambda row: (row.exit_ms, row.symbol))
        for row in sorted(rows, key=lambda row: (row.trader, row.entry_ms))
    ]
    found["moves"] = [
        row
        for _key, rows in groupby(record.moves, key=lambda row: (row.from_ms, row.symbol))
        for row in sorted(rows, key=lambda row: (row.quote, row.base))
    ]
    del found["is_opening"]
    return {name: repr(value) for name, value in found.items()}


def _candles(rng: Generator, count: int) -> list[Candle | None]:
    """Return a random walk that gaps, stands still and sometimes has a hole."""
    wild = rng.choice([0.001, 0.004, 0.012])
    steps = rng.standard_normal(count) * wild
    steps[rng.random(count) < 0.02] *= 8
    closes = np.round(100 * np.exp(np.cumsum(steps)), 2)
    gaps = np.where(rng.random(count) < 0.05, rng.standard_normal(count) * wild * 5, 0.0)
    opens = np.round(np.concatenate([[100.0], closes[:-1]]) * np.exp(gaps), 2)
    high = np.round(np.maximum(opens, closes) * (1 + rng.uniform(0, wild, count)), 2)
    low = np.round(np.minimum(opens, closes) * (1 - rng.uniform(0, wild, count)), 2)
    rows: list[Candle | None] = list(
        zip(opens.tolist(), high.tolist(), low.tolist(), closes.tolist(), strict=True)
    )
    if rng.random() < 0.3:
        for place in rng.integers(0, count, 3).tolist():
            rows[place] = None
    return rows


def _joined(rows: list[Candle | None], width: int = 5) -> list[Candle | None]:
    """Return candles made of `width` each; one whose parts are not all there is missing."""
    found: list[Candle | None] = []
    for place in range(0, len(rows) // width * width, width):
        part = [row for row in rows[place : place + width] if row is not None]
        if len(part) < width:
            found.append(None)
            continue
        high, low = max(row[1] for row in part), min(row[2] for row in part)
        found.append((part[0][0], high, low, part[-1][3]))
    return found


def _a_trader(rng: Generator, number: int) -> Trader:
    side = str(rng.choice(["LONG", "SHORT"]))
    exits = str(rng.choice(EXITS))
    has_stop = '"stop_loss"' in exits
    has_level = not has_stop and rng.random() < 0.5
    source = SOURCE.format(
        name=f"Trader {number}",
        symbols=rng.choice(UNIVERSES),
        interval=rng.choice(["5m", "5m", "15m"]),
        side=side,
        exits=exits,
        risk=rng.choice(RISKS if has_stop or has_level else RISKS[:-1]),
        condition=rng.choice(CONDITIONS),
        more=(LEVELS[side] if has_level else "") + _leaves(rng),
    )
    plan = compile_trader(source).plan
    name, rank = TraderId(f"trader-{number}"), int(rng.integers(1, 3))
    return Trader(name, source, plan, Mode.PAPER, True, rank, 1, AT_MS)


def _leaves(rng: Generator) -> str:
    if rng.random() < 0.6:
        return ""
    return LEAVES.format(first=rng.choice(TURNS), second=rng.choice(TURNS))


def _rules(rng: Generator, symbol: str) -> Instrument:
    limits = PriceLimits(
        sell_low_ratio=Decimal("0.7"),
        sell_high_ratio=Decimal("1.3"),
        buy_low_ratio=Decimal("0.7"),
        buy_high_ratio=Decimal("1.3"),
    )
    rules = an_instrument(
        symbol=symbol,
        tick_size=Decimal(str(rng.choice(["0.01", "0.05", "1"]))),
        step_size=Decimal(str(rng.choice(["0.001", "0.1", "0.00001"]))),
        min_notional=Decimal(int(rng.choice([5, 11, 100]))),
        max_quantity=Decimal(int(rng.choice([0, 3]))),
        max_stops=int(rng.choice([0, 1])),
        is_trading=bool(rng.random() < 0.95),
        quote="USDT" if rng.random() < 0.95 else "EUR",
    )
    return msgspec.structs.replace(rules, price_limits=limits) if rng.random() < 0.5 else rules
