"""How fast filters are: traders x symbols x bars on one core, against pandas-style per-symbol code.

The hot path is the close of a candle: every trader is asked about every symbol at once. Unit of
work: one check of all traders on all symbols over their whole window, the panel already there.
The comparison computes the same conditions as columns of a data frame per trader and symbol, as
strategies for other programs do; it runs where pandas is installed.
"""

# ruff: noqa: E402, ANN401 -- the path comes first; formulas stand in one line

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import numpy as np
from report import report

from aitrader.filters.evaluate import Program
from aitrader.filters.kernels import TALIB
from aitrader.filters.panel import Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import ROW_FIELDS
from aitrader.model.ids import TraderId

ROUNDS = 5
HEAD = """NAME = "t{i}"
SYMBOLS = "all USDT"
INTERVAL = "5m"
EXITS = {{"stop_loss": "1%"}}
RISK = {{"size": "1%"}}
def conditions(m):
    return {{"a": {a}, "b": {b}, "c": {c}}}
"""
SHAPES = (
    (
        "crosses_above(ema(m.close, {f}), ema(m.close, {s}))",
        "rsi(m.close, {r}) < 60",
        "m.volume > sma(m.volume, {v})",
    ),
    (
        "crosses_above(macd(m.close).macd, macd(m.close).signal)",
        "m.close > sma(m.close, {s})",
        "adx(m, {r}) > 20",
    ),
    ("m.close < bbands(m.close, {v}, 2).lower", "rsi(m.close, {r}) < 35", "m.close > m.open"),
    (
        "m.close > highest(m.high, {v})[1]",
        "atr(m, {r}) > sma(atr(m, {r}), {v})",
        "m.volume > 2 * sma(m.volume, {v})",
    ),
    (
        "stoch(m, {r}, 3, 3).k < 20",
        "rsi(m.close, {r}) < 40",
        "ema(m.close, {f}) > ema(m.close, {s})",
    ),
)


def panel(symbols: int, bars: int) -> Panel:
    """Return a seeded random walk of many symbols."""
    random = np.random.default_rng(7)
    shape = (symbols, bars)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, shape), 1))
    opened = np.concatenate([close[:, :1], close[:, :-1]], 1)
    high = np.maximum(opened, close) * 1.001
    low = np.minimum(opened, close) * 0.999
    volume = random.lognormal(4, 0.5, shape)
    rows = (opened, high, low, close, volume, volume * close, volume, volume / 2)
    names = tuple(f"S{i:03}USDT" for i in range(symbols))
    times = 1_704_067_200_000 + np.arange(bars, dtype=np.int64) * 300_000
    return Panel("5m", names, times, dict(zip(ROW_FIELDS, rows, strict=True)))


def sources(count: int, *, is_diverse: bool) -> list[str]:
    """Return trader files: with the lengths everybody uses, or each with its own."""
    made = []
    for i in range(count):
        a, b, c = SHAPES[i % len(SHAPES)]
        own = i // len(SHAPES) if is_diverse else i // len(SHAPES) % 2
        lengths = {"f": 9 + own, "s": 21 + 2 * own, "r": 14 + own, "v": 20 + own}
        made.append(
            HEAD.format(i=i, a=a.format(**lengths), b=b.format(**lengths), c=c.format(**lengths))
        )
    return made


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the least CPU milliseconds of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) * 1000)
    return min(taken)


def screen_ms(traders: int, symbols: int, *, is_diverse: bool, times: int = 1) -> tuple[float, int]:
    """Return the CPU of one screening of everything, the mean of some, and the distinct nodes."""
    files = sources(traders, is_diverse=is_diverse)
    program = Program({TraderId(str(i)): compile_trader(text) for i, text in enumerate(files)})
    panels = {"5m": panel(symbols, 500)}

    def work() -> None:
        for _ in range(times):
            program.run(panels)

    return cpu_ms(work) / times, program.size


def per_symbol_ms(traders: int, symbols: int) -> float | None:  # noqa: C901
    """Return the CPU of the same conditions as columns of one data frame per trader and symbol.

    None where pandas is not installed: it is no dependency of this program.
    """
    try:
        import pandas
    except ImportError:
        return None
    rows, ta = panel(symbols, 500).values, TALIB

    def crosses(frame: Any, a: str, b: str) -> Any:
        return (frame[a] > frame[b]) & (frame[a].shift(1) <= frame[b].shift(1))

    def crossing(frame: Any) -> Any:
        close, volume = frame["close"].to_numpy(), frame["volume"].to_numpy()
        frame["fast"], frame["slow"] = ta.EMA(close, 9), ta.EMA(close, 21)
        frame["rsi"], frame["usual"] = ta.RSI(close, 14), ta.SMA(volume, 20)
        return (
            crosses(frame, "fast", "slow")
            & (frame["rsi"] < 60)
            & (frame["volume"] > frame["usual"])
        )

    def trending(frame: Any) -> Any:
        high, low, close = (frame[k].to_numpy() for k in ("high", "low", "close"))
        frame["line"], frame["signal"], frame["hist"] = ta.MACD(close, 12, 26, 9)
        frame["mean"], frame["adx"] = ta.SMA(close, 21), ta.ADX(high, low, close, 14)
        return (
            crosses(frame, "line", "signal")
            & (frame["close"] > frame["mean"])
            & (frame["adx"] > 20)
        )

    def falling(frame: Any) -> Any:
        close = frame["close"].to_numpy()
        frame["upper"], frame["middle"], frame["lower"] = ta.BBANDS(close, 20, 2.0, 2.0, 0)
        frame["rsi"] = ta.RSI(close, 14)
        return (
            (frame["close"] < frame["lower"])
            & (frame["rsi"] < 35)
            & (frame["close"] > frame["open"])
        )

    def breaking(frame: Any) -> Any:
        high, low, close = (frame[k].to_numpy() for k in ("high", "low", "close"))
        frame["top"], frame["atr"] = ta.MAX(high, 20), ta.ATR(high, low, close, 14)
        frame["wide"], frame["usual"] = (
            ta.SMA(frame["atr"].to_numpy(), 20),
            ta.SMA(frame["volume"].to_numpy(), 20),
        )
        return (
            (frame["close"] > frame["top"].shift(1))
            & (frame["atr"] > frame["wide"])
            & (frame["volume"] > 2 * frame["usual"])
        )

    def turning(frame: Any) -> Any:
        high, low, close = (frame[k].to_numpy() for k in ("high", "low", "close"))
        frame["k"], frame["d"] = ta.STOCH(high, low, close, 14, 3, 0, 3, 0)
        frame["rsi"], frame["fast"], frame["slow"] = (
            ta.RSI(close, 14),
            ta.EMA(close, 9),
            ta.EMA(close, 21),
        )
        return (frame["k"] < 20) & (frame["rsi"] < 40) & (frame["fast"] > frame["slow"])

    def everything() -> None:
        for symbol in range(symbols):
            for strategy in (crossing, trending, falling, breaking, turning):
                frame = pandas.DataFrame({name: rows[name][symbol] for name in ROW_FIELDS})
                strategy(frame).iloc[-1]

    return cpu_ms(everything) * traders / len(SHAPES)


def memory() -> int:
    """Print the resident memory of a process that has screened 50 x 100 x 500, in MB."""
    screen_ms(50, 100, is_diverse=True)
    statm = Path("/proc/self/statm")
    if statm.exists():
        print(int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20)
    else:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
    return 0


def compile_ms() -> float:
    """Return the median CPU of compiling one trader file that was not seen before."""
    files = sources(50, is_diverse=True)
    compile_trader.cache_clear()
    taken = []
    for text in files:
        begun = time.process_time()
        compile_trader(text)
        taken.append((time.process_time() - begun) * 1000)
    return statistics.median(taken)


def main() -> int:
    """Print the figures; return 0 when every target is met."""
    work = "{} traders x {} symbols x 500 bars"
    popular, nodes = screen_ms(50, 100, is_diverse=False)
    failed = report(
        "screening_popular", popular, "ms CPU", target=30, nodes=nodes, work=work.format(50, 100)
    )
    value, nodes = screen_ms(50, 100, is_diverse=True)
    failed |= report(
        "screening_diverse", value, "ms CPU", target=100, nodes=nodes, work=work.format(50, 100)
    )
    value, nodes = screen_ms(200, 500, is_diverse=False)
    failed |= report(
        "screening_large", value, "ms CPU", target=350, nodes=nodes, work=work.format(200, 500)
    )
    value, nodes = screen_ms(5, 1, is_diverse=False, times=50)
    failed |= report(
        "screening_single", value, "ms CPU", target=0.8, nodes=nodes, work=work.format(5, 1)
    )
    failed |= report("filter_compile", compile_ms(), "ms CPU", target=2, work="one trader file")
    other = per_symbol_ms(50, 100)
    if other is not None:
        failed |= report(
            "screening_share_of_pandas",
            100 * popular / other,
            "% of its CPU",
            target=2,
            times=round(other / popular, 1),
            compared_with=f"a data frame and TA-Lib per trader and symbol, {other:.0f} ms",
        )
    command = [sys.executable, __file__, "--memory"]
    resident = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    failed |= report("screening_memory", resident, "MB", target=55, work=work.format(50, 100))
    return failed


if __name__ == "__main__":
    sys.exit(memory() if "--memory" in sys.argv else main())
