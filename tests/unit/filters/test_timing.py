"""Helpers in time, on series small enough to see."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import answers, compiled, walk, with_intervals
from tests.unit.filters.test_trend import where_true

from aitrader.filters.timing import TIMING
from aitrader.model.errors import FilterFault

UP_DOWN = [1, 3, 2, 4, 5, 3, 2, 6]


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("crosses_above(m.close, 2.5)", [1, 3, 7]),
        ("crosses_below(m.close, 2.5)", [2, 6]),
        ("crosses_below(2.5, m.close)", [1, 3, 7]),
        ("crosses(m.close, 2.5)", [1, 2, 3, 6, 7]),
        ("within(m.close == 5, 3)", [4, 5, 6]),
        ("always(m.close > 1, 3)", [3, 4, 5, 6, 7]),
        ("count(m.close > 2.5, 3) == 2", [3, 4, 6, 7]),
        ("bars_since(m.close == 3, 4) == 2", [3, 7]),
        ("value_when(m.close > 3, m.close, limit=5) == 5", [4, 5, 6]),
        ("value_when(m.close > 3, m.close, 1, limit=9) == 4", [4, 5, 6]),
        ("became(m.close > 2.5)", [1, 3, 7]),
        ("rising(m.close)", [1, 3, 4, 7]),
        ("rising(m.close, 2)", [4]),
        ("falling(m.close, 2)", [6]),
        ("change(m.close) == 2", [1, 3]),
        ("pct_change(m.close) == 200", [1, 7]),
        ("shift(m.close, 2) == 5", [6]),
        ("shift(m, 2) == 5", [6]),
        ("shift(m.close, 0) == 5", [4]),
        ("shift(m.close > 4.5)", [5]),
        ("m.close == highest(m.close, 3)", [3, 4, 7]),
        ("m.close == lowest(m.close, 3)", [5, 6]),
        ("highest(m.close, 1) == 6", [7]),
        ("highest(m, 1) > 6", [7]),
        ("lowest(m, 2) < 1", [1]),
        ("rolling_sum(m.close, 2) == 9", [4]),
        ("rolling_sum(m.close, 1) == 6", [7]),
        ("change(cumulative(m.close), 2) == 5", [2, 6]),
        ("where(m.close > 3, 1, 0) == 1", [3, 4, 7]),
        ("where(m.close > 3, m.close < 5, m.close > 2.5)", [1, 3, 5]),
        ("where(True, m.close, 1) == 6", [7]),
        ("(m.close if m.close > 3 else 0) == 4", [3]),
        ("nz(m.close / (m.close - 3), -1) == -1", [1, 5]),
        ("between(m.close, 2, 3)", [1, 2, 5, 6]),
        ("all_of(m.close > 1, m.close < 3)", [2, 6]),
        ("all_of({'a': m.close > 1, 'b': m.close < 3})", [2, 6]),
        ("any_of([m.close > 5, m.close < 2])", [0, 7]),
        ("any(m.close > 4, 2)", [4, 5, 7]),
        ("all(m.close > 2, 2)", [4, 5]),
        ("max(m.close, 4) == 4", [0, 1, 2, 3, 5, 6]),
        ("min([m.close, 4, 3]) == 2", [2, 6]),
        ("m.close == max(1, 2, 3)", [1, 5]),
        ("m.close == max(np.nan, 3) or m.close > 5", [7]),
        ("abs(m.close - 3) == 1", [2, 3, 6]),
    ],
)
def test_a_helper_is_true_where_a_person_would_say_so(condition: str, places: list[int]) -> None:
    assert where_true(condition, UP_DOWN) == places


@pytest.mark.parametrize("function", TIMING, ids=lambda f: f.name)
def test_aliases_mean_the_same(function) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    plain = compiled(function.example)
    for alias in function.aliases:
        assert (
            compiled(function.example.replace(f"{function.name}(", f"{alias}(")).digest
            == plain.digest
        )


@pytest.mark.parametrize(
    "text",
    ["crosses_above(1, 2)", "max() > 1", "max([]) > 1", "shift('a', 1) > 1", "highest('a', 5) > 1", "nz(obv(m)) > 1",
     "where(m.close, 1, 2) > 1", "where(m.close > 1, 'a', 2) > 1", "max(m.close, 'a') > 1"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FilterFault):
        compiled(text)


def test_nz_does_not_hide_a_missing_candle() -> None:
    panel = walk(bars=700)
    panel.values["close"][0, 650] = np.nan
    trader = compiled("nz(sma(m.close, 20), 0) == 0")
    assert not answers(trader, {"5m": panel}).condition_rows[0].any()


def test_nz_reaches_over_intervals_and_long_windows() -> None:
    trader = compiled("nz(sma(m.close, 1990) - sma(m.at('1h').close, 5)[20], 0) != 0")
    panels = with_intervals(walk(bars=2100), trader.lookback)
    assert answers(trader, panels, 2).condition_rows[0][0, -1]
    long = compiled("nz(sma(m.close, 1990)[300], 0) != 0")
    assert answers(long, {"5m": walk(bars=2400)}, 2).condition_rows[0][0, -1]


def test_nz_of_the_time_changes_nothing() -> None:
    assert compiled("nz(m.hour) > 3").digest == compiled("m.hour > 3").digest
