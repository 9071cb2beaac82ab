"""Every operation of the table is computed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import answers, compiled, walk, with_intervals

from aitrader.filters.operations import OPERATIONS

USES = {
    "in": "m.close > 0",
    "time": "m.minute >= 0",
    "const": "m.close > 0",
    "undefined": "where(m.close > 0, m.close, np.nan) > 0",
    "out": "macd(m.close).hist > -1000",
    "align": "m.at('1h').close < m.close * 1000",
    "lag": "m.close[1] > 0",
    "add": "m.close + 1 > 0",
    "sub": "m.close - 1 > 0",
    "mul": "m.close * 2 > 0",
    "div": "m.close / 2 > 0",
    "mod": "m.close % 7 < 7",
    "pow": "m.close ** 2 > 0",
    "min": "min(m.open, m.close) > 0",
    "max": "max(m.open, m.close) > 0",
    "neg": "-m.close < 0",
    "abs": "abs(m.close) > 0",
    "sqrt": "sqrt(m.close) > 0",
    "log": "log(m.close) > 0",
    "exp": "exp(m.close / 1000) > 0",
    "sign": "sign(m.close) == 1",
    "floor": "floor(m.close) <= m.close",
    "ceil": "ceil(m.close) >= m.close",
    "round": "round(m.close, 0) > 0",
    "any": "within(m.close > 0, 3)",
    "all": "always(m.close > 0, 3)",
    "count": "count(m.close > 0, 3) == 3",
    "since": "bars_since(m.close > 0) == 0",
    "when": "value_when(m.close > 0, m.close) == m.close",
    "pick": "where(m.close > 0, 1, 0) == 1",
    "fill": "nz(m.close) > 0",
    "known": "nz(m.close) > 0",
    "cum": "change(cumulative(m.volume)) > 0",
    "vwap": "vwap(m) > 0",
    "lt": "0 < m.close",
    "le": "m.close <= 1e9",
    "gt": "m.close > 0",
    "ge": "m.close >= 0",
    "eq": "m.close == m.close",
    "ne": "m.close != 0",
    "and": "m.close > 0 and m.open > 0",
    "or": "m.close > 0 or m.open > 0",
}


@pytest.mark.parametrize("op", OPERATIONS)
def test_an_operation_gives_what_it_says(op: str) -> None:
    trader = compiled(USES[op])
    panels = with_intervals(walk(bars=400), trader.lookback)
    assert answers(trader, panels).condition_rows[0][0, -1], USES[op]


def test_signs_stand_before_series() -> None:
    trader = compiled("-m.close < 0", "+m.close > 0", "m.close // 1 <= m.close")
    found = answers(trader, {"5m": walk(bars=20)})
    assert all(rows[0, -1] for rows in found.condition_rows)


def test_no_rows_give_empty_rows() -> None:
    empty = walk(bars=0)
    found = answers(compiled("vwap(m) > 0", "rsi(m.close) > 1"), {"5m": empty}, 2)
    assert found.ready.shape == (1, 0) and np.logical_and.reduce(found.condition_rows).shape == (
        1,
        0,
    )
