"""Trend functions: clouds, pivots, divergences and patterns mean what charts show."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import answers, compiled, walk, with_intervals

from aitrader.filters.panel import Panel
from aitrader.filters.trend import TREND
from aitrader.model.errors import FilterFault


def shaped(close: list[float]) -> Panel:
    """Return candles whose highs and lows are a hair around these closes."""
    panel = walk(bars=len(close))
    rows = np.array([close], float)
    for name, factor in (("open", 1.0), ("high", 1.001), ("low", 0.999), ("close", 1.0)):
        panel.values[name][:] = rows * factor
    return panel


def where_true(condition: str, close: list[float]) -> list[int]:
    found = answers(compiled(condition), {"5m": shaped(close)})
    return np.flatnonzero(found.condition_rows[0][0]).tolist()


@pytest.mark.parametrize("function", TREND, ids=lambda f: f.name)
def test_aliases_mean_the_same(function) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    plain = compiled(function.example)
    for alias in function.aliases:
        assert (
            compiled(function.example.replace(f"{function.name}(", f"{alias}(")).digest
            == plain.digest
        )


def test_a_pivot_is_reported_when_it_is_confirmed() -> None:
    close = [1, 2, 3, 9, 3, 2, 1, 1.5, 2, 0.5, 2, 3]
    assert where_true("pivot_high(m.close, 2, 2) == 9", close) == [5]
    assert where_true("pivot_high(m, 2, 2) > 8", close) == [5]
    assert where_true("pivot_low(m, 2, 2) < 0.6", close) == [11]


def test_a_divergence_compares_the_last_two_pivots() -> None:
    price = [10, 9, 5, 9, 10, 9, 4, 9, 10, 11, 12, 13]
    trader = (
        "bullish_divergence(m.close, where(m.close < 4.5, 6, m.close), left=2, right=2, max_bars=8)"
    )
    assert where_true(trader, price) == [8]
    top = [1, 2, 6, 2, 1, 2, 7, 2, 1, 0.5, 0.4, 0.3]
    flat = "bearish_divergence(m, where(m.close > 6.5, 5, m.close), left=2, right=2, max_bars=8)"
    assert where_true(flat, top) == [8]


def test_the_cloud_lies_where_it_was_projected() -> None:
    found = answers(
        compiled("ichimoku(m).top >= ichimoku(m).bottom", "ichimoku(m).tenkan > 0"),
        {"5m": walk(bars=200)},
    )
    assert found.condition_rows[0][0, 100:].all()


def test_supertrend_is_up_or_down() -> None:
    found = answers(compiled("supertrend(m).up", "supertrend(m).down"), {"5m": walk(bars=400)})
    up, down = (rows[0, 20:] for rows in found.condition_rows)
    assert (up ^ down).all() and up.any() and down.any()


def test_heikin_ashi_replaces_the_candles_and_keeps_the_volume() -> None:
    found = answers(
        compiled(
            "heikin_ashi(m).close != m.close",
            "heikin_ashi(m).volume == m.volume",
            "heikin_ashi(m).hl2 > 0",
        ),
        {"5m": walk(bars=60)},
        2,
    )
    assert all(rows[0, -1] for rows in found.condition_rows)


@pytest.mark.parametrize(
    "name", ["engulfing", "CDLENGULFING", "three_white_soldiers", "Morning Star", "3blackcrows"]
)
def test_a_pattern_is_found_by_any_spelling(name: str) -> None:
    assert compiled(f"pattern(m, '{name}') > 0").conditions


def test_an_unknown_pattern_is_refused_with_the_nearest() -> None:
    with pytest.raises(FilterFault) as caught:
        compiled("pattern(m, 'engulfin') > 0")
    assert "engulfing" in caught.value.hint


def test_correlation_with_itself_is_one() -> None:
    trader = compiled(
        "correlation(m.close, m.close, 20) > 0.999", "beta(m.close, m.of('BTCUSDT').close, 20) < 99"
    )
    panels = with_intervals(walk(("AAAUSDT", "BTCUSDT"), 60), trader.lookback)
    assert all(rows[0, -1] for rows in answers(trader, panels, 2).condition_rows)
