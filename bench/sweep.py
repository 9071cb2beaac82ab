"""What a combination of a sweep costs: RSI + EMA entries over 20 symbols x 1 year x 5m.

Unit of work: one combination, from its file's text to its line in the results; all processes
together, CPU of user and system. It is what decides how many ideas a person can try. Target: 0.25
CPU s each for 200 combinations on two cores. Filters are shared within a batch; what is left is the
trades, the curve of each combination, and the start of the workers, which many share.

    python bench/sweep.py [--combinations 200] [--symbols 20] [--bars 105120] [--workers 2]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from backtest import SOURCE, job_of, world
from report import report

from aitrader.backtest.batch import CandlesAt
from aitrader.backtest.crew import Pool
from aitrader.backtest.history import History
from aitrader.backtest.outcome import Outcome
from aitrader.backtest.parameters import axis_of
from aitrader.backtest.results import Results
from aitrader.backtest.search import drawn
from aitrader.backtest.sweep import Sweep, study_of
from aitrader.model.candle import ROW_FIELDS
from aitrader.storage.candles import CandleStore
from aitrader.storage.candles_table import CandleTable

TARGET_MS = 250
AXES = (axis_of("LENGTH=10..29"), axis_of("LEVEL=20..29"))
TRADER = SOURCE.replace("{length}", "LENGTH").replace("{level}", "LEVEL").format(number=0)


def stored(history: History, folder: Path) -> None:
    """Put candles where workers find them."""
    store = CandleStore(folder)
    for symbol in history.symbols:
        series = history.find(symbol, "5m")
        assert series is not None
        rows = np.array([series.values[name] for name in ROW_FIELDS])
        store.write(symbol, "5m", CandleTable(series.open_ms, rows))


def swept(folder: Path, options: argparse.Namespace) -> tuple[tuple[Outcome, ...], float, float]:
    """Return the outcomes, and the CPU and wall seconds that they took."""
    history = world(options.symbols, options.bars)
    stored(history, folder)
    job = job_of(history, 1, options.bars)
    study = study_of(msgspec.structs.replace(job, traders=()), None)
    where = CandlesAt(str(folder), history.symbols, ("5m",))
    source = TRADER.replace("def conditions", "LENGTH = 14\nLEVEL = 35\n\n\ndef conditions")
    own, began_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    pool = Pool(where, options.workers)
    try:
        sweep = Sweep(study, "bench", crew=pool, results=Results(folder / "results.jsonl"))
        choices = drawn(AXES, options.combinations, seed=1)
        found = sweep.run(sweep.combinations(source, choices), lambda _: None)
    finally:
        pool.close()
    wall_s = time.perf_counter() - began_s
    now, theirs = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    cpu_s = now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime
    return found, cpu_s + theirs.ru_utime + theirs.ru_stime, wall_s


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--combinations", type=int, default=200)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--bars", type=int, default=105_120)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, cpu_s, wall_s = swept(Path(folder), options)
    trades = sum(row.statistics.trades for row in found if row.statistics is not None)
    return report(
        "sweep_cpu_per_combination",
        cpu_s / len(found) * 1000,
        "ms CPU",
        target=TARGET_MS,
        combinations=len(found),
        trades_each=round(trades / len(found)),
        wall_s=round(wall_s, 1),
    )


if __name__ == "__main__":
    sys.exit(main())
