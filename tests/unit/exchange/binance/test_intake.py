from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.unit.exchange.binance.stub import T0, ListInbox, ManualClock, TestTasks

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.market.series import SeriesTable
from aitrader.model.events import FeedChanged


def tell(story: Callable[[Intake, ListInbox, ManualClock], None], time: FeedTime) -> None:
    async def play() -> None:
        rest, series, clock, inbox = (
            BinanceRest("http://127.0.0.1:9", WeightLimiter()),
            SeriesTable(),
            ManualClock(),
            ListInbox(),
        )
        backfill = Backfill(rest, series, tasks=TestTasks(), workers=1, again_s=1.0)
        story(Intake(inbox, clock, series=series, backfill=backfill, time=time), inbox, clock)
        await rest.close()

    asyncio.run(play())


def a_frame(at_ms: int, last: float = 5.0) -> wire.TickerFrame:
    return wire.TickerFrame(at_ms=at_ms, symbol="A", last=last, change_pct=0.0, quote_volume=0.0)


def test_up_and_down_are_told_once_per_change_and_not_after_the_end() -> None:
    def story(intake: Intake, inbox: ListInbox, clock: ManualClock) -> None:
        intake.on_link("no connection yet")
        intake.on_link("still none")
        intake.is_pool_up = lambda: True
        intake.on_link("connected")
        intake.on_link("a second one")
        intake.is_closed = True
        intake.is_pool_up = lambda: False
        intake.on_link("we closed it")
        assert [(e.is_up, e.reason) for e in inbox.of(FeedChanged)] == [
            (False, "no connection yet"),
            (True, "connected"),
        ]

    tell(story, FeedTime())


def test_a_frame_far_ahead_of_a_real_clock_is_not_believed() -> None:
    def story(intake: Intake, inbox: ListInbox, clock: ManualClock) -> None:
        intake.board.follow(["A"])
        intake.pass_time(T0)
        intake.on_data("a@ticker", a_frame(T0 + 60_001, 9.0))
        assert intake.dropped == {"from the future": 1}
        intake.on_data("a@ticker", a_frame(T0 + 60_000, 7.0))
        assert intake.board.last_price("A") == 7.0
        assert intake.now_ms == T0
        assert intake.messages == 2

    tell(story, FeedTime())


def test_frames_of_a_simulated_exchange_drive_the_clock() -> None:
    clock = ManualClock(0)

    def story(intake: Intake, inbox: ListInbox, _: ManualClock) -> None:
        intake.board.follow(["A"])
        intake.on_data("a@ticker", a_frame(T0 + 999_999))
        intake.on_data("a@ticker", a_frame(T0))
        assert clock.now_ms() == intake.now_ms == T0 + 999_999

    tell(story, FeedTime(sink=clock))


def test_a_trade_is_a_price() -> None:
    def story(intake: Intake, inbox: ListInbox, clock: ManualClock) -> None:
        intake.board.follow(["A"])
        intake.pass_time(T0)
        for price, symbol in ((5.0, "A"), (float("nan"), "A"), (5.0, "Z")):
            frame = wire.TradeFrame(at_ms=T0, symbol=symbol, price=price)
            intake.on_data("a@aggTrade", frame)
        assert intake.board.last_price("A") == 5.0
        assert intake.dropped == {"no sound number": 1, "symbol not watched": 1}

    tell(story, FeedTime())


def test_prices_that_rest_told_stand_in_for_the_stream() -> None:
    def story(intake: Intake, inbox: ListInbox, clock: ManualClock) -> None:
        intake.board.follow(["A"])
        intake.pass_time(T0)
        intake.take_prices([("A", 5.0)], T0 + 60_001)
        assert intake.board.last_price("A") is None
        intake.take_prices([("A", 5.0)], T0 + 10)
        assert intake.board.tickers["A"].at_ms == T0 + 10

    tell(story, FeedTime())


def test_nobody_asked_for_a_simulated_clock_or_end() -> None:
    def story(intake: Intake, inbox: ListInbox, clock: ManualClock) -> None:
        intake.on_data("", wire.SimulatedClockFrame(at_ms=1))
        intake.on_data("", wire.SimulatedEndFrame(at_ms=1))
        assert intake.dropped == {"not asked for": 2}

    tell(story, FeedTime())


def test_names_without_candles_are_subscribed_without_history() -> None:
    def story(intake: Intake, inbox: ListInbox, clock: ManualClock) -> None:
        intake.on_subscribed(frozenset({"a@ticker"}))
        intake.on_lost(frozenset({"a@ticker"}), "gone")
        intake.on_unfit("no frame")
        intake.on_work_done()
        assert intake.dropped == {"unfit": 1}

    tell(story, FeedTime())
