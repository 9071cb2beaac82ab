"""The market edge and the simulated exchange, over real sockets: no candle is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.unit.exchange.binance.stub import ListInbox, ManualClock, TestTasks, until

from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings, FeedTime
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.server import running
from aitrader.market.series import SeriesTable
from aitrader.model.commands import RankMarket, Stream, WatchMarket
from aitrader.model.events import CandlesClosed, InstrumentsLoaded, MarketRanked

MINUTE = 60_000
REPLAY = Path(__file__).parents[3] / "shared" / "data" / "candles" / "ETHUSDT_5m_2024-12.csv"


class Quiet:
    """An engine that is always settled."""

    async def settled(self) -> None:
        await asyncio.sleep(0)


class Room:
    def __init__(self, rest_url: str, stream_url: str, *, is_lockstep: bool) -> None:
        self.inbox = ListInbox()
        self.clock = ManualClock(0)
        self.tasks = TestTasks()
        self.series = SeriesTable()
        self.ended = asyncio.Event()
        self.market = BinanceMarket(
            self.inbox,
            self.clock,
            tasks=self.tasks,
            series=self.series,
            settings=FeedSettings(rest_url=rest_url, stream_url=stream_url),
            time=FeedTime(
                sink=self.clock,
                pacer=Quiet() if is_lockstep else None,
                on_end=self.ended.set,
            ),
        )

    def watch(self, symbols: list[str], intervals: tuple[str, ...], bars: int) -> None:
        streams = tuple(Stream(s, i, bars) for s in symbols for i in intervals)
        self.market.watch(WatchMarket(streams=streams))

    @property
    def closed(self) -> list[CandlesClosed]:
        return self.inbox.of(CandlesClosed)


def tell(story: Callable[[Room], Awaitable[None]], options: ExchangeOptions) -> None:
    async def play() -> None:
        async with running(options) as address:
            room = Room(address.exchange, address.stream, is_lockstep=options.speed == 0.0)
            try:
                await room.market.open()
                await story(room)
            finally:
                await room.market.close()
                await until(lambda: not room.tasks.tasks)
            assert room.tasks.deaths == []

    asyncio.run(play())


def test_in_lockstep_every_minute_closes_once_for_all_intervals() -> None:
    async def story(room: Room) -> None:
        await room.market.rank(RankMarket())
        symbols = [symbol for symbol, _ in room.inbox.of(MarketRanked)[0].volumes][:5]
        assert len(room.inbox.of(InstrumentsLoaded)[0].instruments) == 8
        room.watch(symbols, ("1m", "5m"), 60)
        await until(lambda: len(room.closed) >= 12, timeout_s=20.0)
        events = room.closed
        instants = [event.at_ms for event in events]
        assert instants == list(range(instants[0], instants[0] + MINUTE * len(events), MINUTE))
        assert all(event.missed == () for event in events)
        for event in events:
            assert event.intervals == (("1m", "5m") if event.at_ms % (5 * MINUTE) == 0 else ("1m",))
        for symbol in symbols:
            assert room.series.filled(symbol, "1m", instants[-1]) >= 60
            assert room.market.last_price(symbol) is not None
        assert room.market.dropped == {}

    tell(story, ExchangeOptions(symbols=8, seed=3, speed=0.0))


@pytest.mark.slow
def test_at_a_finite_speed_the_frames_drive_the_clock() -> None:
    async def story(room: Room) -> None:
        await room.market.rank(RankMarket())
        symbols = [symbol for symbol, _ in room.inbox.of(MarketRanked)[0].volumes]
        before_ms = room.clock.now_ms()
        room.watch(symbols, ("1m",), 30)
        await until(lambda: len(room.closed) >= 4, timeout_s=20.0)
        assert room.clock.now_ms() - before_ms >= 3 * MINUTE
        assert all(event.missed == () for event in room.closed)

    tell(story, ExchangeOptions(symbols=3, seed=5, speed=600.0))


@pytest.mark.slow
@pytest.mark.skipif(not REPLAY.exists(), reason="recorded candles are not ours to ship")
def test_a_whole_recorded_month_arrives_without_a_gap() -> None:
    async def story(room: Room) -> None:
        room.watch(["ETHUSDT"], ("5m", "1h"), 600)
        async with asyncio.timeout(50):
            await room.ended.wait()
        closes = [event.at_ms for event in room.closed]
        assert closes == list(range(closes[0], closes[0] + 8_641 * 5 * MINUTE, 5 * MINUTE))
        assert all(event.missed == () for event in room.closed)

    tell(story, ExchangeOptions(replay=REPLAY, speed=0.0))
