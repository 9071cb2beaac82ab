from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.builders import AT_MS
from tests.unit.modes.asking import fill, options, settings

from aitrader.backtest.run import run_in_stages
from aitrader.config import Settings
from aitrader.model.candle import closing_intervals
from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    CandlesClosed,
    EquityMarked,
    Event,
    PositionClosed,
    SignalRaised,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.trader import Trader
from aitrader.modes.backtest_asked import job_of
from aitrader.modes.build import owner_of
from aitrader.modes.replay_check import ReplayOptions, run_replay_check
from aitrader.storage.sqlite import SqliteStore

DAY = {"from_text": "2025-01-01", "to_text": "2025-01-03"}


def a_day(folder: Path) -> tuple[list[Event], Trader]:
    """What an engine would have written that did exactly what a backtest does."""
    job, loaded = job_of(settings(folder), options(folder))
    trader = job.traders[0]
    tested = run_in_stages(job, loaded.history)
    instants = range(job.from_ms, job.to_ms + 1, 300_000)
    facts: list[Event] = [
        TraderSaved(at_ms=AT_MS - 5, trader=trader),
        UniverseChanged(at_ms=AT_MS, universe=trader.plan.universe, symbols=("BTCUSDT", "ETHUSDT")),
        EquityMarked(at_ms=AT_MS, equity=Decimal(10_000), cash=Decimal(0), open_positions=0),
    ]
    facts += [CandlesClosed(at_ms=n, intervals=closing_intervals(n)) for n in instants]
    facts += [SignalRaised(at_ms=row.raised_ms, signal=row) for row in tested.raised.values()]
    facts += [PositionClosed(at_ms=row.closed_ms or 0, position=row) for row in tested.closed]
    return facts, trader


def recorded(folder: Path, facts: list[Event]) -> Settings:
    mine = msgspec.structs.replace(
        settings(folder), sqlite_path=folder / "data" / "aitrader.sqlite"
    )
    mine.sqlite_path.parent.mkdir()

    async def story() -> None:
        store = await SqliteStore.open(mine.sqlite_path, owner_of(mine))
        await store.record(facts)
        await store.close()

    asyncio.run(story())
    return mine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


def asked(folder: Path, **changes: object) -> ReplayOptions:
    return ReplayOptions(**{**DAY, "candles": folder, **changes})  # type: ignore[arg-type]


def test_a_day_that_went_as_a_backtest_has_no_difference(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, _trader = a_day(folder)
    mine = recorded(folder, facts)
    run_replay_check(mine, asked(folder, as_json=True))
    found = json.loads(capsys.readouterr().out)
    assert found["recorded"] == found["same"] > 10
    assert not any(row["why"] for row in found["rows"] if row["recorded"])
    assert found["recorded_pnl"] == found["tested_pnl"]


def test_a_trade_that_nobody_can_explain_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, _trader = a_day(folder)
    closed = [row for row in facts if isinstance(row, PositionClosed)]
    gone = closed[2].position
    kept: list[Event] = [
        row
        for row in facts
        if row is not closed[2]
        and not (isinstance(row, SignalRaised) and row.signal.signal_id == gone.signal_id)
    ]
    assert run_replay_check(recorded(folder, kept), asked(folder)) is False
    text = capsys.readouterr().out
    assert "above  " in text and "(backtest)" in text
    assert "nothing in the records says why" in text
    assert "1 differences could not be explained." in text


def test_a_trader_without_candles_is_left_out_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, trader = a_day(folder)
    other = msgspec.structs.replace(
        trader, trader_id="fast", source=trader.source.replace("5m", "1m"), rank=2
    )
    other = msgspec.structs.replace(other, plan=msgspec.structs.replace(trader.plan, interval="1m"))
    facts.append(TraderSaved(at_ms=AT_MS, trader=other))
    run_replay_check(recorded(folder, facts), asked(folder))
    assert "! left out: fast on BTCUSDT: no candles of 1m" in capsys.readouterr().out


def test_a_trader_that_was_gone_before_is_not_run(folder: Path) -> None:
    facts, trader = a_day(folder)
    facts.insert(1, TraderRemoved(at_ms=AT_MS - 1, trader_id=trader.trader_id))
    with pytest.raises(ConfigError, match="no trader of the paper account"):
        run_replay_check(recorded(folder, facts), asked(folder))


def test_what_a_person_got_wrong_is_one_sentence(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no engine has run"):
        run_replay_check(settings(folder), asked(folder))
    facts, _trader = a_day(folder)
    mine = recorded(folder, facts)
    with pytest.raises(ConfigError, match="--from before --to"):
        run_replay_check(mine, asked(folder, to_text="2024-01-01"))
    with pytest.raises(ConfigError, match="no trader of the live account"):
        run_replay_check(mine, asked(folder, account="live"))
    for old in folder.glob("BTC*.csv"):
        old.rename(folder / "XRPUSDT-5m.csv")
    (folder / "ETHUSDT-5m.csv").unlink()
    with pytest.raises(ConfigError, match="no candles for any recorded trader"):
        run_replay_check(mine, asked(folder))
