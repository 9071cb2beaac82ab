"""Why a trader did not signal, symbol by symbol, and the lines it looks at."""

from __future__ import annotations

import asyncio

from tests.builders import a_plan, a_trader
from tests.filter_worlds import START_MS, conditions_text, walk

from aitrader.engine.explainer import FilterExplainer
from aitrader.filters.panel import Panel, until
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.control import ExplanationRow, LineRow
from aitrader.model.trader import Trader

FIVE_MS = INTERVAL_MS["5m"]


class Rows:
    """Panels of one random walk at 5m; no other interval is watched."""

    def panel(self, interval: str, *, closed_ms: int, bars: int) -> Panel:
        """Return the last rows that closed by then."""
        if interval != "5m":
            raise KeyError(interval)
        whole = until(walk(("AAAUSDT", "BBBUSDT"), 400), closed_ms)
        values = {name: rows[:, -bars:] for name, rows in whole.values.items()}
        return Panel("5m", whole.symbols, whole.open_ms[-bars:], values)


def explain(trader: Trader, *symbols: str) -> tuple[ExplanationRow, ...]:
    """Ask at the end of the walk, in the middle of a candle."""
    now_ms = START_MS + 400 * FIVE_MS + 1234
    return asyncio.run(FilterExplainer(Rows()).explain(trader, symbols, now_ms))


def test_the_symbol_nearest_to_a_signal_comes_first() -> None:
    text = conditions_text("m.close > 150", "m.close > 0")
    rows = explain(a_trader(source=text), "AAAUSDT", "BBBUSDT", "LOSTUSDT")
    missing = [sum(c.truth != "true" for c in row.conditions) for row in rows]
    assert sorted(row.symbol for row in rows) == ["AAAUSDT", "BBBUSDT"]
    assert missing == sorted(missing)
    assert rows[0].candle_open_ms == START_MS + 399 * FIVE_MS
    assert rows[0].is_ready
    assert [c.name for c in rows[0].conditions] == ["c0", "c1"]
    assert dict(rows[0].conditions[0].values)


def test_a_trader_whose_streams_are_not_watched_has_no_rows() -> None:
    text = conditions_text("m.close > 150", interval="1h")
    trader = a_trader(source=text, plan=a_plan(interval="1h"))
    assert explain(trader, "AAAUSDT") == ()


def lines(trader: Trader, symbol: str, bars: int) -> tuple[LineRow, ...] | None:
    """Ask for lines at the end of the walk."""
    now_ms = START_MS + 400 * FIVE_MS + 1234
    return asyncio.run(FilterExplainer(Rows()).lines(trader, symbol, bars=bars, now_ms=now_ms))


def test_lines_end_with_the_newest_closed_candle() -> None:
    text = conditions_text("m.close > sma(m.close, 5)", "rsi(m.close, 14) < 30")
    found = lines(a_trader(source=text), "BBBUSDT", 20)
    assert found is not None
    assert [(line.name, line.pane, line.levels) for line in found] == [
        ("sma(close, 5)", "", ()),
        ("rsi(close, 14)", "pane 1", (30.0,)),
    ]
    assert all(len(line.values) == 20 and None not in line.values for line in found)
    assert found[0].open_ms == START_MS + 380 * FIVE_MS
    assert found[0].interval == "5m"


def test_what_is_not_watched_has_no_lines() -> None:
    hourly = a_trader(source=conditions_text("m.close > 1", interval="1h"))
    assert lines(hourly, "AAAUSDT", 5) is None
    assert lines(a_trader(source=conditions_text("m.close > 1")), "LOSTUSDT", 5) is None
