"""Other people's backtests make our trades: entries, exits and prices, under matching fill rules.

vectorbt and backtesting.py live in an environment of their own, `build/oracles`, which `make
oracles` makes from the group `oracles` of pyproject.toml; without it these tests skip. Every
difference that remains is one of two rules that they have and we have not, and is checked to be:

- vectorbt never tests a stop or target in the candle of the entry; we do.
- Both fill a target at the open when a candle opens beyond it; ours rests and gets its price.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from aitrader.backtest.batch import trader_of
from aitrader.backtest.history import History, Series
from aitrader.backtest.job import Job, Terms
from aitrader.backtest.run import run
from aitrader.exchange.simulated.source import a_listing
from aitrader.filters.traderfile import compile_trader

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / "build" / "oracles" / "bin" / "python"
FIRST_MS, STEP_MS = 1_735_689_600_000, 300_000
STOP, TARGET = 0.98, 1.04
SOURCE = '''"""Buys weakness above the trend."""
NAME = "Plain"
SYMBOLS = "all USDT"
INTERVAL = "5m"
EXITS = {"stop_loss": "2%", "take_profit": "4%"}
RISK = {"amount": 1000, "max_open": 100}


def conditions(m):
    return {"weak": rsi(m.close, 14) < 35, "up": m.close > ema(m.close, 200)}
'''

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not PYTHON.exists(), reason="other people's backtesters: make oracles"),
]


class Trade(NamedTuple):
    """One round trip; bars count from the first candle."""

    symbol: int
    entry_bar: int
    entry_price: float
    exit_bar: int
    exit_price: float


Candles = dict[str, np.ndarray]


def a_market(symbols: int, bars: int, *, gap_bps: float, spread: float = 0.0028) -> Candles:
    """Seeded candles (symbols, bars) to four decimals; `spread`: of a candle's whole path."""
    rng = np.random.Generator(np.random.PCG64(17))
    steps = rng.standard_normal((symbols, bars, 8)) * spread / np.sqrt(8)
    ends = np.cumsum(steps.sum(axis=2), axis=1)
    begins = np.concatenate([np.zeros((symbols, 1)), ends[:, :-1]], axis=1)
    inside = begins[:, :, None] + np.cumsum(steps, axis=2)
    opens = begins + rng.standard_normal((symbols, bars)) * gap_bps / 10_000
    every = np.concatenate([opens[:, :, None], inside], axis=2)
    rows = {
        "open": opens,
        "high": every.max(axis=2),
        "low": every.min(axis=2),
        "close": inside[:, :, -1],
    }
    return {name: np.round(100 * np.exp(row), 4) for name, row in rows.items()}


def our_trades(candles: Candles) -> list[Trade]:
    count, bars = candles["close"].shape
    times = FIRST_MS + STEP_MS * np.arange(bars, dtype=np.int64)
    volume = np.full(bars, 1000.0)
    more = dict.fromkeys(("volume", "quote_volume", "trades", "taker_buy_volume"), volume)
    names = [f"S{number:02d}USDT" for number in range(count)]
    series = [
        Series(name, "5m", times, {**{k: row[place] for k, row in candles.items()}, **more})
        for place, name in enumerate(names)
    ]
    rules = tuple(
        msgspec.structs.replace(  # so fine that 2 % of a price is on the grid
            a_listing(name, "USDT", price_decimals=4, quantity_decimals=5).instrument,
            tick_size=Decimal("0.000001"),
        )
        for name in names
    )
    job = Job(
        traders=(trader_of(SOURCE, None),),
        instruments=rules,
        detail="5m",
        from_ms=FIRST_MS,
        to_ms=FIRST_MS + bars * STEP_MS,
        terms=Terms(
            start_cash=Decimal(10_000_000),
            fee_bps=Decimal(0),
            slippage_bps=Decimal(0),
            max_open_positions=1000,
        ),
    )
    found = [
        Trade(
            names.index(row.symbol),
            (row.entry_ms - FIRST_MS) // STEP_MS,
            float(row.entry_price),
            (row.exit_ms - FIRST_MS) // STEP_MS,
            float(row.exit_price),
        )
        for row in run(job, History(series)).trades
    ]
    return sorted(found)


def their_trades(client: str, candles: Candles, folder: Path) -> list[Trade]:
    path = folder / "candles.npz"
    np.savez(path, **candles)
    first = compile_trader(SOURCE).lookback["5m"]
    command = [str(PYTHON), str(HERE / f"with_{client}.py"), str(path), str(first)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    rows = json.loads(answer.stdout.splitlines()[-1])
    return sorted(Trade(int(s), int(a), b, int(c), d) for s, a, b, c, d in rows)


def is_same(ours: Trade, theirs: Trade, candles: Candles) -> bool:
    """Tell whether two trades are one; an exit in a candle bears the time at which it ended."""
    if (ours.symbol, ours.entry_bar) != (theirs.symbol, theirs.entry_bar):
        return False
    is_close = ours.exit_price == pytest.approx(theirs.exit_price, rel=1e-12)
    opened = float(candles["open"][theirs.symbol, theirs.exit_bar])
    target = ours.entry_price * TARGET
    is_beyond = (
        theirs.exit_price == opened
        and opened > target
        and ours.exit_price == pytest.approx(target, rel=1e-12)
    )
    return (
        ours.entry_price == pytest.approx(theirs.entry_price, rel=1e-12)
        and ours.exit_bar - theirs.exit_bar in {0, 1}
        and (is_close or is_beyond)
    )


@pytest.mark.parametrize(
    ("client", "gap_bps"), [("vectorbt", 0.0), ("vectorbt", 2.0), ("backtesting_py", 0.0)]
)
def test_every_trade_is_theirs(client: str, gap_bps: float, tmp_path: Path) -> None:
    candles = a_market(6, 40_000, gap_bps=gap_bps)
    ours, theirs = our_trades(candles), their_trades(client, candles, tmp_path)
    assert len(ours) == len(theirs) > 200
    for own, other in zip(ours, theirs, strict=True):
        assert is_same(own, other, candles), (own, other)


def test_what_vectorbt_does_otherwise_is_the_candle_of_the_entry(tmp_path: Path) -> None:
    candles = a_market(6, 20_000, gap_bps=0.0, spread=0.02)
    ours, theirs = our_trades(candles), their_trades("vectorbt", candles, tmp_path)
    same, first_ones = 0, 0
    for symbol in range(6):
        found = explained(
            [row for row in ours if row.symbol == symbol],
            [row for row in theirs if row.symbol == symbol],
            candles,
        )
        same, first_ones = same + found[0], first_ones + found[1]
    assert same > 100 and first_ones > 10


def explained(ours: Sequence[Trade], theirs: Sequence[Trade], candles: Candles) -> tuple[int, int]:
    """Return how many trades are the same, and how many we left in the candle of their entry.

    After such a one we are free and vectorbt still holds: trades until both are free are skipped.
    """
    mine, others, same, first_ones = list(ours), list(theirs), 0, 0
    while mine and others:
        own, other = mine[0], others[0]
        if is_same(own, other, candles):
            same += 1
            mine.pop(0)
            others.pop(0)
            continue
        assert own.entry_bar == other.entry_bar, (own, other)
        low, high = (candles[name][own.symbol, own.entry_bar] for name in ("low", "high"))
        assert low <= own.entry_price * STOP or high >= own.entry_price * TARGET, (own, other)
        first_ones += 1
        others.pop(0)
        mine = [row for row in mine if row.entry_bar > other.exit_bar]
        # one that we entered while they still held may last beyond: its successors come later
        last = max((row.exit_bar for row in ours if row.entry_bar <= other.exit_bar), default=0)
        others = [row for row in others if row.entry_bar >= last]
        mine = [row for row in mine if row.entry_bar >= last]
    return same, first_ones
