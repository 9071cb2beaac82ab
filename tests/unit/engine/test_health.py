"""Counters and costs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from aitrader.engine.health import Health, rss_mb


def test_errors_are_counted_apart_from_the_rest() -> None:
    health = Health()
    health.count("candles", 3)
    health.count("candles")
    health.count_error("store")
    assert health.errors == 1
    assert health.counts() == {"candles": 4, "error_store": 1}


def test_the_cost_of_a_process_is_above_nothing() -> None:
    cost = Health().cost()
    assert cost.cpu_s > 0
    assert cost.rss_mb > 1
    assert cost.lag_ms == 0


def test_memory_is_known_where_proc_is_not() -> None:
    assert rss_mb(Path("/no/such/file")) > 1


def test_a_loop_that_is_held_up_shows_in_the_lag() -> None:
    async def story() -> float:
        health = Health()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                asyncio.get_running_loop().call_soon(time.sleep, 0.01)
                await health.watch_lag(every_s=0.001)
        return health.cost().lag_ms

    assert asyncio.run(story()) > 0
