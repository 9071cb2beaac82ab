"""Trades of vectorbt on candles of a file: `with_vectorbt.py CANDLES.npz FIRST_BAR`, JSON out.

Matching rules: a signal is filled at the next open, stop and target count from that price, orders
are of one unit and whole, each symbol has its own cash. What cannot be matched: a stop or target is
never tested in the candle of the entry, and a target that a candle opens beyond fills at the open.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import talib
import vectorbt as vbt


def main(path: str, first: int) -> None:
    """Print one list of [symbol, entry bar, entry price, exit bar, exit price]."""
    candles = np.load(path)
    columns = {name: candles[name].T for name in ("open", "high", "low", "close")}
    holds = np.stack(
        [
            (talib.RSI(row, 14) < 35) & (row > talib.EMA(row, 200))
            for row in np.ascontiguousarray(candles["close"])
        ]
    ).T
    raised = np.zeros_like(holds)
    raised[1:] = holds[1:] & ~holds[:-1]
    raised[:first] = False
    entries = np.zeros_like(raised)
    entries[1:] = raised[:-1]
    frames = {name: pd.DataFrame(rows) for name, rows in columns.items()}
    portfolio = vbt.Portfolio.from_signals(
        frames["close"],
        entries=pd.DataFrame(entries),
        exits=False,
        price=frames["open"],
        open=frames["open"],
        high=frames["high"],
        low=frames["low"],
        sl_stop=0.02,
        tp_stop=0.04,
        stop_entry_price="fillprice",
        stop_exit_price="stoplimit",
        upon_stop_exit="close",
        size=1.0,
        init_cash=1e9,
        allow_partial=False,
        freq="5min",
    )
    rows = portfolio.trades.records
    closed = rows[rows["status"] == 1].sort_values(["col", "entry_idx"])
    names = ("col", "entry_idx", "entry_price", "exit_idx", "exit_price")
    sys.stdout.write(
        json.dumps([[row[name] for name in names] for row in closed.to_dict("records")]) + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
