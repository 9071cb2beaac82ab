"""A market edge in a process of its own, so that a test can stop and continue that process.

Arguments: REST address, stream address. It says `ready` once its series are whole; for each line on
stdin it answers with one of JSON: the instants that closed and the closes of every series.
"""

from __future__ import annotations

import asyncio
import json
import sys

from tests.faults.market import BARS, INTERVALS, SYMBOLS
from tests.unit.exchange.binance.room import FAST
from tests.unit.exchange.binance.stub import ListInbox, ManualClock, TestTasks, until

from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings
from aitrader.exchange.binance.intake import FeedTime
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream, WatchMarket
from aitrader.model.events import CandlesClosed


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(rest_url: str, stream_url: str) -> None:
    inbox, clock, tasks, series = ListInbox(), ManualClock(0), TestTasks(), SeriesTable()
    settings = FeedSettings(rest_url=rest_url, stream_url=stream_url, streams=FAST)
    time = FeedTime(sink=clock)
    market = BinanceMarket(inbox, clock, tasks=tasks, series=series, settings=settings, time=time)
    await market.open()
    wanted = tuple(Stream(s, i, BARS) for s in SYMBOLS for i in INTERVALS)
    market.watch(WatchMarket(streams=wanted))
    await until(lambda: market.ready_streams == len(wanted), timeout_s=20.0)
    say("ready")
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        closes = {f"{s} {i}": series.closes(s, i, BARS) for s in SYMBOLS for i in INTERVALS}
        instants = [event.at_ms for event in inbox.of(CandlesClosed)]
        say(json.dumps({"instants": instants, "closes": closes}))
    await market.close()
    await tasks.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
