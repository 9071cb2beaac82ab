from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.unit.exchange.binance.stub import T0, ListInbox, ManualClock, TestTasks

from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.pulse import Pulse, PulseTiming
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.market.series import SeriesTable
from aitrader.model.events import FeedChanged


class Room:
    def __init__(self, *, is_real: bool = True, refresh_s: float = 0.0) -> None:
        self.clock = ManualClock()
        self.renewed = 0
        self.refreshed = 0
        self.rest = BinanceRest("http://127.0.0.1:9", WeightLimiter())
        series = SeriesTable()
        backfill = Backfill(self.rest, series, tasks=TestTasks(), workers=1, again_s=1.0)
        self.inbox = ListInbox()
        self.intake = Intake(
            self.inbox, self.clock, series=series, backfill=backfill, time=FeedTime()
        )
        self.pulse = Pulse(
            self.intake,
            self.clock,
            renew=self._renew,
            refresh=self._refresh if is_real else None,
            timing=PulseTiming(refresh_s=refresh_s, behind_s=0.0, unfit_per_minute=2, stale_s=0.02),
        )

    def _renew(self) -> None:
        self.renewed += 1

    async def _refresh(self) -> None:
        self.refreshed += 1


def tell(
    story: Callable[[Room], Awaitable[None]], *, is_real: bool = True, refresh_s: float = 0.0
) -> None:
    async def play() -> None:
        room = Room(is_real=is_real, refresh_s=refresh_s)
        await story(room)
        await room.rest.close()

    asyncio.run(play())


def test_the_computers_time_is_passed_on_and_the_rules_are_refreshed() -> None:
    async def story(room: Room) -> None:
        room.clock.ms = T0 + 250
        await asyncio.sleep(0.001)
        await room.pulse.look()
        assert room.intake.now_ms == T0 + 250
        assert room.refreshed == 1
        assert room.renewed == 0

    tell(story)


def test_while_frames_come_from_the_future_the_time_is_asked_for_soon() -> None:
    async def story(room: Room) -> None:
        await room.pulse.look()
        room.intake.dropped["from the future"] += 1
        await asyncio.sleep(0.001)
        await room.pulse.look()
        await room.pulse.look()
        assert room.refreshed == 1

    tell(story, refresh_s=3600.0)


def test_a_leap_of_the_clock_opens_the_links_anew_once() -> None:
    async def story(room: Room) -> None:
        room.clock.ms = T0 + 60_000
        await room.pulse.look()
        await room.pulse.look()
        assert room.renewed == 1

    tell(story)


def test_a_silence_after_data_is_told_once_and_its_end_too() -> None:
    async def story(room: Room) -> None:
        room.intake.is_pool_up = lambda: True
        room.intake.on_link("connected")
        for _ in range(3):
            await asyncio.sleep(0.03)
            await room.pulse.look()
        room.intake.messages = 1
        await room.pulse.look()
        for _ in range(3):
            await asyncio.sleep(0.03)
            await room.pulse.look()
        assert room.intake.is_down
        room.intake.messages = 2
        await room.pulse.look()
        assert not room.intake.is_down
        told = [(event.is_up, event.reason) for event in room.inbox.of(FeedChanged)]
        assert told == [
            (True, "connected"), (False, "no data for 0 s"), (True, "data comes again")
        ]  # fmt: skip

    tell(story)


def test_simulated_time_is_left_to_the_frames() -> None:
    async def story(room: Room) -> None:
        room.clock.ms = T0 + 60_000
        await room.pulse.look()
        assert (room.renewed, room.refreshed, room.intake.now_ms) == (0, 0, 0)

    tell(story, is_real=False)


def test_a_minute_of_nonsense_opens_the_links_anew() -> None:
    async def story(room: Room) -> None:
        for minute, unfit in enumerate((2, 5, 5)):
            room.intake.dropped["unfit"] = unfit
            room.pulse.look_at_nonsense()
            assert room.renewed == (1 if minute else 0)

    tell(story)


def test_it_looks_until_it_is_closed() -> None:
    async def story(room: Room) -> None:
        closed = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, closed.set)
        await room.pulse.run(closed, 0.002)
        assert room.refreshed >= 1

    tell(story)
