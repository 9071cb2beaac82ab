"""Small histories for the backtest's tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
from tests.builders import AT_MS, an_instrument

from aitrader.backtest.history import History, Series
from aitrader.backtest.job import Job, Terms
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.model.ids import TraderId
from aitrader.model.trader import Mode, Trader

MINUTES_5 = INTERVAL_MS["5m"]
Candle = tuple[float, float, float, float]

SOURCE = '''"""Trades one condition."""
NAME = "Above"
SYMBOLS = "all USDT"
INTERVAL = "5m"
SIDE = "{side}"
EXITS = {exits}
RISK = {{"amount": 100, "max_open": 20}}


def conditions(m):
    return {{"condition": {condition}}}
{more}'''

EXITS = '{"stop_loss": "2%", "take_profit": "4%"}'


def flat(price: float = 100.0) -> Candle:
    return (price, price, price, price)


def a_series(
    candles: Iterable[Candle | None],
    symbol: str = "BTCUSDT",
    interval: str = "5m",
    first_ms: int = AT_MS,
) -> Series:
    """Candles one after the other; None is missing."""
    rows = [(*row, 10.0, 1000.0, 5.0, 5.0) if row else (np.nan,) * 8 for row in candles]
    values = np.array(rows).T.copy()
    times = first_ms + INTERVAL_MS[interval] * np.arange(len(rows), dtype=np.int64)
    return Series(symbol, interval, times, dict(zip(ROW_FIELDS, values, strict=True)))


def a_trader(
    exits: str = EXITS,
    *,
    side: str = "LONG",
    condition: str = "m.close > 100",
    more: str = "",
    name: str = "above",
    rank: int = 1,
) -> Trader:
    source = SOURCE.format(side=side, exits=exits, condition=condition, more=more)
    plan = compile_trader(source).plan
    return Trader(TraderId(name), source, plan, Mode.PAPER, True, rank, 1, AT_MS)


FREE = Terms(fee_bps=Decimal(0), slippage_bps=Decimal(0))
"""Without costs: prices are those of the candles."""


def a_job(series: Sequence[Series], *traders: Trader, terms: Terms = FREE) -> tuple[Job, History]:
    """A run over all of these candles."""
    history = History(series)
    job = Job(
        traders=traders or (a_trader(),),
        instruments=tuple(
            an_instrument(symbol=name, base=name.removesuffix("USDT")) for name in history.symbols
        ),
        detail="5m",
        from_ms=min(row.first_ms for row in series),
        to_ms=max(row.end_ms for row in series),
        terms=terms,
    )
    return job, history
