"""Candles of a detail with holes, filled up by slower ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_job, a_trader

from aitrader.backtest.detail import Detailed
from aitrader.backtest.record import Trade
from aitrader.backtest.run import run
from aitrader.backtest.sources import load
from aitrader.model.candle import MINUTE_MS
from aitrader.model.errors import ConfigError
from aitrader.model.instrument import Instrument
from aitrader.storage.candles_table import Grid

Prices = tuple[float, float, float, float]
GAP = None


class SomeCandles:
    """Candles by symbol and interval."""

    def __init__(self, grids: Mapping[tuple[str, str], Grid]) -> None:
        self._grids = grids

    def symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(symbol for symbol, _interval in self._grids))

    def grid(self, symbol: str, interval: str) -> Grid:
        if (symbol, interval) not in self._grids:
            raise ConfigError(f"no {interval} candles of {symbol} are stored")
        return self._grids[symbol, interval]

    def find_instrument(self, symbol: str, at_ms: int) -> Instrument | None:
        return None


def a_grid(rows: Sequence[Prices | None], first_ms: int = AT_MS) -> Grid:
    values = [(*row, 5.0, 500.0, 3.0, 2.0) if row else (np.nan,) * 8 for row in rows]
    return Grid(first_ms, np.array(values).T.copy())


def detailed(coarse: Grid, fine: Grid | None) -> Detailed:
    grids = {("BTCUSDT", "5m"): coarse}
    if fine is not None:
        grids["BTCUSDT", "1m"] = fine
    return Detailed(SomeCandles(grids), "1m", "5m")


def prices(grid: Grid) -> list[Prices | None]:
    rows = [tuple(row[:4]) for row in grid.values.T.tolist()]
    return [None if np.isnan(row[3]) else row for row in rows]


SLOW: Prices = (100.0, 105.0, 95.0, 101.0)
QUICK: Prices = (100.0, 101.0, 99.0, 100.0)
ALONE = [(100.0, 100.0, 100.0, 100.0), GAP, GAP, GAP, SLOW]
"""A slow candle as its open, and all of it at its end."""


def test_detail_that_is_whole_stays_as_it_is() -> None:
    fine = a_grid([QUICK] * 10)
    candles = detailed(a_grid([SLOW, SLOW]), fine)
    assert candles.grid("BTCUSDT", "1m") is fine
    assert candles.grid("BTCUSDT", "1m") is fine
    assert candles.grid("BTCUSDT", "5m").bars == 2
    assert candles.filled == {"BTCUSDT": 0}
    assert candles.symbols() == ("BTCUSDT",)
    assert candles.find_instrument("BTCUSDT", AT_MS) is None


def test_a_candle_without_detail_is_its_open_and_then_all_of_it() -> None:
    candles = detailed(a_grid([SLOW, SLOW]), a_grid([QUICK] * 5))
    found = candles.grid("BTCUSDT", "1m")
    assert prices(found) == [QUICK] * 5 + ALONE
    assert found.values[4, 5:].tolist()[0] == 0.0
    assert found.values[4, -1] == 5.0
    assert candles.filled == {"BTCUSDT": 1}


def test_a_candle_of_which_a_part_is_missing_is_without_detail() -> None:
    candles = detailed(a_grid([SLOW, SLOW]), a_grid([QUICK] * 3 + [GAP] + [QUICK] * 6))
    assert prices(candles.grid("BTCUSDT", "1m")) == ALONE + [QUICK] * 5


def test_detail_may_begin_before_and_end_after() -> None:
    fine = a_grid([QUICK] * 7, AT_MS - 2 * MINUTE_MS)
    found = detailed(a_grid([SLOW, SLOW, GAP]), fine).grid("BTCUSDT", "1m")
    assert found.first_ms == AT_MS - 2 * MINUTE_MS
    assert prices(found) == [QUICK] * 7 + ALONE + [GAP] * 5
    late = detailed(a_grid([SLOW]), a_grid([QUICK] * 2, AT_MS + MINUTES_5)).grid("BTCUSDT", "1m")
    assert prices(late) == [*ALONE, QUICK, QUICK]


def test_without_any_detail_there_is_nothing_to_do() -> None:
    with pytest.raises(ConfigError, match="no 1m candles of BTCUSDT"):
        detailed(a_grid([SLOW]), None).check(["BTCUSDT"])
    detailed(a_grid([SLOW]), a_grid([QUICK])).check(["ETHUSDT", "BTCUSDT"])
    Detailed(SomeCandles({}), "5m", "5m").check(["BTCUSDT"])


def a_walk(count: int) -> list[Prices]:
    rng = np.random.Generator(np.random.PCG64(3))
    closes = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.006, count))), 2).tolist()
    opens = [100.0, *closes[:-1]]
    reach = np.round(rng.exponential(0.5, (count, 2)), 2).tolist()
    return [
        (opened, round(max(opened, close) + up, 2), round(min(opened, close) - down, 2), close)
        for opened, close, (up, down) in zip(opens, closes, reach, strict=True)
    ]


def trades(candles: Detailed, detail: str) -> list[Trade]:
    loaded = load(candles, ["BTCUSDT"], tuple(dict.fromkeys((detail, "5m"))))
    trader = a_trader(
        '{"stop_loss": "1%", "take_profit": [("1%", 0.5), ("2%", 0.5)], "trailing": "0.8%", '
        '"max_age": "2h", "break_even": "0.5%"}',
        condition="m.close > sma(m.close, 4)",
    )
    job, _history = a_job([row for row in [loaded.history.find("BTCUSDT", detail)] if row], trader)
    return run(msgspec.structs.replace(job, detail=detail), loaded.history).trades


def test_a_run_without_any_detail_is_the_run_on_slow_candles() -> None:
    coarse = a_grid(a_walk(400))
    plain = trades(Detailed(SomeCandles({("BTCUSDT", "5m"): coarse}), "5m", "5m"), "5m")
    assert {row.exit_reason for row in plain} >= {"STOP_LOSS", "TAKE_PROFIT", "TRAILING"}
    assert trades(detailed(coarse, None), "1m") == plain


BOTH: Prices = (100.0, 105.0, 97.0, 101.0)
"""A candle in which a stop at 98 and a target at 104 are both reached."""


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ([(100, 105, 100, 104), (104, 104, 97, 98), (98, 99, 98, 99)], "TAKE_PROFIT"),
        ([(100, 100, 97, 98), (98, 105, 98, 104), (104, 104, 100, 101)], "STOP_LOSS"),
        ([GAP, (98, 105, 98, 104), (104, 104, 100, 101)], "STOP_LOSS"),
    ],
)
def test_what_came_first_within_a_candle_is_seen_in_its_detail(
    inside: list[Prices | None], reason: str
) -> None:
    before: list[Prices | None] = [(100, 100, 100, 100)] * 10 + [(100, 100.5, 100, 100.5)] * 5
    flat: Prices = (101, 101, 101, 101)
    rows: list[Prices] = [(100, 100, 100, 100)] * 2 + [(100, 100.5, 100, 100.5), BOTH, flat]
    fine = [*before, *inside, flat, flat, *[flat] * 5]
    loaded = load(detailed(a_grid(rows), a_grid(fine)), ["BTCUSDT"], ("1m", "5m"))
    trader = a_trader('{"stop_loss": "2%", "take_profit": "4%"}', condition="m.close > 100.2")
    series = loaded.history.find("BTCUSDT", "1m")
    assert series is not None
    job, _history = a_job([series], trader)
    found = run(msgspec.structs.replace(job, detail="1m"), loaded.history).trades
    assert [row.exit_reason for row in found] == [reason]
