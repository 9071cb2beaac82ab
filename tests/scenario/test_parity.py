"""A backtest makes the trades that the running engine makes, to the last digit.

Both are given the same candles (`tests/parity.py`).
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.parity import RECORDED, agreed, recorded, simulated, traders_of

from aitrader.backtest.job import Terms
from aitrader.backtest.record import Trade
from aitrader.filters.traderfile import compile_trader
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.trader import PositionSide

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "traders").glob("*.py"))
TERMS = msgspec.structs.replace(Terms(), max_open_positions=200)
EVERY_REASON = {"STOP_LOSS", "TAKE_PROFIT", "TRAILING", "MAX_AGE", "EXIT_CONDITIONS"}


def examples() -> list[str]:
    """Every example trader, on 5m where it asks for a faster interval."""
    sources = []
    for path in EXAMPLES:
        source = path.read_text(encoding="utf-8")
        interval = compile_trader(source).plan.interval
        if INTERVAL_MS[interval] < INTERVAL_MS["5m"]:
            source = source.replace(f'"{interval}"', '"5m"')
        sources.append(source)
    return sources


def compare(folder: Path, files: Path) -> list[Trade]:
    """Run all examples both ways and return the trades they agree on."""
    return agreed(folder, files, traders_of(examples()), terms=TERMS).trades


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.exists(), reason="recorded candles are not ours to ship")
def test_recorded_days_give_the_same_trades(tmp_path: Path) -> None:
    trades = compare(tmp_path, recorded(tmp_path, 700))
    assert {trade.exit_reason for trade in trades} == EVERY_REASON
    assert {trade.side for trade in trades} == set(PositionSide)


@pytest.mark.slow
def test_competing_symbols_give_the_same_trades(tmp_path: Path) -> None:
    trades = compare(tmp_path, simulated(tmp_path, symbols=4, bars=500))
    assert len({trade.symbol for trade in trades}) == 4


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not RECORDED.exists(), reason="recorded candles are not ours to ship")
def test_a_recorded_month_gives_the_same_trades(tmp_path: Path) -> None:
    assert len(compare(tmp_path, recorded(tmp_path, None))) > 500


def test_some_hundred_candles_give_the_same_trades(tmp_path: Path) -> None:
    assert len(compare(tmp_path, simulated(tmp_path, symbols=1, bars=150))) > 3
