"""A row is ready when the whole lookback of every series is there."""

from __future__ import annotations

import numpy as np
from tests.filter_worlds import answers, compiled, walk, with_intervals

from aitrader.filters.panel import Panel


def test_a_row_is_ready_from_the_lookback_on() -> None:
    trader = compiled("m.close > sma(m.close, 20)")
    ready = answers(trader, {"5m": walk(bars=40)}).ready[0]
    assert not ready[:20].any() and ready[20:].all()


def test_a_gap_makes_it_warm_up_again() -> None:
    panel = walk(bars=60)
    panel.values["close"][0, 30] = np.nan
    ready = answers(compiled("m.close > sma(m.close, 20)"), {"5m": panel}).ready[0]
    assert ready[29] and not ready[30:51].any() and ready[51:].all()


def test_a_slower_interval_must_be_ready_too() -> None:
    trader = compiled("m.close > sma(m.at('1h').close, 3)")
    ready = answers(trader, with_intervals(walk(bars=80), ["1h"])).ready[0]
    assert int(np.argmax(ready)) == 3 * 12 - 1 or int(np.argmax(ready)) == 4 * 12 - 1


def test_a_named_symbol_must_be_ready_too() -> None:
    panel = walk(("AAAUSDT", "BTCUSDT"), 40)
    panel.values["close"][1, 39] = np.nan
    trader = compiled("m.close > m.of('BTCUSDT').close")
    assert not answers(trader, {"5m": panel}).ready[:, 39].any()


def test_a_symbol_without_slow_rows_is_never_ready() -> None:
    base, other = walk(("AAAUSDT", "BBBUSDT"), 40), walk(("BBBUSDT",), 40, interval="1h")
    early = Panel("1h", other.symbols, other.open_ms - 40 * 3_600_000, other.values)
    trader = compiled("m.close > m.at('1h').close")
    assert answers(trader, {"5m": base, "1h": early}).ready[:, -1].tolist() == [False, True]
    none = Panel("1h", (), early.open_ms, {k: np.empty((0, 40)) for k in early.values})
    assert not answers(trader, {"5m": base, "1h": none}).ready.any()


def test_time_alone_is_ready_with_the_candles() -> None:
    trader = compiled("m.hour >= 0")
    assert answers(trader, {"5m": walk(bars=3)}).ready.all()
