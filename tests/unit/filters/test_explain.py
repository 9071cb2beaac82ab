"""Explaining: each condition true, false or unknown, with its values."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.filter_worlds import answers, compile_trader, compiled, trader_text, walk, with_intervals

from aitrader.filters.explain import Truth, explain

BODY = """def conditions(m):
    return {"up": m.close > m.open, "undefined": m.close / (m.close - m.close) > 1,
            "calm": not (rsi(m.close, 14) > 99), "hour": m.at("1h").close > 0}
def exit_conditions(m):
    return {"down": m.close < m.open}
def stop_loss(m):
    return lowest(m.low, 3)
"""


def test_true_false_and_unknown_are_told_apart() -> None:
    trader = compile_trader(trader_text(BODY, exits='{"max_age": "1h"}'))
    panel = walk(("AAAUSDT", "BBBUSDT"), 400)
    panels = with_intervals(panel, trader.lookback)
    for row in (-1, 200, 399):
        told = explain(trader, panels, "BBBUSDT", row=row)
        is_up = panel.values["close"][1, row] > panel.values["open"][1, row]
        truths = {state.name: state.truth for state in told.conditions}
        assert truths["up"] is (Truth.TRUE if is_up else Truth.FALSE)
        assert truths["undefined"] is Truth.UNKNOWN
        assert truths["calm"] is Truth.TRUE
        assert told.exit_conditions[0].truth is (Truth.FALSE if is_up else Truth.TRUE)
        assert dict(told.conditions[0].values)["close"] == panel.values["close"][1, row]
        assert told.levels[0][1] == pytest.approx(
            np.min(panel.values["low"][1, : row % 400 + 1][-3:])
        )
        assert told.candle_open_ms == panel.open_ms[row]


def test_an_explanation_agrees_with_the_signal() -> None:
    trader = compiled("crosses_above(m.close, sma(m.close, 10))", "m.volume > 0")
    panels = {"5m": walk(bars=200)}
    entries = answers(trader, panels).entries[0]
    row = int(np.argmax(entries))
    told = explain(trader, panels, "AAAUSDT", row=row)
    assert told.is_signal and told.is_ready and not told.held_before
    assert not explain(trader, panels, "AAAUSDT", row=row + 1).is_signal


def test_the_first_row_knows_no_row_before() -> None:
    told = explain(compiled("m.close > 0"), {"5m": walk(bars=5)}, "AAAUSDT", row=0)
    assert not told.held_before and not told.is_ready


def test_an_explanation_is_json() -> None:
    told = explain(compiled("rsi(m.close, 14) < 30"), {"5m": walk(bars=5)}, "AAAUSDT")
    assert b'"unknown"' in msgspec.json.encode(told)
    assert told.conditions[0].values == (("rsi(close, 14)", None),)


def test_a_row_or_symbol_that_is_not_there_is_said_so() -> None:
    trader, panels = compiled("m.close > 0"), {"5m": walk(bars=5)}
    with pytest.raises(ValueError, match="row"):
        explain(trader, panels, "AAAUSDT", row=5)
    with pytest.raises(ValueError, match="ZZZ"):
        explain(trader, panels, "ZZZ")


def test_a_named_symbol_is_seen_too() -> None:
    panel = walk(("AAAUSDT", "BBBUSDT", "BTCUSDT"), 60)
    trader = compiled("m.of('BTCUSDT').close > m.of('BTCUSDT').close[1]", "m.close > 0")
    found = explain(trader, {"5m": panel}, "BBBUSDT")
    btc = panel.values["close"][2]
    assert found.is_ready and found.conditions[1].truth is Truth.TRUE
    assert found.conditions[0].truth is (Truth.TRUE if btc[-1] > btc[-2] else Truth.FALSE)
