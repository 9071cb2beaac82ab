"""Programs: many traders at once answer as each alone."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import (
    answers,
    compile_trader,
    compiled,
    trader_text,
    walk,
    with_intervals,
)

from aitrader.filters.evaluate import BLOCK, Program
from aitrader.model.ids import TraderId

MANY = tuple(f"S{i:03}USDT" for i in range(2 * BLOCK + 3))


def test_merged_traders_answer_as_each_alone() -> None:
    texts = ["rsi(m.close, 14) < 40", "crosses_above(m.close, ema(m.close, 20))",
             "m.at('1h').close > m.of('S001USDT').close", "rsi(m.close, 14) > m.of('S002USDT').hour"]  # fmt: skip
    traders = {TraderId(str(i)): compiled(text) for i, text in enumerate(texts)}
    program = Program(traders)
    panels = with_intervals(walk(MANY, 500), program.lookback)
    together = program.run(panels, last=50)
    for key, trader in traders.items():
        alone = answers(trader, panels, 50)
        assert np.array_equal(together[key].entries, alone.entries)
        assert np.array_equal(together[key].ready, alone.ready)


def test_traders_of_two_intervals_do_not_merge() -> None:
    with pytest.raises(ValueError, match="one interval"):
        Program(
            {
                TraderId("a"): compiled("m.close > 1"),
                TraderId("b"): compiled("m.close > 1", interval="1h"),
            }
        )
    with pytest.raises(ValueError, match="one interval"):
        Program({})


def test_a_missing_panel_is_said_so() -> None:
    trader = compiled("m.close > m.at('1h').close")
    with pytest.raises(ValueError, match="1h"):
        Program({TraderId("a"): trader}).run({"5m": walk(bars=10)})


def test_the_lookback_is_the_longest_fastest_interval_first() -> None:
    traders = {
        TraderId("a"): compiled("m.at('1h').close > 1"),
        TraderId("b"): compiled("sma(m.close, 30) > 1"),
    }
    assert list(Program(traders).lookback.items()) == [("5m", 31), ("1h", 2)]


def test_a_signal_is_raised_when_all_conditions_become_true_together() -> None:
    found = answers(compiled("m.close > m.open", "m.close > m.close[1]"), {"5m": walk(bars=300)})
    holding = found.holding[0]
    expected = np.concatenate([[False], holding[1:] & ~holding[:-1]]) & found.ready[0]
    assert found.entries[0].tolist() == expected.tolist()
    assert found.entries.any() and not (found.entries[0, 1:] & found.entries[0, :-1]).any()


def test_findings_are_the_newest_values_of_every_interval() -> None:
    trader = compiled("m.close > ema(m.at('1h').close, 3)", "m.close > m.close[1]")
    panels = with_intervals(walk(bars=400), trader.lookback)
    found = answers(trader, panels, 2).findings(0)
    assert [f.condition for f in found] == ["c0", "c1"]
    named = dict(found[0].values)
    assert named["close"] == panels["5m"].values["close"][0, -1]
    assert set(named) == {"close", "ema(1h close, 3)"}


def test_a_finding_of_an_interval_without_bars_is_left_out() -> None:
    trader = compiled("m.close > m.at('1d').close")
    found = answers(trader, with_intervals(walk(bars=20), trader.lookback), 2)
    assert dict(found.findings(0)[0].values).keys() == {"close"}


def test_levels_are_worked_out_at_the_candle() -> None:
    text = trader_text(
        "def conditions(m):\n    return {'a': m.close > m.open}\n"
        "def stop_loss(m):\n    return lowest(m.low, 5)\n",
        exits='{"take_profit": "2 atr"}',
    )
    panel = walk(bars=300)
    found = answers(compile_trader(text), {"5m": panel}, 2)
    exits = found.exits(0)
    assert exits.stop_loss is not None
    assert float(exits.stop_loss.value) == panel.values["low"][0, -5:].min()
    assert float(exits.take_profit[0].level.value) > 0


def test_a_long_lookback_is_borne_by_its_own_trader_alone() -> None:
    texts = ["rsi(m.close, 14) < 45", "m.close > sma(m.close, 1400)", "m.close > m.at('1h').open"]
    traders = {TraderId(str(i)): compiled(text) for i, text in enumerate(texts)}
    program = Program(traders)
    panels = with_intervals(walk(("AAAUSDT", "BBBUSDT"), 1800), program.lookback)
    together = program.run(panels)
    assert list(together) == list(traders)
    for key, trader in traders.items():
        alone = answers(trader, panels, 2)
        assert np.array_equal(together[key].entries, alone.entries)
        assert np.array_equal(together[key].ready, alone.ready) and alone.ready.all()


def test_a_graph_that_keeps_many_rows_answers_the_same_in_small_blocks() -> None:
    lines = "    a = [shift(m.close, 900 + i) for i in range(90)]\n"
    text = trader_text(f"def conditions(m):\n{lines}    return {{'a': sum(a) < 90 * m.close}}\n")
    panel = walk(MANY, 4900)
    together = Program({TraderId("a"): compile_trader(text)}).run({"5m": panel})[TraderId("a")]
    shifted = sum(panel.values["close"][:, -901 - i] for i in range(90))
    assert together.condition_rows[0][:, -1].tolist() == (
        (shifted < 90 * panel.values["close"][:, -1]).tolist()
    )
