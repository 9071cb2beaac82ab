"""Two-symbol stories for screening: a real filter over a real series table."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from tests.builders import AT_MS, a_trader

from aitrader.filters.traderfile import compile_trader
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream
from aitrader.model.ids import TraderId
from aitrader.model.trader import Trader

STEP_MS = 300_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")

RISING = '''"""The close is above its average."""
NAME = "Rising"
SYMBOLS = ["BTCUSDT", "ETHUSDT"]
INTERVAL = "5m"
EXITS = {"stop_loss": "1%", "take_profit": "2%"}
RISK = {"amount": 100}

def conditions(m):
    return {"above its average": m.close > sma(m.close, 3)}

def exit_conditions(m):
    return {"below its average": m.close < sma(m.close, 3)}
'''

BITCOIN_TOO = """
    b = m.of("BTCUSDT")
    return {"bitcoin too": b.close > sma(b.close, 3), "above"""
WITH_BITCOIN = RISING.replace("Rising", "With bitcoin").replace('\n    return {"above', BITCOIN_TOO)

HOUR_TOO = """
    h = m.at("1h")
    return {"hour": h.close > sma(h.close, 2), "above"""
HOURLY = RISING.replace("Rising", "Hourly").replace('\n    return {"above', HOUR_TOO)

BROKEN = RISING.replace("sma(m.close, 3)", "smaa(m.close, 3)")


def a_compiled(source: str = RISING, *, trader_id: str = "dip", **changes: object) -> Trader:
    """A trader of a file, with the plan that the file says."""
    trader = a_trader(
        source=source, plan=compile_trader(source).plan, trader_id=TraderId(trader_id)
    )
    return msgspec.structs.replace(trader, **changes)


def a_table(
    closes: dict[str, Sequence[float | None]], *, interval: str = "5m", bars: int = 50
) -> SeriesTable:
    """Rows whose last one closes at AT_MS; None is a missing row."""
    table = SeriesTable()
    table.configure([Stream(symbol, interval, bars) for symbol in closes])
    for symbol, prices in closes.items():
        fill(table, symbol, prices, interval=interval)
    return table


def fill(
    table: SeriesTable,
    symbol: str,
    prices: Sequence[float | None],
    *,
    interval: str = "5m",
    step_ms: int = STEP_MS,
) -> None:
    """Write rows whose last one closes at AT_MS."""
    for number, price in enumerate(reversed(prices), start=1):
        if price is not None:
            row = (price, price, price, price, 1.0, price, 1.0, 0.5)
            table.write(symbol, interval, AT_MS - number * step_ms, row)


FLAT = (100.0,) * 8
JUMP = (*FLAT, 110.0)
DROP = (*FLAT, 90.0)
