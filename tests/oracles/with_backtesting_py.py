"""Trades of backtesting.py on candles of a file: `with_backtesting_py.py CANDLES.npz FIRST_BAR`.

Matching rules: a signal is filled at the next open. Stop and target must be given with the order,
so they count from the signal's close: the fill price where candles open at the last close.
"""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pandas as pd
import talib
from backtesting import Backtest, Strategy


def trades_of(candles: dict[str, np.ndarray], first: int) -> list[list[float]]:
    """Return [entry bar, entry price, exit bar, exit price] of one symbol."""
    close = np.ascontiguousarray(candles["close"])
    holds = (talib.RSI(close, 14) < 35) & (close > talib.EMA(close, 200))
    raised = np.zeros(len(close), bool)
    raised[1:] = holds[1:] & ~holds[:-1]
    raised[:first] = False

    class Both(Strategy):
        def init(self) -> None:
            """Need nothing."""

        def next(self) -> None:
            """Buy where a signal is raised and nothing is held."""
            if raised[len(self.data) - 1] and not self.position:
                price = self.data.Close[-1]
                self.buy(size=1, sl=price * (1 - 0.02), tp=price * (1 + 0.04))

    frame = pd.DataFrame(
        {name.capitalize(): candles[name] for name in ("open", "high", "low", "close")}
    )
    test = Backtest(frame, Both, cash=1e9, finalize_trades=False)
    rows = test.run()._trades.sort_values("EntryBar")
    names = ("EntryBar", "EntryPrice", "ExitBar", "ExitPrice")
    return [[float(row[name]) for name in names] for row in rows.to_dict("records")]


def main(path: str, first: int) -> None:
    """Print one list of [symbol, entry bar, entry price, exit bar, exit price]."""
    warnings.simplefilter("ignore")
    every = np.load(path)
    found = []
    for symbol in range(len(every["close"])):
        candles = {name: every[name][symbol] for name in ("open", "high", "low", "close")}
        found += [[symbol, *row] for row in trades_of(candles, first)]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
