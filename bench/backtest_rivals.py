"""One other program's backtest of the job of `backtest.py`, in its own environment (make oracles).

    build/oracles/bin/python bench/backtest_rivals.py backtesting.py|vectorbt CANDLES.npz

CANDLES.npz holds `open`, `high`, `low`, `close` (T, N) and `entries` (T, N): where the filter says
yes, so that nobody is charged for indicators but us. Prints CPU seconds and trades as JSON. Fixed
stop 2 %, target 4 %, 1000 an entry, filled at the next open, fee 0.1 %. Imports and, for vectorbt,
the first call, which compiles, are not counted.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Mapping

import numpy as np

Data = Mapping[str, np.ndarray]
STOP, TARGET, AMOUNT, FEE = 0.02, 0.04, 1000.0, 0.001
CASH = 1_000_000.0


def by_backtesting(data: Data) -> tuple[float, int]:
    import pandas as pd
    from backtesting import Backtest, Strategy

    class Weak(Strategy):  # type: ignore[misc]
        entries = np.zeros(0, bool)

        def init(self) -> None:
            pass

        def next(self) -> None:
            place = len(self.data) - 1
            if self.entries[place] and not self.position and not self.orders:
                price = self.data.Close[-1]
                self.buy(size=AMOUNT / CASH, sl=price * (1 - STOP), tp=price * (1 + TARGET))

    trades, start = 0, time.process_time()
    for column in range(data["open"].shape[1]):
        fields = {name.title(): data[name][:, column] for name in ("open", "high", "low", "close")}
        Weak.entries = data["entries"][:, column]
        stats = Backtest(pd.DataFrame(fields), Weak, cash=CASH, commission=FEE).run()
        trades += len(stats["_trades"])
    return time.process_time() - start, trades


def by_vectorbt(data: Data) -> tuple[float, int]:
    import vectorbt as vbt

    entries = np.vstack([np.zeros((1, data["open"].shape[1]), bool), data["entries"][:-1]])

    def run() -> int:
        held = vbt.Portfolio.from_signals(
            data["close"],
            entries,
            False,
            price=data["open"],
            open=data["open"],
            high=data["high"],
            low=data["low"],
            sl_stop=STOP,
            tp_stop=TARGET,
            stop_entry_price="fillprice",
            size=AMOUNT,
            size_type="value",
            init_cash=CASH,
            fees=FEE,
            freq="5min",
        )
        held.value()
        return int(held.trades.count().sum())

    run()
    start = time.process_time()
    trades = run()
    return time.process_time() - start, trades


RIVALS = {"backtesting.py": by_backtesting, "vectorbt": by_vectorbt}


def main() -> None:
    warnings.simplefilter("ignore")
    name, path = sys.argv[1:]
    with np.load(path) as file:
        data = {key: file[key] for key in file.files}
    cpu_s, trades = RIVALS[name](data)
    print(json.dumps({"cpu_s": cpu_s, "trades": trades}))


if __name__ == "__main__":
    main()
