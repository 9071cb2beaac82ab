"""A trader file's text becomes a plan and a graph, or a fault with its line."""

from __future__ import annotations

from aitrader.filters.traderfile import compile_trader

MACD = '''"""MACD turns up below zero while the hour is in an uptrend."""
NAME = "MACD crossover"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
SIDE = "LONG"
EXITS = {"stop_loss": "1.5 atr", "take_profit": [("2%", 0.5), ("4%", 0.5)],
         "trailing": "1%", "max_age": "12h"}
RISK = {"risk": "1%", "max_open": 3}
ANALYST = None

def conditions(m):
    line, signal, hist = macd(m.close, 12, 26, 9)
    h = m.at("1h")
    return {"MACD crosses up": crosses_above(line, signal),
            "below the zero line": line < 0,
            "1h uptrend": h.close > ema(h.close, 50)}

def exit_conditions(m):
    return {"overbought": rsi(m.close, 14) > 75}
'''


def test_a_file_gives_its_conditions_and_what_they_need() -> None:
    trader = compile_trader(MACD)
    assert trader.conditions == ("MACD crosses up", "below the zero line", "1h uptrend")
    assert trader.exit_conditions == ("overbought",)
    assert set(trader.lookback) == {"5m", "1h"}
    assert trader.plan.universe.top == 50
