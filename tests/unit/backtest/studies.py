"""A small study for tests: two symbols, some hundred candles, a file with two constants."""

from __future__ import annotations

import msgspec
import numpy as np
from tests.builders import AT_MS
from tests.unit.backtest.worlds import a_job, a_series

from aitrader.backtest.batch import Study
from aitrader.backtest.outcome import Combination
from aitrader.backtest.parameters import Values, with_values
from aitrader.backtest.sources import Loaded

SOURCE = '''"""Buys above an average."""
NAME = "Above"
FAST = 3
STOP = "2%"
SYMBOLS = "all USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": STOP, "take_profit": "1 atr"}
RISK = {"amount": 100, "max_open": 20}


def conditions(m):
    return {"above": m.close > sma(m.close, FAST)}


def exit_conditions(m):
    return {"below": m.close < sma(m.close, FAST * 2)}
'''


def wave(seed: int, count: int) -> list[tuple[float, float, float, float]]:
    """Candles that go up and down."""
    rng = np.random.Generator(np.random.SFC64(seed))
    closes = 100 + np.round(np.cumsum(rng.integers(-60, 61, count)) / 100, 2)
    opens = np.append(100.0, closes[:-1])
    high, low = np.maximum(opens, closes) + 0.25, np.minimum(opens, closes) - 0.25
    return [tuple(row) for row in np.stack([opens, high, low, closes], axis=1).tolist()]


def a_study(count: int = 400) -> tuple[Study, Loaded]:
    """The candles and what all combinations have in common."""
    series = [a_series(wave(n, count), f"{name}USDT") for n, name in enumerate(("BTC", "ETH"))]
    job, history = a_job(series)
    loaded = Loaded(history=history, instruments=job.instruments, first_ms=AT_MS, end_ms=job.to_ms)
    return Study(msgspec.structs.replace(job, traders=())), loaded


def some(*choices: Values) -> tuple[Combination, ...]:
    """Combinations of these values, named by them."""
    return tuple(
        Combination(str(values), tuple(values.items()), with_values(SOURCE, values))
        for values in choices
    )
