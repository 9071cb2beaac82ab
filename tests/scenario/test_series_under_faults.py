"""Our market edge on the simulated exchange with each fault on: the series stay what they were.

The market is seeded, so what a candle must be is known without a second run: the source says it.
"""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from msgspec import structs
from tests.unit.exchange.binance.stub import ListInbox, ManualClock, TestTasks, until

from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings, FeedTime
from aitrader.exchange.binance.links import StreamTiming
from aitrader.exchange.binance.rest import RestTiming
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.server import running
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream, WatchMarket
from aitrader.model.events import CandlesClosed

MINUTE = 60_000
SYMBOLS, SEED = 3, 4
NAMES = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
FAULTS: dict[str, dict[str, object]] = {
    "reset": {"kind": "reset"},
    "close": {"kind": "reset", "close_code": 1001},
    "shutdown": {"kind": "shutdown_notice", "close_after_s": 0.3},
    "gap": {"kind": "drop", "share": 0.3},
    "lost close": {"kind": "drop", "only_closed": True, "share": 0.5},
    "duplicate": {"kind": "duplicate"},
    "reorder": {"kind": "reorder", "size": 6},
    "fragment": {"kind": "fragment", "pieces": 4},
    "json": {"kind": "corrupt", "how": "json", "share": 0.3},
    "nan": {"kind": "corrupt", "how": "nan", "share": 0.3},
    "negative": {"kind": "corrupt", "how": "negative", "share": 0.3},
    "symbol": {"kind": "corrupt", "how": "symbol", "share": 0.3},
    "type": {"kind": "corrupt", "how": "type", "share": 0.3},
    "utf8": {"kind": "corrupt", "how": "utf8", "share": 0.3},
    "huge": {"kind": "corrupt", "how": "huge", "times": 2},
    "silence": {"kind": "silence", "for_s": 0.8},
    "half open": {"kind": "silence", "pings": False, "for_s": 0.8},
    "rest cut": {"kind": "lost_request", "path": "klines", "times": 2},
    "rest slow": {"kind": "delay", "path": "klines", "delay_ms": 200},
    "rest down": {"kind": "status", "path": "klines", "status": 503, "times": 2},
}
TIMING = FeedSettings(
    rest_url="",
    stream_url="",
    streams=StreamTiming(
        answer_s=1.0,
        frame_silence_s=1.0,
        data_silence_s=0.4,
        backoff_first_s=0.02,
        backoff_most_s=0.2,
    ),
    rest=RestTiming(timeout_s=1.0, backoff_first_s=0.02, backoff_most_s=0.1),
    pulse_s=0.05,
    again_s=0.1,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", FAULTS)
def test_a_series_is_what_it_would_have_been(name: str) -> None:
    asyncio.run(story(FAULTS[name]))


async def story(fault: dict[str, object]) -> None:
    options = ExchangeOptions(symbols=SYMBOLS, seed=SEED, speed=300.0)
    inbox, clock, tasks, series = ListInbox(), ManualClock(0), TestTasks(), SeriesTable()
    async with (
        running(options) as address,
        httpx2.AsyncClient(base_url=address.exchange) as http,
    ):
        settings = structs.replace(TIMING, rest_url=address.exchange, stream_url=address.stream)
        market = BinanceMarket(
            inbox,
            clock,
            tasks=tasks,
            series=series,
            settings=settings,
            time=FeedTime(sink=clock),
        )
        try:
            await market.open()
            market.watch(WatchMarket(streams=tuple(Stream(s, "1m", 30) for s in NAMES)))
            await closes(inbox, 2)
            await http.post("/simulator/faults", json=fault)
            await closes(inbox, 6)
            await http.delete("/simulator/faults")
            await closes(inbox, 3)
            last_ms = inbox.of(CandlesClosed)[-1].at_ms
            await until(
                lambda: all(series.filled(s, "1m", last_ms) >= 30 for s in NAMES), timeout_s=10.0
            )
        finally:
            await market.close()
            await until(lambda: not tasks.tasks)
    assert tasks.deaths == []
    source = SeededMarket.of_size(SYMBOLS, seed=SEED)
    for rank, symbol in enumerate(NAMES):
        candles = [each for each in series.candles(symbol, "1m", 30) if each.open_ms < last_ms]
        assert len(candles) >= 29
        for candle in candles:
            (row,) = source.rows(rank, candle.open_ms, candle.open_ms + MINUTE).tolist()
            assert list(candle.row) == row


async def closes(inbox: ListInbox, more: int) -> None:
    """Return once so many further instants have closed."""
    count = len(inbox.of(CandlesClosed)) + more
    await until(lambda: len(inbox.of(CandlesClosed)) >= count, timeout_s=20.0)
