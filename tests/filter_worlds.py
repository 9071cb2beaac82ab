"""Panels and trader files for tests of the filter language: seeded, small, and the real month."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.evaluate import Program
from aitrader.filters.panel import Floats, Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS, WEEK_OFFSET_MS
from aitrader.model.ids import TraderId

DATA = Path(__file__).parents[1] / "../shared/data"
EXAMPLES = sorted((Path(__file__).parents[1] / "examples/traders").glob("*.py"))
START_MS = 1_704_067_200_000
"""Monday 2024-01-01 00:00 UTC: every interval opens here."""

HEAD = """NAME = "Test"
SYMBOLS = ["AAAUSDT"]
INTERVAL = "{interval}"
EXITS = {exits}
RISK = {{"size": "5%"}}
"""


def trader_text(body: str, *, interval: str = "5m", exits: str = '{"stop_loss": "1%"}') -> str:
    """Return a whole trader file around functions."""
    return HEAD.format(interval=interval, exits=exits) + body


def conditions_text(*conditions: str, interval: str = "5m", setup: str = "") -> str:
    """Return a trader file whose conditions are these expressions."""
    lines = "".join(f"    {line}\n" for line in setup.splitlines())
    entries = "".join(f"        {f'c{i}'!r}: {text},\n" for i, text in enumerate(conditions))
    return trader_text(
        f"def conditions(m):\n{lines}    return {{\n{entries}    }}\n", interval=interval
    )


def compiled(*conditions: str, interval: str = "5m", setup: str = "") -> CompiledTrader:
    """Return the compiled trader of these conditions."""
    return compile_trader(conditions_text(*conditions, interval=interval, setup=setup))


def walk(
    symbols: Iterable[str] = ("AAAUSDT",), bars: int = 600, *, seed: int = 1, interval: str = "5m"
) -> Panel:
    """Return a seeded random walk with volume that moves with the price."""
    names = tuple(symbols)
    random = np.random.default_rng(seed)
    shape = (len(names), bars)
    steps = random.normal(0, 0.004, shape) * (1 + 2 * (random.random(shape) < 0.05))
    close = 100 * np.exp(np.cumsum(steps, 1)) * (1 + np.arange(len(names)))[:, None]
    opened = np.concatenate([close[:, :1], close[:, :-1]], 1)
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    high = top * (1 + np.abs(random.normal(0, 0.002, shape)))
    low = bottom * (1 - np.abs(random.normal(0, 0.002, shape)))
    volume = random.lognormal(4, 0.6, shape) * (1 + 100 * np.abs(steps))
    taker = volume * np.clip(0.5 + 20 * steps + random.normal(0, 0.1, shape), 0.05, 0.95)
    rows = (opened, high, low, close, volume, volume * close, np.floor(volume * 3), taker)
    times = START_MS + np.arange(bars, dtype=np.int64) * INTERVAL_MS[interval]
    return Panel(interval, names, times, dict(zip(ROW_FIELDS, rows, strict=True)))


def slower(panel: Panel, interval: str) -> Panel:
    """Return the closed candles of a slower interval that these candles add up to."""
    length = INTERVAL_MS[interval]
    offset = WEEK_OFFSET_MS if interval == "1w" else 0
    group = (panel.open_ms - offset) // length
    starts = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    per = length // INTERVAL_MS[panel.interval]
    whole = [s for s in starts if s + per <= panel.bars and group[s + per - 1] == group[s]]
    whole = [s for s in whole if (panel.open_ms[s] - offset) % length == 0]
    place = np.array(whole, np.int64)[:, None] + np.arange(per)
    if not whole:
        empty = {name: np.empty((len(panel.symbols), 0)) for name in ROW_FIELDS}
        return Panel(interval, panel.symbols, np.empty(0, np.int64), empty)
    parts = {name: panel.values[name][:, place] for name in ROW_FIELDS}
    values: dict[str, Floats] = {
        "open": parts["open"][..., 0],
        "high": parts["high"].max(-1),
        "low": parts["low"].min(-1),
        "close": parts["close"][..., -1],
        **{name: parts[name].sum(-1) for name in ROW_FIELDS[4:]},
    }
    return Panel(
        interval,
        panel.symbols,
        panel.open_ms[place[:, 0]],
        {name: np.ascontiguousarray(rows) for name, rows in values.items()},
    )


def with_intervals(panel: Panel, intervals: Iterable[str]) -> dict[str, Panel]:
    """Return the panel and the slower ones made of it."""
    made = {panel.interval: panel}
    made.update({name: slower(panel, name) for name in intervals if name != panel.interval})
    return made


def closed_by(
    panels: Mapping[str, Panel], at_ms: int, *, bars: Mapping[str, int] | None = None
) -> dict[str, Panel]:
    """Return what had closed at an instant, of each interval at most the newest `bars` rows."""
    made = {}
    for interval, panel in panels.items():
        stop = int(np.searchsorted(panel.open_ms + INTERVAL_MS[interval], at_ms, side="right"))
        start = max(0, stop - bars[interval]) if bars is not None else 0
        values = {k: np.ascontiguousarray(v[:, start:stop]) for k, v in panel.values.items()}
        made[interval] = Panel(interval, panel.symbols, panel.open_ms[start:stop].copy(), values)
    return made


def answers(
    trader: CompiledTrader, panels: Mapping[str, Panel], last: int | None = None
) -> Answers:
    """Return one trader's answers on all rows, or the last ones."""
    program = Program({TraderId("t"): trader})
    wanted = panels[trader.graph.interval].bars if last is None else last
    return program.run(panels, last=wanted)[TraderId("t")]


def real_month() -> Panel:
    """Return December 2024 of ETHUSDT in 5m candles; skips where it is not there."""
    path = DATA / "candles/ETHUSDT_5m_2024-12.csv"
    if not path.exists():
        pytest.skip("the shared candles are not on this machine")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    named = (
        "open",
        "high",
        "low",
        "close",
        "volume",
        "quote_volume",
        "trades",
        "taker_base_volume",
    )
    times = [int(datetime.fromisoformat(row["open_time"]).timestamp() * 1000) for row in rows]
    values = {
        name: np.array([[float(row[column]) for row in rows]])
        for name, column in zip(ROW_FIELDS, named, strict=True)
    }
    return Panel("5m", ("ETHUSDT",), np.array(times, np.int64), values)
