"""Drawing: which series a filter compares, on whose scale, and what they are at each close."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import (
    EXAMPLES,
    answers,
    compile_trader,
    compiled,
    trader_text,
    walk,
    with_intervals,
)

from aitrader.filters.drawing import MOST_LINES, MOST_PANES, Line, draw

PANEL = walk(("AAAUSDT", "BTCUSDT"), 300)


def lines(*conditions: str, setup: str = "", bars: int = 50) -> dict[str, Line]:
    """Return the lines of these conditions by name."""
    found = draw(compiled(*conditions, setup=setup), {"5m": PANEL}, "AAAUSDT", bars=bars)
    return {line.name: line for line in found}


@pytest.mark.parametrize(
    ("condition", "panes"),
    [
        ("m.close > ema(m.close, 9)", {"ema(close, 9)": ""}),
        ("m.close > 5", {}),
        ("rsi(m.close, 14) < 30", {"rsi(close, 14)": "pane 1"}),
        ("m.close > bbands(m.close, 20, 2).upper", {"bbands(close, 20, 2).upper": ""}),
        ("m.close > supertrend(m).line", {"supertrend(m, 10, 3).line": ""}),
        ("supertrend(m).direction > 0", {"supertrend(m, 10, 3).direction": "pane 1"}),
        ("vwap(m) < m.close", {"vwap(((high + low) + close) / 3, volume)": ""}),
        ("lowest(m.low, 9) * 0.98 > 0", {"lowest(low, 9) * 0.98": ""}),
        ("2 * m.close > 1", {"2 * close": ""}),
        ("sma(m.close, 3) / 2 > 1", {"sma(close, 3) / 2": ""}),
        ("m.close / m.open > 1", {"close / open": "pane 1"}),
        ("m.close - m.open > 0", {"close - open": "pane 1"}),
        ("max(m.close, m.open)[1] > 1", {"max(close, open)": ""}),
        ("abs(m.body) > 1", {"abs(close - open)": "pane 1"}),
        ("m.volume > sma(m.volume, 9)", {"volume": "pane 1", "sma(volume, 9)": "pane 1"}),
        ("m.of('BTCUSDT').close > 1", {"BTCUSDT close": "pane 1"}),
        ("m.hour > 5 and pattern(m, 'doji') > 0", {}),
        (
            "rsi(m.close, 14) < 30 or adx(m, 14) > 20",
            {"rsi(close, 14)": "pane 1", "adx(m, 14)": "pane 2"},
        ),
    ],
)
def test_what_is_compared_shares_a_pane(condition: str, panes: dict[str, str]) -> None:
    assert {name: line.pane for name, line in lines(condition).items()} == panes


def test_groups_that_a_later_comparison_joins_are_one() -> None:
    found = lines("ema(m.close, 3) > ema(m.close, 5)", "rsi(m.close, 9) > 1")
    assert [line.pane for line in found.values()] == ["", "", "pane 1"]
    joined = lines("cmf(m, 20) > 0", "mfi(m, 14) > 3", "cmf(m, 20) > mfi(m, 14)")
    assert {line.pane for line in joined.values()} == {"pane 1"}


def test_a_number_is_a_level_of_the_line_it_is_compared_with() -> None:
    found = lines("rsi(m.close, 14) > 45", "rsi(m.close, 14) < 75", "45 < rsi(m.close, 14)")
    assert found["rsi(close, 14)"].levels == (45.0, 75.0)


def test_the_newest_value_is_the_one_the_condition_saw() -> None:
    trader = compiled("rsi(m.close, 14) < 30")
    line = draw(trader, {"5m": PANEL}, "AAAUSDT", bars=20)[0]
    seen = answers(trader, {"5m": PANEL}).values_behind(0, "c0")
    assert len(line.values) == 20 and line.values[-1] == pytest.approx(seen[0][1])


def test_a_value_whose_candles_are_not_there_is_unknown() -> None:
    found = draw(compiled("sma(m.close, 10) > 0"), {"5m": walk(bars=12)}, "AAAUSDT", bars=12)
    assert found[0].values[:9] == (None,) * 9
    assert None not in found[0].values[9:]


def test_an_exit_that_is_a_price_is_a_line() -> None:
    body = """def conditions(m):
    return {"up": m.close > m.open}
def exit_conditions(m):
    return {"over": m.close > highest(m.high, 5)[1]}
def stop_loss(m):
    return lowest(m.low, 3)
"""
    trader = compile_trader(trader_text(body, exits='{"max_age": "1h"}'))
    found = draw(trader, {"5m": PANEL}, "AAAUSDT", bars=5)
    assert [(line.name, line.pane) for line in found] == [
        ("lowest(low, 3)", ""),
        ("highest(high, 5)", ""),
    ]
    assert found[0].values[-1] == pytest.approx(np.min(PANEL.values["low"][0, -3:]))


def test_there_are_not_more_lines_and_panes_than_a_screen_holds() -> None:
    panes = {
        line.pane for line in lines(*(f"rsi(m.close, {n}) < 30" for n in range(2, 12))).values()
    }
    assert len(panes) == MOST_PANES
    many = lines(*(f"m.close > sma(m.close, {n})" for n in range(2, 40)))
    assert len(many) == MOST_LINES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_can_be_drawn(path: object) -> None:
    trader = compile_trader(path.read_text())  # type: ignore[attr-defined]
    base = walk(("AAAUSDT", "BTCUSDT"), 300, interval=trader.plan.interval)
    found = draw(trader, with_intervals(base, trader.lookback), "AAAUSDT", bars=30)
    assert found and all(len(line.values) == 30 for line in found)
