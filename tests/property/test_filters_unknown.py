"""What is not known never makes a signal that full knowledge would not make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.filter_programs import Grammar
from tests.filter_worlds import EXAMPLES, answers, compiled, walk, with_intervals
from tests.property.test_filters_causality import SYMBOLS, random_traders

from aitrader.filters.panel import Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import ROW_FIELDS

FRAGILE = (
    "not (rsi(m.close) > 70)",
    "rsi(m.close) != 50",
    "not within(rsi(m.close) < 30, 20)",
    "not falling(ema(m.close, 9), 3)",
    "not always(m.close > ema(m.close, 9), 5)",
    "not crosses_above(m.close, ema(m.close, 9))",
    "count(m.close > ema(m.close, 20), 10) < 3",
    "bars_since(crosses_above(m.close, ema(m.close, 20)), 50) > 10",
    "m.close > value_when(crosses_above(m.close, ema(m.close, 9)), m.high, limit=60)",
    "where(m.close > ema(m.close, 20), 1, 0) == 0",
    "nz(rsi(m.close), 0) < 30",
    "cmo(m.close) < -20 or adx(m) < 15 or ultosc(m) < 35",
    "vwap(m) < m.close",
    "supertrend(m).down and psar(m) > m.close",
)


def without(panel: Panel, symbol: int, gap: slice, fields: tuple[str, ...] = ROW_FIELDS) -> Panel:
    """Return the panel with rows of one symbol unknown."""
    values = {name: rows.copy() for name, rows in panel.values.items()}
    for name in fields:
        values[name][symbol, gap] = np.nan
    return Panel(panel.interval, panel.symbols, panel.open_ms, values)


HOLES = {
    "a new listing": (slice(0, 300), ROW_FIELDS),
    "a gap of one": (slice(350, 351), ROW_FIELDS),
    "a gap of many": (slice(300, 340), ROW_FIELDS),
    "an empty symbol": (slice(0, None), ROW_FIELDS),
    "no volume for a while": (slice(310, 315), ("volume", "taker_buy_volume")),
    "the newest candle": (slice(699, 700), ROW_FIELDS),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_adds_no_signal_and_touches_no_other_symbol(hole: str) -> None:
    gap, fields = HOLES[hole]
    whole = walk(SYMBOLS, 700, seed=11)
    torn = without(whole, 0, gap, fields)
    traders = [compiled(text) for text in FRAGILE] + random_traders(25, 900, is_smooth=True)
    for trader in traders:
        full = answers(trader, with_intervals(whole, trader.lookback))
        part = answers(trader, with_intervals(torn, trader.lookback))
        extra = part.entries & ~full.entries
        assert not extra[0].any(), trader.graph.conditions
        if not trader.symbols_named:
            assert (part.entries[1:] == full.entries[1:]).all()


def test_an_infinite_price_is_a_hole_too() -> None:
    whole = walk(SYMBOLS, 400, seed=3)
    torn = without(whole, 0, slice(200, 201))
    torn.values["close"][0, 200] = np.inf
    trader = compiled("rsi(m.close, 5) < 40")
    extra = answers(trader, {"5m": torn}).entries & ~answers(trader, {"5m": whole}).entries
    assert not extra.any()


def test_an_empty_panel_has_no_answers() -> None:
    trader = compiled("rsi(m.close, 5) < 40", 'm.at("1h").close > vwap(m)', "m.hour > 3")
    empty = Panel("5m", SYMBOLS, np.empty(0, np.int64), {k: np.empty((3, 0)) for k in ROW_FIELDS})
    slow = Panel("1h", SYMBOLS, np.empty(0, np.int64), {k: np.empty((3, 0)) for k in ROW_FIELDS})
    found = answers(trader, {"5m": empty, "1h": slow}, 2)
    assert not any(found.matched(i) for i in range(3))
    assert found.exit_condition(0) is None


def test_a_symbol_that_is_not_there_is_unknown() -> None:
    trader = compiled('m.of("ZZZUSDT").close > 0', "not (m.of('ZZZUSDT').close > 0)")
    found = answers(trader, {"5m": walk(SYMBOLS, 100)})
    assert not found.ready.any() and not any(rows.any() for rows in found.condition_rows)


def test_knowing_less_never_makes_a_condition_certain() -> None:
    whole = walk(SYMBOLS, 500, seed=12)
    torn = without(whole, 0, slice(250, 260))
    for number in range(40):
        conditions = Grammar(number, longest=8, is_smooth=True).program(2)
        trader = compiled(*conditions) if "obv" not in str(conditions) else None
        if trader is None or any(op in str(conditions) for op in ("ad(", "pvt(", "nz(")):
            continue
        full, part = answers(trader, {"5m": whole}), answers(trader, {"5m": torn})
        for seen, then in zip(full.condition_rows, part.condition_rows, strict=True):
            assert not (then[0, 250:260] & ~seen[0, 250:260]).any(), conditions


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_makes_no_signal_out_of_a_gap(path: Path) -> None:
    trader = compile_trader(path.read_text())
    whole = walk(
        SYMBOLS, 6000 if len(trader.lookback) > 1 else 1500, seed=21, interval=trader.graph.interval
    )
    torn = without(whole, 0, slice(1100, 1103))
    full = answers(trader, with_intervals(whole, trader.lookback))
    part = answers(trader, with_intervals(torn, trader.lookback))
    assert not (part.entries & ~full.entries)[0].any()
