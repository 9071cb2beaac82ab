"""A market edge that lives through a scripted day, to compare it with a calm one.

Every minute each symbol shows a forming candle, a ticker and its close; a test puts its fault
between the minutes. At the end the series must be those of the calm run, candle for candle.
"""

# ruff: noqa: ANN401 - frames are JSON, of any shape here

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
import numpy as np
from tests.unit.exchange.binance.room import FAST, Room, a_room
from tests.unit.exchange.binance.stub import (
    MINUTE,
    T0,
    close_of,
    kline_data,
    kline_row,
    ticker_data,
    until,
)

from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.model.events import CandlesClosed

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
INTERVALS = ("1m", "5m")
BARS = 40

Story: TypeAlias = Callable[["Day"], Awaitable[None]]


class Day:
    """Minutes passing at an exchange while a market edge watches."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.stub = room.stub
        self.minute = 0
        self.has_computers_time = False
        """True where no frame moves the clock, so that the day itself must."""

    @property
    def now_ms(self) -> int:
        return T0 + self.minute * MINUTE

    @property
    def closes(self) -> list[CandlesClosed]:
        return self.room.inbox.of(CandlesClosed)

    async def ready(self) -> None:
        """Wait until every stream is subscribed and whole."""
        await self.room.ready(len(SYMBOLS) * len(INTERVALS))

    def frames(self) -> list[tuple[str, Any]]:
        """The frames of the minute that comes, in the order of an undisturbed exchange."""
        open_ms, end_ms = self.now_ms, self.now_ms + MINUTE
        found = []
        for symbol in SYMBOLS:
            last = f"{close_of(symbol, open_ms):.8f}"
            half = ticker_data(symbol, open_ms + 30_000, last=last)
            found.append((f"{symbol.lower()}@ticker", half))
        for at_ms in (open_ms + 30_000, end_ms):
            for interval in INTERVALS:
                step = INTERVAL_MS[interval]
                if at_ms < end_ms or end_ms % step == 0:
                    for symbol in SYMBOLS:
                        data = kline_data(symbol, interval, open_ms // step * step, at_ms)
                        found.append((f"{symbol.lower()}@kline_{interval}", data))
        return found

    def publish(self, frames: list[tuple[str, Any]]) -> None:
        for stream, data in frames:
            self.stub.publish(stream, data)

    def pass_minute(self, frames: list[tuple[str, Any]] | None = None) -> None:
        """Send a minute's frames, or these instead, and move the exchange's clock."""
        sent = self.frames() if frames is None else frames
        self.minute += 1
        self.stub.now_ms = self.now_ms
        if self.has_computers_time:
            self.room.clock.ms = self.now_ms
        self.publish(sent)

    async def pass_minutes(self, count: int) -> None:
        for _ in range(count):
            self.pass_minute()
            await asyncio.sleep(0.002)

    async def until_whole(self) -> None:
        """Wait until every series reaches now without a gap."""
        series = self.room.series
        await until(
            lambda: all(
                series.filled(symbol, interval, self.now_ms) >= BARS
                for symbol in SYMBOLS
                for interval in INTERVALS
            ),
            timeout_s=20.0,
        )

    def check(self) -> None:
        """The series are those of a calm run, and no instant closed twice or out of order."""
        for interval in INTERVALS:
            panel = self.room.series.panel(interval, closed_ms=self.now_ms, bars=BARS)
            step = INTERVAL_MS[interval]
            newest = self.now_ms // step * step - step
            assert panel.open_ms.tolist() == [newest - step * n for n in reversed(range(BARS))]
            for place, symbol in enumerate(panel.symbols):
                found = np.array([panel.values[name][place] for name in ROW_FIELDS]).T
                assert found.tolist() == [a_row(symbol, interval, int(ms)) for ms in panel.open_ms]
        instants = [event.at_ms for event in self.closes]
        assert instants == sorted(set(instants))


def a_row(symbol: str, interval: str, open_ms: int) -> list[float]:
    """A candle as the calm run has it, in the order of ROW_FIELDS."""
    row = kline_row(symbol, interval, open_ms)
    return [float(row[place]) for place in (1, 2, 3, 4, 5, 7, 8, 9)]


def live(story: Story, **changes: Any) -> None:
    """Let a calm beginning pass, then the story, then a calm end; then compare."""
    timing = {name: changes.pop(name) for name in tuple(changes) if name in FAST.__struct_fields__}
    changes["streams"] = msgspec.structs.replace(FAST, **timing)

    async def play() -> None:
        async with a_room(**changes) as room:
            await room.market.open()
            day = Day(room)
            day.has_computers_time = "time" in changes
            room.watch(*SYMBOLS, intervals=INTERVALS, bars=BARS)
            await day.ready()
            await day.pass_minutes(4)
            await story(day)
            await day.ready()
            await day.pass_minutes(4)
            await day.until_whole()
            day.check()

    asyncio.run(play())
