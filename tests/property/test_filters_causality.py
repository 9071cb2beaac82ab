"""Answers never depend on the future, nor on how much past was loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.filter_programs import Grammar
from tests.filter_worlds import (
    EXAMPLES,
    answers,
    closed_by,
    compiled,
    real_month,
    walk,
    with_intervals,
)

from aitrader.filters.answers import Answers
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.panel import Panel
from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import FilterFault

MARKETS = ("m", "m", "m", 'm.at("15m")', 'm.of("BTCUSDT")')
SYMBOLS = ("AAAUSDT", "BTCUSDT", "CCCUSDT")

Evaluate = Callable[[CompiledTrader, Mapping[str, Panel]], Answers]


def differing(
    trader: CompiledTrader, panels: Mapping[str, Panel], evaluate: Evaluate
) -> tuple[int, int]:
    """Return how many answers of prefixes differ from the whole, and how many there are."""
    base = panels[trader.graph.interval]
    whole = evaluate(trader, panels)
    different = compared = 0
    for cut in (0.43, 0.62, 0.83):
        column = int(base.bars * cut)
        part = evaluate(trader, closed_by(panels, int(base.open_ms[column])))
        rows = zip(
            (*whole.condition_rows, *whole.exit_rows),
            (*part.condition_rows, *part.exit_rows),
            strict=True,
        )
        for seen, then in rows:
            different += int((seen[:, :column] != then).sum())
            compared += then.size
        different += int((whole.ready[:, :column] != part.ready).sum())
    return different, compared


def random_traders(count: int, seed: int, *, is_smooth: bool = False) -> list[CompiledTrader]:
    """Return traders of random programs; those that are refused are left out."""
    made = []
    for number in range(seed, seed + count):
        grammar = Grammar(number, longest=12, markets=MARKETS, is_smooth=is_smooth)
        try:
            made.append(compiled(*grammar.program(3)))
        except FilterFault:
            continue
    return made


def leaky(trader: CompiledTrader, panels: Mapping[str, Panel]) -> Answers:
    """Answer each row with the next row's answer: a planted leak of one bar."""
    honest = answers(trader, panels)
    moved = tuple(np.concatenate([r[:, 1:], r[:, -1:]], 1) for r in honest.condition_rows)
    return Answers(trader, honest.symbols, moved, (), {}, {}, honest.ready)


def test_random_programs_answer_a_prefix_as_they_answer_the_whole() -> None:
    panel = walk(SYMBOLS, 500, seed=5)
    compared = 0
    for trader in random_traders(60, 1):
        different, seen = differing(trader, with_intervals(panel, trader.lookback), answers)
        assert different == 0, trader.graph
        compared += seen
    assert compared > 100_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_million_answers_do_not_see_the_future() -> None:
    panel = walk(SYMBOLS, 900, seed=6)
    compared, seed = 0, 10_000
    while compared < 50_000_000:
        for trader in random_traders(200, seed):
            different, seen = differing(trader, with_intervals(panel, trader.lookback), answers)
            assert different == 0, trader.graph
            compared += seen
        seed += 200


def test_a_planted_leak_is_caught() -> None:
    trader = compiled("m.close > m.open")
    different, _ = differing(trader, with_intervals(walk(SYMBOLS, 400), trader.lookback), leaky)
    assert different > 0


def test_the_live_window_answers_as_the_whole_history() -> None:
    panel = walk(SYMBOLS, 700, seed=9)
    compared = 0
    for trader in random_traders(60, 500, is_smooth=True):
        panels = with_intervals(panel, trader.lookback)
        whole = answers(trader, panels)
        for column in (431, 577, 690):
            window = closed_by(panels, int(panel.open_ms[column]), bars=trader.lookback)
            live = answers(trader, window, 2)
            ready = whole.ready[:, column - 1]
            assert (live.ready[:, -1] == ready).all()
            for seen, then in zip(whole.condition_rows, live.condition_rows, strict=True):
                assert (seen[ready, column - 1] == then[ready, -1]).all(), trader.graph
                compared += int(ready.sum())
    assert compared > 300


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_answer_a_window_of_the_real_month_as_the_whole_month(path: Path) -> None:
    month = real_month()
    trader = compile_trader(path.read_text())
    base = trader.graph.interval
    if base not in ("5m", "15m"):
        pytest.skip("the real month has 5m candles")
    symbols = ("ETHUSDT", "BTCUSDT")
    both = Panel(
        "5m", symbols, month.open_ms, {k: np.concatenate([v, v]) for k, v in month.values.items()}
    )
    panels = {
        k: p
        for k, p in with_intervals(both, [base, *trader.lookback]).items()
        if k in trader.lookback
    }
    whole = answers(trader, panels)
    assert whole.entries[0].any(), "an example that never trades teaches nothing"
    step = 37 if base == "5m" else 13
    for column in range(max(trader.lookback.values()) + 1, panels[base].bars, step):
        window = closed_by(panels, int(panels[base].open_ms[column]), bars=trader.lookback)
        live = answers(trader, window, 2)
        assert live.matched(0) == bool(whole.entries[0, column - 1])
        assert live.ready[0, -1] == whole.ready[0, column - 1]
