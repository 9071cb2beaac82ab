"""How a wired engine is: told from its own counters, never from a name that nobody counts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aitrader.config import Settings
from aitrader.engine.clock import FrameClock
from aitrader.logs import Tail
from aitrader.modes.build import Choices, build, open_store


def test_what_happens_in_the_engine_is_counted(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, sqlite_path=tmp_path / "aitrader.sqlite")

    async def story() -> None:
        store = await open_store(settings)
        clock = FrameClock(0)
        choices = Choices(market_name="none", is_frame_time=True)
        wired = build(settings, choices, store=store, logs=Tail(), clock=clock)
        vitals = wired.vitals
        assert (vitals.waiting, vitals.reconnects, dict(vitals.dropped)) == (0, 0, {})
        wired.change_asked("phone", "CloseAll", "")
        assert vitals.waiting == 1
        wired.health.count_error("wire")
        wired.health.store_fault = "disk full"
        assert vitals.counts() == {"error_wire": 1}
        assert vitals.store_fault == "disk full"
        assert vitals.cost().rss_mb > 0
        await store.close()

    asyncio.run(story())
