"""Answers: matched, exits, findings of one symbol."""

# ruff: noqa: E501 -- a table of cases reads best with one case per line

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from tests.filter_worlds import answers, compile_trader, compiled, trader_text, walk

from aitrader.model.trader import Level, LevelKind


def first_signal(text: str, bars: int = 300) -> int:
    found = answers(compile_trader(text), {"5m": walk(bars=bars)})
    return int(np.argmax(found.entries[0]))


CROSS = "def conditions(m):\n    return {'up': crosses_above(m.close, sma(m.close, 10))}\n"
LEAVE = "def exit_conditions(m):\n    return {'never': m.close < 0, 'open': m.close > 0, 'late': m.close > 1}\n"


def cut(text: str, bars: int, last: int = 2):  # type: ignore[no-untyped-def] # noqa: ANN201
    panel = walk(bars=300)
    values = {k: v[:, :bars].copy() for k, v in panel.values.items()}
    short = type(panel)("5m", panel.symbols, panel.open_ms[:bars], values)
    return answers(compile_trader(text), {"5m": short}, last)


def test_a_match_is_on_the_newest_row_only() -> None:
    text = trader_text(CROSS)
    at = first_signal(text)
    assert cut(text, at + 1).matched(0)
    assert not cut(text, at).matched(0) and not cut(text, at + 2).matched(0)


def test_one_row_alone_cannot_become_true() -> None:
    text = trader_text(CROSS)
    assert not cut(text, first_signal(text) + 1, last=1).matched(0)


def test_the_first_exit_condition_that_holds_is_named() -> None:
    assert cut(trader_text(CROSS + LEAVE), 50).exit_condition(0) == "open"
    assert cut(trader_text(CROSS), 50).exit_condition(0) is None


def test_no_exit_before_the_lookback_is_there() -> None:
    assert cut(trader_text(CROSS + LEAVE), 5).exit_condition(0) is None


def test_constant_exits_need_no_candle() -> None:
    text = trader_text(
        CROSS,
        exits='{"stop_loss": "2%", "take_profit": [("1%", 0.5), ("3%", 0.5)], "trailing": "1%", "max_age": "2h"}',
    )
    exits = cut(text, 50).exits(0)
    assert exits.stop_loss == Level(LevelKind.PERCENT, Decimal(2))
    assert [t.share for t in exits.take_profit] == [Decimal("0.5")] * 2
    assert exits.trailing_pct == 1 and exits.max_age_ms == 7_200_000


def test_no_stop_is_no_stop() -> None:
    assert cut(trader_text(CROSS, exits='{"take_profit": "2%"}'), 50).exits(0).stop_loss is None


def test_a_distance_is_the_range_of_the_candle() -> None:
    text = trader_text(CROSS, exits='{"stop_loss": "1.5 atr"}')
    found = cut(text, 290)
    level = found.exits(0).stop_loss
    assert level is not None and level.kind is LevelKind.DISTANCE
    assert float(level.value) == pytest.approx(1.5 * found.level_rows["atr 14"][0, -1])


def test_a_level_that_is_unknown_stops_the_signal() -> None:
    body = CROSS + "def stop_loss(m):\n    return m.close / (m.close - m.close)\n"
    text = trader_text(body, exits='{"max_age": "1h"}')
    at = first_signal(trader_text(CROSS))
    found = cut(text, at + 1)
    assert not found.matched(0)
    with pytest.raises(ValueError, match="stop_loss"):
        found.exits(0)


def test_a_level_below_zero_stops_the_signal() -> None:
    text = trader_text(
        CROSS + "def stop_loss(m):\n    return 0 - m.close\n", exits='{"max_age": "1h"}'
    )
    assert not answers(compile_trader(text), {"5m": walk(bars=300)}).entries.any()


def test_an_unknown_value_is_left_out_of_the_findings() -> None:
    found = answers(
        compiled("m.close / (m.close - m.close) > 1", "m.close > 0"), {"5m": walk(bars=9)}, 2
    )
    assert found.findings(0)[0].values == ()
    assert found.values_behind(0, "no such condition") == ()
