"""How long a backtest takes: 20 symbols x 1 year x 5m, and 10 traders at once.

Unit of work: one whole run of RSI + EMA entries with fixed stop and target, filters included, on
candles in memory. It is the hot path of everybody who tries out an idea. Targets: 0.5 CPU s and
300 MB for one trader over 20 symbols x 1 year (2.1 M candles); 3 CPU s for 10 traders, and for one
over 100 symbols. With `make oracles` the same job is given to backtesting.py and vectorbt in the
same run, and `times_ours` says how many times our CPU they take. So it is said of the run in
stages, which traders need whose entries rest at a limit, whose stop moves to break even, or that
have limits of loss.

    python bench/backtest.py [--bars 105120] [--symbols 20] [--traders 1 10] [--no-rivals]
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
from report import environment, report

from aitrader.backtest.history import History, Series
from aitrader.backtest.job import Job, Terms
from aitrader.backtest.run import answers_of, run, run_in_stages
from aitrader.exchange.simulated.source import a_listing
from aitrader.filters.traderfile import compile_trader
from aitrader.model.ids import TraderId
from aitrader.model.trader import Mode, Trader

FIRST_MS = 1_735_689_600_000
STEP_MS = 300_000
SUBSTEPS = 8
ORACLES = Path(__file__).parents[1] / "build" / "oracles" / "bin" / "python"
RIVALS = Path(__file__).with_name("backtest_rivals.py")
TARGETS_MS = {1: 500, 10: 3000}
SOURCE = '''"""Buys weakness above the trend."""
NAME = "Bench {number}"
SYMBOLS = "all USDT"
INTERVAL = "5m"
SIDE = "LONG"
EXITS = {{"stop_loss": "2%", "take_profit": "4%"}}
RISK = {{"amount": 1000, "max_open": 100}}


def conditions(m):
    return {{"weak": rsi(m.close, {length}) < {level}, "up": m.close > ema(m.close, 200)}}
'''


def world(symbols: int, bars: int) -> History:
    """A seeded random walk per symbol, prices to four decimals."""
    rng = np.random.default_rng(7)
    times = FIRST_MS + STEP_MS * np.arange(bars, dtype=np.int64)
    series = []
    for number in range(symbols):
        spread = rng.uniform(0.6, 1.2) / np.sqrt(105_120 * SUBSTEPS)
        walk = rng.standard_normal((bars, SUBSTEPS)) * spread
        prices = 100 * np.exp(np.cumsum(walk.ravel())).reshape(bars, SUBSTEPS)
        opens = np.concatenate([[100.0], prices[:-1, -1]]) * np.exp(
            rng.standard_normal(bars) * 2e-4
        )
        every = np.concatenate([opens[:, None], prices], axis=1)
        volume = np.round(rng.uniform(10, 1000, bars), 3)
        values = {
            "open": np.round(opens, 4),
            "high": np.round(every.max(axis=1), 4),
            "low": np.round(every.min(axis=1), 4),
            "close": np.round(prices[:, -1], 4),
            "volume": volume,
            "quote_volume": volume * 100,
            "trades": volume,
            "taker_buy_volume": volume,
        }
        series.append(Series(f"S{number:02d}USDT", "5m", times, values))
    return History(series)


def job_of(history: History, traders: int, bars: int) -> Job:
    made = []
    for number in range(traders):
        source = SOURCE.format(number=number, length=14 + number, level=35)
        plan = compile_trader(source).plan
        name = TraderId(f"bench-{number}")
        made.append(Trader(name, source, plan, Mode.PAPER, True, number + 1, 1, 0))
    rules = (
        a_listing(symbol, "USDT", price_decimals=4, quantity_decimals=5).instrument
        for symbol in history.symbols
    )
    return Job(
        traders=tuple(made),
        instruments=tuple(rules),
        detail="5m",
        from_ms=FIRST_MS,
        to_ms=FIRST_MS + bars * STEP_MS,
        terms=Terms(start_cash=Decimal(1_000_000), max_open_positions=1000),
    )


def measure(history: History, traders: int, bars: int) -> tuple[int, float]:
    """Print one line; return its exit code and the CPU milliseconds."""
    job = job_of(history, traders, bars)
    gc.disable()  # as `aitrader backtest` does
    start = time.process_time()
    answers = answers_of(job, history)
    middle = time.process_time()
    record = run(job, history, answers)
    end = time.process_time()
    gc.enable()
    code = report(
        f"backtest_{traders}_traders",
        (end - start) * 1000,
        "ms CPU",
        target=TARGETS_MS.get(traders, 3000) if len(history.symbols) <= 20 else 3000,
        candles=len(history.symbols) * bars,
        trades=len(record.trades),
        filters_ms=round((middle - start) * 1000, 1),
        us_per_trade=round((end - middle) / max(len(record.trades), 1) * 1e6, 1),
        candles_mb=round(_bytes(history) / 1e6, 1),
        peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )
    return code, (end - start) * 1000


def in_stages(history: History, bars: int, ours_ms: float) -> None:
    """Print what the job of one trader costs in stages, and how many times a direct run that is."""
    job = job_of(history, 1, bars)
    answers = answers_of(job, history)
    gc.disable()
    start = time.process_time()
    record = run_in_stages(job, history, answers)
    cpu_ms = (time.process_time() - start) * 1000
    gc.enable()
    line = {"bench": "backtest_in_stages", "value": round(cpu_ms, 1), "unit": "ms CPU"}
    us_per_trade = round(cpu_ms * 1000 / max(len(record.trades), 1), 1)
    times = round(cpu_ms / ours_ms, 2)
    print(json.dumps({**line, "us_per_trade": us_per_trade, "times_ours": times}), flush=True)


def _bytes(history: History) -> int:
    """Return what the candles themselves take; some fields of this world share their numbers."""
    arrays = {}
    for symbol in history.symbols:
        series = history.find(symbol, "5m")
        assert series is not None
        arrays.update({id(row): row.nbytes for row in (*series.values.values(), series.open_ms)})
    return sum(arrays.values())


def against_rivals(history: History, ours_ms: float, bars: int) -> None:
    """Print what others take for the job of one trader, and how many times ours that is."""
    job = job_of(history, 1, bars)
    found = answers_of(job, history)
    columns = {name: [] for name in ("open", "high", "low", "close", "entries")}
    for symbol in history.symbols:
        series, answers = history.find(symbol, "5m"), found.find(job.traders[0].trader_id, symbol)
        assert series is not None
        assert answers is not None
        for name in ("open", "high", "low", "close"):
            columns[name].append(series.values[name])
        columns["entries"].append(np.isin(series.open_ms + STEP_MS, answers.entries))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candles.npz"
        np.savez(path, **{name: np.stack(rows, axis=1) for name, rows in columns.items()})
        for name in ("backtesting.py", "vectorbt"):
            line = [str(ORACLES), str(RIVALS), name, str(path)]
            said = subprocess.run(line, capture_output=True, check=True, env=environment())
            theirs = json.loads(said.stdout.splitlines()[-1])
            times = round(theirs["cpu_s"] * 1000 / ours_ms, 2)
            print(json.dumps({"bench": f"backtest_by_{name}", **theirs, "times_ours": times}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=105_120)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--traders", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--no-rivals", action="store_true")
    options = parser.parse_args()
    history = world(options.symbols, options.bars)
    measured = {count: measure(history, count, options.bars) for count in options.traders}
    if 1 in measured:
        in_stages(history, options.bars, measured[1][1])
    if 1 in measured and ORACLES.exists() and not options.no_rivals:
        against_rivals(history, measured[1][1], options.bars)
    return max(code for code, _cpu_ms in measured.values())


if __name__ == "__main__":
    sys.exit(main())
