"""The watchdog bites a loop that is stuck, and no other."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from aitrader.engine.watchdog import Watchdog


def test_a_loop_that_is_stuck_ends_the_process_and_shows_why(tmp_path: Path) -> None:
    bitten = threading.Event()
    with (tmp_path / "stacks").open("w") as stacks:
        dog = Watchdog(look_s=0.005, limit_s=0.02, bark=bitten.set, stacks=stacks)

        async def story() -> None:
            dog.start(asyncio.get_running_loop())
            assert bitten.wait(5)  # the loop itself stands still here

        asyncio.run(story())
    assert "test_watchdog.py" in (tmp_path / "stacks").read_text()


def test_a_loop_that_runs_is_left_alone() -> None:
    bitten = threading.Event()
    dog = Watchdog(look_s=0.002, limit_s=0.2, bark=bitten.set)

    async def story() -> None:
        dog.start(asyncio.get_running_loop())
        for _ in range(10):
            await asyncio.sleep(0.002)
        dog.stop()

    asyncio.run(story())
    assert not bitten.is_set()


def test_a_loop_that_has_ended_is_not_stuck() -> None:
    bitten = threading.Event()
    loop = asyncio.new_event_loop()
    loop.close()
    Watchdog(look_s=0.001, limit_s=0.001, bark=bitten.set).start(loop)
    while any(thread.name == "watchdog" for thread in threading.enumerate()):
        time.sleep(0.001)
    assert not bitten.is_set()
