"""Other programs' trades on the same candles are ours.

`backtesting_py_trades.csv` was written by backtesting.py 0.6.6 (next open, stop before target, no
costs; its stop and target were given with the order, which is the same price where a candle opens
at the last close) on the candles of `walk`, with TA-Lib's RSI and EMA. We round a stop and a target
to the tick, it does not: prices may differ by one tick, and by nothing else.

`vectorbt_trades.csv` was written by vectorbt 1.2.0 (entries shifted by one and filled at the open,
stops counted from the fill price) on the same candles. Both are tried again, on more candles and
with every difference explained, by `make oracles` (`tests/oracles`).
"""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import FREE, MINUTES_5, a_job, a_series, a_trader

from aitrader.backtest.run import run
from aitrader.model.instrument import Instrument
from aitrader.model.money import decimal_from_float

SAVED = Path(__file__).parents[1] / "data" / "backtest"
CONDITION = "(rsi(m.close, 14) < 52) and (m.close > ema(m.close, 50))"
TICK = 0.0001


def walk(seed: int, count: int = 4000) -> list[tuple[float, float, float, float]]:
    """Candles in whole ticks, each opening at the last close."""
    rng = np.random.Generator(np.random.SFC64(seed))
    steps = rng.integers(-2500, 2501, (count, 6)).cumsum(axis=1)
    moves = np.concatenate([[0], steps[:, -1]]).cumsum()
    opens, closes = moves[:-1], moves[1:]
    path = opens[:, None] + steps
    high, low = np.maximum(opens, path.max(axis=1)), np.minimum(opens, path.min(axis=1))
    rows = np.stack([opens, high, low, closes], axis=1) + 1_000_000
    return [tuple(row) for row in (rows / 10_000).tolist()]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("program", ["backtesting_py", "vectorbt"])
def test_entries_and_exits_are_those_of_others(program: str, seed: int) -> None:
    with (SAVED / f"{program}_trades.csv").open(newline="", encoding="utf-8") as lines:
        theirs = [row for row in csv.DictReader(lines) if int(row["seed"]) == seed]
    job, history = a_job([a_series(walk(seed))], a_trader(condition=CONDITION), terms=FREE)
    rules: Instrument = msgspec.structs.replace(
        job.instruments[0], tick_size=decimal_from_float(TICK)
    )
    ours = run(msgspec.structs.replace(job, instruments=(rules,)), history).trades
    assert [(row.entry_ms - AT_MS) // MINUTES_5 for row in ours] == [
        int(row["entry_bar"]) for row in theirs
    ]
    # a stop or target fills within its candle, and we say when that candle ended
    assert {
        (row.exit_ms - AT_MS) // MINUTES_5 - int(other["exit_bar"])
        for row, other in zip(ours, theirs, strict=True)
    } <= {0, 1}
    for row, other in zip(ours, theirs, strict=True):
        assert float(row.entry_price) == pytest.approx(float(other["entry_price"]), abs=1e-9)
        assert float(row.exit_price) == pytest.approx(float(other["exit_price"]), abs=TICK)
