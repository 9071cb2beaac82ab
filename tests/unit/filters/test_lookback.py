"""The bars a graph needs are derived from it, per interval."""

from __future__ import annotations

import pytest
from tests.filter_worlds import compiled

from aitrader.filters.lookback import MAX_LOOKBACK
from aitrader.model.errors import FilterFault


@pytest.mark.parametrize(
    ("condition", "bars"),
    [
        ("m.close > m.open", 2),
        ("m.close > m.close[3]", 5),
        ("m.close > sma(m.close, 20)", 21),
        ("within(m.close > m.open, 10)", 11),
        ("always(m.close > m.open, 10)", 11),
        ("count(m.close > m.open, 10) > 3", 11),
        ("bars_since(m.close > m.open, 10) < 3", 12),
        ("m.close > value_when(m.close > m.open, m.high, limit=50)", 52),
        ("sma(m.close, 5)[2] > sma(sma(m.close, 5), 5)", 10),
        ("m.close > vwap(m)", 289),
        ("ema(m.close, 200) > 1", 1582),
    ],
)  # fmt: skip
def test_every_operation_adds_what_it_reaches_back(condition: str, bars: int) -> None:
    assert compiled(condition).lookback == {
        "5m": pytest.approx(bars, abs=2 if "ema" in condition else 0)
    }


def test_a_slower_interval_counts_its_own_bars() -> None:
    assert compiled("m.close > sma(m.at('1h').close, 10)").lookback == {"5m": 2, "1h": 11}
    assert compiled("m.close > m.at('1h').close[2]").lookback == {"5m": 2, "1h": 4}
    assert compiled("m.close > lowest(m.at('1h').low, 1)").lookback["1h"] == 2


def test_bars_of_a_faster_interval_are_converted() -> None:
    found = compiled("always(m.at('1h').close > m.close, 24)").lookback
    assert found == {"5m": 25, "1h": 3}


def test_a_lookback_has_a_limit() -> None:
    with pytest.raises(FilterFault, match=str(MAX_LOOKBACK)):
        compiled("ema(m.close, 800) > 1")


def test_the_cost_grows_with_lookback_and_length() -> None:
    cheap, dear = compiled("m.close > m.open"), compiled("m.close > linreg(m.close, 300)")
    assert cheap.cost < 1 < dear.cost


def test_a_filter_over_its_budget_is_refused() -> None:
    with pytest.raises(FilterFault, match="too slow"):
        compiled("sum([percent_rank(m.close, n) for n in range(1500, 1520)]) > 1")


def test_a_torn_input_costs_a_call_per_run() -> None:
    whole = compiled("sma(m.close, 3) > 1").cost
    assert compiled("sma(m.close / m.open, 3) > 1").cost < 2 * whole + 2
    assert compiled("sma(m.close / 2, 3) > 1").cost < 2 * whole + 2
    torn = ("where(m.close > 1, m.close, np.nan)", "m.close / m.volume", "sqrt(m.body)")
    for text in torn:
        assert compiled(f"sma({text}, 3) > 1").cost > 20 * whole
    assert compiled("sma(nz(m.close / m.volume), 3) > 1").cost < 10 * whole
