from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders import AT_MS, a_position, a_signal, a_trader

from aitrader.model.errors import ConfigError
from aitrader.model.events import (
    CandlesClosed,
    EntriesPaused,
    EquityMarked,
    Event,
    PositionClosed,
    PositionOpened,
    SignalRaised,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import PositionId, SignalId
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Universe
from aitrader.storage.recorded import read_recorded
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me")
SPAN = {"account": "paper", "from_ms": AT_MS, "to_ms": AT_MS + 1000}


def write(path: Path, facts: Sequence[Event]) -> None:
    async def story() -> None:
        store = await SqliteStore.open(path, ME)
        await store.record(facts)
        await store.close()

    asyncio.run(story())


def test_a_span_has_what_was_held_raised_and_meant_in_it(tmp_path: Path) -> None:
    path, trader, universe = tmp_path / "a.sqlite", a_trader(), Universe(quote="USDT", top=2)

    def held(name: str, opened_ms: int, closed_ms: int | None, account: str = "paper") -> Event:
        position = a_position(
            position_id=PositionId(name),
            account=account,
            opened_ms=opened_ms,
            closed_ms=closed_ms,
            status=PositionStatus.CLOSED if closed_ms else PositionStatus.OPEN,
        )
        kind = PositionClosed if closed_ms else PositionOpened
        return kind(at_ms=closed_ms or opened_ms, position=position)

    old = a_signal(signal_id=SignalId("s-old"), raised_ms=AT_MS - 5)
    now = a_signal(raised_ms=AT_MS + 5)
    closes = [CandlesClosed(at_ms=AT_MS + n, intervals=("5m",)) for n in (-1, 0, 999, 1000)]
    write(
        path,
        [
            TraderSaved(at_ms=AT_MS - 100, trader=trader),
            TraderRemoved(at_ms=AT_MS + 100, trader_id=trader.trader_id),
            UniverseChanged(at_ms=AT_MS - 50, universe=universe, symbols=("A", "B")),
            UniverseChanged(at_ms=AT_MS + 5000, universe=universe, symbols=("C",)),
            EquityMarked(at_ms=AT_MS - 9, equity=Decimal(7), cash=Decimal(7), open_positions=0),
            EquityMarked(at_ms=AT_MS + 9, equity=Decimal(8), cash=Decimal(7), open_positions=0),
            EntriesPaused(at_ms=AT_MS - 70, is_paused=True),
            SignalRaised(at_ms=AT_MS, signal=old),
            SignalRaised(at_ms=AT_MS, signal=now),
            held("p-before", AT_MS - 90, AT_MS - 80),
            held("p-over", AT_MS - 90, AT_MS + 80),
            held("p-open", AT_MS + 10, None),
            held("p-later", AT_MS + 2000, None),
            held("p-live", AT_MS + 10, None, "live"),
            *closes,
        ],
    )
    found = read_recorded(path, ME, **SPAN)  # type: ignore[arg-type]
    assert [row.position_id for row in found.positions] == ["p-over", "p-open"]
    assert found.signals == (now,)
    assert found.traders == (trader,)
    assert [row.trader for row in found.saved] == [trader] and len(found.removed) == 1
    assert found.universes == ((AT_MS - 50, universe, ("A", "B")),)
    assert [row.at_ms - AT_MS for row in found.closes] == [0, 999]
    assert found.pauses[0].is_paused
    assert found.equity == 7
    live = read_recorded(path, ME, **{**SPAN, "account": "live"})  # type: ignore[arg-type]
    assert [row.position_id for row in live.positions] == ["p-live"] and live.equity is None


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no engine has run"):
        read_recorded(tmp_path / "a.sqlite", ME, **SPAN)  # type: ignore[arg-type]
    (tmp_path / "a.sqlite").write_text("this is no database, it is a text that is long enough")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_recorded(tmp_path / "a.sqlite", ME, **SPAN)  # type: ignore[arg-type]
