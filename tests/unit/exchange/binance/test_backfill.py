from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.unit.exchange.binance.stub import MINUTE, T0, ListInbox, StubExchange, TestTasks, until

from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.candles import CandleStream, CandleTable, stream_name
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.exchange.binance.tickers import PriceBoard
from aitrader.market.series import SeriesTable
from aitrader.model.commands import Stream

KLINES = "/api/v3/klines"


class Room:
    def __init__(self, stub: StubExchange) -> None:
        self.stub = stub
        self.tasks = TestTasks()
        self.done = 0
        self.series = SeriesTable()
        timing = RestTiming(timeout_s=1.0, attempts=1)
        self.rest = BinanceRest(stub.rest_url, WeightLimiter(), timing)
        self.backfill = Backfill(self.rest, self.series, tasks=self.tasks, workers=2, again_s=0.01)
        inbox, dropped = ListInbox(), Counter[str]()
        self.table = CandleTable(
            inbox,
            self.series,
            PriceBoard(inbox, dropped),
            dropped,
            on_missing=self.backfill.ask_missing,
            on_hole=self.backfill.ask,
        )
        self.backfill.join(self.table, self._on_done)
        streams = [Stream(symbol, "1m", 10) for symbol in stub.symbols]
        self.series.configure(streams)
        self.table.follow(streams)
        self.streams = [self._stream(symbol) for symbol in stub.symbols]

    def _stream(self, symbol: str) -> CandleStream:
        stream = self.table.find(stream_name(symbol, "1m"))
        assert stream is not None
        stream.is_subscribed = True
        return stream

    def _on_done(self) -> None:
        self.done += 1


def tell(story: Callable[[Room], Awaitable[None]]) -> None:
    async def play() -> None:
        async with StubExchange() as stub:
            room = Room(stub)
            await story(room)
            room.backfill.close()
            await room.rest.close()
            await room.tasks.close()
            assert room.tasks.deaths == []

    asyncio.run(play())


def test_streams_are_filled_by_few_workers_and_are_ready_then() -> None:
    async def story(room: Room) -> None:
        for stream in room.streams:
            room.backfill.ask(stream)
            room.backfill.ask(stream)
        assert len(room.tasks.tasks) == 2
        assert not room.backfill.is_idle
        await until(lambda: room.backfill.is_idle)
        assert room.table.ready() == 3
        assert room.stub.count(KLINES) == 3
        assert room.series.filled("CUSDT", "1m", T0) == 10
        assert room.done >= 3

    tell(story)


def test_only_what_is_missing_is_fetched() -> None:
    async def story(room: Room) -> None:
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        room.stub.now_ms = T0 + 2 * MINUTE
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        assert room.stub.requests[-1][1]["startTime"] == str(T0)
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        assert room.stub.count(KLINES) == 2

    tell(story)


def test_a_stream_that_was_lost_meanwhile_is_not_ready() -> None:
    async def story(room: Room) -> None:
        room.backfill.ask(room.streams[0])
        room.table.lose([stream_name("AUSDT", "1m")])
        await until(lambda: room.backfill.is_idle)
        assert room.table.ready() == 0
        assert room.series.filled("AUSDT", "1m", T0) == 10

    tell(story)


def test_a_failure_is_tried_again_and_a_refusal_is_not() -> None:
    async def story(room: Room) -> None:
        room.stub.scripted[KLINES] = [(503, {}, b""), (400, {}, b'{"code":-1,"msg":"no"}')]
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        assert room.stub.count(KLINES) == 2
        assert room.table.ready() == 0

    tell(story)


def test_after_the_end_nothing_is_tried_again() -> None:
    async def story(room: Room) -> None:
        room.stub.scripted[KLINES] = [(503, {}, b"")] * 9
        room.backfill.ask(room.streams[0])
        room.backfill.close()
        await until(lambda: room.backfill.is_idle)
        await room.rest.close()
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        assert room.table.ready() == 0

    tell(story)


def test_missing_rows_of_an_instant_are_brought_or_given_up() -> None:
    async def story(room: Room) -> None:
        room.stub.now_ms = T0 + MINUTE
        room.backfill.ask_missing(T0 + MINUTE, (("AUSDT", "1m"), ("BUSDT", "1m")))
        assert not room.backfill.is_idle
        await until(lambda: room.backfill.is_idle)
        assert room.series.last_open_ms("BUSDT", "1m") == T0
        room.stub.scripted[KLINES] = [(503, {}, b"")]
        room.backfill.ask_missing(T0 + MINUTE, (("CUSDT", "1m"),))
        await until(lambda: room.backfill.is_idle)
        assert room.series.last_open_ms("CUSDT", "1m") is None

    tell(story)
