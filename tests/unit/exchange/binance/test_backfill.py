from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.unit.exchange.binance.stub import (
    MINUTE,
    T0,
    ListInbox,
    StubExchange,
    TestTasks,
    close_of,
    kline_data,
    kline_row,
    until,
)

from aitrader.exchange.binance import wire
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
        self.backfill = Backfill(
            self.rest, self.series, tasks=self.tasks, workers=2, again_s=0.01, check_s=0.05
        )
        inbox, dropped = ListInbox(), Counter[str]()
        board = PriceBoard(inbox, dropped)
        board.follow(stub.symbols)
        self.table = CandleTable(
            inbox,
            self.series,
            board,
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


def early(stub: StubExchange) -> list[Any]:
    """A row of the minute that ended now, as a server shows it that lags behind."""
    row = kline_row("AUSDT", "1m", stub.now_ms - MINUTE)
    return [row[0], row[1], row[1], row[1], row[1], "1.0", *row[6:]]


def as_frame(data: Any) -> wire.KlineFrame:  # noqa: ANN401 - a frame is JSON
    frame = wire.read_message(json.dumps({"stream": "x", "data": data}).encode()).data
    assert isinstance(frame, wire.KlineFrame)
    return frame


def answer_early(stub: StubExchange) -> None:
    stub.scripted[KLINES] = [(200, {}, json.dumps([early(stub)]).encode())]


def test_a_row_that_rest_gave_before_its_last_trades_is_corrected_without_any_frame() -> None:
    async def story(room: Room) -> None:
        room.stub.now_ms = T0 + MINUTE
        answer_early(room.stub)
        room.backfill.ask_missing(T0 + MINUTE, (("AUSDT", "1m"),))
        await until(lambda: room.backfill.is_idle)
        assert room.series.candles("AUSDT", "1m", 1)[0].row[4] == 1.0
        await until(lambda: not room.streams[0].unsure)
        (candle,) = room.series.candles("AUSDT", "1m", 1)
        assert (candle.row[3], candle.row[4]) == (close_of("AUSDT", T0), 10.0)

    tell(story)


def test_the_newest_row_of_a_history_is_corrected_too() -> None:
    async def story(room: Room) -> None:
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        room.stub.now_ms = T0 + MINUTE
        answer_early(room.stub)
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        await until(lambda: not room.streams[0].unsure)
        assert room.series.candles("AUSDT", "1m", 1)[0].row[4] == 10.0

    tell(story)


@pytest.mark.parametrize("answer", [(503, {}, b""), (200, {}, b"[]")], ids=["fails", "lags"])
def test_a_closing_frame_that_is_lost_while_rest_answers_leaves_no_hole(
    answer: tuple[int, dict[str, str], bytes],
) -> None:
    async def story(room: Room) -> None:
        stream = room.streams[0]
        room.stub.scripted[KLINES] = [answer]
        room.backfill.ask(stream)
        await until(lambda: room.stub.count(KLINES) == 1)
        room.stub.now_ms = T0 + 2 * MINUTE
        data = kline_data("AUSDT", "1m", T0 + MINUTE, T0 + 2 * MINUTE)
        room.table.on_kline(stream_name("AUSDT", "1m"), as_frame(data), T0 + 2 * MINUTE)
        await until(lambda: room.backfill.is_idle)
        assert stream.is_ready
        assert room.series.filled("AUSDT", "1m", T0 + 2 * MINUTE) == 10

    tell(story)


def test_a_hole_that_the_exchange_has_too_is_asked_for_once_more_and_left() -> None:
    async def story(room: Room) -> None:
        room.stub.holes.add(T0 - 3 * MINUTE)
        room.backfill.ask(room.streams[0])
        await until(lambda: room.backfill.is_idle)
        assert room.streams[0].is_ready
        assert room.stub.count(KLINES) == 2

    tell(story)


def test_what_a_frame_confirmed_is_not_asked_for_again() -> None:
    async def story(room: Room) -> None:
        room.stub.now_ms = T0 + MINUTE
        answer_early(room.stub)
        room.backfill.ask_missing(T0 + MINUTE, (("AUSDT", "1m"),))
        await until(lambda: room.backfill.is_idle)
        frame = kline_data("AUSDT", "1m", T0, T0 + MINUTE)
        room.table.on_kline(stream_name("AUSDT", "1m"), as_frame(frame), T0 + MINUTE)
        assert not room.streams[0].unsure
        await until(lambda: not room.tasks.tasks)
        assert room.stub.count(KLINES) == 1
        assert room.series.candles("AUSDT", "1m", 1)[0].row[4] == 10.0

    tell(story)


def test_an_unsure_row_stays_when_rest_fails_or_its_stream_has_gone() -> None:
    async def story(room: Room) -> None:
        room.stub.now_ms = T0 + MINUTE
        answer_early(room.stub)
        room.stub.scripted[KLINES] *= 2
        room.stub.scripted[KLINES].append((503, {}, b""))
        room.backfill.ask_missing(T0 + MINUTE, (("AUSDT", "1m"), ("BUSDT", "1m")))
        await until(lambda: room.backfill.is_idle)
        room.table.follow([Stream("AUSDT", "1m", 10)])
        await until(lambda: not room.tasks.tasks)
        assert room.streams[0].unsure == {T0 + MINUTE}
        assert room.series.candles("BUSDT", "1m", 1)[0].row[4] == 1.0

    tell(story)


def test_nothing_unsure_is_asked_for_after_the_end() -> None:
    async def story(room: Room) -> None:
        room.stub.now_ms = T0 + MINUTE
        room.backfill.ask_missing(T0 + MINUTE, (("AUSDT", "1m"),))
        await until(lambda: room.backfill.is_idle)
        room.backfill.close()
        await until(lambda: not room.tasks.tasks)
        assert room.stub.count(KLINES) == 1

    tell(story)
