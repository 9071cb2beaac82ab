"""Reading what is on disk beside the writer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.builders import AT_MS, a_fill, a_position, a_signal, an_order

from aitrader.model.events import OrderPlanned, OrderUpdated, PositionOpened, SignalRaised
from aitrader.model.ids import PositionId, SignalId
from aitrader.storage.history import MOST_ROWS, History
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

ME = Owner("me", "paper")


def test_history_reads_while_the_store_is_open_newest_first(tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "a.sqlite"
        store = await SqliteStore.open(path, ME)
        history = History(path, ME)
        older, newer = an_order(), an_order(attempt=2, planned_ms=AT_MS + 9, fills=(a_fill(),))
        await store.record(
            [
                OrderPlanned(at_ms=AT_MS, order=older),
                OrderUpdated(at_ms=AT_MS, order=newer, fill=newer.fills[0]),
                PositionOpened(at_ms=AT_MS, position=a_position()),
                PositionOpened(
                    at_ms=AT_MS,
                    position=a_position(position_id=PositionId("p-2"), opened_ms=AT_MS + 1),
                ),
                SignalRaised(at_ms=AT_MS, signal=a_signal()),
                SignalRaised(at_ms=AT_MS, signal=a_signal(signal_id=SignalId("s-2"))),
            ]
        )
        assert await history.orders(10) == (newer, older)
        assert await history.orders(10, before_ms=AT_MS + 9) == (older,)
        assert [p.position_id for p in await history.positions(1)] == ["p-2"]
        assert [s.signal_id for s in await history.signals(MOST_ROWS + 1)] == ["s-2", "s-one"]
        await history.close()
        await history.close()
        await store.close()

    asyncio.run(story())


def test_a_history_that_was_never_read_closes(tmp_path: Path) -> None:
    asyncio.run(History(tmp_path / "a.sqlite", ME).close())
